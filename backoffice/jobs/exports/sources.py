"""What can be exported. Every room registers the lists that it shows; a queue does by being one (backoffice/work/exports.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from backoffice.jobs.exports.columns import Column, Text


def as_they_are(rows: Sequence[Any], _now: datetime) -> Sequence[Any]:
    return rows


def no_page(_staff: Any, _query: QueryDict, _now: datetime) -> list[int]:
    return []


@dataclass(frozen=True, kw_only=True)
class Source:
    """One list. Its rows have a bigint primary key, by which they are chosen once and then read in pieces."""

    code: str
    title: Text
    permission: str  # the screen's own
    columns: tuple[Column, ...]
    matching: Callable[[Any, QueryDict, datetime], QuerySet[Any]]  # (staff, address, now) -> what the screen shows, without order and page
    rows: Callable[[Any], QuerySet[Any]]  # staff -> every row within reach, with what the columns read
    filters: Callable[[QueryDict], list[tuple[str, str]]]  # the address in words: (label, value)
    kept: Callable[[QueryDict], Iterable[tuple[str, str]]]  # those of its parameters that mean something
    url: Callable[[], str]  # the screen
    page: Callable[[Any, QueryDict, datetime], list[int]] = no_page  # ids of the page that is open, if it has pages
    prepare: Callable[[Sequence[Any], datetime], Sequence[Any]] = as_they_are  # model rows -> what the columns read
    pk: str = "pk"

    def chosen(self, keys: Iterable[str]) -> tuple[Column, ...]:
        """The columns of these keys, in the list's order."""
        wanted = set(keys)
        return tuple(column for column in self.columns if column.key in wanted)


class Sources:
    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}

    def register(self, *sources: Source) -> None:
        """Called from `AppConfig.ready()`. Registering the same list again replaces it. Raises ValueError when two columns share a key."""
        for source in sources:
            keys = [key for column in source.columns for key in ([column.key, f"{column.key}_currency"] if column.value.kind == "money" else [column.key])]
            if len(set(keys)) != len(keys):
                raise ValueError(f"{source.code}: two columns share a key.")
            self._sources[source.code] = source

    def get(self, code: str) -> Source:
        """Raises KeyError."""
        return self._sources[code]

    def __contains__(self, code: object) -> bool:
        return code in self._sources

    @property
    def by_code(self) -> Mapping[str, Source]:
        return dict(self._sources)


sources = Sources()
