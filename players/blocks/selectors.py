"""Which blocks stand. Read at the moment of use: what was set counts for the next request, and an end needs no job."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from players.models import Block


def standing(now: datetime) -> Q:
    """Active, and the end has not come."""
    return Q(state="active") & (Q(ends_at=None) | Q(ends_at__gt=now))


def standing_of(player_id: Any, now: datetime) -> QuerySet[Block]:
    """Those without an end first, then the longest. `player_id` may be a reference to another query's column."""
    return Block.objects.filter(standing(now), player_id=player_id).order_by(F("ends_at").desc(nulls_first=True), "pk")


def in_force(player_id: int, *kinds: str, now: datetime) -> list[Block]:
    """The player's blocks that stand at `now`, of these kinds or of any; those without an end first, then the longest."""
    rows = standing_of(player_id, now)
    return list(rows.filter(kind__in=kinds) if kinds else rows)


def first(player_id: int, kind: str, *, now: datetime) -> Block | None:
    """The block of this kind that lasts longest, if any stands."""
    return next(iter(in_force(player_id, kind, now=now)), None)


def of_many(player_ids: Iterable[int], *, now: datetime) -> dict[int, list[Block]]:
    """What stands for each of these players, in one query. Who has none is left out."""
    found: dict[int, list[Block]] = {}
    for one in Block.objects.filter(standing(now), player_id__in=list(player_ids)).order_by("player_id", "pk"):
        found.setdefault(one.player_id, []).append(one)
    return found


def history(player_id: int) -> QuerySet[Block]:
    """Every block that the player ever had, newest first."""
    return Block.objects.filter(player_id=player_id).select_related("set_by", "ended_by").order_by("-set_at", "-pk")
