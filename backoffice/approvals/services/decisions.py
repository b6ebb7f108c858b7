"""Deciding about somebody else's change, and what the clock decides."""

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.approvals import rules
from backoffice.approvals.lifecycles import APPROVER, CHANGE, SUBJECT
from backoffice.approvals.models import Approval, ChangeRequest
from backoffice.approvals.registry import registry
from backoffice.approvals.services import NotAllowed, ReasonRequired, SamePerson, StaleChange, applying, telling
from backoffice.approvals.services.drafts import locked
from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record

log = structlog.get_logger(__name__)
BATCH = 50


@transaction.atomic
def approve(*, change_id: int, version: int, key: str, by: Staff, now: datetime, reason: str = "") -> ChangeRequest:
    """Agree to somebody else's change. The last approval that is needed puts it into force, or schedules it for its date.

    The same key again gives the first answer. Raises SamePerson, NotAllowed, StaleChange. The change that comes back may be
    active, scheduled, still in review, or have become stale, failed or expired: its state and outcome say which.
    """
    change, replayed = _to_decide(change_id, version, key, by, now)
    if replayed or change.state != "review":
        return change
    given = _say(change, "approved", reason=reason, key=key, by=by, now=now)
    if given >= rules.of_change(change).needed:
        applying.put_into_force(change, by=by, now=now)
        telling.decided(change, now=now)
    return change


@transaction.atomic
def reject(*, change_id: int, version: int, key: str, by: Staff, reason: str, now: datetime) -> ChangeRequest:
    """Refuse somebody else's change, which ends it. Raises as `approve`, and ReasonRequired."""
    if not reason.strip():
        raise ReasonRequired(_("Say why it is rejected."))
    change, replayed = _to_decide(change_id, version, key, by, now)
    if replayed or change.state != "review":
        return change
    _say(change, "rejected", reason=reason, key=key, by=by, now=now)
    CHANGE.move(
        change, to="rejected", by=Actor.staff(by), may=lambda word: word == APPROVER, now=now, reason=reason.strip(), also={"outcome": reason.strip()[:400]}
    )
    telling.decided(change, now=now)
    return change


def _to_decide(change_id: int, version: int, key: str, by: Staff, now: datetime) -> tuple[ChangeRequest, bool]:
    """The change, locked, and whether this is the same request again. One that is past its time expires here."""
    change = locked(change_id)
    said = Approval.objects.filter(change=change, staff=by).first()
    if said is not None:
        if said.key == key:
            return change, True
        raise SamePerson(_("You have decided about this change already."))
    if change.requested_by_id == by.pk:
        raise SamePerson(_("Nobody decides about their own change. Somebody else has to."))
    if change.version != version or change.state != "review":
        raise StaleChange(change)
    if change.brand_id is not None and change.brand_id not in {brand.pk for brand in by.brands}:
        raise NotAllowed(_("That brand is out of your reach."))
    if not rules.of_change(change).allows(by, now=now):
        raise NotAllowed(_("The policy names other people for this change."))
    if change.expires_at is not None and change.expires_at <= now:
        _expire(change, now=now)
    return change, False


def _say(change: ChangeRequest, verdict: str, *, reason: str, key: str, by: Staff, now: datetime) -> int:
    """Keep what was said; gives the number of approvals so far."""
    rule = rules.of_change(change)
    substitute = rule.substitute(by, now=now)
    Approval.objects.create(change=change, staff=by, verdict=verdict, reason=reason.strip(), key=key, at=now, substitute=substitute)
    given = Approval.objects.filter(change=change, verdict="approved").count()
    if verdict == "approved":
        record(
            "change.approved", actor=Actor.staff(by), at=now, brand_id=change.brand_id, player_id=change.player_id,
            subject=(SUBJECT, change.pk), reason=reason.strip(),
            after={"approvals": given, "needed": rule.needed, "substitute": substitute},
        )  # fmt: skip
    return given


def _expire(change: ChangeRequest, *, now: datetime) -> None:
    CHANGE.move(change, to="expired", by=Actor.system(machine()), now=now, also={"outcome": "Nobody decided in time."})
    telling.decided(change, now=now)


@transaction.atomic
def expire(*, change_id: int, now: datetime) -> bool:
    """End a change that nobody decided about in time. False when it is not so far, or no longer in review."""
    change = locked(change_id)
    if change.state != "review" or change.expires_at is None or change.expires_at > now:
        return False
    _expire(change, now=now)
    return True


def apply_due(*, now: datetime) -> int:
    """Put into force what is scheduled and due, and expire what nobody decided about; a transaction for each.

    What a worker left half-way was rolled back and is found again; two sweeps at once skip each other's rows.
    """
    done = 0
    for change_id in ChangeRequest.objects.filter(state="scheduled", effective_at__lte=now).order_by("effective_at", "pk").values_list("pk", flat=True)[:BATCH]:
        try:
            done += _apply_one(change_id, now=now)
        except Exception:  # one change that cannot be applied must not keep the others waiting
            log.exception("approvals.apply_failed", change=change_id)
    for change_id in ChangeRequest.objects.filter(Q(state="review", expires_at__lte=now)).order_by("pk").values_list("pk", flat=True)[:BATCH]:
        done += expire(change_id=change_id, now=now)
    return done


@transaction.atomic
def _apply_one(change_id: int, *, now: datetime) -> bool:
    change = ChangeRequest.objects.select_for_update(of=("self",), skip_locked=True).select_related("policy").filter(pk=change_id, state="scheduled").first()
    if change is None:
        return False
    registry.kind(change.kind)
    last = Approval.objects.filter(change=change, verdict="approved").select_related("staff").last()
    applying.put_into_force(change, by=last.staff if last else None, now=now)
    telling.decided(change, now=now)
    return True
