"""What can be imported. Every room registers its own from `AppConfig.ready()`; docs/exports-and-imports.md shows a whole one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from backoffice.access.models import Staff
from backoffice.jobs.imports.fields import Field, Text
from backoffice.scope.models import Brand

Values = dict[str, Any]  # by field; what a row leaves empty is None


class Refused(Exception):
    """The service would not do this row, in words. Nothing of it was done."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row and what to do. `field` is a field's key, or "" for the row as a whole."""

    field: str
    what: str
    how: str


@dataclass(frozen=True)
class Scope:
    """Whose import it is, and of which brand; None is every brand within their reach."""

    staff: Staff
    brand: Brand | None


class Commit(Protocol):
    def __call__(self, values: Values, loaded: Any, *, by: Staff, now: datetime, key: str) -> str: ...


def nothing(_values: Values, _loaded: Any) -> Iterable[Problem]:
    return ()


def no_sums(_values: Values, _loaded: Any) -> Mapping[str, Decimal]:
    return {}


def plain_sum(key: str, total: Decimal) -> tuple[str, str]:
    return key, format(total, "f")


@dataclass(frozen=True, kw_only=True)
class ImportKind:
    """One thing to bring in. `load` fetches what some rows speak of, in as few queries as it can; `check` judges a row by it without asking more.

    `commit` does one row by calling a service, in the transaction in which the row's result is kept; it gives words about what was done,
    or raises Refused. `key` is the same whenever the same row of the same file comes again.
    """

    code: str  # players.note
    title: Text
    about: Text  # a sentence: what it does
    permission: str
    fields: tuple[Field, ...]
    load: Callable[[Sequence[Values], Scope], Any]
    commit: Commit
    check: Callable[[Values, Any], Iterable[Problem]] = nothing
    of_brand: bool = False  # its rows are of one brand, which is chosen with the file
    partial: bool = True  # rows with problems are left out; otherwise nothing goes as long as there is one
    most_rows: int = 20_000
    most_without_approval: int = 1_000
    once: tuple[tuple[str, ...], ...] = ()  # fields whose values, together, may stand in one row of a file only
    tally: Callable[[Values, Any], Mapping[str, Decimal]] = no_sums  # what a good row adds to the sums that the dry run says
    tally_words: Callable[[str, Decimal], tuple[str, str]] = plain_sum  # (label, value) of one of these sums

    def fields_for(self, staff: Any) -> list[Field]:
        """Those that this person may bring in."""
        return [one for one in self.fields if not one.permission or staff.may(one.permission)]

    def approved(self, columns: Iterable[str]) -> bool:
        """Whether an import with these fields waits for somebody else, however small it is."""
        return any(one.approved for one in self.fields if one.key in set(columns))

    def field(self, key: str) -> Field:
        """Raises KeyError."""
        return {one.key: one for one in self.fields}[key]


class Imports:
    def __init__(self) -> None:
        self._kinds: dict[str, ImportKind] = {}

    def register(self, *kinds: ImportKind) -> None:
        """Registering the same code again replaces it."""
        for kind in kinds:
            self._kinds[kind.code] = kind

    def get(self, code: str) -> ImportKind:
        """Raises KeyError."""
        return self._kinds[code]

    def __contains__(self, code: object) -> bool:
        return code in self._kinds

    def __iter__(self) -> Iterator[ImportKind]:
        return iter(sorted(self._kinds.values(), key=lambda kind: str(kind.title)))


imports = Imports()
