"""The player's page of somebody with 100,000 facts, 20,000 payments and 50 instruments beside that of somebody who has just arrived.

Both registered, signed in, added an instrument, paid in and wait for a first withdrawal, through the services; what makes the one heavy is put in
with SQL, since only the number of rows counts. Each tab is asked for in turns on both, as somebody who decides withdrawals, with middleware and
templates. A timeline of 100,000 facts is also compared with one of 100, since both show a whole page of them.
"""

import argparse
import time
from typing import Any

from backoffice.runtime.throwaway import ThrowawayPostgres
from bench.harness import DATABASE, Scale, database, finish, machine, main, median

ROUNDS = 5
TABS = {"page": "", "payments": "?tab=payments", "timeline": "?tab=timeline", "identity": "?tab=timeline&tl=identity", "account": "?tab=timeline&tl=account"}
FRESH, HEAVY, SOME = "fresh", "heavy", "some"

_INSTRUMENTS = """
INSERT INTO players_instrument (brand_id, player_id, kind, label, provider, token, holder_name, last4, country, detail_cipher, detail_digest, added_at,
    changed_at)
SELECT brand_id, id, 'card', 'Visa', 'nordpay', 'b-' || n, 'Mia', lpad(n::text, 4, '0'), 'MT', '', '', now() - n * interval '1 hour',
    now() - n * interval '1 hour'
FROM players_player, generate_series(1, %(count)s::integer) n WHERE id = %(player)s
"""
_DEPOSITS = """
INSERT INTO payments_deposit (brand_id, player_id, instrument_id, currency, amount, fee, version, requested_at, provider, attempt, reference, provider_id,
    provider_sequence, tries, failure, state, redirect_url, credited_at, credit_transaction)
SELECT i.brand_id, i.player_id, i.id, 'EUR', 20 + n %% 500, 0, 1, now() - n * interval '1 hour', 'nordpay', 1, 'DP-b' || n, 'np-d' || n, 1, 0, '',
    'credited', '', now() - n * interval '1 hour', 1
FROM (SELECT * FROM players_instrument WHERE player_id = %(player)s ORDER BY id LIMIT 1) i, generate_series(1, %(count)s::integer) n
"""
_WITHDRAWALS = """
INSERT INTO payments_withdrawal (brand_id, player_id, instrument_id, hold_id, currency, amount, fee, state, version, requested_at, due_at, provider, attempt,
    reference, provider_id, provider_sequence, tries, failure, needs_second, decided_by_kind, reason_code, note, settled_at)
SELECT i.brand_id, i.player_id, i.id, 1000000000 + n, 'EUR', 25 + n %% 900, 0, 'settled', 1, now() - n * interval '1 hour', now(), 'nordpay', 1,
    'WD-b' || n, 'np-w' || n, 1, 0, '', false, '', '', '', now() - n * interval '1 hour'
FROM (SELECT * FROM players_instrument WHERE player_id = %(player)s ORDER BY id LIMIT 1) i, generate_series(1, %(count)s::integer) n
"""
_SIGN_INS = """
INSERT INTO players_signin (player_id, at, ip, country, succeeded)
SELECT %(player)s, now() - n * interval '1 minute', '192.0.2.7', 'MT', true FROM generate_series(1, %(count)s::integer) n
"""
_FACTS = """
INSERT INTO audit_event (happened_at, brand_id, player_id, subject_type, subject_id, actor_kind, actor_label, visibility, type, ip, session, request_id, reason,
    after)
SELECT now() - n * interval '1 minute', p.brand_id, p.id, CASE WHEN n %% 2 = 0 THEN 'players.player' ELSE 'payments.deposit' END, p.id, 'player', 'Player', 0,
    CASE WHEN n %% 2 = 0 THEN 'player.signed_in' ELSE 'deposit.credited' END, '', '', '', '', '{"device":"Pixel 9","country":"MT"}'
FROM players_player p, generate_series(1, %(count)s::integer) n WHERE p.id = %(player)s
"""


def lived(brand: Any) -> Any:
    """A player who has just come so far that they wait for their first withdrawal."""
    from datetime import timedelta

    from django.utils import timezone

    from tests.casino import asked, new_instrument, new_player, paid_in

    now = timezone.now()
    player = new_player(brand, now=now - timedelta(hours=5))
    instrument = new_instrument(player, now=now - timedelta(hours=4))
    paid_in(player, instrument, "500.00", now=now - timedelta(hours=3))
    asked(player, instrument, "40.00", now=now - timedelta(hours=2))
    return player


def fill(server: ThrowawayPostgres, heavy: int, some: int, *, facts: int, payments: int, instruments: int) -> None:
    with server.cluster.connect("super", DATABASE) as connection:
        connection.execute("SET session_replication_role = replica")
        for sql, count in (
            (_INSTRUMENTS, instruments - 1), (_DEPOSITS, payments - payments // 10), (_WITHDRAWALS, payments // 10), (_SIGN_INS, facts // 2), (_FACTS, facts),
        ):  # fmt: skip
            connection.execute(sql, {"player": heavy, "count": count})
        connection.execute(_FACTS, {"player": some, "count": 100})
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def timed(client: Any, pages: dict[str, str], calls: int) -> dict[str, float]:
    """Median milliseconds of each page, asked for in turns, so that what slows the machine slows all of them."""
    taken: dict[str, list[float]] = {label: [] for label in pages}
    for _each in range(calls):
        for label, page in pages.items():
            began = time.perf_counter()
            response = client.get(page)
            taken[label].append(time.perf_counter() - began)
            assert response.status_code == 200, response.status_code
    return {label: round(median(one) * 1000, 2) for label, one in taken.items()}


def queries_of(client: Any, page: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


def run(options: argparse.Namespace, scale: Scale) -> None:
    calls = scale.pick(quick=8, default=20, full=60)
    facts, payments, instruments = 100_000, 20_000, 50
    with database() as server:
        from django.conf import settings
        from django.urls import reverse

        from payments import hints
        from tests.casino import open_casino
        from tests.people import make_person, signed_in

        settings.ALLOWED_HOSTS = ["testserver"]  # the client's; its way of noting templates would cost more than the templates
        hints._send = lambda *_: None  # there is no broker here
        about = machine(server)
        brand = open_casino()
        players = {name: lived(brand).pk for name in (FRESH, HEAVY, SOME)}
        client = signed_in(make_person("payments-l1", brands=[brand], name="Ana Novak"))
        fill(server, players[HEAVY], players[SOME], facts=facts, payments=payments, instruments=instruments)
        pages = {f"{tab}_{name}": reverse("players:player", args=[pk]) + query for tab, query in TABS.items() for name, pk in players.items()}
        print(f"{facts:,} facts, {payments:,} payments, {instruments} instruments beside a fresh player, {ROUNDS} rounds of {calls} calls", flush=True)
        timed(client, pages, 2)  # plans, what processes remember, and the look that goes on the record
        rounds = []
        for number in range(1, ROUNDS + 1):
            rounds.append(timed(client, pages, calls))
            print(f"round {number}: {rounds[-1]}", flush=True)
        asked = {label: queries_of(client, page) for label, page in pages.items()}

    def against(heavy: str, light: str) -> float:
        return round(median([one[heavy] / one[light] for one in rounds]), 3)

    measured = {
        "queries": max(asked.values()),
        "heavy_vs_fresh": against("page_heavy", "page_fresh"),
        **{f"{tab}_vs_100_facts": against(f"{tab}_heavy", f"{tab}_some") for tab in ("timeline", "identity", "account")},
        "page_ms": median([one["page_heavy"] for one in rounds]),
        "timeline_ms": median([one["timeline_heavy"] for one in rounds]),
        "payments_ms": median([one["payments_heavy"] for one in rounds]),
    }
    finish("player_page", about, rounds, measured, size={"facts": facts, "payments": payments, "instruments": instruments, "calls": calls}, queries=asked)


if __name__ == "__main__":
    main(run)
