"""What alert rules can watch about money in motion. Facts count by when they happened; test players stand in no figure (GLI-19 A.2.5)."""

from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.alerts.measures import BRAND, COUNT, MINUTES, PROVIDER, SECONDS, SHARE, Measure, register
from payments.providers import registry

BOTH = (BRAND, PROVIDER)
VIEW = "payments.view"


def _facts(table: str, *types: str) -> str:
    """Facts about payments of a table in each window, with the brand and the provider. The types stand in the SQL, for the partial index."""
    listed = ", ".join(f"'{one}'" for one in types)
    return (
        f"SELECT w.n, e.brand_id, p.provider, e.type FROM w JOIN audit_event e ON e.happened_at >= w.since AND e.happened_at < w.until"
        f" AND e.type IN ({listed}) JOIN {table} p ON p.id = e.subject_id JOIN players_player y ON y.id = p.player_id AND NOT y.is_test"
    )


# Open at a moment: asked for by then, and not decided by then. Exact for now; a decision that was undone counts as never made.
_OPEN = """
SELECT w.n, p.brand_id, p.provider, extract(epoch FROM w.until - p.requested_at) / 60 AS age FROM w
JOIN LATERAL (
    SELECT brand_id, provider, player_id, requested_at FROM payments_withdrawal
    WHERE state IN ('requested', 'held', 'awaiting_second') AND requested_at < w.until
    UNION ALL
    SELECT brand_id, provider, player_id, requested_at FROM payments_withdrawal
    WHERE state NOT IN ('requested', 'held', 'awaiting_second') AND decided_at >= w.until AND requested_at < w.until
) p ON TRUE
JOIN players_player y ON y.id = p.player_id AND NOT y.is_test
"""
_SETTLED = """
SELECT w.n, e.brand_id, p.provider, extract(epoch FROM e.happened_at - p.decided_at) / 60 AS took
FROM w JOIN audit_event e ON e.happened_at >= w.since AND e.happened_at < w.until AND e.type = 'withdrawal.settled'
JOIN payments_withdrawal p ON p.id = e.subject_id AND p.decided_at IS NOT NULL JOIN players_player y ON y.id = p.player_id AND NOT y.is_test
"""
_WEBHOOKS = """
SELECT w.n, v.provider, extract(epoch FROM least(coalesce(v.handled_at, w.until), w.until) - v.received_at) AS lag
FROM w JOIN payments_webhookevent v ON v.received_at >= w.since AND v.received_at < w.until
"""


def _failures(_provider: str) -> str:
    return f"{reverse('work:live')}?kind=failures"


def _deposits(_provider: str) -> str:
    return f"{reverse('work:live')}?kind=deposits"


def _queue(_provider: str) -> str:
    return reverse("payments:withdrawals")


def plug_in() -> None:
    ended = _facts("payments_deposit", "deposit.failed", "deposit.credited")
    settled = "percentile_cont(0.5) WITHIN GROUP (ORDER BY r.took)"
    register(
        Measure(
            "payments.deposit_failures", _("Deposits that failed, share"), SHARE, VIEW, ended, "avg((r.type = 'deposit.failed')::int) * 100", BOTH, _failures,
            empty=None, providers=registry.codes,
            about=_("Of deposits that ended in the window, those that failed. Expired ones, which a player left, do not count."),
        ),
        Measure(
            "payments.deposit_failures_count", _("Deposits that failed"), COUNT, VIEW, _facts("payments_deposit", "deposit.failed"), "count(*)", BOTH,
            _failures, providers=registry.codes,
        ),
        Measure(
            "payments.deposits", _("Deposits credited"), COUNT, VIEW, _facts("payments_deposit", "deposit.credited"), "count(*)", BOTH, _deposits,
            providers=registry.codes,
        ),
        Measure(
            "payments.chargebacks", _("Chargebacks"), COUNT, VIEW, _facts("payments_deposit", "deposit.charged_back"), "count(*)", BOTH, _failures,
            providers=registry.codes,
        ),
        Measure(
            "payments.payouts_unknown", _("Payouts without an answer"), COUNT, VIEW, _facts("payments_withdrawal", "withdrawal.unknown"), "count(*)", BOTH,
            _failures, providers=registry.codes, about=_("Payouts of which the provider did not say in the window what became of them."),
        ),
        Measure(
            "payments.queue_age", _("Oldest open withdrawal"), MINUTES, VIEW, _OPEN, "max(r.age)", BOTH, _queue, empty=Decimal(0), providers=registry.codes,
            about=_("How long the oldest withdrawal that nobody has decided waits, at the end of the window."),
        ),
        Measure(
            "payments.open_withdrawals", _("Open withdrawals"), COUNT, VIEW, _OPEN, "count(*)", BOTH, _queue, providers=registry.codes,
            about=_("Withdrawals that nobody has decided, at the end of the window."),
        ),
        Measure(
            "payments.payout_time", _("From approval to settlement, median"), MINUTES, VIEW, _SETTLED, settled, BOTH, _queue, empty=None,
            providers=registry.codes, about=_("Of payouts that settled in the window."),
        ),
        Measure(
            "payments.webhook_lag", _("Webhooks handled late, 95th percentile"), SECONDS, VIEW, _WEBHOOKS,
            "percentile_cont(0.95) WITHIN GROUP (ORDER BY r.lag)", (PROVIDER,), lambda _provider: "", empty=None, providers=registry.codes,
            about=_("From a provider's message coming in to its being handled; one that still waits counts until now."),
        ),
    )  # fmt: skip
