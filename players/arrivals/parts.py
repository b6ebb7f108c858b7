"""What other rooms bring in with a player's row: fields of their own, checked and written with the rest. Registered from `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from backoffice.access.models import Staff
from backoffice.jobs.imports.declared import Problem, Values
from backoffice.jobs.imports.fields import Field
from players.models import Player


class Bring(Protocol):
    def __call__(self, player: Player, values: Values, *, by: Staff, now: datetime) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Part:
    """`check` judges a row, `bring` writes its part in the player's transaction and says so in words ("" for nothing); it raises Refused.

    `tally` and `tally_words` are sums for the dry run, as of an import kind; each key is the part's own.
    """

    fields: tuple[Field, ...]
    check: Callable[[Values], Iterable[Problem]]
    bring: Bring
    tally: Callable[[Values], Mapping[str, Decimal]] = lambda _values: {}
    tally_words: Callable[[str, Decimal], tuple[str, str] | None] = lambda _key, _total: None


_parts: dict[str, Part] = {}


def register(key: str, part: Part) -> None:
    """Registering the same key again replaces it."""
    _parts[key] = part


def every() -> list[Part]:
    return [_parts[key] for key in sorted(_parts)]
