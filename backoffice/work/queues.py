"""A queue as a declaration: what is in it, its views and filters (narrowing.py), its columns, and where one item is opened.

A room declares a `Queue` and registers it; the list, its counts, claims, bulk verbs, saved views and live refresh are the kit's
(backoffice/work/listing.py, views). docs/queues.md shows a whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from backoffice.access.roles import label
from backoffice.jobs.exports.columns import Column as ExportColumn
from backoffice.jobs.exports.columns import Value
from backoffice.work.checks import Result
from backoffice.work.narrowing import During, Filter, Tab, Text


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
    below: Callable[[Any], tuple[str, dict[str, Any]]] | None = None  # (request) -> a template beneath the list, and what it shows
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
