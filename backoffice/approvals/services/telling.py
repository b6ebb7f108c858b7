"""Whom the engine tells what: who may decide, and who asked."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access import reach
from backoffice.access.models import Staff
from backoffice.approvals import rules
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import registry
from backoffice.bell import kinds
from backoffice.bell.services import notify

AWAITS = kinds.Kind("approvals.awaits", _("Changes that await your approval"), _("%(name)s awaits your approval: %(title)s"), "double", "attention", mail=True)
_ENDS = {
    "scheduled": (_("%(name)s was approved and comes into force on its day: %(title)s"), "success"),
    "active": (_("%(name)s is in force: %(title)s"), "success"),
    "rejected": (_("%(name)s was rejected: %(title)s. %(why)s"), "critical"),
    "stale": (_("%(name)s is stale, since somebody else changed the same thing: %(title)s"), "attention"),
    "failed": (_("%(name)s could not be put into force: %(title)s. %(why)s"), "critical"),
    "expired": (_("%(name)s expired, since nobody decided in time: %(title)s"), "attention"),
}
_LABELS = {
    "scheduled": _("Your change was approved for a later day"), "active": _("Your change came into force"), "rejected": _("Your change was rejected"),
    "stale": _("Your change became stale"), "failed": _("Your change could not be put into force"), "expired": _("Your change expired"),
}  # fmt: skip


def register() -> None:
    kinds.register(AWAITS, *(kinds.Kind(f"approvals.{state}", _LABELS[state], words, "double", tone) for state, (words, tone) in _ENDS.items()))


def awaits(change: ChangeRequest, rule: rules.Rule, *, now: datetime) -> None:
    """Tell everybody who may agree now; what the database refuses (one's own change) is not asked for."""
    kind = registry.kind(change.kind)
    people = [
        one
        for one in Staff.objects.filter(is_active=True).exclude(pk=change.requested_by_id).with_roles()
        if rule.allows(one, now=now) and one.may("approvals.view") and one.may(kind.sees)
    ]
    _tell(change, AWAITS.code, reach.reaching(people, change.brand_id), now=now)


def decided(change: ChangeRequest, *, now: datetime) -> None:
    """Tell who asked what became of it. What nobody else had to agree to, they know."""
    if change.requested_by is not None and change.needed and change.state in _ENDS:
        _tell(change, f"approvals.{change.state}", [change.requested_by], now=now)


def _tell(change: ChangeRequest, kind: str, to: list[Staff], *, now: datetime) -> None:
    params = {"name": change.name, "title": change.title, "why": change.outcome}
    own = registry.kind(change.kind).page if change.kind in registry else None
    url = reverse("approvals:change", args=[change.pk])
    if own is not None and change.subject and not all(one.may("approvals.view") for one in to):  # who asked on the room's page may not have the kit's
        url = own(change.subject)
    notify(to=to, kind=kind, params=params, url=url, key=f"{kind}:{change.pk}", now=now, brand_id=change.brand_id)
