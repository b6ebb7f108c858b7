"""A player's statement of 20,000 movements, made piece by piece as a worker makes it: reading and proving, and the paper as CSV and PDF.

The movements go through the posting function, deposits and play in turns, so that each of them is a line of its own.
"""

import argparse
import resource
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bench.harness import Scale, database, finish, machine, main, median

ROUNDS = 5


def fill(player: Any, count: int) -> None:
    from django.db import transaction
    from django.utils import timezone

    from tests.factories import PSP
    from wallet import ledger
    from wallet.kinds import AccountKind, TransactionKind
    from wallet.ledger import Cash, House

    began, game = timezone.now() - timedelta(days=300), House(AccountKind.GAME_REVENUE, "studio")
    for first in range(0, count, 500):
        with transaction.atomic():
            for number in range(first, min(first + 500, count)):
                paid = number % 2 == 0
                ledger.post(
                    kind=TransactionKind.DEPOSIT_CREDITED if paid else TransactionKind.BET, key=f"bench {number}", brand=player.brand_id,
                    amount=Decimal("2.00") if paid else Decimal("1.00"), currency="EUR", source=PSP if paid else Cash(player.pk),
                    target=Cash(player.pk) if paid else game, effective_at=began + timedelta(minutes=20 * number),
                )  # fmt: skip


def made(player: Any, form: str) -> dict[str, float]:
    """Seconds of each part of one statement."""
    from django.utils import timezone

    from wallet.models import Statement
    from wallet.statements import composing, paper, reading

    now, zone, began = timezone.now(), player.brand.zone, time.perf_counter()
    stand, contents, longest = reading.Stand.begin(player.pk, now - timedelta(days=360), now), [], 0.0
    while not stand.over:
        piece = time.perf_counter()
        contents.append(reading.piece(stand, zone)[1])
        longest = max(longest, time.perf_counter() - piece)
    read = time.perf_counter()
    parts = composing.compose(stand, contents, zone=zone, currency="EUR")
    composed = time.perf_counter()
    day = now.date()
    statement = Statement(
        pk=1, brand=player.brand, player=player, since=day - timedelta(days=360), until=day, timezone=str(zone), language="sv", form=form, asked_at=now
    )
    held: list[float] = []
    content = paper.content(paper.Paper(statement, player.name, stand.horizon, now, now, parts), meanwhile=lambda: held.append(time.perf_counter()))
    return {
        "read_s": round(read - began, 3), "longest_piece_s": round(longest, 3), "compose_s": round(composed - read, 3),
        "print_s": round(time.perf_counter() - composed, 3), "bytes": len(content), "held": len(held), "lines": composing.listed(parts),
    }  # fmt: skip


def run(options: argparse.Namespace, scale: Scale) -> None:
    count = scale.pick(quick=2_000, default=20_000, full=30_000)
    with database() as server:
        from tests import factories

        about = machine(server)
        player = factories.player()
        fill(player, count)
        print(f"{count:,} movements, {ROUNDS} rounds of CSV and PDF", flush=True)
        rounds = []
        for number in range(1, ROUNDS + 1):
            rounds.append({form: made(player, form) for form in ("csv", "pdf")})
            print(f"round {number}: {rounds[-1]}", flush=True)
    measured = {
        **{f"{form}_{part}": median([one[form][part] for one in rounds]) for form in ("csv", "pdf") for part in ("read_s", "compose_s", "print_s", "bytes")},
        "longest_piece_s": max(one[form]["longest_piece_s"] for one in rounds for form in ("csv", "pdf")),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    finish("statements", about, rounds, measured, size={"movements": count})


if __name__ == "__main__":
    main(run)
