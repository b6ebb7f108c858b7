"""The ledger under load, through the entry point that payments and games call: `wallet.ledger.post`, every guarantee on.

Eight client processes; one of many players -> one hot house account (`hot`), and between players (`pairs`), beside pgbench's
TPC-B-like transaction on the same cluster, in interleaved rounds. The recorder sequences and seals while it is measured.

`--peer-sql FILE` measures another ledger on the same work: the file makes, in a database of its own, the functions
`peer_setup(players integer)` and `peer_post(source integer, target integer, amount numeric, key text)`; account 0 is the house's.
"""

import argparse
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

from backoffice.runtime.throwaway import ThrowawayPostgres
from bench.clients import Call, Clients, Prepare, Result
from bench.harness import DATABASE, Scale, clone, database, finish, machine, main, median, percentile
from bench.house import CLIENTS, TpcB, give_everybody_cash, open_house, recorder, sizes

ROUNDS = 5
AMOUNT = Decimal("1.00")
KEPT_BY_A_POSTING = [
    "wallet_transaction", "wallet_entry", "wallet_sequence", "audit_range", "audit_seal", "audit_sealsubject",
]  # fmt: skip


def works(brand: int, players: list[int]) -> dict[str, Prepare]:
    """What one call of each measurement does."""
    from wallet.kinds import AccountKind, Reference, TransactionKind
    from wallet.ledger import Cash, House, Leg, exchange, post, post_legs

    house = House(AccountKind.GAME_REVENUE, "studio")
    accrual = House(AccountKind.JACKPOT_ACCRUAL, "studio")

    def bet(key: str, player: int, reference: int) -> None:
        post(kind=TransactionKind.BET, key=key, brand=brand, amount=AMOUNT, currency="EUR", source=Cash(player), target=house,
             reference=(Reference.BENCH, reference))  # fmt: skip

    def hot(number: int) -> Call:
        chance = random.Random(number)
        return lambda place: bet(f"bet:{number}:{place}", chance.choice(players), place)

    def pairs(number: int) -> Call:
        chance = random.Random(number)

        def call(place: int) -> None:
            source, target = chance.sample(players, 2)
            post(kind=TransactionKind.TRANSFERRED, key=f"pair:{number}:{place}", brand=brand, amount=AMOUNT, currency="EUR", source=Cash(source),
                 target=Cash(target), reference=(Reference.BENCH, place))  # fmt: skip

        return call

    def three_legs(number: int) -> Call:
        chance = random.Random(number)

        def call(place: int) -> None:
            player = Cash(chance.choice(players))
            legs = [Leg(player, "EUR", -AMOUNT), Leg(house, "EUR", Decimal("0.95")), Leg(accrual, "EUR", Decimal("0.05"))]
            post_legs(kind=TransactionKind.BET, key=f"three:{number}:{place}", brand=brand, legs=legs, reference=(Reference.BENCH, place))

        return call

    def four_legs(number: int) -> Call:
        from django.utils import timezone

        chance, now = random.Random(number), timezone.now()

        def call(place: int) -> None:
            exchange(key=f"four:{number}:{place}", brand=brand, player=chance.choice(players), sold=AMOUNT, sold_currency="EUR",
                     bought=Decimal("11.05"), bought_currency="SEK", rate=Decimal("11.05"), rate_source="bench", rate_at=now)  # fmt: skip

        return call

    def replay(number: int) -> Call:
        for place in range(50):
            bet(f"again:{number}:{place}", players[number], place)
        return lambda place: bet(f"again:{number}:{place % 50}", players[number], place % 50)

    return {"hot": hot, "pairs": pairs, "three_legs": three_legs, "four_legs": four_legs, "replay": replay}


def peer_works(players: int) -> dict[str, Prepare]:
    def prepare(source_of: Any, target_of: Any, label: str) -> Prepare:
        def bound(number: int) -> Call:
            from django.db import connection

            chance = random.Random(number)

            def call(place: int) -> None:
                source = source_of(chance)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT peer_post(%s, %s, %s, %s)", [source, target_of(chance, source), AMOUNT, f"{label}:{number}:{place}"])

            return call

        return bound

    def anybody(chance: random.Random) -> int:
        return chance.randint(1, players)

    def another(chance: random.Random, source: int) -> int:
        return source % players + 1

    return {"peer_hot": prepare(anybody, lambda chance, source: 0, "hot"), "peer_pairs": prepare(anybody, another, "pair")}


def open_peer(server: ThrowawayPostgres, file: Path, players: int) -> Clients:
    server.cluster.create_database("peer")
    with server.cluster.connect("owner", "peer") as connection:
        connection.execute(file.read_text())
        connection.execute("SELECT peer_setup(%s)", [players])
        connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO countroom_app")
        connection.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO countroom_app")
    return Clients(CLIENTS, "peer", peer_works(players))


def fill(server: ThrowawayPostgres, name: str, entries: int) -> None:
    """History in bulk, past the triggers: what it weighs on a posting is its size. As many rows as `entries`, two to a transaction."""
    with server.cluster.connect("super", name) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '512MB'")
        house, first, count, brand = connection.execute(
            "SELECT min(id) FILTER (WHERE player_id IS NULL), min(id) FILTER (WHERE kind = 1), count(*) FILTER (WHERE kind = 1), min(brand_id)"
            " FROM wallet_account"
        ).fetchone() or (0, 0, 0, 0)
        last = (connection.execute("SELECT last_value FROM wallet_transaction_id_seq").fetchone() or (0,))[0]
        for low in range(0, entries // 2, 500_000):
            high = min(low + 500_000, entries // 2)
            connection.execute(
                "INSERT INTO wallet_transaction (id, brand_id, player_id, effective_at, recorded_at, reference_id, kind, reference_type, key, digest)"
                " SELECT %s + n, %s, n, now(), now(), n, 30, 99, 'filled:' || n, sha256(n::text::bytea) FROM generate_series(%s, %s) n",
                [last, brand, low + 1, high],
            )
            connection.execute(
                "INSERT INTO wallet_entry (transaction_id, account_id, recorded_at, leg, currency_id, amount, balance_after)"
                " SELECT t.id, l.account, t.recorded_at, l.leg, 1, l.amount, l.after FROM wallet_transaction t,"
                " LATERAL (VALUES (1, %s + t.id * 7919 %% %s, -1.00, 123456.00), (2, %s, 1.00, NULL)) l (leg, account, amount, after)"
                " WHERE t.id > %s AND t.id <= %s",
                [first, count, house, last + low, last + high],
            )
        connection.execute("SELECT setval('wallet_transaction_id_seq', %s)", [last + entries // 2 + 1])
        connection.execute("VACUUM ANALYZE wallet_transaction, wallet_entry")
        connection.execute("CHECKPOINT")


def bytes_per_posting(server: ThrowawayPostgres, name: str, brand: int, players: list[int], postings: int) -> dict[str, float]:
    """What one two-legged posting leaves on disk: header, entries, their indexes, its share of sequencing, totals and seals."""
    from django.db import connections

    from backoffice.audit import sequencer

    before = sizes(server, name, KEPT_BY_A_POSTING)
    clients = Clients(CLIENTS, name, works(brand, players))
    with recorder(server, name):
        made = clients.measure("hot", seconds=600, limit=postings // CLIENTS).calls
    clients.end()
    connections.settings["default"]["NAME"] = name
    sequencer.catch_up()
    connections.close_all()
    after = sizes(server, name, KEPT_BY_A_POSTING)
    shares = {table: (after[table] - before[table]) / made for table in KEPT_BY_A_POSTING}
    return {**{table: round(share, 1) for table, share in shares.items()}, "all": round(sum(shares.values()), 1)}


def show(label: str, result: Result) -> dict[str, float]:
    p50, p99 = (percentile(result.latencies, share) * 1000 for share in (0.5, 0.99))
    print(f"   {label:12} {result.per_second:8,.0f} a second   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms", flush=True)
    return {"per_second": round(result.per_second, 1), "p50_ms": round(p50, 3), "p99_ms": round(p99, 3)}


def run(options: argparse.Namespace, scale: Scale) -> None:
    player_count = scale.pick(quick=2_000, default=10_000, full=10_000)
    entries = scale.pick(quick=100_000, default=1_000_000, full=10_000_000)
    seconds = scale.pick(quick=1.0, default=3.0, full=10.0)
    with database() as server:
        about = machine(server)
        brand, players = open_house(player_count)
        give_everybody_cash(DATABASE, brand, players)
        for name in ("bench_full", "bench_empty", "bench_bytes"):
            clone(server, DATABASE, name)
        fill(server, "bench_full", entries)
        tpcb = TpcB(server)
        print(f"{player_count:,} players, {entries:,} entries in the filled ledger, {ROUNDS} rounds of {seconds:g} s", flush=True)

        weight = bytes_per_posting(server, "bench_bytes", brand, players, scale.pick(quick=8_000, default=40_000, full=200_000))
        print(f"   {weight['all']:.0f} bytes a posting: {weight}", flush=True)
        clients = Clients(CLIENTS, DATABASE, works(brand, players))
        full, empty = (Clients(CLIENTS, name, works(brand, players)) for name in ("bench_full", "bench_empty"))
        peer = open_peer(server, options.peer_sql, player_count) if options.peer_sql else None
        for warm in (clients, full, empty):
            warm.measure("hot", seconds=0.3)
        rounds = []
        with recorder(server, DATABASE):
            for number in range(1, ROUNDS + 1):
                print(f"round {number}", flush=True)
                sample: dict[str, Any] = {"tpcb_per_second": round(tpcb.per_second(seconds), 1)}
                print(f"   {'TPC-B-like':12} {sample['tpcb_per_second']:8,.0f} a second", flush=True)
                for name in ("hot", "pairs"):
                    sample[name] = show(name, clients.measure(name, seconds=seconds))
                for name in ("three_legs", "four_legs", "replay"):
                    sample[name] = show(name, clients.measure(name, seconds=seconds / 4))
                for name, which in (("full", full), ("empty", empty)) if number % 2 else (("empty", empty), ("full", full)):
                    sample[name] = show(name, which.measure("hot", seconds=seconds * 0.6))
                if peer:
                    for name in ("peer_hot", "peer_pairs"):
                        sample[name] = show(name, peer.measure(name, seconds=seconds))
                rounds.append(sample)
        for each in (clients, full, empty, peer):
            if each:
                each.end()

    def ratio(name: str, to: str, of: str = "per_second") -> float:
        return round(median([one[name][of] / (one[to][of] if isinstance(one[to], dict) else one[to]) for one in rounds]), 3)

    measured = {
        "hot_vs_tpcb": ratio("hot", "tpcb_per_second"),
        "pairs_vs_tpcb": ratio("pairs", "tpcb_per_second"),
        "bytes_per_posting": weight["all"],
        "p99_over_p50": round(median([one["hot"]["p99_ms"] / one["hot"]["p50_ms"] for one in rounds]), 2),
        "full_vs_empty": ratio("empty", "full"),
        **{f"{name}_per_second": median([one[name]["per_second"] for one in rounds]) for name in works(brand, players)},
        "tpcb_per_second": median([one["tpcb_per_second"] for one in rounds]),
    }
    if options.peer_sql:
        measured |= {"hot_vs_peer": ratio("hot", "peer_hot"), "pairs_vs_peer": ratio("pairs", "peer_pairs")}
    size = {"players": player_count, "full_entries": entries, "clients": CLIENTS, "tpcb_scale": TpcB.SCALE, "seconds": seconds}
    finish("ledger", about, rounds, measured, size=size, bytes=weight)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--peer-sql", type=Path, metavar="FILE", help="Another ledger in SQL, to measure beside this one.")


if __name__ == "__main__":
    main(run, options)
