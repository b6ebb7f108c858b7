"""The record: facts written and sequenced a second, what a fact adds to a decision, and how fast `verify` reads them again.

A decision here is what approving or rejecting a withdrawal does in the database: the player's lock, the held money given back through
the ledger, the hold's row, a counter and a message; with its fact, and without.
"""

import argparse
import itertools
import random
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bench.clients import Call, Clients, Prepare
from bench.harness import DATABASE, Scale, database, finish, machine, main, median
from bench.house import CLIENTS, give_everybody_cash, open_house

ROUNDS = 5
NOW = datetime(2026, 1, 1, tzinfo=UTC)

# Facts as a decision leaves them, through the rights of the app's login.
_MANY = """
INSERT INTO audit_event (happened_at, brand_id, player_id, subject_type, subject_id, actor_kind, actor_id, actor_label, authorised_by_id, visibility,
    type, ip, session, request_id, reason, before, after)
SELECT now(), %s, n %% 10000, 'payments.withdrawal', n / 3, 'staff', 7, 'Payments L1', NULL, CASE WHEN n %% 50 = 0 THEN 1 ELSE 0 END,
    'withdrawal.approved', '192.0.2.7', 'a1b2c3d4e5f6', 'req-' || n, 'CHECKS_OK', '{"state":"requested","version":1}',
    '{"amount":"250.00","currency":"EUR","state":"approved","version":2}'
FROM generate_series(%s, %s) n
"""


def works(brand: int, players: list[int]) -> dict[str, Prepare]:
    from django.db import transaction

    from backoffice.audit.actors import Actor
    from backoffice.audit.record import record
    from players import locks, messages
    from players.models import Player
    from wallet import counters, holds

    actor = Actor("staff", 7, "Payments L1")

    def fact(player: int, number: int) -> None:
        record(
            "withdrawal.rejected", actor=actor, at=NOW, brand_id=brand, player_id=player, subject=("payments.withdrawal", number), reason="CHECKS_FAILED",
            before={"state": "requested", "version": 1}, after={"state": "rejected", "version": 2, "amount": Decimal("25.00"), "currency": "EUR"},
        )  # fmt: skip

    def facts(number: int) -> Call:
        chance = random.Random(number)
        return lambda place: fact(chance.choice(players), place)

    def decision(label: str, *, recorded: bool) -> Prepare:
        def prepare(number: int) -> Call:
            chance = random.Random(number)
            subject = itertools.count(number * 10_000_000)

            def call(place: int) -> None:
                player_id, key = chance.choice(players), f"{label}:{number}:{place}"
                hold = holds.place(player_id=player_id, brand_id=brand, currency="EUR", amount=Decimal("25.00"), key=key, now=NOW)
                with transaction.atomic():
                    player: Player = locks.player(player_id)
                    holds.release(hold_id=hold.pk, key=f"{key}:released", now=NOW)
                    counters.add(player_id=player_id, measure="withdrawal.rejected", currency="EUR", amount=Decimal("25.00"), at=NOW)
                    messages.queue(player=player, template="withdrawal_rejected", key=key, now=NOW, context={"amount": "25.00"})
                    if recorded:
                        fact(player_id, next(subject))

            return call

        return prepare

    return {"facts": facts, "decision": decision("with", recorded=True), "decision_without": decision("without", recorded=False)}


def sequenced(facts: int, brand: int) -> dict[str, float]:
    """Write facts in bulk; how long giving them positions and seals takes."""
    from django.db import connection

    from backoffice.audit import sequencer, streams

    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM audit_event")
        first = cursor.fetchone()[0] + 1
        for low in range(first, first + facts, 10_000):
            cursor.execute(_MANY, [brand, low, min(low + 10_000, first + facts) - 1])
    stream = streams.get("record")
    began = time.perf_counter()
    count = 0
    while found := sequencer.pass_once(stream):
        count += found
    middle = time.perf_counter()
    while sequencer.seal_once(stream):
        pass
    return {"sequenced_per_second": count / (middle - began), "sealed_per_second": count / (time.perf_counter() - middle)}


def verified() -> dict[str, Any]:
    from backoffice.audit import streams, verify

    began = time.perf_counter()
    report = verify.run(of=[streams.get("record")])
    if report.findings:
        raise SystemExit(f"The record is not as it was written: {report.findings[:3]}")
    return {"verified_per_second": report.checked["record"] / (time.perf_counter() - began), "verified": report.checked["record"]}


def run(options: argparse.Namespace, scale: Scale) -> None:
    from contextlib import closing

    player_count = scale.pick(quick=500, default=5_000, full=10_000)
    facts = scale.pick(quick=40_000, default=200_000, full=1_000_000)
    seconds = scale.pick(quick=0.8, default=3.0, full=10.0)
    with database() as server:
        about = machine(server)
        brand, players = open_house(player_count)
        give_everybody_cash(DATABASE, brand, players)
        from django.db import connections

        clients = Clients(CLIENTS, DATABASE, works(brand, players))
        connections.settings["default"]["NAME"] = DATABASE
        print(f"{player_count:,} players, {facts:,} facts a round, {ROUNDS} rounds", flush=True)
        clients.measure("decision", seconds=0.3)
        rounds = []
        for number in range(1, ROUNDS + 1):
            sample: dict[str, Any] = {"recorded_per_second": clients.measure("facts", seconds=seconds / 2).per_second}
            ways = ("decision", "decision_without") if number % 2 else ("decision_without", "decision")
            for _ in range(3):  # short turns: what else the machine does falls on both
                for name in ways:
                    sample.setdefault(name, []).append(clients.measure(name, seconds=seconds / 3).per_second)
            with closing(connections["default"]):
                sample |= sequenced(facts, brand)
                sample |= verified()
            rounds.append({name: [round(one, 1) for one in value] if isinstance(value, list) else round(value, 1) for name, value in sample.items()})
            print(f"round {number}: {rounds[-1]}", flush=True)
        clients.end()

    adds = [without / recorded - 1 for one in rounds for recorded, without in zip(one["decision"], one["decision_without"], strict=True)]
    measured = {
        **{name: median([one[name] for one in rounds]) for name in ("recorded_per_second", "sequenced_per_second", "sealed_per_second", "verified_per_second")},
        "decisions_per_second": median([rate for one in rounds for rate in one["decision"]]),
        "record_adds": round(median(adds), 4),
    }
    finish("record", about, rounds, measured, size={"players": player_count, "facts_a_round": facts, "clients": CLIENTS, "seconds": seconds})


if __name__ == "__main__":
    main(run)
