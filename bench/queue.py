"""The withdrawal queue and Home with a million players and 200,000 withdrawals beside one with a thousand: queries and server time of the page,
and the queries of a decision.

Rows are put in with SQL, past the services, since only their number is measured; what is decided was asked for through the services.
Server time is that of the view with its middleware and templates, called in this process, in turns on both databases.
"""

import argparse
import time
from typing import Any

from backoffice.runtime.throwaway import ThrowawayPostgres
from bench.harness import DATABASE, Scale, clone, database, finish, machine, main, median, percentile

ROUNDS = 5
SMALL, LARGE = DATABASE, "bench_large"
OPEN_SHARE = 40  # one withdrawal in so many waits for a decision; in the small database more, so that its page is full too
SMALL_SHARE = 10
PAGE, HOME = "/withdrawals/", "/"

_PLAYERS = """
INSERT INTO players_player (brand_id, jurisdiction_id, external_id, state, version, first_name, last_name, birth_date, country, language, currency,
    email_cipher, email_digest, phone_cipher, phone_digest, is_test, registered_at)
SELECT %(brand)s, %(law)s, 'queue-' || n, 'active', 1, (ARRAY['Mia', 'Jonas', 'Elena', 'Piotr', 'Sofia'])[1 + n %% 5], 'Player ' || n, '1990-01-01', 'MT', 'en',
    'EUR', '', '', '', '', false, now() - n * interval '10 seconds'
FROM generate_series(%(first)s::integer, %(last)s::integer) n
"""

# The withdrawals of the newest players, one each; one in OPEN_SHARE is open.
_PAYMENTS = """
WITH owner AS (
    SELECT id, row_number() OVER (ORDER BY id) AS n FROM (SELECT id FROM players_player WHERE brand_id = %(brand)s ORDER BY id DESC LIMIT %(count)s) p
), instrument AS (
    INSERT INTO players_instrument (brand_id, player_id, kind, label, provider, token, holder_name, last4, country,
        detail_cipher, detail_digest, added_at, changed_at)
    SELECT %(brand)s, id, (ARRAY['bank', 'card', 'wallet'])[1 + n %% 3], 'SEPA', 'nordpay', 'queue-' || n, 'Mia', '4141', 'MT', '', '', now(), now() FROM owner
    RETURNING id, player_id
), hold AS (
    INSERT INTO wallet_hold (brand_id, player_id, currency_id, amount, captured, released, state, placed_at, closed_at, key)
    SELECT %(brand)s, id, 1, 25, CASE WHEN n %% %(share)s = 0 THEN 0 ELSE 25 END, 0, CASE WHEN n %% %(share)s = 0 THEN 'placed' ELSE 'closed' END, now(),
        CASE WHEN n %% %(share)s = 0 THEN NULL ELSE now() END, 'queue-' || n FROM owner
    RETURNING id, player_id, state
)
INSERT INTO payments_withdrawal (brand_id, player_id, instrument_id, hold_id, currency, amount, fee, state, version, requested_at, due_at, provider, attempt,
    reference, provider_id, provider_sequence, tries, failure, needs_second, decided_by_kind, reason_code, note, settled_at)
SELECT %(brand)s, o.id, i.id, h.id, 'EUR', 25 + o.n %% 900, 0, CASE WHEN h.state = 'placed' THEN 'requested' ELSE 'settled' END, 1,
    now() - o.n * interval '3 minutes',
    now() - (o.n - 40) * interval '3 minutes', 'nordpay', 0, '', '', 0, 0, '', false, '', '', '',
    CASE WHEN h.state = 'closed' THEN now() - o.n * interval '3 minutes' + interval '2 minutes' END
FROM owner o JOIN instrument i ON i.player_id = o.id JOIN hold h ON h.player_id = o.id
"""


def fill(server: ThrowawayPostgres, name: str, *, players: int, withdrawals: int, share: int) -> None:
    with server.cluster.connect("super", name) as connection:
        connection.execute("SET session_replication_role = replica")
        row = connection.execute(
            "SELECT b.id, j.jurisdiction_id FROM scope_brand b JOIN scope_brand_jurisdictions j ON j.brand_id = b.id WHERE b.code = 'nova' LIMIT 1"
        ).fetchone()
        brand, law = row or (0, 0)
        for first in range(1, players + 1, 100_000):
            connection.execute(_PLAYERS, {"brand": brand, "law": law, "first": first, "last": min(first + 99_999, players)})
        connection.execute(_PAYMENTS, {"brand": brand, "count": withdrawals, "share": share})
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def use(server: ThrowawayPostgres, name: str) -> None:
    from django.db import connections

    from backoffice.scope import packs
    from wallet import currencies, rates

    connections["default"].close()
    connections["default"].settings_dict["NAME"] = name
    for remembered in (currencies, packs, rates):
        remembered.forget()


def timed(client: Any, calls: int, page: str = PAGE) -> list[float]:
    """Seconds of each call, sorted."""
    client.get(page)  # the connection and what processes remember
    taken = []
    for _ in range(calls):
        began = time.perf_counter()
        response = client.get(page)
        taken.append(time.perf_counter() - began)
        assert response.status_code == 200, response.status_code  # noqa: S101
    return sorted(taken)


def queries_of(call: Any, status: int) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        response = call()
    assert response.status_code == status, (response.status_code, response.content[:400])  # noqa: S101
    return len(captured)


def run(options: argparse.Namespace, scale: Scale) -> None:
    players, withdrawals = scale.pick(quick=(50_000, 10_000), default=(1_000_000, 200_000), full=(1_000_000, 200_000))
    calls = scale.pick(quick=8, default=20, full=60)
    with database() as server:
        from django.test.utils import setup_test_environment
        from django.utils import timezone

        from payments import hints
        from tests.casino import new_withdrawal, open_casino
        from tests.people import make_person, signed_in

        setup_test_environment()
        hints._send = lambda *_: None  # there is no broker here; hints are no queries
        about = machine(server)
        brand = open_casino()
        ana = make_person("payments-l1", brands=[brand], name="Ana Novak")
        for _ in range(ROUNDS + 1):
            new_withdrawal(brand, "40.00", now=timezone.now())
        client = signed_in(ana)
        use(server, "postgres")
        clone(server, SMALL, LARGE)
        fill(server, SMALL, players=1_000, withdrawals=1_000, share=SMALL_SHARE)
        fill(server, LARGE, players=players, withdrawals=withdrawals, share=OPEN_SHARE)
        print(f"{players:,} players and {withdrawals:,} withdrawals beside 1,000 of each, {ROUNDS} rounds of {calls} calls", flush=True)

        rounds = []
        for number in range(1, ROUNDS + 1):
            sample: dict[str, Any] = {}
            for name in (SMALL, LARGE) if number % 2 else (LARGE, SMALL):
                use(server, name)
                label = "large" if name == LARGE else "small"
                for key, page in ((label, PAGE), (f"home_{label}", HOME)):
                    taken = timed(client, calls, page)
                    sample[key] = {"p50_ms": round(percentile(taken, 0.5) * 1000, 2), "p95_ms": round(percentile(taken, 0.95) * 1000, 2)}
            use(server, LARGE)
            sample |= decided(client)
            rounds.append(sample)
            print(f"round {number}: {sample}", flush=True)
    measured = {
        "queue_queries": max(one["queue_queries"] for one in rounds),
        "large_vs_small": round(median([one["large"]["p50_ms"] / one["small"]["p50_ms"] for one in rounds]), 3),
        "decision_queries": max(one["decision_queries"] for one in rounds),
        "page_queries": max(one["page_queries"] for one in rounds),
        "home_queries": max(one["home_queries"] for one in rounds),
        "home_vs_small": round(median([one["home_large"]["p50_ms"] / one["home_small"]["p50_ms"] for one in rounds]), 3),
        "home_ms": median([one["home_large"]["p50_ms"] for one in rounds]),
        "queue_ms": median([one["large"]["p50_ms"] for one in rounds]),
    }
    finish("queue", about, rounds, measured, size={"players": players, "withdrawals": withdrawals, "open": withdrawals // OPEN_SHARE, "calls": calls})


def decided(client: Any) -> dict[str, int]:
    """Queries of the page, of one item and of approving it: of the withdrawals that came through the services."""
    from payments.models import Withdrawal

    waiting = Withdrawal.objects.filter(state="requested", amount=40, player__external_id__startswith="ext-").order_by("pk").first()
    assert waiting is not None  # noqa: S101
    sent = {"outcome": "approved", "reason_code": "CHECKS_OK", "version": waiting.version, "key": f"bench-{waiting.pk}", "note": ""}
    return {
        "queue_queries": queries_of(lambda: client.get(PAGE), 200),
        "home_queries": queries_of(lambda: client.get(HOME), 200),
        "page_queries": queries_of(lambda: client.get(f"{PAGE}{waiting.pk}/"), 200),
        "decision_queries": queries_of(lambda: client.post(f"{PAGE}{waiting.pk}/decide", sent), 303),
    }


if __name__ == "__main__":
    main(run)
