"""The only writes to complaints. Their clocks run on the hours of every day, by the pack in force when the complaint came in."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.scope import packs
from backoffice.work import idempotency
from players import locks
from players.lifecycles import COMPLAINT
from players.models import Complaint, Player
from players.profile import telling
from players.services import PlayerRefused

WORK, VIEW = "players.complaints", "players.view_complaints"
LONGEST, LONGEST_REASON = 4_000, 2_000  # characters
EARLIEST = timedelta(days=60)  # how long ago a complaint that is recorded by hand may have come
_PAYMENT = re.compile(r"(WD|DP)-[0-9]{1,18}")

# Rooms above say where a payment of a player is: (player's number, its name) -> address, or "" when the player has none of that name.
payments: list[Callable[[int, str], str]] = []


def address_of(player_id: int, name: str) -> str:
    """Where the payment of that name is, "" when the player has none."""
    return next(filter(None, (find(player_id, name) for find in payments)), "")


@transaction.atomic
def record_complaint(
    *, player_id: int, category: str, channel: str, text: str, payment: str = "", external_id: str = "", received_at: datetime | None = None, by: Actor,
    now: datetime,
) -> Complaint:  # fmt: skip
    """Take a complaint in. The same external id again gives the same complaint.

    Raises PlayerRefused: complaint_text, complaint_kind, payment_unknown, received_at, complaint_known (the id is another player's).
    """
    player = locks.player(player_id)
    known = Complaint.objects.filter(brand_id=player.brand_id, external_id=external_id).first() if external_id else None
    if known is not None:
        return _same(known, player)
    text, payment, came = text.strip(), payment.strip().upper(), received_at or now
    if not 0 < len(text) <= LONGEST:
        raise PlayerRefused(_("Write what the player complains about, in at most %(most)s characters.") % {"most": LONGEST}, code="complaint_text")
    if category not in dict(Complaint.CATEGORIES) or channel not in dict(Complaint.CHANNELS):
        raise PlayerRefused(_("Choose what it is about and how it came."), code="complaint_kind")
    if payment and (not _PAYMENT.fullmatch(payment) or not address_of(player_id, payment)):
        raise PlayerRefused(_("The player has no payment of that name. Write it as WD-481 or DP-481, or leave it out."), code="payment_unknown")
    if not now - EARLIEST <= came <= now + timedelta(minutes=5):
        raise PlayerRefused(_("It came within the last %(days)s days. Choose that moment.") % {"days": EARLIEST.days}, code="received_at")
    day = came.date()
    acknowledge = packs.number(player.jurisdiction_id, "complaints.acknowledge_hours", on=day)
    answer = packs.number(player.jurisdiction_id, "complaints.answer_days", on=day)
    made = Complaint(
        brand_id=player.brand_id, player=player, category=category, channel=channel, payment=payment, external_id=external_id, received_at=came,
        due_at=came + timedelta(hours=acknowledge.value), answer_due_at=came + timedelta(days=answer.value), kept_until=_kept_until(player, now),
        recorded_by_id=by.id if by.kind == "staff" else None,
    )  # fmt: skip
    made.text = text
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as taken:
        if "players_complaint_external_id" in str(taken):  # another player's, at the same moment
            return _same(Complaint.objects.get(brand_id=player.brand_id, external_id=external_id), player)
        raise
    record(
        "complaint.received", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=made,
        after={
            "state": "received", "category": category, "channel": channel, "received_at": came, "due_at": made.due_at, "answer_due_at": made.answer_due_at,
            "by": [f"{number.pack}: {number.citation}" for number in (acknowledge, answer)], **({"payment": payment} if payment else {}),
        },
    )  # fmt: skip
    return made


def record_by_staff(*, player_id: int, key: str, by: Staff, now: datetime, **said: Any) -> Complaint:
    """Take in what a player told this person. `said` is what record_complaint takes. The same key again gives the same complaint.

    Raises PlayerRefused as record_complaint does, KeyReused.
    """
    with idempotency.once(scope=f"players.complaint:{player_id}", key=f"{by.pk}:{key}", content=said, now=now) as slot:
        if not slot.replayed:
            slot.answer = record_complaint(player_id=player_id, by=Actor.staff(by), now=now, **said).pk
        return Complaint.objects.get(pk=slot.answer)


def _same(known: Complaint, player: Player) -> Complaint:
    if known.player_id != player.pk:
        raise PlayerRefused("This external id belongs to another player's complaint.", code="complaint_known")
    return known


def _kept_until(player: Player, now: datetime) -> date:
    years = int(packs.number(player.jurisdiction_id, "complaints.retention_years", on=now.date()).value)
    return packs.years_on(now.date(), years)


@transaction.atomic
def acknowledge_complaint(*, complaint_id: int, note: str = "", by: Staff, now: datetime) -> Complaint:
    """The player was told that it came. From now on the answer is what is due. Raises NotAllowed, PlayerRefused as every move here."""
    row = _locked(complaint_id)
    return _move(row, "acknowledged", note, by=by, now=now, acknowledged_at=now, due_at=row.answer_due_at)


@transaction.atomic
def escalate_complaint(*, complaint_id: int, note: str, by: Staff, now: datetime) -> Complaint:
    """It went to whoever decides between house and player (alternative dispute resolution, the regulator). Its answer stays due."""
    return _move(_locked(complaint_id), "escalated", _said(note), by=by, now=now)


@transaction.atomic
def answer_complaint(*, complaint_id: int, outcome: str, reason: str, by: Staff, now: datetime) -> Complaint:
    """Decide: upheld, partly_upheld or not_upheld, with the reason that the player may read. It is kept by law from this day on."""
    if outcome not in dict(Complaint.OUTCOMES) or not outcome:
        raise PlayerRefused(_("Choose the outcome."), code="outcome")
    row = _locked(complaint_id)
    return _move(
        row, "answered", _said(reason), by=by, now=now, outcome=outcome, reason=reason.strip()[:LONGEST_REASON], answered_at=now,
        kept_until=_kept_until(row.player, now),
    )  # fmt: skip


@transaction.atomic
def withdraw_complaint(*, complaint_id: int, note: str, by: Staff, now: datetime) -> Complaint:
    """The player takes it back. Kept like every other."""
    return _move(_locked(complaint_id), "withdrawn", _said(note), by=by, now=now)


def _said(text: str) -> str:
    if not text.strip():
        raise PlayerRefused(_("Say why."), code="reason")
    return text.strip()


def _locked(complaint_id: int) -> Complaint:
    """Raises Complaint.DoesNotExist."""
    rows = Complaint.objects.filter(pk=complaint_id)
    if not rows.exists():
        raise Complaint.DoesNotExist
    locks.owner_of(rows)
    return rows.select_for_update(of=("self",)).select_related("player").get()


def _move(row: Complaint, to: str, note: str, *, by: Staff, now: datetime, **also: object) -> Complaint:
    evidence = {"outcome": also["outcome"]} if "outcome" in also else {}
    COMPLAINT.move(row, to=to, by=Actor.staff(by), may=by.may, now=now, note=note, also=also, evidence=evidence)
    telling.complaint_moved(row, now=now)
    return row
