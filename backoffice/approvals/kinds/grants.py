"""Roles of a person. `access.services` grants and revokes them; where a policy asks for somebody else's agreement, only the engine may ask it to."""

from contextvars import ContextVar
from datetime import datetime

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access import services
from backoffice.access.models import Role, Staff
from backoffice.access.permissions import catalogue
from backoffice.approvals import rules
from backoffice.approvals.forms import ChangeForm
from backoffice.approvals.registry import Kind, Refused, Subject, Values
from backoffice.audit.actors import Actor

CODE = "access.grants"
_inside: ContextVar[bool] = ContextVar("inside", default=False)


def _roles() -> list[tuple[str, str]]:
    return [(role.code, role.label) for role in Role.objects.all()]


class GrantsForm(ChangeForm):
    roles = forms.MultipleChoiceField(label=gettext_lazy("Roles"), choices=_roles, required=False, widget=forms.CheckboxSelectMultiple)

    def clean_roles(self) -> list[str]:
        return sorted(self.cleaned_data["roles"])


def _person(subject: str) -> Staff | None:
    return Staff.objects.filter(pk=subject).first() if subject.isdigit() else None


def current(subject: str) -> Values | None:
    person = _person(subject)
    return {"roles": sorted(person.roles.values_list("code", flat=True))} if person else None


def subjects() -> list[Subject]:
    found = []
    for person in Staff.objects.with_roles().order_by("-is_active", "name"):
        found.append(Subject(str(person.pk), person.name, ", ".join(person.role_labels) or _("no role"), ended=not person.is_active))
    return found


def title(subject: str, values: Values) -> str:
    person = _person(subject)
    return person.name if person else subject


def impact(subject: str, values: Values, now: datetime) -> list[str]:
    person = _person(subject)
    if person is None:
        return []
    after: set[str] = set()
    for role in Role.objects.filter(code__in=values["roles"]):
        after |= role.held
    gains, loses = after - person.permission_names, person.permission_names - after
    found = []
    for names, words in ((gains, _("Gains: %(what)s")), (loses, _("Loses: %(what)s"))):
        if names:
            found.append(words % {"what": " · ".join(sorted(str(catalogue.get(name).label) for name in names))})
    return found or [_("What they may do stays the same.")]


def apply(subject: str, values: Values, *, by: Actor, now: datetime) -> str:
    person = _person(subject)
    requester = Staff.objects.filter(pk=by.id).first() if by.kind == "staff" else None
    if person is None:
        raise Refused(_("The person is gone."))
    wanted = {role.code: role for role in Role.objects.filter(code__in=values["roles"])}
    held = {role.code: role for role in person.roles.all()}
    token = _inside.set(True)
    try:
        for code in sorted(wanted.keys() - held.keys()):
            services.grant_role(staff=person, role=wanted[code], by=requester, now=now, reason=_("By approval"))
        for code in sorted(held.keys() - wanted.keys()):
            services.revoke_role(staff=person, role=held[code], by=requester, now=now, reason=_("By approval"))
    except (services.OwnRights, services.LastOwner) as refused:
        raise Refused(str(refused)) from refused
    finally:
        _inside.reset(token)
    return subject


def guard(by: Staff | None) -> None:
    """What `access.services` asks before a person grants or revokes a role directly. Raises NeedsApproval where a policy speaks."""
    if by is not None and not _inside.get() and rules.resolve(CODE, fresh=True).needed:
        raise services.NeedsApproval


KIND = Kind(
    CODE, gettext_lazy("Roles of people"), "access.manage_people", gettext_lazy("Roles of a person"), GrantsForm, subjects, current, apply, title,
    impact=impact, sees="access.view_people", default=0, creatable=False, icon="users",
    about=gettext_lazy("Who holds which role. Without a policy, whoever manages people grants them directly; with one, they are proposed here."),
)  # fmt: skip
