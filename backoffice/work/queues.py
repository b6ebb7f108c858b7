"""A queue as a declaration: what is in it, its views, filters and columns, and where one item is opened.

A room declares a `Queue` and registers it; the list, its counts, claims, bulk verbs, saved views and live refresh are the kit's
(backoffice/work/listing.py, views.py). docs/queues.md shows a whole one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.roles import label
from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import Value
from backoffice.ui import times, words
from backoffice.work.checks import Result

Text = str | Promise
Where = Q | Callable[[datetime], Q]


class NotUnderstood(ValueError):
    """A filter's value that means nothing. It is shown as ignored and not obeyed."""


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


@dataclass(frozen=True)
class Row:
    """One line as columns and templates see it."""

    item: Any
    url: str
    now: datetime
    noted: Any = None  # noted.Noted: claim, assignee, tags, sleep
    extra: Any = None


@dataclass(frozen=True)
class Column:
    """`cell` writes one cell; `sorts` are the orders that its head toggles between (keys of `Queue.sorts`).

    `export` reads the same for a file, as a value; without it the file has the cell's words.
    """

    key: str
    label: Text
    cell: Callable[[Row], SafeString | str]
    sorts: tuple[str, ...] = ()
    css: str = ""
    numeric: bool = False
    export: Value | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Figure:
    """A tile above the list: the size of a tab."""

    tab: str
    label: Text
    note: Text = ""


@dataclass(frozen=True)
class Done:
    """What a bulk verb did to one item: `done`, `skipped` (it changed, it does not apply) or `failed`, and why."""

    outcome: str
    why: str = ""


@dataclass(frozen=True)
class Verb:
    """Something that may be done to many items at once. `act` is called for one item in a transaction of its own."""

    code: str
    label: Text
    act: Callable[..., Done]  # (item, *, by, now, values, key)
    permission: str = ""
    fields: tuple[str, ...] = ()  # asked for on the confirm page: names of backoffice.work.forms.BulkForm
    excluded: Callable[[Any, Any], str] = lambda _item, _staff: ""  # why this item is left out, or ""
    money: bool = False  # the confirm page adds up amounts per currency and names the largest
    decides: bool = False  # it ends the work on an item, as an outcome does


@dataclass(frozen=True)
class Outcome:
    """One way to decide an item on the kit's own page. `act` is the room's service; it raises NotPossible when it cannot be done now."""

    code: str
    label: Text
    letter: str  # selects it from the keyboard; nothing is submitted by a letter
    act: Callable[..., Any]  # (item, *, by, now, note)
    consequence: Text
    toast: Text
    needs_note: bool = False
    fits: Callable[[Any], bool] = lambda _item: True  # whether it is offered for this item now; `act` refuses by itself what is not


@dataclass(frozen=True, kw_only=True)
class Queue:
    """Everything that is particular about one queue."""

    subject: str  # "payments.withdrawal": what claims, facts and tags point at
    title: Text
    plural: str  # in addresses: /withdrawals/, and their names: payments:withdrawals
    singular: str
    namespace: str
    rows_model: type[Any]
    rows: Callable[[Any], QuerySet[Any]]  # those that this person may see
    view: str  # permission to read
    work: str = ""  # permission to claim and decide; without one it is a list to read, whose bulk verbs name permissions of their own
    tag: str = ""  # permission to tag its items, where that is not `work`
    tag_box: bool = False  # the filters have a box for a tag
    tabs: tuple[Tab, ...]
    columns: tuple[Column, ...]
    also_exported: tuple[ExportColumn, ...] = ()  # what a file has beyond the columns on the screen
    filters: tuple[Filter, ...] = ()
    sorts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    order: str = ""
    open: Q = field(default_factory=Q)  # what waits for a decision
    related: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    due: str = ""  # the field by which an item is late; a filter `due` over it puts its deadlines on Home
    opens: Callable[[Any], str] | None = None  # the address of an item of a list without pages of its own
    of_player: str = ""  # the field with the player whose item it is: while it is open, it stands on that player's page
    glance: tuple[str, ...] = ()  # permissions, any of which shows there that it is open, without its page
    summary: Callable[[Any], str] = lambda _item: ""  # an item in a few words, where items of several queues stand together
    prepare: Callable[[Sequence[Any]], Mapping[int, Any]] = lambda _rows: {}  # extras by id, read for a page at once
    verbs: tuple[Verb, ...] = ()
    escalates_to: tuple[str, ...] = ()  # codes of shipped roles
    icon: str = "withdraw"
    # The kit's own page of one item; a room that has more to show makes its own.
    facts: tuple[tuple[Text, Callable[[Any], Any]], ...] = ()
    checks: Callable[[Any, datetime], list[Result]] = lambda _item, _now: []
    outcomes: tuple[Outcome, ...] = ()
    leads: Callable[[Any, Any], Sequence[tuple[Text, str]]] = lambda _item, _staff: ()  # other pages that its page leads this person to
    is_open: Callable[[Any], bool] = lambda _item: True
    lock: Callable[[Any], Any] = lambda _item: None  # what is locked before the item's own row: the player's, by the global order
    version: Callable[[Any], str] = lambda item: str(item.version)
    empty: Text = gettext_lazy("Queue clear")
    no_match: Text = gettext_lazy("Nothing matches")
    label_of: Callable[[Any], str] = str

    def __post_init__(self) -> None:
        if not self.sorts or self.order not in self.sorts:
            raise ValueError(f"{self.subject}: the order {self.order!r} is none of its sorts.")
        if not self.work and not all(verb.permission for verb in self.verbs):
            raise ValueError(f"{self.subject}: nobody works in it, so each of its verbs names a permission.")
        unknown = {name for column in self.columns for name in column.sorts} - set(self.sorts)
        if unknown:
            raise ValueError(f"{self.subject}: columns sort by {', '.join(sorted(unknown))}, which is not described.")

    @property
    def deadlines(self) -> During | None:
        return next((one for one in self.filters if isinstance(one, During) and one.name == "due"), None)

    @property
    def tags(self) -> str:
        """The permission to tag its items; "" where they have no tags."""
        return self.tag or self.work

    @property
    def by_key(self) -> dict[str, Tab]:
        return {tab.key: tab for tab in self.tabs}

    @property
    def escalations(self) -> list[tuple[str, str]]:
        return [(code, label(code)) for code in self.escalates_to]

    @property
    def index(self) -> str:
        return f"{self.namespace}:{self.plural}"

    @property
    def detail(self) -> str:
        return f"{self.namespace}:{self.singular}"

    def name(self, verb: str, *, of_item: bool = False) -> str:
        return f"{self.detail if of_item else self.index}-{verb}"

    def verb(self, code: str) -> Verb:
        """Raises KeyError."""
        return {verb.code: verb for verb in self.verbs}[code]


EVERYTHING = Tab("", "")
_queues: dict[str, Queue] = {}


def register(queue: Queue) -> None:
    """Called from `AppConfig.ready()`. Registering the same queue again replaces it."""
    from backoffice.jobs.exports.sources import sources
    from backoffice.jobs.imports.declared import imports
    from backoffice.work.exports import source_of
    from backoffice.work.imports import tags_of

    _queues[queue.subject] = queue
    sources.register(source_of(queue))
    if queue.tags:
        imports.register(tags_of(queue))


def get(subject: str) -> Queue:
    """Raises KeyError."""
    return _queues[subject]


def every() -> Iterable[Queue]:
    return list(_queues.values())
