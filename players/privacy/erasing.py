"""Erasing a player. The decision, what names the player everywhere, and the key are one transaction; the rest is done chunk by chunk by a sweep,
and what the law keeps is removed by the same sweep on its day. Each chunk is committed with how far it came, so that a kill loses nothing."""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from datetime import time as clock
from typing import Any

from celery import current_app
from django.db import transaction

from backoffice.audit import personal
from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record
from players import locks
from players.lifecycles import ERASURE, PLAYER
from players.models import Erasure, Kept, Player
from players.privacy import held, retention, telling
from players.services import PlayerRefused

CHUNK = 500
PIECES = 20  # of what is kept, each with up to a chunk of rows, removed at once
SECONDS = 5.0  # of one sweep
WHY = "GDPR art. 17"


def erase_player(*, player_id: int, by: Actor, now: datetime) -> Player:
    """For the kind of change alone (kind.py), in its transaction. Raises PlayerRefused (`obstacles`) with everything that stands in the way."""
    player = locks.player(player_id)
    if stands := retention.obstacles(player, now=now):
        raise PlayerRefused(" ".join(stands), code="obstacles")
    _begin(player, at=now, by=by, now=now, evidence={})
    personal.erase(player_id=player.pk, reason=WHY, now=now)
    telling.erased(player, now=now)
    transaction.on_commit(_hint, robust=True)
    return Player.objects.get(pk=player.pk)


def _begin(player: Player, *, at: datetime, by: Actor, now: datetime, evidence: dict[str, Any]) -> None:
    """Plan it, do what has to come first, and name nobody any more. The player's key is still there."""
    lines = [one for one in retention.plan(player, now=at, counted=False) if one.works]
    record(
        "player.erased", actor=by, at=at, brand_id=player.brand_id, player_id=player.pk, subject=player,
        after={**evidence, "kept": {one.holding.key: {"until": one.until, "clause": one.clause} for one in lines if one.until is not None}},
    )  # fmt: skip
    Erasure.objects.bulk_create(
        [
            Erasure(
                brand_id=player.brand_id, player=player, kind=one.holding.key, until=one.until, clause=one.clause, next_attempt_at=at, asked_at=at,
            ) for one in lines
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    for part in Erasure.objects.filter(player=player, state="due"):
        if held.get(part.kind).first:
            while _chunk(part, now=now):
                pass


def _hint() -> None:
    """The rows are the truth; without a broker the sweep finds them."""
    with suppress(Exception):  # whatever the broker's client raises
        current_app.send_task("players.tasks.erase_due", retry=False, ignore_result=True)


def sweep(*, now: datetime) -> int:
    """Go on with what is due, for some seconds. How many chunks were done."""
    end, chunks = time.monotonic() + SECONDS, 0
    for pk in list(Erasure.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:100]):
        while time.monotonic() < end and step(pk, now=now):
            chunks += 1
    return chunks


@transaction.atomic
def step(part_id: int, *, now: datetime) -> bool:
    """One chunk of one kind. Whether something was done; overlapping sweeps skip each other's rows."""
    owner = Erasure.objects.filter(pk=part_id, next_attempt_at__lte=now).values_list("player_id", flat=True).first()
    if owner is None:
        return False
    locks.player(owner)
    part = Erasure.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=part_id, next_attempt_at__lte=now).first()
    if part is None:
        return False
    _chunk(part, now=now)
    return True


def _chunk(part: Erasure, *, now: datetime) -> bool:
    """Whether there is more of it to do now."""
    if part.state == "kept":
        return _remove(part, now=now)
    holding = held.get(part.kind)
    rows = holding.page(part.player_id, part.after, CHUNK)
    if rows and part.until is not None:
        piece = Kept(erasure=part, number=Kept.objects.filter(erasure=part).count() + 1)
        piece.lines = "\n".join(json.dumps(holding.aside(row), ensure_ascii=False, default=str) for row in rows)
        piece.save(force_insert=True)
    if rows and holding.erase is not None:
        holding.erase(rows)
    if rows:
        part.after, part.rows = rows[-1].pk, part.rows + len(rows)
        part.save(update_fields=["after", "rows"])
    if len(rows) == CHUNK:
        return True
    if part.until is not None and part.rows:
        ends = datetime.combine(part.until, clock.max, tzinfo=UTC)
        _end(part, "kept", now=now, next_attempt_at=ends)
    else:
        _end(part, "gone", now=now, next_attempt_at=None, ended_at=now)
    return False


def _remove(part: Erasure, *, now: datetime) -> bool:
    some, lets_go = list(Kept.objects.filter(erasure=part).order_by("number")[:PIECES]), held.get(part.kind).lets_go
    if lets_go is not None:
        for row in (json.loads(line) for piece in some for line in piece.lines.splitlines()):
            lets_go(row)
    Kept.objects.filter(pk__in=[piece.pk for piece in some]).delete()
    if len(some) == PIECES:
        return True
    _end(part, "gone", now=now, next_attempt_at=None, ended_at=now)
    return False


def _end(part: Erasure, to: str, *, now: datetime, **also: Any) -> None:
    evidence = {"kind": part.kind, "rows": part.rows, **({"until": part.until, "clause": part.clause} if part.until else {})}
    ERASURE.move(part, to=to, by=Actor.system(machine()), now=now, also=also, evidence=evidence)


def again(noted: personal.Noted) -> None:
    """After a restore, before the key is destroyed again: the whole erasure once more, to its end, whatever the backup had of it."""
    from django.utils import timezone

    now = timezone.now()
    with transaction.atomic():
        if not Player.objects.filter(pk=noted.player_id).exists():
            return
        player, house = locks.player(noted.player_id), Actor.system(machine())
        if player.erased_at is None:
            if player.state not in retention.ENDED:
                PLAYER.move(player, to="closed", by=house, now=now, reason="ERASED")
            _begin(player, at=noted.erased_at, by=house, now=now, evidence={"again": True})
    for part_id in list(Erasure.objects.filter(player_id=noted.player_id, next_attempt_at__lte=now).values_list("pk", flat=True)):
        while step(part_id, now=now):
            pass
