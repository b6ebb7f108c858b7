"""What the kit's own rooms let people find: staff, changes, pages."""

from collections.abc import Sequence

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from backoffice.approvals.models import ChangeRequest
from backoffice.search import registry
from backoffice.search.asking import NotUnderstood, Question, numbered
from backoffice.search.registry import CONTROL, PAGES, PEOPLE, Column, Hit, Operator, Provider, Window
from backoffice.ui import navigation

STATES = ("open", "late")


def state(text: str) -> str:
    if text.lower() not in STATES:
        raise NotUnderstood(str(_("It takes %(words)s.") % {"words": ", ".join(f"is:{word}" for word in STATES)}))
    return text.lower()


def staff(question: Question, window: Window) -> Sequence[Hit]:
    """People who work here, by name or address."""
    rows = Staff.objects.order_by("name", "pk").with_roles()
    for value in question.values.get("email", ()):
        rows = rows.filter(email=value.strip().lower())
    for word in question.words:
        rows = rows.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return [_person(row, question) for row in rows[: window.cap]]


def _person(person: Staff, question: Question) -> Hit:
    roles = ", ".join(person.role_labels)
    why = question.why() or _("name or address")
    return Hit(person.name, reverse("access:person", args=[person.pk]), why, str(person.pk), detail=roles, cells=lambda: (roles, person.email))


def changes(question: Question, window: Window) -> Sequence[Hit]:
    """Proposed changes of settings, newest first."""
    rows = ChangeRequest.objects.visible_to(question.staff).select_related("requested_by").order_by("-pk")
    for value in question.values.get("ch", ()):
        rows = rows.filter(pk=int(value))
    for value in question.values.get("is", ()):
        rows = rows.filter(state__in=["draft", "review", "scheduled"]) if value == "open" else rows.none()
    if question.number is not None:
        rows = rows.filter(pk=question.number)
    else:
        for word in question.words:
            rows = rows.filter(title__icontains=word)
    return [_change(row, question) for row in rows[: window.cap]]


def _change(change: ChangeRequest, question: Question) -> Hit:
    full, state = "ch" in question.values or question.number is not None, change.get_state_display()
    return Hit(
        change.title, reverse("approvals:change", args=[change.pk]), question.why() or (_("its number") if full else _("title")), str(change.pk), change.name,
        state, lambda: (state, change.requested_by.name if change.requested_by else "–"), exact=full,
    )  # fmt: skip


def pages(question: Question, window: Window) -> Sequence[Hit]:
    """Pages of the sidebar that this person may open."""
    wanted = [word.lower() for word in question.words]
    found = [item for item in navigation.items(question.staff) if all(word in f"{item.label} {item.group}".lower() for word in wanted)]
    return [_page(item) for item in found[: window.cap]]


def _page(item: navigation.Item) -> Hit:
    return Hit(str(item.label), reverse(item.url_name), _("name of the page"), item.url_name, detail=item.group, icon=item.icon, cells=lambda: (item.group,))


def plug_in() -> None:
    registry.register(
        Operator(name="ch", label=_("a change"), example="CH-12", why=_("its number"), permissions=("approvals.view",), jumps=True, **numbered("CH-")),
        Operator(name="is", label=_("its state: open or late"), example="is:late", why=_("its state"), read=state),
        Provider(
            code="staff", label=_("Staff"), order=PEOPLE + 5, icon="users", find=staff, permissions=("access.view_people",),
            operators=frozenset({"email"}), words=True, columns=(Column(_("Roles")), Column(_("Address"))),
        ),
        Provider(
            code="changes", label=_("Changes"), order=CONTROL, icon="double", find=changes, permissions=("approvals.view",),
            operators=frozenset({"ch", "is"}), words=True, columns=(Column(_("State")), Column(_("Asked by"))),
        ),
        Provider(code="pages", label=_("Pages"), order=PAGES, icon="list", find=pages, words=True, columns=(Column(_("Part")),)),
    )  # fmt: skip
