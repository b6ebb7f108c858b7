"""What Home says about money in motion beyond its queue: second approvals, what is in flight, and today's figures."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.ui import charts, tiles
from backoffice.ui.figures import Figure, Window
from backoffice.work.narrowing import Span
from backoffice.work.views.index import counts_of
from payments.queues import WITHDRAWALS

# Each window reads its stretch of the index on the moment; brands and test players are taken out of that.
_SUMS = """
SELECT w.n, p.currency, count(*), sum(p.amount)
FROM unnest(%s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY w (since, until, n)
JOIN {table} p ON p.{moment} >= w.since AND p.{moment} < w.until AND p.brand_id = ANY(%s::bigint[])
JOIN players_player y ON y.id = p.player_id AND NOT y.is_test
GROUP BY 1, 2
"""


def home(request: HttpRequest) -> Iterable[tiles.Row | tiles.Tile]:
    counts, url = counts_of(request, WITHDRAWALS), reverse("payments:withdrawals")
    if counts.by_tab["second"] and request.user.may("payments.approve_second"):  # type: ignore[union-attr]
        yield tiles.Row(
            title=_("%(n)s second approvals") % {"n": counts.text("second")}, detail=_("Approved once, above the limit"), url=f"{url}?view=second",
            action=_("Review"), icon="double", tone="attention", count=counts.by_tab["second"],
        )  # fmt: skip
    yield tiles.Tile(
        label=_("In flight"), value=counts.text("flight"), url=f"{url}?view=flight", icon="card", count=counts.by_tab["flight"],
        foot=_("approved, sent, unknown or failed"),
    )  # fmt: skip


def figures(request: HttpRequest, windows: Sequence[Window]) -> Iterable[Figure]:
    """Deposits credited and withdrawals paid, for each currency, without test players. Two queries."""
    yield from _of(request, windows, "payments_deposit", "credited_at", _("Deposits"), reverse("payments:deposits"), "credited")
    yield from _of(request, windows, "payments_withdrawal", "settled_at", _("Paid out"), reverse("payments:withdrawals"), "settled")


def _of(request: HttpRequest, windows: Sequence[Window], table: str, moment: str, label: str, url: str, parameter: str) -> Iterable[Figure]:
    staff: Any = request.user
    with connection.cursor() as cursor:
        arguments = [[one.since for one in windows], [one.until for one in windows], sorted(staff.reach())]
        cursor.execute(_SUMS.format(table=table, moment=moment), arguments)
        found = {(number - 1, currency): (count, total) for number, currency, count, total in cursor.fetchall()}
    today, last = windows[-1], len(windows) - 1
    order = sorted({currency for _number, currency in found}, key=lambda one: (-sum(found.get((at, one), (0, 0))[0] for at in range(len(windows))), one))
    for currency in order:
        values = [Decimal(found.get((at, currency), (0, 0))[1]) for at in range(len(windows))]
        query = urlencode({"view": "all", parameter: Span(today.since, today.until).text(), "currency": currency, "test": "no"})
        yield Figure(label, values, found.get((last, currency), (0, 0))[0], f"{url}?{query}", charts.money(currency), kind=label)
