"""What a merge does, part by part. Each room says what it would do, what stands in the way, does it and takes it back; registered from `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils.functional import Promise

from backoffice.audit.actors import Actor
from players.models import Merge, Player

Text = str | Promise


@dataclass(frozen=True)
class Pair:
    """Two accounts of one person: one goes into the other, which stays."""

    stays: Player
    goes: Player
    now: datetime


@dataclass(frozen=True)
class Line:
    """One thing side by side: how it is on either account, and what becomes of it."""

    label: Text
    goes: str
    stays: str
    becomes: str


class Carry(Protocol):
    def __call__(self, pair: Pair, merge: Merge, /, *, by: Actor, now: datetime) -> Mapping[str, Any]: ...


class CarryLate(Protocol):
    def __call__(self, pair: Pair, merge: Merge, kept: Mapping[str, Any], /, *, by: Actor, now: datetime) -> Mapping[str, Any]: ...


class Undo(Protocol):
    def __call__(self, pair: Pair, merge: Merge, kept: Mapping[str, Any], /, *, by: Actor, now: datetime) -> None: ...


def _nothing(*_args: Any, **_more: Any) -> Any:
    return ()


def _carries_nothing(_pair: Pair, _merge: Merge, *, by: Actor, now: datetime) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Part:
    """`lines` is what the page shows to who holds `permission`. `refuses` gives what stands in the way, in words.

    `carry` runs under the locks of both players and gives what `undo` needs to take it back; `refuses_undo` gets the same.
    `late` is what came in on the account that went (its number), since then, in words. `carry_late` carries that over as well, under the same locks and
    with what `refuses` says: it gets what was kept, and gives what is kept from then on. Where it is None nothing comes in late.
    """

    order: int
    lines: Callable[[Pair], Iterable[Line]]
    permission: str = "players.view"
    refuses: Callable[[Pair], Iterable[str]] = _nothing
    carry: Carry = _carries_nothing
    refuses_undo: Callable[[Pair, Mapping[str, Any]], Iterable[str]] = _nothing
    undo: Undo = _nothing
    late: Callable[[int], Iterable[str]] = _nothing
    carry_late: CarryLate | None = None


_parts: dict[str, Part] = {}


def register(key: str, part: Part) -> None:
    """Registering the same key again replaces it."""
    _parts[key] = part


def every() -> list[tuple[str, Part]]:
    return sorted(_parts.items(), key=lambda one: (one[1].order, one[0]))
