"""The one global lock order: the player's row first, then business rows, then accounts by id. Read from the database while a posting waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from backoffice.runtime.child import wait_until
from tests import factories
from tests.databases import Database
from tests.races import Background, race, raised
from tests.wallet.tools import GAME, account, bet, sound
from wallet import balances, holds, ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash, House, Leg

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND usename = 'countroom_app'"
WRITES = """
SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = %s AND l.granted AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND c.relkind IN ('r', 'p') AND c.relname ~ '^(players|wallet)_'
"""


@contextmanager
def waiting(database: Database, block: str, runner: Callable[[], Any]) -> Iterator[tuple[psycopg.Connection[Any], int]]:
    """`runner` in a thread, stopped at a row that `block` holds. Gives a connection to look with, and the waiting session's number."""
    with database.connect("super") as blocker, database.connect("super") as observer:
        blocker.execute("BEGIN")
        blocker.execute(block)
        running = Background(runner)
        assert wait_until(lambda: observer.execute(WAITING).fetchone() is not None, 20)
        yield observer, observer.execute(WAITING).fetchone()[0]  # type: ignore[index]
        blocker.execute("ROLLBACK")
        running.join()


def test_a_posting_waits_for_the_player_before_it_touches_the_wallet(committed_db: Database) -> None:
    player = factories.player(cash="10.00")
    legs = [Leg(Cash(player.pk), "EUR", Decimal(-1)), Leg(GAME, "EUR", Decimal(1))]
    postings: list[Callable[[], Any]] = [
        lambda: bet(player, "1.00", key="two legs"),
        lambda: ledger.post_legs(kind=TransactionKind.BET, key="legs", brand=player.brand_id, legs=legs),
        lambda: holds.place(player_id=player.pk, brand_id=player.brand_id, currency="EUR", amount=Decimal(1), key="hold", now=timezone.now()),
    ]

    for posting in postings:
        with waiting(committed_db, f"SELECT 1 FROM players_player WHERE id = {player.pk} FOR UPDATE", posting) as (observer, waits):
            assert [row[0] for row in observer.execute(WRITES, [waits]).fetchall()] == ["players_player"]

    assert balances.cash(player.pk, "EUR") == Decimal("7.00")


def test_two_players_are_locked_the_lower_id_first_whoever_pays(committed_db: Database) -> None:
    low, high = factories.player(cash="10.00"), factories.player(cash="10.00")

    def transfer(source: Any, target: Any, key: str) -> Any:
        return ledger.post(
            kind=TransactionKind.TRANSFERRED, key=key, brand=low.brand_id, amount=Decimal(1), currency="EUR", source=Cash(source.pk), target=Cash(target.pk)
        )

    for source, target in ((low, high), (high, low)):
        with waiting(
            committed_db,
            f"SELECT 1 FROM players_player WHERE id = {low.pk} FOR UPDATE",
            lambda pair=(source, target): transfer(*pair, f"{pair}"),  # type: ignore[misc]
        ) as (observer, _):
            observer.execute("BEGIN")
            observer.execute("SELECT 1 FROM players_player WHERE id = %s FOR UPDATE NOWAIT", [high.pk])  # nobody has it
            observer.execute("ROLLBACK")


def test_running_accounts_of_the_house_are_locked_by_id_whatever_the_order_of_the_legs(committed_db: Database) -> None:
    brand = factories.brand()
    first, second = House(AccountKind.JACKPOT_POOL, "a"), House(AccountKind.JACKPOT_POOL, "b")
    for place in (first, second):
        ledger.post(kind=TransactionKind.JACKPOT_SWEPT, key=place.counterparty, brand=brand.pk, amount=Decimal(5), currency="EUR", source=GAME, target=place)
    low, high = sorted((account(first, brand=brand).pk, account(second, brand=brand).pk))
    postings: list[Callable[[], Any]] = [
        lambda: ledger.post(kind=TransactionKind.ADJUSTED, key="1", brand=brand.pk, amount=Decimal(1), currency="EUR", source=second, target=first),
        lambda: ledger.post(kind=TransactionKind.ADJUSTED, key="2", brand=brand.pk, amount=Decimal(1), currency="EUR", source=first, target=second),
        lambda: ledger.post_legs(kind=TransactionKind.ADJUSTED, key="3", brand=brand.pk, legs=[Leg(second, "EUR", Decimal(-1)), Leg(first, "EUR", Decimal(1))]),
    ]

    for posting in postings:
        with waiting(committed_db, f"SELECT 1 FROM wallet_account WHERE id = {low} FOR UPDATE", posting) as (observer, _):
            observer.execute("BEGIN")
            observer.execute("SELECT 1 FROM wallet_account WHERE id = %s FOR UPDATE NOWAIT", [high])
            observer.execute("ROLLBACK")
        with (
            waiting(committed_db, f"SELECT 1 FROM wallet_account WHERE id = {high} FOR UPDATE", _again(posting, brand.pk, first, second)) as (observer, _),
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            observer.execute("SELECT 1 FROM wallet_account WHERE id = %s FOR UPDATE NOWAIT", [low])


_numbers = iter(range(1000))


def _again(posting: Callable[[], Any], brand: int, first: Any, second: Any) -> Callable[[], Any]:
    """The like of it under a fresh key."""
    key = f"again {next(_numbers)}"
    return lambda: ledger.post(kind=TransactionKind.ADJUSTED, key=key, brand=brand, amount=Decimal(1), currency="EUR", source=second, target=first)


def test_a_hot_house_account_is_never_a_queue(committed_db: Database) -> None:
    """A posting goes through while somebody holds the row of the house account that it credits."""
    player = factories.player(cash="10.00")
    bet(player, "1.00", key="first")
    house = account(GAME, brand=player.brand).pk

    with committed_db.connect("super") as blocker:
        blocker.execute("BEGIN")
        blocker.execute("SELECT 1 FROM wallet_account WHERE id = %s FOR UPDATE", [house])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        bet(player, "1.00", key="second")
        blocker.execute("ROLLBACK")

    assert balances.of_accounts([house])[house] == Decimal("2.00")


def test_capturing_locks_the_player_then_the_hold_then_accounts(committed_db: Database) -> None:
    player = factories.player(cash="10.00")
    now = timezone.now()
    hold = holds.place(
        player_id=player.pk, brand_id=player.brand_id, currency="EUR", amount=Decimal(4), key="hold", now=now, expires_at=now + timedelta(days=1)
    )
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        holds.release(hold_id=hold.pk, key="release", now=now)

    locked = [
        "player" if "players_player" in sql else "hold" if '"wallet_hold"' in sql else "accounts"
        for sql in statements
        if "FOR NO KEY UPDATE" in sql or "wallet_post" in sql
    ]
    assert locked == ["player", "hold", "accounts"]


def test_transfers_crossing_each_other_never_deadlock(committed_db: Database) -> None:
    players = [factories.player(cash="100.00") for _ in range(3)]

    def runner(number: int) -> Callable[[], None]:
        def run() -> None:
            for step in range(20):
                source, target = players[(number + step) % 3], players[(number + 2 * step + 1) % 3]
                if source != target:
                    ledger.post(
                        kind=TransactionKind.TRANSFERRED, key=f"{number}:{step}", brand=source.brand_id, amount=Decimal("0.01"), currency="EUR",
                        source=Cash(source.pk), target=Cash(target.pk),
                    )  # fmt: skip

        return run

    answers = race(*(runner(number) for number in range(8)))

    assert raised(answers, ledger.InsufficientFunds) == 0
    assert sum(balances.cash(player.pk, "EUR") for player in players) == Decimal("300.00")
    sound()
