"""The search for duplicates over all players: seconds of a round, by chunks of a thousand, and how long the longest chunk's transaction takes.

Most players share nothing; one in fifty shares an instrument, one in fifty a device, and a fingerprint of one café stands on a thousand accounts. The first
round keeps every pair, the next ones find them there.
"""

import argparse
import time

from bench.harness import Scale, database, finish, machine, main, median

ROUNDS = 5
CAFE = 1_000

_PLAYERS = """
INSERT INTO players_player (brand_id, jurisdiction_id, external_id, state, version, first_name, last_name, birth_date, country, language, currency,
    email_cipher, email_digest, mailbox_digest, phone_cipher, phone_digest, is_test, registered_at)
SELECT %(brand)s, %(law)s, 'dup-' || n, 'active', 1, 'Mia', 'Player ' || n, '1990-01-01', 'MT', 'en', 'EUR', '1:x', '1:' || md5('e' || n),
    '1:' || md5('m' || n), '1:x', '1:' || md5('p' || n), false, now() - n %% 900 * interval '1 day' FROM generate_series(1, %(players)s) n
"""
_DEVICES = """
INSERT INTO players_device (player_id, fingerprint, label, first_seen_at, last_seen_at)
SELECT id, CASE WHEN row <= %(cafe)s THEN 'cafe' WHEN row %% 100 < 2 THEN 'shared-' || row / 100 ELSE 'own-' || row END, 'Pixel 9', now(), now()
FROM (SELECT id, row_number() OVER (ORDER BY id) AS row FROM players_player) p
"""
_INSTRUMENTS = """
INSERT INTO players_instrument (brand_id, player_id, kind, label, provider, token, holder_name, last4, country, detail_cipher, detail_digest, added_at,
    changed_at)
SELECT %(brand)s, id, 'bank', 'SEPA', 'nordpay', 't' || id, 'Mia', '1234', 'MT', '1:x',
    '1:' || md5(CASE WHEN row %% 100 BETWEEN 50 AND 51 THEN 'i' || row / 100 ELSE 'o' || row END), now(), now()
FROM (SELECT id, row_number() OVER (ORDER BY id) AS row FROM players_player) p
"""


def run(options: argparse.Namespace, scale: Scale) -> None:
    players = scale.pick(quick=10_000, default=200_000, full=1_000_000)
    rounds_wanted = scale.pick(quick=2, default=ROUNDS, full=ROUNDS)
    with database() as server:
        from django.utils import timezone

        from players.duplicates import finding
        from players.models import Duplicate
        from tests.casino import open_casino

        about = machine(server)
        brand = open_casino()
        law = brand.jurisdictions.first()
        with server.cluster.connect("super", "countroom") as connection:
            connection.execute("SET session_replication_role = replica")
            given = {"brand": brand.pk, "law": law.pk if law else 0, "players": players, "cafe": CAFE}
            for statement in (_PLAYERS, _DEVICES, _INSTRUMENTS):
                connection.execute(statement, given)
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        print(f"{players:,} players, {rounds_wanted} rounds", flush=True)
        rounds = []
        for _number in range(rounds_wanted):
            began, longest, looked = time.perf_counter(), 0.0, 0
            while True:
                step = time.perf_counter()
                done = finding.sweep(now=timezone.now())
                longest = max(longest, time.perf_counter() - step)
                if not done:
                    break
                looked += done
            assert looked == players, looked  # noqa: S101
            sample = {"seconds": time.perf_counter() - began, "longest_chunk_ms": longest * 1000, "pairs": Duplicate.objects.count()}
            print(sample, flush=True)
            rounds.append(sample)
        again = [one["seconds"] for one in rounds[1:]]
        finish(
            "duplicates", about, rounds,
            {
                "first_seconds": rounds[0]["seconds"], "again_seconds": median(again), "longest_chunk_ms": max(one["longest_chunk_ms"] for one in rounds),
                "players": players, "pairs": rounds[-1]["pairs"],
            },
        )  # fmt: skip


if __name__ == "__main__":
    main(run)
