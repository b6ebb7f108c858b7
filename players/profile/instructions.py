"""Ending sessions and resetting credentials: asked of the front end, done when it reports so."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import record
from players import locks
from players.lifecycles import INSTRUCTION
from players.models import Instruction, Player
from players.profile import telling
from players.services import PlayerRefused

SECURE = "players.secure"
FACTS = {  # kind: (asked, done, could not be done)
    Instruction.SESSIONS: ("player.sessions_end_requested", "player.sessions_ended", "player.sessions_not_ended"),
    Instruction.CREDENTIALS: ("player.credentials_reset_requested", "player.credentials_reset", "player.credentials_not_reset"),
}


@transaction.atomic
def end_sessions(*, player_id: int, reason: str, by: Staff, now: datetime) -> Instruction:
    """Ask the front end to end all of a player's sessions. While one waits it is the answer. Raises NotAllowed, PlayerRefused without a reason."""
    return _by_staff(Instruction.SESSIONS, player_id, reason, by=by, now=now)


@transaction.atomic
def reset_credentials(*, player_id: int, reason: str, by: Staff, now: datetime) -> Instruction:
    """Ask the front end to make the player choose a new password at the next sign-in. Otherwise as `end_sessions`."""
    return _by_staff(Instruction.CREDENTIALS, player_id, reason, by=by, now=now)


def _by_staff(kind: str, player_id: int, reason: str, *, by: Staff, now: datetime) -> Instruction:
    if not by.may(SECURE):
        raise NotAllowed(_("Ending sessions and resetting credentials is not yours."))
    if not reason.strip():
        raise PlayerRefused(_("Say why."), code="reason")
    return ask(kind, locks.player(player_id), reason=reason.strip(), by=Actor.staff(by), now=now)


def ask(kind: str, player: Player, *, reason: str, by: Actor, now: datetime) -> Instruction:
    """For services that hold the player's lock: write the instruction and tell the front end."""
    waits = Instruction.objects.filter(player=player, kind=kind, state="requested").first()
    if waits is not None:
        return waits
    made = Instruction.objects.create(
        brand_id=player.brand_id, player=player, kind=kind, reason=reason[:400], asked_by_id=by.id if by.kind == "staff" else None, asked_at=now
    )
    record(
        FACTS[kind][0], actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=made, after={"state": "requested", "kind": kind}, reason=reason
    )
    telling.instructed(made, now=now)
    return made


@transaction.atomic
def report(*, instruction_id: int, brand_id: int, done: bool, detail: str, by: Actor, now: datetime) -> Instruction:
    """The front end says what became of it. The same report again changes nothing.

    Raises Instruction.DoesNotExist, also for another brand's; PlayerRefused (`instruction_reported`) when it said otherwise before.
    """
    rows = Instruction.objects.filter(pk=instruction_id, brand_id=brand_id)
    if not rows.exists():
        raise Instruction.DoesNotExist
    locks.owner_of(rows)
    row = rows.select_for_update(of=("self",)).select_related("player").get()
    to = "confirmed" if done else "failed"
    if row.state == to:
        return row
    if row.state != "requested":
        raise PlayerRefused(f"It was reported as {row.state} before.", code="instruction_reported")
    also = {"reported_by": by.label[:80], "reported_at": now, "detail": detail.strip()[:200]}
    INSTRUCTION.move(row, to=to, by=by, now=now, fact=FACTS[row.kind][1 if done else 2], also=also, evidence={"kind": row.kind, "detail": also["detail"]})
    return row
