"""Reading a queue: what an address asks for, one page by key set, the size of every tab, the next item and the neighbours.

At most four queries for a page, whatever the size of the table: the counts, the rows, their claims, what people noted about them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from backoffice.ui import numbers
from backoffice.ui.queries import ignored
from backoffice.work import noted
from backoffice.work.models import Claim, Item
from backoffice.work.narrowing import NotUnderstood, Span, Tab
from backoffice.work.noted import Noted
from backoffice.work.queues import Queue

MOST_MATCHING = 500  # that one bulk request takes; more is a job
SIZES = (25, 50, 100)


@dataclass
class Asked:
    """What the address asks of a queue. What it says that nobody understands is kept in `ignored`, to be shown and not obeyed."""

    queue: Queue
    tab: Tab
    values: dict[str, Any] = field(default_factory=dict)
    sort: str = ""
    size: int = 50
    after: str = ""
    before: str = ""
    tag: str = ""
    saved: int = 0
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, queue: Queue, query: QueryDict) -> Asked:
        asked = cls(queue, queue.tabs[0])
        asked.ignored = ignored(query, asked._take)
        asked.sort = asked.sort or asked.tab.sort or queue.order
        return asked

    def _take(self, name: str, value: str) -> bool:
        if name == "view" and value in self.queue.by_key:
            self.tab = self.queue.by_key[value]
        elif name == "sort" and value in self.queue.sorts:
            self.sort = value
        elif name == "size" and value.isdigit() and int(value) in SIZES:
            self.size = int(value)
        elif name in {"after", "before"} and "~" in value:
            setattr(self, name, value)
        elif name == "tag":
            self.tag = value[:40]
        elif name == "saved" and value.isdigit():
            self.saved = int(value[:12])
        else:
            one = next((one for one in self.queue.filters if one.name == name), None)
            if one is None:
                return False
            try:
                self.values[name] = one.read(value)
            except NotUnderstood:
                return False
        return True

    def chips(self) -> list[tuple[str, str, str]]:
        """(parameter, label, value) of what narrows the list."""
        shown = [(one.name, str(one.label), one.write(self.values[one.name])) for one in self.queue.filters if one.name in self.values]
        return [*shown, *([("tag", _("Tag"), self.tag)] if self.tag else [])]


def kept(queue: Queue, query: QueryDict) -> list[tuple[str, str]]:
    """The parameters that describe the view, to be carried along so that the next item comes from the same view."""
    names = ["view", *(one.name for one in queue.filters), "tag", "sort", "size", "saved"]
    return [(name, str(query[name])) for name in names if query.get(name)]


def context_of(queue: Queue, query: QueryDict) -> str:
    return urlencode(kept(queue, query))


def _asleep(queue: Queue, now: datetime) -> QuerySet[Any, Any]:
    return Item.objects.filter(subject_type=queue.subject, snoozed_until__gt=now).values("subject_id")


def _mine(queue: Queue, staff: Any, now: datetime) -> Q:
    claimed = Claim.objects.filter(subject_type=queue.subject, staff=staff, until__gt=now).values("subject_id")
    assigned = Item.objects.filter(subject_type=queue.subject, assignee=staff).values("subject_id")
    return Q(pk__in=claimed.union(assigned, all=True))


def base(staff: Any, asked: Asked, *, now: datetime) -> QuerySet[Any]:
    """What the view shows, without order and page."""
    queue, tab = asked.queue, asked.tab
    rows = queue.rows(staff).filter(tab.q(now))
    if tab.mine:
        rows = rows.filter(_mine(queue, staff, now))
    if tab.snoozed:
        rows = rows.filter(pk__in=_asleep(queue, now))
    elif tab.awake:
        rows = rows.exclude(pk__in=_asleep(queue, now))
    for one in queue.filters:
        if one.name in asked.values:
            rows = one.apply(rows, asked.values[one.name])
    if asked.tag:
        rows = rows.filter(pk__in=Item.objects.filter(subject_type=queue.subject, tags__contains=[asked.tag]).values("subject_id"))
    return rows


@dataclass
class Page:
    rows: list[Any]
    newer: str
    older: str
    noted: dict[int, Noted]


def page(staff: Any, asked: Asked, *, now: datetime) -> Page:
    """One page by key set, with what people noted about its items. Two queries."""
    order = asked.queue.sorts[asked.sort]
    rows = base(staff, asked, now=now)
    backwards = bool(asked.before)
    mark = _parse_mark(asked.queue, asked.before or asked.after, asked.sort, rows.model)
    if mark is not None:
        rows = _beyond(rows, order, mark, backwards=backwards)
    ordering = [_turn(name) for name in order] if backwards else list(order)
    found = list(rows.select_related(*asked.queue.related).order_by(*ordering)[: asked.size + 1])
    more = len(found) > asked.size
    found = found[: asked.size]
    if backwards:
        found.reverse()
    newer = _mark(asked.queue, found[0], asked.sort) if found and mark is not None and (not backwards or more) else ""
    older = _mark(asked.queue, found[-1], asked.sort) if found and (backwards or more) else ""
    ids = [row.pk for row in found]
    return Page(found, newer, older, noted.of(asked.queue.subject, ids, now=now))


def _turn(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _key(queue: Queue, sort: str) -> str:
    return queue.sorts[sort][0].lstrip("-")


def _mark(queue: Queue, row: Any, sort: str) -> str:
    value = getattr(row, _key(queue, sort))
    text = value.isoformat() if isinstance(value, datetime) else format(value, "f") if isinstance(value, Decimal) else str(value)
    return f"{text}~{row.pk}"


def _parse_mark(queue: Queue, text: str, sort: str, model: type[models.Model]) -> tuple[Any, int] | None:
    value, _tilde, identity = text.rpartition("~")
    if not numbers.is_id(identity):
        return None
    column: Any = model._meta.get_field(_key(queue, sort))
    try:
        if isinstance(column, models.DateTimeField):
            parsed: Any = parse_datetime(value.replace(" ", "+"))
        elif isinstance(column, models.DecimalField):
            parsed = Decimal(value)
        else:
            parsed = column.to_python(value)
    except (InvalidOperation, ValueError, TypeError):
        return None
    return (parsed, int(identity)) if parsed is not None else None


def _beyond(rows: QuerySet[Any], order: tuple[str, ...], mark: tuple[Any, int], *, backwards: bool) -> QuerySet[Any]:
    name, descending = order[0].lstrip("-"), order[0].startswith("-")
    way = "lt" if descending != backwards else "gt"
    value, identity = mark
    # The first condition is implied by the rest; it is what lets the index find the start.
    return rows.filter(Q(**{f"{name}__{way}e": value}) & (Q(**{f"{name}__{way}": value}) | Q(**{name: value, f"pk__{way}": identity})))


@dataclass(frozen=True)
class Counts:
    """How many items each tab has, counted up to a cap, and when the oldest open one is due."""

    by_tab: dict[str, int]
    oldest_due: datetime | None
    snapshot: Snapshot | None = None

    def text(self, key: str) -> str:
        return capped(self.by_tab.get(key, 0))


def capped(count: int) -> str:
    return numbers.capped(count)


def _sql(query: QuerySet[Any, Any], *, nothing: str = "NULL::timestamptz") -> tuple[str, Sequence[Any]]:
    """The query as text, to stand inside another one. Somebody who reaches no brand gets one that finds nothing."""
    try:
        return query.query.sql_with_params()
    except EmptyResultSet:
        return f"SELECT {nothing} WHERE false", ()


def counts(queue: Queue, staff: Any, *, now: datetime, asked: Asked | None = None) -> Counts:
    """Every tab's size in one query, each capped, so that it costs the same with a thousand rows and with a million.

    With `asked`, the snapshot of that view too, when it has no more items than a bulk verb takes.
    """
    keys = [tab.key for tab in queue.tabs if tab.counted]
    queries = [base(staff, Asked(queue, queue.by_key[key]), now=now).order_by().values("pk")[: numbers.CAP + 1] for key in keys]
    parts: list[str] = []
    arguments: list[Any] = []
    for query in queries:
        text, values = _sql(query)
        parts.append(f"(SELECT count(*) FROM ({text}) c)")
        arguments += values
    if queue.due:
        text, values = _sql(base(staff, Asked(queue, queue.tabs[0]), now=now).order_by(queue.due, "pk").values(queue.due)[:1])
        parts.append(f"({text})")
        arguments += values
    if asked is not None:
        text, values = _sql(base(staff, asked, now=now).order_by().values("pk", _version(asked))[: MOST_MATCHING + 1], nothing="0, 0")
        parts.append(f"(SELECT array[count(*), coalesce(max(c), 0), coalesce(sum(v), 0)]::bigint[] FROM ({text}) s (c, v))")
        arguments += values
    if not parts:
        return Counts({}, None)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", arguments)
        row = list(cursor.fetchone())
    taken = Snapshot(*row.pop()) if asked is not None else None
    return Counts(dict(zip(keys, row, strict=False)), row[-1] if queue.due else None, taken if taken and taken.count <= MOST_MATCHING else None)


def waiting(queues: Sequence[Queue], staff: Any, *, now: datetime) -> dict[str, int]:
    """The size of the first tab of several queues, in one query."""
    sizes = _sizes([base(staff, Asked(queue, queue.tabs[0]), now=now) for queue in queues])
    return dict(zip((queue.subject for queue in queues), sizes, strict=True))


def deadlines(queues: Sequence[Queue], spans: Sequence[Span], staff: Any, *, now: datetime) -> dict[str, list[int]]:
    """How many items of the first tab of each queue fall due in each span, each counted up to the cap, in one query."""
    lists = [base(staff, Asked(queue, queue.tabs[0], values={"due": span}), now=now) for queue in queues for span in spans]
    sizes = _sizes(lists)
    return {queue.subject: sizes[at * len(spans) : (at + 1) * len(spans)] for at, queue in enumerate(queues)}


def _sizes(lists: Sequence[QuerySet[Any]]) -> list[int]:
    """The sizes of several lists, each counted up to one more than the cap, in one query."""
    if not lists:
        return []
    parts: list[str] = []
    arguments: list[Any] = []
    for rows in lists:
        text, values = _sql(rows.order_by().values("pk")[: numbers.CAP + 1])
        parts.append(f"(SELECT count(*) FROM ({text}) c)")
        arguments += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", arguments)
        return list(cursor.fetchone())


def following(staff: Any, asked: Asked, *, past: Any, now: datetime) -> Any:
    """The next item of the view that waits and that nobody else has claimed: after `past` in its order, else from the start."""
    queue = asked.queue
    others = Claim.objects.filter(subject_type=queue.subject, until__gt=now).exclude(staff=staff).values("subject_id")
    order = queue.sorts[asked.sort]
    rows = base(staff, asked, now=now).filter(queue.open).exclude(pk__in=others)
    if past is not None:
        rows = rows.exclude(pk=past.pk)
        after = _beyond(rows, order, (getattr(past, _key(queue, asked.sort)), past.pk), backwards=False).order_by(*order).first()
        if after is not None:
            return after
    return rows.order_by(*order).first()


def neighbours(staff: Any, asked: Asked, *, of: Any, now: datetime) -> tuple[int | None, int | None]:
    """Ids of the items before and after in the view, to browse without claiming. One query."""
    order = asked.queue.sorts[asked.sort]
    mark = (getattr(of, _key(asked.queue, asked.sort)), of.pk)
    rows = base(staff, asked, now=now).exclude(pk=of.pk)
    before = _beyond(rows, order, mark, backwards=True).order_by(*[_turn(name) for name in order]).values("pk")[:1]
    after = _beyond(rows, order, mark, backwards=False).order_by(*order).values("pk")[:1]
    texts: list[str] = []
    arguments: list[Any] = []
    for query in (before, after):
        text, values = _sql(query)
        texts.append(f"({text})")
        arguments += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(texts)}", arguments)
        row = cursor.fetchone()
    return row[0], row[1]


@dataclass(frozen=True)
class Snapshot:
    """What "all that match" meant when it was chosen: how many, the newest id and the last change. A verb refuses when it drifted."""

    count: int
    highest: int
    version: int

    def token(self) -> str:
        return f"{self.count}~{self.highest}~{self.version}"

    @classmethod
    def parse(cls, text: str) -> Snapshot | None:
        parts = text.split("~")
        return cls(*(int(part) for part in parts)) if len(parts) == 3 and all(numbers.is_id(part) for part in parts) else None


def snapshot(staff: Any, asked: Asked, *, now: datetime) -> Snapshot:
    """One query. Versions only grow, so an item that changed and came back is a drift as well."""
    found = base(staff, asked, now=now).order_by().aggregate(n=models.Count("pk"), top=models.Max("pk"), v=models.Sum(_version(asked)))
    return Snapshot(found["n"], found["top"] or 0, found["v"] or 0)


def _version(asked: Asked) -> str:
    """The column that grows with each change of an item; the id where a model has none."""
    return "version" if any(one.name == "version" for one in asked.queue.rows_model._meta.get_fields()) else "id"
