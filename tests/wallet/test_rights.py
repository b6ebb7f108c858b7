"""What nobody may do to the ledger: tried as raw SQL, as the app's login and as the owner, on parents and on partitions."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests import factories
from tests.databases import Database
from tests.wallet.tools import bet, everything, sound

REFUSED = "42501"  # insufficient_privilege
HISTORY = "CR001"  # refuse_change(): its rows are history


@pytest.fixture
def ledger_with_a_bet(committed_db: Database) -> Database:
    bet(factories.player(cash="100.00"), "10.00", key="bet-1")
    return committed_db


@pytest.fixture
def app(ledger_with_a_bet: Database) -> Iterator[psycopg.Connection[Any]]:
    with ledger_with_a_bet.connect("app") as connection:
        yield connection


@pytest.fixture
def owner(ledger_with_a_bet: Database) -> Iterator[psycopg.Connection[Any]]:
    with ledger_with_a_bet.connect("owner") as connection:
        yield connection


def partitions(connection: psycopg.Connection[Any]) -> list[str]:
    return [
        row[0]
        for row in connection.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'wallet_entry'::regclass ORDER BY 1").fetchall()
    ]


HEADER = "INSERT INTO wallet_transaction (brand_id, effective_at, kind, key, digest) VALUES (1, now(), 30, 'forged', '')"
ENTRY = (
    "INSERT INTO {} (transaction_id, account_id, recorded_at, leg, currency_id, amount)"
    " SELECT id, 1, recorded_at, 9, 1, 5 FROM wallet_transaction ORDER BY id DESC LIMIT 1"
)


@pytest.mark.parametrize(
    "statement",
    [
        HEADER,
        ENTRY.format("wallet_entry"),
        "UPDATE wallet_account SET balance = balance + 1000000",
        "UPDATE wallet_account SET overdraft = 1000000",
        "UPDATE wallet_account SET floor = -1000000 WHERE floor IS NOT NULL",
        "INSERT INTO wallet_account (brand_id, kind, currency_id, counterparty, running, overdraft, balance, version, opened_at)"
        " VALUES (1, 12, 1, 'mine', false, 0, 0, 0, now())",
        "DELETE FROM wallet_account",
        "TRUNCATE wallet_account CASCADE",
        "UPDATE wallet_transaction SET kind = 31",
        "DELETE FROM wallet_transaction",
        "TRUNCATE wallet_transaction",
        "UPDATE wallet_entry SET amount = amount * 2",
        "DELETE FROM wallet_entry",
        "TRUNCATE wallet_entry",
        "SELECT 1 FROM wallet_transaction FOR UPDATE",
        "UPDATE wallet_sequence SET leaves = ''",
        "DELETE FROM wallet_sequence",
        "UPDATE wallet_boundary SET xid = '99999'",
        "UPDATE wallet_dailytotal SET credits = 0",
        "INSERT INTO wallet_dayclose (brand_id, day, closed_at, closed_by_id, through_transaction) VALUES (1, '2020-01-01', now(), 1, 0)",
        "DELETE FROM wallet_dayclose",
        "UPDATE wallet_currency SET exponent = 0",
        "INSERT INTO wallet_currency (code, name, exponent, kind) VALUES ('XXX', 'Mine', 2, 'fiat')",
        "SELECT wallet_move(id, 1000, false) FROM wallet_account WHERE running",
        "SELECT wallet_open_account(1, NULL, 12::smallint, 'mine', 1::smallint)",
        "ALTER TABLE wallet_entry DISABLE TRIGGER ALL",
        "DROP TABLE wallet_entry",
        "SET session_replication_role = replica",
        "CREATE TABLE public.wallet_mine (id int)",
    ],
)
def test_the_app_is_refused_everything_but_posting(app: psycopg.Connection[Any], statement: str) -> None:
    before = everything()

    with pytest.raises(psycopg.Error) as refusal:
        app.execute(statement)

    assert refusal.value.sqlstate == REFUSED
    assert everything() == before


@pytest.mark.parametrize("statement", ["SELECT 1 FROM {}", ENTRY, "UPDATE {} SET amount = 1", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"])
def test_the_app_cannot_go_round_by_a_partition(app: psycopg.Connection[Any], statement: str) -> None:
    before = everything()
    names = partitions(app)
    assert len(names) == 14  # this month, twelve ahead, and DEFAULT

    for name in names:
        with pytest.raises(psycopg.Error) as refusal:
            app.execute(statement.format(name))
        assert refusal.value.sqlstate == REFUSED, name
    assert everything() == before


def test_temporary_tables_of_the_app_do_not_stand_in_for_the_ledgers(app: psycopg.Connection[Any]) -> None:
    """Functions with the owner's rights look into `public` first, the check of entries names its tables in full."""
    before = everything()
    app.execute("CREATE TEMPORARY TABLE wallet_account (LIKE public.wallet_account)")
    app.execute("CREATE TEMPORARY TABLE wallet_transaction (LIKE public.wallet_transaction)")
    app.execute("CREATE TEMPORARY TABLE players_player (id bigint, brand_id bigint)")
    app.execute("INSERT INTO pg_temp.players_player VALUES (424242, 1)")

    with pytest.raises(psycopg.Error) as refusal:
        app.execute(
            "SELECT wallet_post(30::smallint, 'forged', 1, 424242, 1::smallint, 5, 1::smallint, '', 14::smallint, 'studio', NULL, NULL, false, NULL, NULL,"
            " false, NULL)"
        )

    assert refusal.value.sqlstate == "LG004"
    assert everything() == before


@pytest.mark.parametrize("table", ["wallet_transaction", "wallet_entry", "wallet_sequence", "wallet_dayclose", "wallet_currency"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_even_the_owner_cannot_change_history(owner: psycopg.Connection[Any], ledger_with_a_bet: Database, table: str, statement: str) -> None:
    from backoffice.audit import sequencer
    from wallet.models import DayClose

    if table == "wallet_sequence":
        sequencer.catch_up()
    if table == "wallet_dayclose":
        sequencer.catch_up()
        owner.execute("SELECT wallet_close_day(id, '2020-01-01', 1) FROM scope_brand")
        assert DayClose.objects.count() == 1
    column = {"wallet_transaction": "kind", "wallet_entry": "amount", "wallet_sequence": "ids", "wallet_dayclose": "day", "wallet_currency": "name"}[table]
    before = everything()

    with pytest.raises(psycopg.Error) as refusal:
        owner.execute(statement.format(table, column))

    assert refusal.value.sqlstate == HISTORY
    assert everything() == before


def test_even_the_owner_cannot_change_or_empty_a_partition(owner: psycopg.Connection[Any]) -> None:
    before = everything()
    month = owner.execute("SELECT tableoid::regclass::text FROM wallet_entry LIMIT 1").fetchone()[0]  # type: ignore[index]

    for statement in (f"UPDATE {month} SET amount = 1", f"DELETE FROM {month}"):
        with pytest.raises(psycopg.Error) as refusal:
            owner.execute(statement)
        assert refusal.value.sqlstate == HISTORY
    for name in [*partitions(owner), "wallet_entry", "wallet_transaction", "wallet_sequence"]:
        with pytest.raises(psycopg.Error) as refusal:
            owner.execute(f"TRUNCATE {name}")
        assert refusal.value.sqlstate == HISTORY, name
    assert everything() == before


def legs_of(header: str, *amounts: str, table: str = "wallet_entry", currencies: tuple[int, ...] = ()) -> str:
    """One statement that adds legs to the transaction called `header`."""
    values = ", ".join(f"({place}, {amount}, {(currencies or (1,) * len(amounts))[place - 1]})" for place, amount in enumerate(amounts, 1))
    return (
        f"INSERT INTO {table} (transaction_id, account_id, recorded_at, leg, currency_id, amount) SELECT t.id, 1, t.recorded_at, v.leg, v.currency, v.amount"
        f" FROM wallet_transaction t, (VALUES {values}) v (leg, amount, currency) WHERE t.key = '{header}'"
    )


@pytest.mark.parametrize(
    ("amounts", "currencies"),
    [(("5", "-4"), ()), (("5",), ()), (("-5", "2.5", "2.4"), ()), (("5", "-5"), (1, 2)), (("5", "-5", "7", "-6"), (1, 1, 2, 2))],
)
def test_entries_that_do_not_sum_to_zero_in_each_currency_are_refused_to_the_owner_too(
    owner: psycopg.Connection[Any], amounts: tuple[str, ...], currencies: tuple[int, ...]
) -> None:
    before = everything()
    month = owner.execute("SELECT tableoid::regclass::text FROM wallet_entry LIMIT 1").fetchone()[0]  # type: ignore[index]

    for table in ("wallet_entry", month):
        with pytest.raises(psycopg.Error) as refusal, owner.transaction():
            owner.execute(HEADER)
            owner.execute(legs_of("forged", *amounts, table=table, currencies=currencies))
        assert refusal.value.sqlstate == "LG011", table
    assert everything() == before


def test_balanced_entries_of_the_owner_pass_so_that_the_refusals_above_mean_something(owner: psycopg.Connection[Any]) -> None:
    with owner.transaction():
        owner.execute(HEADER)
        owner.execute(legs_of("forged", "5", "-4", "-1", "7", "-7", currencies=(1, 1, 1, 2, 2)))

    assert owner.execute("SELECT count(*) FROM wallet_entry e JOIN wallet_transaction t ON t.id = e.transaction_id WHERE key = 'forged'").fetchone() == (5,)


def test_nothing_can_be_added_to_a_posting_once_its_constraints_were_looked_at(owner: psycopg.Connection[Any]) -> None:
    before = everything()

    with pytest.raises(psycopg.Error) as refusal, owner.transaction():
        owner.execute(HEADER)
        owner.execute(legs_of("forged", "5", "-5"))
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        owner.execute(legs_of("forged", "5"))

    assert refusal.value.sqlstate == "LG011"
    assert everything() == before


def test_an_entry_of_an_older_transaction_is_refused_even_when_it_balances(owner: psycopg.Connection[Any]) -> None:
    before = everything()
    month = owner.execute("SELECT tableoid::regclass::text FROM wallet_entry LIMIT 1").fetchone()[0]  # type: ignore[index]

    for table in ("wallet_entry", month):
        with pytest.raises(psycopg.Error) as refusal:
            owner.execute(legs_of("bet-1", "5", "-5", table=table))
        assert refusal.value.sqlstate == "LG010", table
    assert everything() == before


def test_an_entry_of_no_transaction_or_of_another_moment_is_refused(owner: psycopg.Connection[Any]) -> None:
    before = everything()

    for statement in (
        "INSERT INTO wallet_entry (transaction_id, account_id, recorded_at, leg, currency_id, amount)"
        " VALUES (999, 1, now(), 1, 1, 5), (999, 1, now(), 2, 1, -5)",
        legs_of("forged", "5", "-5").replace("t.recorded_at,", "t.recorded_at + interval '1 second',"),
    ):
        with pytest.raises(psycopg.Error) as refusal, owner.transaction():
            owner.execute(HEADER)
            owner.execute(statement)
        assert refusal.value.sqlstate == "LG010"
    assert everything() == before


def test_an_entry_of_nothing_is_refused(owner: psycopg.Connection[Any]) -> None:
    before = everything()

    with pytest.raises(psycopg.errors.CheckViolation), owner.transaction():
        owner.execute(HEADER)
        owner.execute(legs_of("forged", "0", "0"))

    assert everything() == before


def test_a_header_without_entries_is_refused_at_the_end_of_its_transaction(owner: psycopg.Connection[Any]) -> None:
    before = everything()

    with pytest.raises(psycopg.Error) as refusal:
        owner.execute(HEADER)

    assert refusal.value.sqlstate == "LG012"
    assert everything() == before


def test_a_balance_below_the_floor_is_refused_to_the_owner_too(owner: psycopg.Connection[Any]) -> None:
    before = everything()

    with pytest.raises(psycopg.errors.CheckViolation) as refusal:
        owner.execute("UPDATE wallet_account SET balance = -1 WHERE kind = 1")

    assert refusal.value.diag.constraint_name == "wallet_account_above_floor"
    assert everything() == before


@pytest.mark.parametrize(
    "values",
    [
        "kind = 12",  # a player's money on a house account
        "player_id = NULL",  # cash of nobody
        "running = false, floor = NULL",  # a player's account that nobody locks
    ],
)
def test_an_account_is_kept_as_its_kind_says(owner: psycopg.Connection[Any], values: str) -> None:
    before = everything()

    with pytest.raises(psycopg.errors.CheckViolation) as refusal:
        owner.execute(f"UPDATE wallet_account SET {values} WHERE kind = 1")

    assert refusal.value.diag.constraint_name == "wallet_account_kept_as_its_kind_says"
    assert everything() == before


def test_the_app_may_execute_the_posting_functions_and_no_other_with_the_owners_rights(app: psycopg.Connection[Any]) -> None:
    may = app.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace AND has_function_privilege(oid, 'EXECUTE') ORDER BY 1"
    ).fetchall()
    everybody = app.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')"
    ).fetchall()

    assert [name for (name,) in may] == [
        "make_partitions", "wallet_add_currency", "wallet_close_day", "wallet_post", "wallet_post_legs", "wallet_reverse", "wallet_take_in",
    ]  # fmt: skip
    assert everybody == []


def test_every_function_with_the_owners_rights_fixes_its_search_path(app: psycopg.Connection[Any]) -> None:
    open_ones = app.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        " AND NOT coalesce(proconfig @> ARRAY['search_path=public, pg_temp'], false)"
    ).fetchall()

    assert open_ones == []


def test_the_ledger_is_sound_after_all_that_was_tried(app: psycopg.Connection[Any]) -> None:
    for statement in (HEADER, ENTRY.format("wallet_entry"), "UPDATE wallet_account SET balance = 0"):
        with pytest.raises(psycopg.Error):
            app.execute(statement)
    sound()
