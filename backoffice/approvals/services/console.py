"""The way out for a house in which nobody else may approve: the house does it itself, from the server's console."""

from datetime import datetime

from django.db import transaction

from backoffice.access.models import Staff
from backoffice.approvals import rules
from backoffice.approvals.lifecycles import CHANGE
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.services.applying import enact
from backoffice.approvals.services.drafts import locked
from backoffice.audit.actors import Actor
from backoffice.audit.record import machine


class SomebodyMay(Exception):
    """Enough people could approve this change, so the house does not do it for them."""


@transaction.atomic
def enact_waiting(*, change_id: int, reason: str, now: datetime) -> ChangeRequest:
    """Carry out what a change in review asks for, as the house's own change; the one in review ends as withdrawn, and says so.

    Raises LookupError when it is not in review, SomebodyMay while enough others may approve it, Refused, Invalid as `enact`.
    """
    try:
        change = locked(change_id)
    except ChangeRequest.DoesNotExist as unknown:
        raise LookupError(f"There is no change CH-{change_id}.") from unknown
    if change.state != "review":
        raise LookupError(f"{change.name} is {change.get_state_display().lower()}, not in review.")
    rule = rules.of_change(change)
    others = [one for one in Staff.objects.filter(is_active=True).exclude(pk=change.requested_by_id).with_roles() if rule.allows(one, now=now)]
    if len(others) >= rule.needed:
        raise SomebodyMay(f"{', '.join(one.name for one in others[:3])} may approve {change.name}. Ask them.")
    made = enact(kind=change.kind, subject=change.subject, values=change.payload, reason=reason, now=now)
    words = f"Carried out by the house as CH-{made.pk}: {reason}" if made else f"It was so already: {reason}"
    CHANGE.move(change, to="withdrawn", by=Actor.system(machine()), now=now, reason=reason, also={"outcome": words[:400]})
    return made or change
