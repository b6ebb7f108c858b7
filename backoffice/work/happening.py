"""What is happening now: facts of the record as they get their position, in the words and with the links of the rooms that wrote them.

Whoever remembers how far it has read reads by position, never by id: ids do not order commits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection

from backoffice.audit.models import Event
from backoffice.work.narrowing import Text

WINDOW = 5_000  # positions looked back at most, however rare what is asked for
SHOWN = 60


@dataclass(frozen=True)
class Kind:
    """One filter of the page: facts of these types, with a tone where they mean trouble."""

    code: str
    label: Text
    words: Mapping[str, Text]  # fact type: what it is called
    permission: str
    link: Callable[[Event], str] = lambda _fact: ""
    tone: str = "neutral"
    detail: Callable[[Mapping[str, Any]], str] = lambda _after: ""  # what the fact's own values add to the words


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    position: int
    at: datetime
    words: Text
    kind: Kind
    player_id: int | None
    amount: Decimal | None
    currency: str
    url: str  # of what it happened to, or else of the player
    detail: str = ""
    player_url: str = ""


_kinds: dict[str, Kind] = {}
_players: dict[str, Callable[[int], str]] = {}  # permission: address of a player's page


def register(*kinds: Kind) -> None:
    """Called from `AppConfig.ready()`."""
    for kind in kinds:
        _kinds[kind.code] = kind


def register_players(permission: str, address: Callable[[int], str]) -> None:
    """Where a line about a player leads whoever holds `permission`."""
    _players[permission] = address


def kinds(staff: Any) -> list[Kind]:
    """Those that this person may see."""
    return [kind for kind in _kinds.values() if staff.may(kind.permission)]


def lines(staff: Any, wanted: Sequence[Kind], *, after: int = 0) -> list[Line]:
    """Newest first, at most SHOWN, with a position above `after`. Two queries."""
    by_type = {name: kind for kind in wanted for name in kind.words}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id, position FROM audit_position WHERE position > greatest(%s, (SELECT coalesce(max(position), 0) FROM audit_position) - %s)"
            " ORDER BY position DESC",
            [after, WINDOW],
        )
        positions = dict(cursor.fetchall())
    if not positions or not by_type:
        return []
    found = Event.objects.visible_to(staff).filter(pk__gte=min(positions), pk__lte=max(positions), type__in=list(by_type))
    player_at = next((address for permission, address in _players.items() if staff.may(permission)), lambda _player_id: "")
    made = [_line(fact, by_type[fact.type], positions[fact.pk], player_at) for fact in found.order_by("-pk")[: SHOWN * 2] if fact.pk in positions]
    return sorted(made, key=lambda line: -line.position)[:SHOWN]


def _line(fact: Event, kind: Kind, position: int, player_at: Callable[[int], str]) -> Line:
    after = json.loads(fact.after or "{}")
    try:
        amount = Decimal(after["amount"])
    except (KeyError, InvalidOperation, TypeError):
        amount = None
    player = player_at(fact.player_id) if fact.player_id else ""
    return Line(
        position, fact.happened_at, kind.words[fact.type], kind, fact.player_id, amount, str(after.get("currency", "")),
        kind.link(fact) or player, kind.detail(after), player,
    )  # fmt: skip
