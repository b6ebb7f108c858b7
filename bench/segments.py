"""Computing a segment over a million players with their accounts and daily totals: seconds, and how long the longest chunk's transaction takes.

The conditions ask for a country, an age of the account, the last sign-in and net deposits of 30 days in another currency, so that columns, days and a sum
over other tables are all in it. A first run finds everybody who is in it, the next ones find nothing new.
"""

import argparse
import time
from typing import Any

from bench.harness import Scale, database, finish, machine, main, median

ROUNDS = 5
CHUNK = 100_000

_PLAYERS = """
INSERT INTO players_player (brand_id, jurisdiction_id, external_id, state, version, first_name, last_name, birth_date, country, language, currency,
    email_cipher, email_digest, phone_cipher, phone_digest, is_test, registered_at, last_sign_in_at)
SELECT %(brand)s, %(law)s, 'seg-' || n, 'active', 1, 'Mia', 'Player ' || n, '1990-01-01', (ARRAY['MT', 'SE', 'DE', 'PL'])[1 + n %% 4], 'en', 'EUR',
    '', '', '', '', false, now() - n %% 900 * interval '1 day', now() - n %% 90 * interval '1 day'
FROM generate_series(%(first)s::integer, %(last)s::integer) n
"""
_ACCOUNTS = """
INSERT INTO wallet_account (brand_id, player_id, currency_id, kind, counterparty, running, floor, overdraft, balance, version, opened_at)
SELECT p.brand_id, p.id, %(currency)s, 1, '', true, 0, 0, p.id %% 500, 1, now() FROM players_player p WHERE p.id BETWEEN %(first)s AND %(last)s
"""
_TOTALS = """
INSERT INTO wallet_dailytotal (brand_id, account_id, kind, day, test, credits, debits, count)
SELECT a.brand_id, a.id, 1, current_date - (a.id %% 40)::integer - 3 * k, false, a.player_id %% 200, 0, 1
FROM wallet_account a, generate_series(0, %(each)s - 1) k WHERE a.player_id BETWEEN %(first)s AND %(last)s
"""


def run(options: argparse.Namespace, scale: Scale) -> None:
    players, each = scale.pick(quick=(50_000, 5), default=(1_000_000, 5), full=(1_000_000, 20))
    with database() as server:
        from decimal import Decimal

        from django.utils import timezone

        from backoffice.approvals.services.applying import enact
        from players.models import Segment, SegmentMember
        from players.segments import kind, runs
        from tests.casino import open_casino
        from wallet import currencies, rates

        about = machine(server)
        brand, now = open_casino(), timezone.now()
        rates.add(base="EUR", quote="SEK", rate=Decimal("11.3"), source="bench", at=now)
        law = brand.jurisdictions.first()
        with server.cluster.connect("super", "countroom") as connection:
            connection.execute("SET session_replication_role = replica")
            place: dict[str, Any] = {"brand": brand.pk, "law": law.pk if law else 0, "currency": currencies.get("EUR").pk, "each": each}
            for first in range(1, players + 1, CHUNK):
                connection.execute(_PLAYERS, {**place, "first": first, "last": min(first + CHUNK - 1, players)})
            low, high = connection.execute("SELECT min(id), max(id) FROM players_player WHERE external_id LIKE 'seg-%'").fetchone() or (0, 0)
            for first in range(low, high + 1, CHUNK):
                for statement in (_ACCOUNTS, _TOTALS):
                    connection.execute(statement, {**place, "first": first, "last": min(first + CHUNK - 1, high)})
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        values = {
            "code": "bench", "name": "Bench", "about": "", "brand": brand.pk, "every_hours": 24, "active": True, "country_not": ["DE"], "registered_least": 30,
            "signed_in_most": 60, "net_deposits_least": "2000", "net_deposits_currency": "SEK", "net_deposits_days": 30,
        }  # fmt: skip
        enact(kind=kind.SUBJECT, subject="", values=values, reason="Benchmark", now=now)
        segment = Segment.objects.get(pk="bench")
        print(f"{players:,} players with {each} daily totals each, {ROUNDS} rounds", flush=True)
        rounds = []
        for number in range(ROUNDS):
            if not number % 2:  # in turns from nothing and over what is there
                SegmentMember.objects.all().delete()
            began, longest, chunks = time.perf_counter(), 0.0, 0
            one = runs._begin(segment, requested_by=None, now=timezone.now())
            more = True
            while more:
                step = time.perf_counter()
                more = runs.step(one.pk, now=timezone.now())
                longest, chunks = max(longest, time.perf_counter() - step), chunks + 1
            one.refresh_from_db()
            assert (one.state, one.done) == ("done", players), (one.state, one.done)  # noqa: S101
            sample = {"seconds": time.perf_counter() - began, "longest_chunk_ms": longest * 1000, "size": one.size, "came": one.came}
            print(sample, flush=True)
            rounds.append(sample)
        finish(
            "segments", about, rounds,
            {
                "seconds": median([one["seconds"] for one in rounds]), "longest_chunk_ms": max(one["longest_chunk_ms"] for one in rounds),
                "players": players, "size": rounds[-1]["size"],
            },
        )  # fmt: skip


if __name__ == "__main__":
    main(run)
