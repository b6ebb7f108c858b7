"""The withdrawal queue: tabs, filters, pages and counts. At most four queries of its own, whatever the size of the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from backoffice.work import claims
from backoffice.work.models import Claim
from payments.lifecycles import TO_DECIDE, WITHDRAWAL
from payments.models import Withdrawal
from wallet import rates

SUBJECT = "payments.withdrawal"
COUNT_CAP = 1_000
SIZES = (25, 50, 100)
IN_FLIGHT = ("approved", "sent", "unknown", "failed")


@dataclass(frozen=True)
class Tab:
    """A built-in view of the queue. `states` is what it shows; the rest narrows it."""

    key: str
    label: str
    states: tuple[str, ...]
    late: bool = False
    mine: bool = False


TABS: tuple[Tab, ...] = (
    Tab("open", "To decide", TO_DECIDE),
    Tab("mine", "Mine", TO_DECIDE, mine=True),
    Tab("late", "Late", TO_DECIDE, late=True),
    Tab("second", "Awaiting 2nd", ("awaiting_second",)),
    Tab("held", "Held", ("held",)),
    Tab("flight", "In flight", IN_FLIGHT),
    Tab("all", "All", tuple(WITHDRAWAL.states)),
)
BY_KEY = {tab.key: tab for tab in TABS}
SORTS = {"due": ("due_at", "id"), "-amount": ("-amount", "-id"), "amount": ("amount", "id"), "-requested": ("-requested_at", "-id")}
KINDS = {"card": "Card", "bank": "Bank account", "wallet": "Wallet", "crypto": "Crypto"}


@dataclass
class Filters:
    """What the address asks for. What it says that nobody understands is kept in `ignored`, to be shown and not obeyed."""

    tab: Tab = TABS[0]
    q: str = ""
    state: str = ""
    currency: str = ""
    kind: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    sort: str = "due"
    size: int = 50
    after: str = ""
    before: str = ""
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        found = cls()
        for name, text in query.items():
            value = str(text).strip()
            if value and not found._take(name, value):
                found.ignored.append(f"{name}={value[:40]}")
        if found.sort == "due" and found.tab.key == "all" and "sort" not in query:
            found.sort = "-requested"
        return found

    def _take(self, name: str, value: str) -> bool:
        if name == "view" and value in BY_KEY:
            self.tab = BY_KEY[value]
        elif name == "q":
            self.q = value[:80]
        elif name == "state" and value in WITHDRAWAL.states:
            self.state = value
        elif name == "currency" and value.isalnum() and len(value) <= 10:
            self.currency = value.upper()
        elif name == "kind" and value in KINDS:
            self.kind = value
        elif name in {"least", "most"}:
            try:
                amount = Decimal(value)
            except InvalidOperation:
                return False
            if not amount.is_finite() or amount < 0:
                return False
            setattr(self, name, amount)
        elif name == "sort" and value in SORTS:
            self.sort = value
        elif name == "size" and value.isdigit() and int(value) in SIZES:
            self.size = int(value)
        elif name in {"after", "before"} and "~" in value:
            setattr(self, name, value)
        else:
            return False
        return True

    def chips(self) -> list[tuple[str, str, str]]:
        """(parameter, label, value) of what narrows the list, for the chips."""
        found = [
            ("q", "Search", self.q), ("state", "State", self.state.replace("_", " ").capitalize()), ("currency", "Currency", self.currency),
            ("kind", "Method", KINDS.get(self.kind, "")), ("least", "At least", str(self.least or "")), ("most", "At most", str(self.most or "")),
        ]  # fmt: skip
        return [chip for chip in found if chip[2]]


def base(staff: Any, filters: Filters, *, now: datetime) -> QuerySet[Withdrawal]:
    """What the view shows, without order and page."""
    rows = Withdrawal.objects.visible_to(staff)
    tab = filters.tab
    if tab.key != "all":
        rows = rows.filter(state__in=tab.states)
    if tab.late:
        rows = rows.filter(due_at__lt=now)
    if tab.mine:
        rows = rows.filter(pk__in=Claim.objects.filter(subject_type=SUBJECT, staff=staff, until__gt=now).values("subject_id"))
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.currency:
        rows = rows.filter(currency=filters.currency)
    if filters.kind:
        rows = rows.filter(instrument__kind=filters.kind)
    if filters.least is not None:
        rows = rows.filter(amount__gte=filters.least)
    if filters.most is not None:
        rows = rows.filter(amount__lte=filters.most)
    return _search(rows, filters.q) if filters.q else rows


def _search(rows: QuerySet[Withdrawal], q: str) -> QuerySet[Withdrawal]:
    bare = q.upper().removeprefix("WD-").removeprefix("#")
    if bare.isdigit() and len(bare) < 18:
        return rows.filter(
            Q(pk=int(bare)) | Q(player_id=int(bare)) if q.isdigit() else Q(pk=int(bare)) if q.upper().startswith("WD-") else Q(player_id=int(bare))
        )
    name = Concat("player__first_name", Value(" "), "player__last_name")
    return rows.annotate(player_name=name).filter(Q(player_name__icontains=q) | Q(reference__iexact=q) | Q(instrument__last4=q))


@dataclass
class Page:
    rows: list[Withdrawal]
    newer: str
    older: str
    claimed: dict[int, Claim]


def page(staff: Any, filters: Filters, *, now: datetime) -> Page:
    """One page by key set: rows with player, instrument, brand and claim. Two queries."""
    order = SORTS[filters.sort]
    rows = base(staff, filters, now=now)
    backwards = bool(filters.before)
    mark = _parse_mark(filters.before or filters.after, filters.sort)
    if mark is not None:
        rows = _beyond(rows, order, mark, backwards=backwards)
    ordering = [_turn(name) for name in order] if backwards else list(order)
    found = list(rows.select_related("player", "instrument", "brand").order_by(*ordering)[: filters.size + 1])
    more = len(found) > filters.size
    found = found[: filters.size]
    if backwards:
        found.reverse()
    newer = _mark(found[0], filters.sort) if found and (mark is not None and (not backwards or more)) else ""
    older = _mark(found[-1], filters.sort) if found and (backwards or more) else ""
    return Page(found, newer, older, claims.of(SUBJECT, [row.pk for row in found], now=now))


def _turn(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _key(sort: str) -> str:
    return SORTS[sort][0].lstrip("-")


def _mark(row: Withdrawal, sort: str) -> str:
    value = getattr(row, _key(sort))
    return f"{value.isoformat() if isinstance(value, datetime) else format(value, 'f')}~{row.pk}"


def _parse_mark(text: str, sort: str) -> tuple[Any, int] | None:
    value, _, identity = text.rpartition("~")
    if not identity.isdigit():
        return None
    try:
        parsed: Any = Decimal(value) if _key(sort) == "amount" else parse_datetime(value.replace(" ", "+"))
    except (InvalidOperation, ValueError):
        return None
    return (parsed, int(identity)) if parsed is not None else None


def _beyond(rows: QuerySet[Withdrawal], order: tuple[str, str], mark: tuple[Any, int], *, backwards: bool) -> QuerySet[Withdrawal]:
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

    def text(self, key: str) -> str:
        count = self.by_tab.get(key, 0)
        return f"{COUNT_CAP:,}+" if count > COUNT_CAP else f"{count:,}"


def _sql(query: QuerySet[Any, Any]) -> tuple[str, Sequence[Any]]:
    """The query as text, to stand inside another one. Somebody who reaches no brand gets one that finds nothing."""
    try:
        return query.query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::timestamptz WHERE false", ()


def counts(staff: Any, *, now: datetime) -> Counts:
    """Every tab's size in one query, each capped, so that it costs the same with a thousand rows and with a million."""
    queries = [base(staff, Filters(tab=tab), now=now).order_by().values("pk")[: COUNT_CAP + 1] for tab in TABS if tab.key != "all"]
    parts: list[str] = []
    arguments: list[Any] = []
    for query in queries:
        text, values = _sql(query)
        parts.append(f"(SELECT count(*) FROM ({text}) c)")
        arguments += values
    oldest, values = _sql(base(staff, Filters(), now=now).order_by("due_at", "pk").values("due_at")[:1])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}, ({oldest})", [*arguments, *values])
        row = cursor.fetchone()
    keys = [tab.key for tab in TABS if tab.key != "all"]
    return Counts(dict(zip(keys, row, strict=False)), row[-1])


def following(staff: Any, filters: Filters, *, past: Withdrawal | None, now: datetime) -> Withdrawal | None:
    """The next item of the view that nobody else has claimed: after `past` in its order, else from the start."""
    others = Claim.objects.filter(subject_type=SUBJECT, until__gt=now).exclude(staff=staff).values("subject_id")
    rows = base(staff, filters, now=now).filter(state__in=TO_DECIDE).exclude(pk__in=others)
    order = SORTS[filters.sort]
    if past is not None:
        rows = rows.exclude(pk=past.pk)
        after = _beyond(rows, order, (getattr(past, _key(filters.sort)), past.pk), backwards=False).order_by(*order).first()
        if after is not None:
            return after
    return rows.order_by(*order).first()


def neighbours(staff: Any, filters: Filters, *, of: Withdrawal, now: datetime) -> tuple[int | None, int | None]:
    """Ids of the items before and after in the view, to browse without claiming. One query."""
    order = SORTS[filters.sort]
    mark = (getattr(of, _key(filters.sort)), of.pk)
    rows = base(staff, filters, now=now).exclude(pk=of.pk)
    before = _beyond(rows, order, mark, backwards=True).order_by(*[_turn(name) for name in order]).values("pk")[:1]
    after = _beyond(rows, order, mark, backwards=False).order_by(*order).values("pk")[:1]
    texts: list[str] = []
    arguments: Sequence[Any] = ()
    for query in (before, after):
        text, values = _sql(query)
        texts.append(f"({text})")
        arguments = [*arguments, *values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(texts)}", arguments)
        row = cursor.fetchone()
    return row[0], row[1]


def in_base(rows: Sequence[Withdrawal]) -> dict[int, tuple[Decimal, str]]:
    """Approximate amounts in the brand's base currency, for rows in another one."""
    found: dict[int, tuple[Decimal, str]] = {}
    for row in rows:
        if row.currency == row.brand.base_currency:
            continue
        converted = rates.convert(row.amount, row.currency, row.brand.base_currency)
        if converted is not None:
            found[row.pk] = (converted[0], row.brand.base_currency)
    return found
