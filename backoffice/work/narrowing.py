"""What narrows a queue: its built-in views, and filters, each one parameter of the address."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from backoffice.ui import numbers, times, words

Text = str | Promise
Where = Q | Callable[[datetime], Q]


class NotUnderstood(ValueError):
    """A filter's value that means nothing. It is shown as ignored and not obeyed."""


def number_in(typed: str, prefix: str) -> int | None:
    """The number in `DP-481` or `481`, for the prefix `DP-`; None for anything else."""
    bare = typed.upper().removeprefix(prefix)
    return int(bare) if numbers.is_id(bare) else None


@dataclass(frozen=True)
class Tab:
    """A built-in view. `where` narrows the queue; `mine` keeps what this person claimed or was assigned, `snoozed` what sleeps."""

    key: str
    label: Text
    where: Where = field(default_factory=Q)
    mine: bool = False
    snoozed: bool = False
    awake: bool = True  # leaves out what sleeps
    counted: bool = True
    sort: str = ""

    def q(self, now: datetime) -> Q:
        return self.where(now) if callable(self.where) else self.where


EVERYTHING = Tab("", "")


@dataclass(frozen=True)
class Filter:
    """One parameter of the address. Subclasses read a value, narrow rows by it and write it for people."""

    name: str
    label: Text
    control = "text"

    def read(self, text: str) -> Any:
        """The value. Raises NotUnderstood."""
        return text[:80]

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        raise NotImplementedError

    def write(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True)
class Search(Filter):
    """The text box. What it finds is the room's."""

    find: Callable[[QuerySet[Any], str], QuerySet[Any]] = lambda rows, _text: rows
    control = "search"

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return self.find(rows, value)


@dataclass(frozen=True)
class Choice(Filter):
    """One of a few values. `choices` is asked at each request."""

    field: str = ""
    choices: Callable[[Tab], Sequence[tuple[str, Text]]] = lambda _tab: ()
    any_label: Text = ""
    known: Callable[[str], bool] = lambda _value: True
    control = "select"
    fewest = 2  # choices that make it worth a control: where every row has the only one, it narrows nothing

    def offered(self, _staff: Any, tab: Tab) -> Sequence[tuple[str, Text]]:
        """What this person chooses from."""
        return self.choices(tab)

    def read(self, text: str) -> Any:
        if not self.known(text):
            raise NotUnderstood(text)
        return text

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(**{self.field: value})

    def write(self, value: Any) -> str:
        label = next((str(label) for key, label in self.choices(EVERYTHING) if key == value), "")
        return label or words.of(str(value))


@dataclass(frozen=True)
class OfBrand(Choice):
    """One of the brands that the person works on; one that they do not reach finds nothing."""

    field: str = "brand__code"

    def offered(self, staff: Any, _tab: Tab) -> Sequence[tuple[str, Text]]:
        return [(brand.code, brand.name) for brand in staff.brands]


@dataclass(frozen=True)
class Amount(Filter):
    """A bound in units of each row's own currency: `least` or `most`."""

    field: str = "amount"
    least: bool = True
    control = "amount"

    def read(self, text: str) -> Any:
        try:
            amount = Decimal(text)
        except InvalidOperation:
            raise NotUnderstood(text) from None
        if not amount.is_finite() or amount < 0:
            raise NotUnderstood(text)
        return amount

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(**{f"{self.field}__{'gte' if self.least else 'lte'}": value})


@dataclass(frozen=True)
class Span:
    """From `since` until just before `until`; either may be open."""

    since: datetime | None
    until: datetime | None

    def text(self) -> str:
        """As it stands in an address, in UTC."""
        return "~".join("" if one is None else one.astimezone(UTC).isoformat().replace("+00:00", "Z") for one in (self.since, self.until))


@dataclass(frozen=True)
class During(Filter):
    """What happened, or falls due, within a span: `2026-11-20T14:00:00Z~2026-11-20T15:00:00Z`. Links set it; a chip shows it.

    `later` is how long after `field` the moment is that is meant, such as a deadline that is kept as its beginning.
    """

    field: str = ""
    later: timedelta = timedelta()
    control = "hidden"

    def read(self, text: str) -> Any:
        first, tilde, last = text.partition("~")
        span = Span(*(self._moment(one) for one in (first, last)))
        if not tilde or span == Span(None, None):
            raise NotUnderstood(text)
        return span

    @staticmethod
    def _moment(text: str) -> datetime | None:
        try:
            found = parse_datetime(text) if text else None
        except ValueError:
            raise NotUnderstood(text) from None
        if text and (found is None or timezone.is_naive(found)):
            raise NotUnderstood(text)
        return found

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value.since is not None:
            rows = rows.filter(**{f"{self.field}__gte": value.since - self.later})
        if value.until is not None:
            rows = rows.filter(**{f"{self.field}__lt": value.until - self.later})
        return rows

    def write(self, value: Any) -> str:
        if value.since is None or value.until is None:
            word = _("before %(moment)s") if value.since is None else _("from %(moment)s")
            return word % {"moment": times.write(value.until or value.since)}
        same = timezone.localdate(value.since) == timezone.localdate(value.until)
        return f"{times.write(value.since)} – {times.write(value.until, 'time' if same else 'short')}"


@dataclass(frozen=True)
class Day(Filter):
    """A bound by day of the reader's clock, both ends included: not before the day (`first`), or not after it."""

    field: str = ""
    first: bool = True
    control = "date"

    def read(self, text: str) -> Any:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise NotUnderstood(text) from None

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        try:
            begins = timezone.make_aware(datetime.combine(value if self.first else value + timedelta(days=1), time()))
            begins = begins.astimezone(UTC)
        except OverflowError:  # the first or last day that there is
            return rows
        return rows.filter(**{f"{self.field}__{'gte' if self.first else 'lt'}": begins})

    def write(self, value: Any) -> str:
        return times.day(value)


@dataclass(frozen=True)
class Code(Filter):
    """A short code that is typed, such as a country's: capitals, compared as a whole."""

    field: str = ""
    pattern: str = r"[A-Z]{2}"
    control = "code"

    def read(self, text: str) -> Any:
        code = text.strip().upper()
        if not re.fullmatch(self.pattern, code):
            raise NotUnderstood(text)
        return code

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(**{self.field: value})
