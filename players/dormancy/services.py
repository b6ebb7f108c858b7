"""The only writes to dormancy. A sweep notices and moves; people and front ends bring a player back who has proved who they are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import machine, record
from backoffice.scope import packs
from backoffice.scope.models import Jurisdiction
from backoffice.work import idempotency
from players import locks, messages
from players.blocks import SIGN_IN
from players.blocks.selectors import standing
from players.lifecycles import DORMANCY, PLAYER
from players.models import Block, Dormancy, DormancySweep, Player
from players.profile import callers, telling
from players.services import PlayerRefused

log = structlog.get_logger(__name__)
CHUNK = 2_000
ROUND = timedelta(days=1)
TEMPLATE_NOTICE, TEMPLATE_DORMANT = "account_becomes_dormant", "account_dormant"
RETURN = callers.VERIFY

# What the player has, in words such as "12.00 EUR, 5.00 SEK", for the notice. The room that keeps money says it.
amounts: list[Callable[[int], str]] = []


@dataclass(frozen=True)
class Law:
    """One jurisdiction's numbers."""

    months: int
    notice_days: int
    unclaimed_months: int
    unclaimed_to: str
    clauses: tuple[str, ...]


def law_of(jurisdiction_id: int, *, on: date) -> Law | None:
    """None where the pack in force says nothing about dormancy: nobody becomes dormant there."""
    keys = ("dormancy.months", "dormancy.notice_days", "dormancy.unclaimed_months", "dormancy.unclaimed_to")
    try:
        found = [packs.number(jurisdiction_id, key, on=on) for key in keys]
    except packs.NoPack:
        return None
    months, notice, unclaimed, whom = (one.value for one in found)
    return Law(months, notice, unclaimed, whom, tuple(f"{one.pack}: {one.citation}" for one in found[:3]))


def later(at: datetime, months: int) -> datetime:
    """The same day and hour so many months later (earlier below zero); the last of a shorter month."""
    years, month = divmod(at.month - 1 + months, 12)
    for day in range(at.day, 27, -1):
        try:
            return at.replace(year=at.year + years, month=month + 1, day=day)
        except ValueError:
            continue
    return at.replace(year=at.year + years, month=month + 1)


def _system() -> Actor:
    return Actor.system(machine())


# ---- the sweep


def sweep(*, now: datetime) -> int:
    """The next chunk of the daily round, then what has come due. Gives how many accounts were noticed, moved or came back. Safe to run twice at once."""
    return _notice_chunk(now=now) + _due(now=now)


_QUIET = """
SELECT p.id FROM players_player p WHERE p.id = ANY (%(ids)s::bigint[]) AND p.state = 'active' AND p.jurisdiction_id = %(law)s
AND coalesce(p.last_sign_in_at, p.registered_at) < %(before)s
AND NOT EXISTS (SELECT 1 FROM players_dormancy d WHERE d.player_id = p.id AND (d.state <> 'ended' OR d.ended_at > %(before)s))
AND NOT EXISTS (SELECT 1 FROM players_block b WHERE b.player_id = p.id AND b.kind = %(kind)s AND b.state = 'active'
    AND (b.ends_at IS NULL OR b.ends_at > %(now)s))
ORDER BY p.id
"""


def _notice_chunk(*, now: datetime) -> int:
    """Look at the next two thousand players and tell those who have been quiet for so long. Who cannot sign in for a block is not counted as staying away."""
    with transaction.atomic():
        DormancySweep.objects.get_or_create(pk=1)
        row = DormancySweep.objects.select_for_update(skip_locked=True).filter(pk=1).first()
        if row is None or (row.next_round_at is not None and row.next_round_at > now):
            return 0
        ids = list(Player.objects.filter(pk__gt=row.position).order_by("pk").values_list("pk", flat=True)[:CHUNK])
        if ids:
            DormancySweep.objects.filter(pk=1).update(position=ids[-1], next_round_at=None)
        else:
            DormancySweep.objects.filter(pk=1).update(position=0, next_round_at=now + ROUND)
    found = 0
    for jurisdiction in Jurisdiction.objects.values_list("pk", flat=True) if ids else ():
        law = law_of(jurisdiction, on=now.date())
        if law is None:
            continue
        before = later(now, -law.months) + timedelta(days=law.notice_days)
        with connection.cursor() as cursor:
            cursor.execute(_QUIET, {"ids": ids, "law": jurisdiction, "before": before, "kind": SIGN_IN, "now": now})
            quiet = [pk for (pk,) in cursor.fetchall()]
        for pk in quiet:
            found += _notice(pk, law, before=before, now=now)
    return found


@transaction.atomic
def _notice(player_id: int, law: Law, *, before: datetime, now: datetime) -> int:
    player = Player.objects.select_for_update(no_key=True, skip_locked=True).select_related("brand").filter(pk=player_id, state="active").first()
    if player is None:  # somebody is at it; the next round finds them again
        return 0
    seen = player.last_sign_in_at or player.registered_at
    if seen >= before or Dormancy.objects.filter(player=player).exclude(state="ended").exists():
        return 0
    due = max(later(seen, law.months), now + timedelta(days=law.notice_days))  # however late it is noticed, the player has the whole time
    unclaimed = later(due, law.unclaimed_months) if law.unclaimed_months else None
    made = Dormancy.objects.create(
        brand_id=player.brand_id, player=player, last_seen_at=seen, noticed_at=now, due_at=due, unclaimed_at=unclaimed,
        unclaimed_to=law.unclaimed_to if unclaimed else "", law=list(law.clauses),
    )  # fmt: skip
    record(
        "dormancy.noticed", actor=_system(), at=now, brand_id=player.brand_id, player_id=player.pk, subject=made,
        after={"last_seen_at": seen, "due_at": due, "by": list(law.clauses)},
    )  # fmt: skip
    _tell(player, TEMPLATE_NOTICE, made, now=now, day=due.astimezone(player.brand.zone).date().isoformat())
    return 1


def _tell(player: Player, template: str, row: Dormancy, *, now: datetime, **context: Any) -> None:
    money = next(filter(None, (say(player.pk) for say in amounts)), "")
    messages.queue(player=player, template=template, key=f"dormancy:{row.pk}:{template}", now=now, context={"money": money or "0", **context})


def _due(*, now: datetime, batch: int = 200) -> int:
    """Who signed in meanwhile is told no more; whose time has come becomes dormant; one whose account was closed has no dormancy any more."""
    rows = Dormancy.objects.filter(state="noticed")
    back = rows.exclude(player__last_sign_in_at=None).filter(player__last_sign_in_at__gt=F("last_seen_at")).values_list("pk", "player_id")[:batch]
    blocked = Block.objects.filter(standing(now), player=OuterRef("player"), kind=SIGN_IN)
    due = rows.filter(~Exists(blocked), due_at__lte=now).order_by("due_at").values_list("pk", "player_id")[:batch]
    closed = Dormancy.objects.filter(state="dormant").exclude(player__state="dormant").values_list("pk", "player_id")[:batch]
    return sum(_settle(pk, player_id, now=now) for pk, player_id in dict.fromkeys([*back, *due, *closed]))


@transaction.atomic
def _settle(dormancy_id: int, player_id: int, *, now: datetime) -> int:
    player = Player.objects.select_for_update(no_key=True, skip_locked=True).select_related("brand").filter(pk=player_id).first()
    row = Dormancy.objects.filter(pk=dormancy_id, state__in=("noticed", "dormant")).first()
    if player is None or row is None or (row.state, player.state) == ("dormant", "dormant"):
        return 0
    if row.state == "dormant" or player.state != "active" or (player.last_sign_in_at or player.registered_at) > row.last_seen_at:
        why = "signed_in" if (row.state, player.state) == ("noticed", "active") else "state"
        DORMANCY.move(row, to="ended", by=_system(), now=now, also={"ended_at": now, "ended_by": why}, evidence={"why": why})
        return 1
    if row.due_at > now:
        return 0
    DORMANCY.move(row, to="dormant", by=_system(), now=now, also={"dormant_at": now}, evidence={"last_seen_at": row.last_seen_at, "by": row.law})
    PLAYER.move(player, to="dormant", by=_system(), now=now)
    telling.state_changed(player, now=now)
    _tell(player, TEMPLATE_DORMANT, row, now=now)
    return 1


# ---- coming back


def current(player_id: int) -> Dormancy | None:
    """The dormancy that stands: dormant, or handed over."""
    return Dormancy.objects.filter(player_id=player_id, state__in=("dormant", "handed_over")).first()


def reactivate_by_staff(*, player_id: int, note: str, key: str, by: Staff, now: datetime) -> Player:
    """The account is active again: somebody proved to be the player by the checklist for callers, which counts now. The same key again changes nothing.

    Raises NotAllowed, PlayerRefused: not_dormant, not_verified.
    """
    if not by.may(RETURN):
        raise NotAllowed(_("Verifying callers is not yours."))
    with idempotency.once(scope=f"players.reactivate:{player_id}", key=f"{by.pk}:{key}", content={"note": note}, now=now) as slot:
        if not slot.replayed:
            check = callers.verified(player_id, now=now)
            if check is None:
                raise PlayerRefused(_("Verify the caller first: a dormant account asks for more than a sign-in."), code="not_verified")
            _reactivate(
                player_id, {"identified_by": "caller_check", "check": check.pk, **({"note": note.strip()} if note.strip() else {})}, by=Actor.staff(by), now=now
            )
            slot.answer = {"state": "active"}
        return Player.objects.get(pk=player_id)


def reactivate_by_front_end(*, player_id: int, identified_by: str, reference: str, by: Actor, now: datetime) -> Player:
    """The front end has identified the player again, beyond the sign-in, and says how. Raises PlayerRefused: not_dormant."""
    _reactivate(player_id, {"identified_by": identified_by, "reference": reference}, by=by, now=now)
    return Player.objects.get(pk=player_id)


@transaction.atomic
def _reactivate(player_id: int, evidence: dict[str, Any], *, by: Actor, now: datetime) -> None:
    player = locks.player(player_id)
    row = Dormancy.objects.filter(player=player, state__in=("dormant", "handed_over")).first()
    if player.state != "dormant" or row is None:
        raise PlayerRefused(_("The account is not dormant."), code="not_dormant")
    record("player.reactivated", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=player, after=evidence)
    PLAYER.move(player, to="active", by=_system(), now=now)
    if row.state == "dormant":  # what was handed over stays open until it was given back
        DORMANCY.move(row, to="ended", by=_system(), now=now, also={"ended_at": now, "ended_by": "identified"}, evidence={"why": "identified"})
    telling.state_changed(player, now=now)
