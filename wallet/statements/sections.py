"""What rooms above add to a statement: sums by game, once there are games. A section without rows is left out of the paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Theme:
    """A game or a group of games: what was staked on it and what it paid, in units of the currency."""

    name: str
    currency: str
    wagered: Decimal
    won: Decimal


@dataclass(frozen=True)
class Section:
    """`load(player, since, until)` gives what happened from `since` up to, not including, `until`. `title` is by language, English always there."""

    key: str
    title: Mapping[str, str]
    load: Callable[[int, datetime, datetime], Sequence[Theme]]
    order: int = 50


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    """Called from `AppConfig.ready()`. The same key again replaces it."""
    _sections[section.key] = section


def every() -> list[Section]:
    return sorted(_sections.values(), key=lambda one: (one.order, one.key))
