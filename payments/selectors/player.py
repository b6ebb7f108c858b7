"""Payments of one player, for the player's page."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum, Value
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from backoffice.ui import numbers
from backoffice.ui.queries import ignored
from payments.lifecycles import TO_DECIDE
from payments.models import Deposit, Payment, Withdrawal

RECENT = timedelta(days=90)
PAGE = 25
# What a filter means for deposits and for withdrawals.
STATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "open": (("initiated", "authorised", "captured", "unknown"), (*TO_DECIDE, "approved", "sent", "unknown", "failed")),
    "done": (("credited",), ("settled",)),
    "failed": (("failed", "expired", "reversed", "charged_back"), ("rejected", "returned", "cancelled")),
}
DEPOSITS, WITHDRAWALS = "deposits", "withdrawals"


@dataclass(frozen=True)
class Lifetime:
    """What came in and went out in one currency, in its units: all of it, and since RECENT."""

    currency: str
    paid_in: Decimal
    paid_out: Decimal
    paid_in_recently: Decimal
    paid_out_recently: Decimal

    @property
    def net(self) -> Decimal:
        return self.paid_in - self.paid_out

    @property
    def net_recently(self) -> Decimal:
        return self.paid_in_recently - self.paid_out_recently


def lifetime(player_id: int, *, now: datetime) -> list[Lifetime]:
    """By currency. What was charged back, reversed or returned is in neither sum. One query, from two indexes alone."""
    found: dict[str, dict[str, tuple[Decimal, Decimal]]] = {}
    into = _sums(Deposit.objects.filter(player_id=player_id, state="credited"), "credited_at", DEPOSITS, now)
    out = _sums(Withdrawal.objects.filter(player_id=player_id, state="settled"), "settled_at", WITHDRAWALS, now)
    for way, currency, total, recent in into.union(out, all=True):
        found.setdefault(currency, {})[way] = (total, recent or Decimal(0))
    nothing = (Decimal(0), Decimal(0))
    return [
        Lifetime(code, ways.get(DEPOSITS, nothing)[0], ways.get(WITHDRAWALS, nothing)[0], ways.get(DEPOSITS, nothing)[1], ways.get(WITHDRAWALS, nothing)[1])
        for code, ways in sorted(found.items())
    ]


def _sums(rows: QuerySet[Any], stamp: str, way: str, now: datetime) -> QuerySet[Any, Any]:
    recently = Sum("amount", filter=Q(**{f"{stamp}__gte": now - RECENT}))
    return rows.order_by().values("currency").annotate(way=Value(way), total=Sum("amount"), recent=recently).values_list("way", "currency", "total", "recent")


def latest_withdrawals(staff: Any, player_id: int, *, limit: int) -> list[Withdrawal]:
    rows = Withdrawal.objects.visible_to(staff).filter(player_id=player_id).select_related("decided_by", "first_by", "instrument")
    return list(rows.order_by("-requested_at", "-pk")[:limit])


@dataclass
class Asked:
    """What the address asks of the list: `what` kind, `is` how far, `after` which place. What nobody understands is shown and not obeyed."""

    what: str = ""
    state: str = ""
    after: str = ""
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, query: QueryDict) -> "Asked":
        asked = cls()
        asked.ignored = ignored(query, asked._take)
        return asked

    def _take(self, name: str, value: str) -> bool:
        if name == "what" and value in {DEPOSITS, WITHDRAWALS}:
            self.what = value
        elif name == "is" and value in STATES:
            self.state = value
        elif name == "after" and _place(value) is not None:
            self.after = value
        else:
            return name == "tab"
        return True


@dataclass(frozen=True)
class Page:
    payments: list[Payment]
    older: str  # `after` of the next page


def page(staff: Any, player_id: int, asked: Asked) -> Page:
    """Deposits and withdrawals together, newest first. A query for each kind that is asked for."""
    mark = _place(asked.after)
    found: list[tuple[tuple[datetime, str, int], Payment]] = []
    for way, model, number in ((DEPOSITS, Deposit, 0), (WITHDRAWALS, Withdrawal, 1)):
        if asked.what in {"", way}:
            found += [(_key(row, way), row) for row in _rows(model, staff, player_id, STATES.get(asked.state, ((), ()))[number], way, mark)]
    found.sort(key=lambda pair: pair[0], reverse=True)
    shown = [row for _key, row in found[:PAGE]]
    return Page(shown, _mark(found[PAGE - 1][0]) if len(found) > PAGE else "")


def _rows(model: type[Any], staff: Any, player_id: int, states: tuple[str, ...], way: str, mark: tuple[datetime, str, int] | None) -> QuerySet[Any]:
    rows = model.objects.visible_to(staff).filter(player_id=player_id).select_related("instrument")
    if states:
        rows = rows.filter(state__in=states)
    if mark is not None:
        at, mark_way, pk = mark
        same = Q(pk__lt=pk) if way == mark_way else Q() if way < mark_way else Q(pk=None)
        rows = rows.filter(Q(requested_at__lt=at) | Q(requested_at=at) & same, requested_at__lte=at)
    return rows.order_by("-requested_at", "-pk")[: PAGE + 1]


def _key(row: Payment, way: str) -> tuple[datetime, str, int]:
    return (row.requested_at, way, row.pk)


def _mark(key: tuple[datetime, str, int]) -> str:
    return f"{key[0].isoformat()}~{key[1]}~{key[2]}"


def _place(text: str) -> tuple[datetime, str, int] | None:
    at, way, pk = ([*text.replace(" ", "+").split("~"), "", "", ""])[:3]
    try:
        moment = parse_datetime(at)
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or way not in {DEPOSITS, WITHDRAWALS} or not numbers.is_id(pk):
        return None
    return moment, way, int(pk)
