"""What the pages of approvals read: the inbox, one change, the things of a kind and their versions."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from backoffice.approvals import rules
from backoffice.approvals.forms import differences
from backoffice.approvals.lifecycles import CHANGE
from backoffice.approvals.models import Approval, ChangeRequest, Policy, Version
from backoffice.approvals.registry import Difference, Guarded, Kind, Values, registry
from backoffice.ui import numbers
from backoffice.ui.queries import ignored

SIZE = 50
VIEWS = ("awaiting", "mine", "all")


@dataclass
class Filters:
    """What the address asks for. What it says that nobody understands is kept in `ignored`, to be shown and not obeyed."""

    view: str = "awaiting"
    q: str = ""
    kind: str = ""
    state: str = ""
    after: int = 0
    before: int = 0
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        found = cls()
        found.ignored = ignored(query, found._take)
        return found

    def _take(self, name: str, value: str) -> bool:
        if name == "view" and value in VIEWS:
            self.view = value
        elif name == "q":
            self.q = value[:80]
        elif name == "kind" and value in registry:
            self.kind = value
        elif name == "state" and value in CHANGE.states:
            self.state = value
        elif name in {"after", "before"} and numbers.is_id(value):
            setattr(self, name, int(value))
        else:
            return False
        return True


def awaiting(staff: Any, *, now: datetime) -> QuerySet[ChangeRequest]:
    """Changes that this person may decide about now. The same question that the service asks, asked of all at once."""
    said = Approval.objects.filter(change=OuterRef("pk"), staff=staff)
    rows = ChangeRequest.objects.visible_to(staff).filter(state="review", expires_at__gt=now).exclude(requested_by=staff).exclude(Exists(said))
    defaults = [kind.code for kind in registry.kinds if rules.default(kind).allows(staff, now=now)]
    policies = _policies(staff, now=now)
    if not defaults and not policies:
        return rows.none()
    return rows.filter(Q(policy_id__in=policies) | Q(policy=None, kind__in=defaults))


def _policies(staff: Any, *, now: datetime) -> list[int]:
    """Ids of policies under which this person may agree now; those that ended still speak for what was submitted under them."""
    return [rule.policy_id for rule in rules.everything() if rule.policy_id is not None and rule.allows(staff, now=now)]


def base(staff: Any, filters: Filters, *, now: datetime) -> QuerySet[ChangeRequest]:
    if filters.view == "awaiting":
        rows = awaiting(staff, now=now)
    else:
        rows = ChangeRequest.objects.visible_to(staff)
        if filters.view == "mine":
            rows = rows.filter(requested_by=staff)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.q:
        number = filters.q.upper().removeprefix("CH-")
        rows = (
            rows.filter(pk=int(number))
            if numbers.is_id(number)
            else rows.filter(Q(title__icontains=filters.q) | Q(reason__icontains=filters.q) | Q(requested_by__name__icontains=filters.q))
        )
    return rows


@dataclass
class Page:
    rows: list[ChangeRequest]
    newer: int = 0
    older: int = 0


def page(staff: Any, filters: Filters, *, now: datetime) -> Page:
    """Fifty changes, newest first. One query."""
    rows = base(staff, filters, now=now).select_related("brand", "requested_by")
    backwards = bool(filters.before)
    if backwards:
        rows = rows.filter(pk__gt=filters.before).order_by("pk")
    elif filters.after:
        rows = rows.filter(pk__lt=filters.after)
    found = list(rows[: SIZE + 1])
    more, found = len(found) > SIZE, found[:SIZE]
    if backwards:
        found.reverse()
    return Page(
        found,
        newer=found[0].pk if found and (filters.after or (backwards and more)) else 0,
        older=found[-1].pk if found and (more or backwards) else 0,
    )


def counts(staff: Any, *, now: datetime) -> dict[str, int]:
    """The sizes of the tabs that have one: what waits for this person, and what they asked for that is still open."""
    mine = ChangeRequest.objects.filter(requested_by=staff, state__in=CHANGE.open).exclude(state="active").count()
    return {"awaiting": awaiting(staff, now=now).count(), "mine": mine}


def get(staff: Any, change_id: int) -> ChangeRequest:
    """Raises ChangeRequest.DoesNotExist also for another's draft and for a brand out of reach."""
    return ChangeRequest.objects.visible_to(staff).select_related("brand", "requested_by", "policy", "policy__brand").get(pk=change_id)


def approvals(change: ChangeRequest) -> list[Approval]:
    return list(Approval.objects.filter(change=change).select_related("staff"))


def diff(kind: Kind, subject: str, old: Values | None, new: Values, *, staff: Any = None) -> list[Difference]:
    """What changes, field by field, in the kind's words or in its form's; where values are personal, as `staff` may read them."""
    if kind.reads is not None:
        return kind.reads(staff, subject, old, new)
    if kind.diff is not None:
        return kind.diff(old, new)
    return differences(kind.form(subject=subject), old, new)


def others_open(change: ChangeRequest) -> list[ChangeRequest]:
    """Other changes of the same thing that are on their way: the first to come into force makes the others stale."""
    if not change.subject or change.state not in {"draft", "review", "scheduled"}:
        return []
    rows = ChangeRequest.objects.filter(kind=change.kind, subject=change.subject, state__in=["review", "scheduled"])
    return list(rows.exclude(pk=change.pk).select_related("requested_by")[:5])


def versions(kind: str, subject: str) -> list[Version]:
    return list(Version.objects.filter(kind=kind, subject=subject).select_related("change", "change__requested_by")[:100])


def open_by_kind(staff: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for code in ChangeRequest.objects.visible_to(staff).filter(state__in=["review", "scheduled"]).values_list("kind", flat=True):
        found[code] = found.get(code, 0) + 1
    return found


def policies_about(guarded: Guarded) -> Iterable[Policy]:
    return Policy.objects.filter(kind=guarded.code, active=True).select_related("brand")


def open_of(kind: str, subject: str) -> list[ChangeRequest]:
    """What is on its way for one thing."""
    rows = ChangeRequest.objects.filter(kind=kind, subject=subject, state__in=["review", "scheduled"])
    return list(rows.select_related("requested_by")[:10])
