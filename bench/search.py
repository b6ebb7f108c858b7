"""Searching a million players and five million payments: ids, beginnings, instruments and names against a read by primary key.

What is measured are the functions that answer a group of the page and of the palette (`Provider.find`), as somebody who reaches the brand,
in turns with `Model.objects.select_related(...).get(pk=...)` of the same kind of row in the same process. The rows are put in with SQL, past
the services, since only their number counts; those that are looked for by a personal value get real digests.
"""

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

from backoffice.runtime.throwaway import ThrowawayPostgres
from bench.harness import Scale, database, finish, machine, main, median, percentile

ROUNDS = 5
CHUNK = 100_000
SAMPLE = 2_000  # players that are looked for
FIRST = (
    "Mia", "Jonas", "Elena", "Piotr", "Sofia", "Ana", "Lars", "Ines", "Marco", "Yara", "Emil", "Dana", "Noah", "Lena", "Ivan", "Carla", "Otto", "Vera", "Hugo",
    "Nina",
)  # fmt: skip
SYLLABLES = (
    "ko", "wal", "ska", "no", "vak", "ber", "ger", "sen", "lind", "strom", "mar", "ti", "nez", "ros", "si", "fer", "ra", "ri", "bon", "ka", "min", "ski", "pe",
    "tro", "va", "har", "di",
)  # fmt: skip

_PLAYERS = """
INSERT INTO players_player (brand_id, jurisdiction_id, external_id, state, version, first_name, last_name, birth_date, country, language, currency,
    email_cipher, email_digest, phone_cipher, phone_digest, is_test, registered_at)
SELECT %(brand)s, %(law)s, 'acc-' || n, 'active', 1, (%(names)s::text[])[1 + (n * 7919::bigint) %% %(names_n)s],
    initcap((%(parts)s::text[])[1 + (n * 104729::bigint) %% %(parts_n)s] || (%(parts)s::text[])[1 + (n * 1299709::bigint / 31) %% %(parts_n)s]
        || (%(parts)s::text[])[1 + (n * 15485863::bigint / 977) %% %(parts_n)s]),
    '1990-01-01', 'MT', 'en', 'EUR', '1:x', '1:' || md5('e' || n), '1:x', '1:' || md5('p' || n), false, now() - n * interval '10 seconds'
FROM generate_series(%(first)s::integer, %(last)s::integer) n
"""
_INSTRUMENTS = """
INSERT INTO players_instrument (brand_id, player_id, kind, label, provider, token, holder_name, last4, country, detail_cipher, detail_digest, added_at,
    changed_at)
SELECT %(brand)s, p.id, CASE WHEN p.id %% 2 = 0 THEN 'card' ELSE 'bank' END, CASE WHEN p.id %% 2 = 0 THEN 'Visa' ELSE 'SEPA' END, 'nordpay', 'b-' || p.id,
    p.first_name || ' ' || p.last_name, lpad(((p.id * 7919) %% 10000)::text, 4, '0'), 'MT', CASE WHEN p.id %% 2 = 0 THEN '' ELSE '1:x' END,
    CASE WHEN p.id %% 2 = 0 THEN '' ELSE '1:' || md5('i' || p.id) END, now(), now()
FROM players_player p WHERE p.id BETWEEN %(first)s AND %(last)s AND p.external_id LIKE 'acc-%%'
"""
_DEPOSITS = """
INSERT INTO payments_deposit (brand_id, player_id, instrument_id, currency, amount, fee, version, requested_at, provider, attempt, reference, provider_id,
    provider_sequence, tries, failure, state, redirect_url, credited_at, credit_transaction)
SELECT %(brand)s, i.player_id, i.id, 'EUR', 20 + i.id %% 500, 0, 1, now() - i.id * interval '10 seconds' - k * interval '1 day', 'nordpay', 1,
    'DP-b' || i.id || '-' || k, 'np-' || md5('d' || i.id || '-' || k), 1, 0, '', 'credited', '', now(), 1
FROM players_instrument i, generate_series(1, %(each)s::integer) k WHERE i.id BETWEEN %(first)s AND %(last)s
"""
_WITHDRAWALS = """
INSERT INTO payments_withdrawal (brand_id, player_id, instrument_id, hold_id, currency, amount, fee, state, version, requested_at, due_at, provider, attempt,
    reference, provider_id, provider_sequence, tries, failure, needs_second, decided_by_kind, reason_code, note, settled_at)
SELECT %(brand)s, i.player_id, i.id, 1000000000 + i.id, 'EUR', 25 + i.id %% 900, 0, CASE WHEN i.id %% 200 = 0 THEN 'requested' ELSE 'settled' END, 1,
    now() - i.id * interval '10 seconds', now() - i.id * interval '9 seconds', 'nordpay', 1, 'WD-b' || i.id, 'np-' || md5('w' || i.id), 1, 0, '',
    false, '', '', '', CASE WHEN i.id %% 200 = 0 THEN NULL ELSE now() END
FROM players_instrument i WHERE i.id BETWEEN %(first)s AND %(last)s
"""
_SIGN_INS = """
INSERT INTO players_signin (player_id, at, ip, country, succeeded)
SELECT p.id, now(), ('10.' || (p.id / 65536) %% 256 || '.' || (p.id / 256) %% 256 || '.' || p.id %% 256)::inet, 'MT', true
FROM players_player p WHERE p.id BETWEEN %(first)s AND %(last)s
"""


def fill(server: ThrowawayPostgres, *, players: int, deposits_each: int) -> None:
    """Rows by the hundred thousand; triggers and foreign keys sleep, indexes do not."""
    from bench.harness import DATABASE

    with server.cluster.connect("super", DATABASE) as connection:
        connection.execute("SET session_replication_role = replica")
        row = connection.execute(
            "SELECT b.id, j.jurisdiction_id FROM scope_brand b JOIN scope_brand_jurisdictions j ON j.brand_id = b.id WHERE b.code = 'nova' LIMIT 1"
        ).fetchone()
        brand, law = row or (0, 0)
        common = {
            "brand": brand,
            "names": list(FIRST),
            "names_n": len(FIRST),
            "parts": list(SYLLABLES),
            "parts_n": len(SYLLABLES),
            "law": law,
            "each": deposits_each,
        }
        began = time.monotonic()
        for sql in (_PLAYERS, _SIGN_INS, _INSTRUMENTS, _DEPOSITS, _WITHDRAWALS):
            for first in range(1, players + 1, CHUNK):
                connection.execute(sql, {**common, "first": first, "last": min(first + CHUNK - 1, players)})
            print(f"{sql.split()[2]} after {time.monotonic() - began:.0f} s", flush=True)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def run(options: argparse.Namespace, scale: Scale) -> None:
    players, deposits_each = scale.pick(quick=(50_000, 4), default=(200_000, 4), full=(1_000_000, 4))
    calls = scale.pick(quick=100, default=300, full=400)
    with database() as server:
        from django.utils import timezone

        from tests.casino import open_casino
        from tests.people import make_person

        about = machine(server)
        brand = open_casino()
        ana = make_person("payments-l1", brands=[brand], name="Ana Novak")
        fill(server, players=players, deposits_each=deposits_each)
        kinds = prepare(ana, timezone.now())
        size = {"players": players, "payments": players * (deposits_each + 1), "calls": calls}
        print(f"{players:,} players, {size['payments']:,} payments, {ROUNDS} rounds of {calls} calls of each kind in turns", flush=True)
        timed(kinds, 20)  # plans, connection, pages of the indexes' upper levels
        rounds = []
        for number in range(1, ROUNDS + 1):
            rounds.append(timed(kinds, calls))
            print(f"round {number}: {rounds[-1]}", flush=True)
        rows = {kind: rows_read(call) for kind, call in kinds.items() if kind.startswith("name")}
    measured: dict[str, Any] = {
        f"{kind}_vs_pk": round(median([one[kind]["p95_ms"] / one["pk"]["p95_ms"] for one in rounds]), 2) for kind in rounds[0] if kind != "pk"
    }
    measured |= {f"{kind}_ms": median([one[kind]["p95_ms"] for one in rounds]) for kind in rounds[0]}
    finish("search", about, rounds, {**measured, "name_rows": max(rows.values())}, size=size, rows=rows)


def prepare(staff: Any, now: Any) -> dict[str, Callable[[int], Any]]:
    """What is called: each kind takes the number of the call. The values to look for are drawn once, with a fixed seed."""
    from backoffice.search import registry
    from backoffice.search.asking import ask
    from backoffice.search.registry import IN_PALETTE, Window
    from payments.models import Deposit, Withdrawal
    from players.models import Instrument, Player

    rand = random.Random(20261125)
    groups = {one.code: one for one in registry.providers(staff)}
    window = Window.glance(IN_PALETTE)
    ids = list(Player.objects.filter(external_id__startswith="acc-").order_by("pk").values_list("pk", flat=True))
    some = list(Player.objects.filter(pk__in=rand.sample(ids, SAMPLE)).order_by("pk"))
    banks = list(Instrument.objects.filter(player__in=some, kind="bank").order_by("pk"))
    for player in some:
        player.email = f"player{player.pk}@mail.example"
    Player.objects.bulk_update(some, ["email_cipher", "email_digest"], batch_size=500)
    for bank in banks:
        bank.detail = iban_of(bank.pk)
    Instrument.objects.bulk_update(banks, ["detail_cipher", "detail_digest"], batch_size=500)
    cards = list(Instrument.objects.filter(player__in=some, kind="card").order_by("pk"))
    deposits = list(Deposit.objects.filter(player__in=some).order_by("pk")[:SAMPLE])
    withdrawals = list(Withdrawal.objects.filter(player__in=some).order_by("pk")[:SAMPLE])
    for drawn in (some, banks, cards, deposits, withdrawals):
        rand.shuffle(drawn)
    joined = ("player", "instrument", "brand")

    def pick(rows: list[Any], call: int) -> Any:
        return rows[call % len(rows)]

    def find(code: str, text: str, *, least: int = 1) -> Any:
        found = groups[code].find(ask(text, staff=staff, now=now), window)
        assert len(found) >= least, (code, text)
        return found

    def in_turn(*ways: Callable[[int], Any]) -> Callable[[int], Any]:
        return lambda call: ways[call % len(ways)](call // len(ways))

    return {
        "pk": in_turn(
            lambda call: Withdrawal.objects.select_related(*joined).get(pk=pick(withdrawals, call).pk),
            lambda call: Deposit.objects.select_related(*joined).get(pk=pick(deposits, call).pk),
            lambda call: Player.objects.select_related("brand", "jurisdiction").get(pk=pick(some, call).pk),
        ),
        "exact": in_turn(
            lambda call: find("withdrawals", f"WD-{pick(withdrawals, call).pk}"),
            lambda call: find("deposits", f"DP-{pick(deposits, call).pk}"),
            lambda call: find("players", f"#{pick(some, call).pk}"),
            lambda call: find("players", pick(some, call).external_id),
            lambda call: find("deposits", pick(deposits, call).provider_id),
        ),
        "prefix": in_turn(
            lambda call: find("players", pick(some, call).external_id[:-2]),
            lambda call: find("deposits", pick(deposits, call).provider_id[:7]),
            lambda call: find("withdrawals", pick(withdrawals, call).provider_id[:7]),
        ),
        "instrument": in_turn(
            lambda call: find("players", f"card:{pick(cards, call).last4}"),
            lambda call: find("players", f"iban:{iban_of(pick(banks, call).pk)}"),
            lambda call: find("deposits", f"card:{pick(cards, call).last4}"),
            lambda call: find("withdrawals", f"iban:{iban_of(pick(banks, call).pk)}"),
        ),
        "personal": in_turn(
            lambda call: find("players", f"email:player{pick(some, call).pk}@mail.example"),
            lambda call: find("players", "ip:10.{}.{}.{}".format(*(pick(some, call).pk // step % 256 for step in (65_536, 256, 1)))),
        ),
        # Beginnings, whole names both ways round, what nobody has.
        "name": in_turn(
            lambda call: find("players", pick(some, call).last_name[:5]),
            lambda call: find("players", pick(some, call).name),
            lambda call: find("players", f"{pick(some, call).last_name} {pick(some, call).first_name[:2]}"),
            lambda call: find("players", f"{pick(some, call).first_name} {pick(some, call).last_name[:3]}"),
            lambda call: find("players", "mi"),
            lambda call: find("players", "zzyzx", least=0),
        ),
        "name_inside": in_turn(  # the trigrams alone: no name begins so
            lambda call: find("players", pick(some, call).last_name[2:], least=0),
            lambda call: find("players", "owalska", least=0),
            lambda call: find("players", "trova mi", least=0),
        ),
    }


def iban_of(number: int) -> str:
    """A German account number with right check digits."""
    account = f"37040044{number:010d}"
    return f"DE{98 - int(f'{account}131400') % 97:02d}{account}"


def timed(kinds: dict[str, Callable[[int], Any]], calls: int) -> dict[str, dict[str, float]]:
    """p50 and p95 of each kind, called in turns, so that what slows the machine slows all of them."""
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(calls):
        for kind, call in kinds.items():
            began = time.perf_counter()
            call(number)
            taken[kind].append(time.perf_counter() - began)
    return {
        kind: {"p50_ms": round(percentile(sorted(one), 0.5) * 1000, 3), "p95_ms": round(percentile(sorted(one), 0.95) * 1000, 3)} for kind, one in taken.items()
    }


def rows_read(call: Callable[[int], Any]) -> int:
    """The most rows of players that one call read, its own result included."""
    from django.db import connection, transaction

    most = 0
    for number in range(60):
        with transaction.atomic(), connection.cursor() as cursor:
            call(number)
            cursor.execute("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'players_player'")
            most = max(most, cursor.fetchone()[0])
    return most


if __name__ == "__main__":
    main(run)
