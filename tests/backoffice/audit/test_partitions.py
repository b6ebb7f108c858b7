"""Months: made ahead with their triggers and without rights, and a filled DEFAULT that becomes the range that it covers."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError

from backoffice.audit import sequencer, verify
from backoffice.audit.management.commands.recorder import make_partitions
from tests import factories
from tests.backoffice.audit.tools import fact
from tests.databases import OwnCluster
from tests.wallet.tools import bet, sound

TABLES = ("audit_event", "wallet_entry")
PARTS = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
WHERE inhparent = %s::regclass ORDER BY pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', c.relname
"""


def parts(connection: psycopg.Connection[Any], table: str) -> list[tuple[str, str]]:
    return connection.execute(PARTS, [table]).fetchall()  # type: ignore[return-value]


def months(count: int) -> list[datetime]:
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    made = [first]
    while len(made) < count:
        made.append((made[-1] + timedelta(days=32)).replace(day=1))
    return made


def make(connection: psycopg.Connection[Any], table: str, ahead: int = 12) -> int:
    return int((connection.execute("SELECT make_partitions(%s::regclass, %s)", [table, ahead]).fetchone() or (0,))[0])


def guards(connection: psycopg.Connection[Any], table: str) -> set[tuple[str, bool]]:
    """Names of a table's triggers that work, and whether each is for rows."""
    found = connection.execute("SELECT tgname, (tgtype & 1)::int::boolean FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'O'", [table]).fetchall()
    return {(str(name), bool(row)) for name, row in found}


@pytest.mark.parametrize("table", TABLES)
def test_this_month_and_twelve_ahead_are_there_and_a_default(own_cluster: OwnCluster, table: str) -> None:
    with own_cluster.connect("owner") as owner:
        found = parts(owner, table)

    starts = months(14)
    assert [name for name, _ in found] == [*(f"{table}_{start:%Y%m}" for start in starts[:13]), f"{table}_default"]
    for (_, bounds), start, end in zip(found, starts, starts[1:], strict=False):
        assert f"FROM ('{start:%Y-%m-%d} 00:00:00+00') TO ('{end:%Y-%m-%d} 00:00:00+00')" in bounds


@pytest.mark.parametrize("table", TABLES)
def test_made_again_nothing_changes(own_cluster: OwnCluster, table: str) -> None:
    with own_cluster.connect("app") as app, own_cluster.connect("owner") as owner:
        before = parts(owner, table)

        assert make(app, table) == 0
        assert parts(owner, table) == before
        assert make(app, table, 14) == 2
        assert len(parts(owner, table)) == len(before) + 2


@pytest.mark.parametrize("table", TABLES)
def test_a_new_month_waits_for_no_long_reader_and_lets_nobody_wait(own_cluster: OwnCluster, table: str) -> None:
    with own_cluster.connect("owner") as owner, own_cluster.connect("super") as reader:
        last = parts(owner, table)[12][0]
        owner.execute(f"DROP TABLE {last}")
        reader.execute("BEGIN")
        reader.execute(f"SELECT count(*) FROM {table}")  # as a backup reads it

        began = time.monotonic()
        with pytest.raises(OperationalError, match="lock timeout"):
            make_partitions()

        assert time.monotonic() - began < 1.5
        reader.execute("COMMIT")
        make_partitions()
        assert last in dict(parts(owner, table))


def test_no_other_table_can_be_taken_apart_by_the_app(own_cluster: OwnCluster) -> None:
    with own_cluster.connect("app") as app, pytest.raises(psycopg.Error, match="not a table that is kept by the month"):
        make(app, "wallet_account")


@pytest.mark.parametrize("table", TABLES)
def test_every_partition_has_the_parents_triggers_and_no_rights_for_the_app(own_cluster: OwnCluster, table: str) -> None:
    with own_cluster.connect("app") as app, own_cluster.connect("owner") as owner:
        make(app, table, 15)
        expected = guards(owner, table)
        assert {name for name, row in expected if row} == {f"{table}_immutable"}
        assert f"{table}_no_truncate" in {name for name, row in expected if not row}
        for name, _ in parts(owner, table):
            assert guards(owner, name) == expected, name
            rights = owner.execute("SELECT has_table_privilege('countroom_app', %s, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')", [name]).fetchone()
            assert rights == (False,), name


@pytest.mark.parametrize("table", TABLES)
def test_rights_that_default_privileges_would_give_are_taken_from_new_months(own_cluster: OwnCluster, table: str) -> None:
    with own_cluster.connect("app") as app, own_cluster.connect("owner") as owner:
        owner.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO countroom_app")
        make(app, table, 14)
        owner.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM countroom_app")

        for name, _ in parts(owner, table):
            assert owner.execute("SELECT has_table_privilege('countroom_app', %s, 'SELECT, INSERT, UPDATE, DELETE')", [name]).fetchone() == (False,)


def drop_months(cluster: OwnCluster, table: str) -> None:
    """As after a long time in which nobody made months: everything falls into DEFAULT."""
    with cluster.connect("super") as superuser:
        for name, _ in parts(superuser, table)[:-1]:
            superuser.execute(f"DROP TABLE {name}")


def test_a_filled_default_becomes_the_range_that_it_covers_and_is_replaced(own_cluster: OwnCluster) -> None:
    for table in TABLES:
        drop_months(own_cluster, table)
    player = factories.player(cash="10.00")
    bet(player, "1.00", key="into the default")
    fact()
    sequencer.catch_up()
    this, following = months(2)

    make_partitions()  # what the recorder does, as the app

    with own_cluster.connect("owner") as owner:
        for table in TABLES:
            found = dict(parts(owner, table))
            filled = f"{table}_{this:%Y%m}_to_{following:%Y%m}"
            assert f"FROM ('{this:%Y-%m-%d} 00:00:00+00') TO ('{following:%Y-%m-%d} 00:00:00+00')" in found[filled]
            assert found[f"{table}_default"] == "DEFAULT"
            assert len(found) == 14
            kept = [(owner.execute(f"SELECT count(*) FROM {name}").fetchone() or (0,))[0] for name in (table, filled, f"{table}_default")]
            assert kept[0] == kept[1] > 0
            assert kept[2] == 0
            for name in (filled, f"{table}_default"):
                assert guards(owner, name) == guards(owner, table), name
            for statement in (f"DELETE FROM {filled}", f"TRUNCATE {filled}", f"TRUNCATE {table}_default"):
                with pytest.raises(psycopg.Error) as refusal:
                    owner.execute(statement)
                assert refusal.value.sqlstate == "CR001"
    bet(player, "1.00", key="after")
    sequencer.catch_up()
    assert verify.run().findings == []
    sound()


def test_unbalanced_entries_are_refused_in_what_was_the_default_too(own_cluster: OwnCluster) -> None:
    drop_months(own_cluster, "wallet_entry")
    bet(factories.player(cash="10.00"), "1.00", key="into the default")
    make_partitions()
    this, following = months(2)

    with own_cluster.connect("owner") as owner, pytest.raises(psycopg.Error) as refusal, owner.transaction():
        owner.execute("INSERT INTO wallet_transaction (brand_id, effective_at, kind, key, digest) VALUES (1, now(), 30, 'forged', '')")
        owner.execute(
            f"INSERT INTO wallet_entry_{this:%Y%m}_to_{following:%Y%m} (transaction_id, account_id, recorded_at, leg, currency_id, amount)"
            " SELECT id, 1, recorded_at, 1, 1, 5 FROM wallet_transaction WHERE key = 'forged'"
        )

    assert refusal.value.sqlstate == "LG011"
    sound()
