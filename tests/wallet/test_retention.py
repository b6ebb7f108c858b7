"""What every pack allows to go is dropped behind a sealed checkpoint that carries the balances; nothing else ever disappears."""

import io
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from backoffice.audit import sequencer, verify
from backoffice.audit.models import Event
from backoffice.scope import packs
from players.models import Player
from tests import factories
from tests.databases import ROOT, OwnCluster
from tests.wallet.tools import GAME, bet, denied, held, rows, sound
from wallet import balances, ledger, retention
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash

OLD = datetime(2015, 1, 15, 12, tzinfo=UTC)
AFTER = datetime(2015, 2, 1, tzinfo=UTC)


def aged(cluster: OwnCluster, *ids: int, at: datetime = OLD) -> None:
    """These postings were made long ago: in their month's partition, before anything was sequenced."""
    month, following = at.replace(day=1, hour=0), (at.replace(day=1, hour=0) + timezone.timedelta(days=32)).replace(day=1)
    with cluster.connect("owner") as owner:
        part = f"wallet_entry_{month:%Y%m} PARTITION OF wallet_entry FOR VALUES FROM ('{month.isoformat()}') TO ('{following.isoformat()}')"
        owner.execute(f"CREATE TABLE IF NOT EXISTS {part}")
    with cluster.tampering() as superuser:
        superuser.execute("UPDATE wallet_entry SET recorded_at = %s WHERE transaction_id = ANY (%s)", [at, list(ids)])
        superuser.execute("UPDATE wallet_transaction SET recorded_at = %s, effective_at = %s WHERE id = ANY (%s)", [at, at, list(ids)])


@pytest.fixture
def player(own_cluster: OwnCluster) -> Player:
    """100 EUR and two stakes from January 2015, one from March 2015, one from today; sequenced, sealed, days closed."""
    made = factories.player(cash="100.00")
    old = [ledger_id for (ledger_id,) in rows("SELECT id FROM wallet_transaction")] + [bet(made, "1.00", key=f"old-{n}").id for n in range(2)]
    march = bet(made, "4.00", key="march").id
    aged(own_cluster, *old)
    aged(own_cluster, march, at=datetime(2015, 3, 3, tzinfo=UTC))
    bet(made, "8.00", key="young")
    sequencer.catch_up()
    closed(made, date(2015, 3, 1))
    assert verify.run().findings == []
    return made


def closed(player: Player, day: date) -> None:
    rows("SELECT wallet_close_day(%s, %s, 1)", [player.brand_id, day])


def retire(cluster: OwnCluster, month: str = "2015-01", *, yes: bool = True) -> str:
    """What the command says, as the owner runs it."""
    said = io.StringIO()
    with cluster.database.as_owner():
        call_command("retire_entries", month, *(["--yes", "--reason", "Ten years are over"] if yes else []), stdout=said)
    return said.getvalue()


def assert_refused(cluster: OwnCluster, month: str, why: str) -> None:
    with pytest.raises(CommandError, match=re.escape(why)):
        retire(cluster, month)
    assert (months(), retention.latest()) == (["wallet_entry_201501", "wallet_entry_201503"], None)


def months() -> list[str]:
    return [
        name for (name,) in rows("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'wallet_entry'::regclass ORDER BY 1") if "_2015" in name
    ]


def test_old_months_go_and_every_balance_stays_to_the_cent(own_cluster: OwnCluster, player: Player) -> None:
    before = held(Cash(player.pk), brand=player.brand_id), held(GAME, brand=player.brand_id)
    done = subprocess.run(  # as whoever runs the house does it
        [sys.executable, "manage.py", "retire_entries", "2015-01", "--yes", "--reason", "Ten years are over"], cwd=ROOT,
        env={**os.environ, **own_cluster.database.environment()}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.stderr, done.stdout) == ("", "6 entries of 3 transactions are carried by checkpoint 1 and dropped.\n")
    assert before == (held(Cash(player.pk), brand=player.brand_id), held(GAME, brand=player.brand_id)) == (Decimal(86), Decimal(14))
    assert months() == ["wallet_entry_201503"]
    assert rows("SELECT count(*) FROM wallet_entry WHERE recorded_at < %s", [AFTER]) == [(0,)]
    assert rows("SELECT count(*) FROM wallet_transaction") == [(5,)]  # headers stay: a key is unique for ever
    carried = rows("SELECT a.kind, c.amount FROM wallet_carried c JOIN wallet_account a ON a.id = c.account_id ORDER BY 1")
    assert carried == [(AccountKind.CASH, Decimal(98)), (AccountKind.PSP_CLEARING, Decimal(-100)), (AccountKind.GAME_REVENUE, Decimal(2))]
    sound()
    assert verify.run().findings == []


def test_the_checkpoint_is_a_sealed_fact_that_names_the_law_and_the_reason(own_cluster: OwnCluster, player: Player) -> None:
    retire(own_cluster)
    [fact] = Event.objects.filter(type="ledger.checkpoint_written")

    assert fact.reason == "Ten years are over"
    assert '"entries":6' in (fact.after or "")
    assert "MT 1: " in (fact.after or "")
    sealed = rows(
        "SELECT p.position <= (SELECT max(last_position) FROM audit_seal WHERE stream = 'record') FROM audit_position p WHERE p.event_id = %s", [fact.pk]
    )
    assert sealed == [(True,)]


def test_a_second_checkpoint_carries_the_first_one_on(own_cluster: OwnCluster, player: Player) -> None:
    retire(own_cluster)
    closed(player, date(2015, 4, 1))
    done = retire(own_cluster, "2015-03")

    assert done == "2 entries of 1 transactions are carried by checkpoint 2 and dropped.\n"
    carried = rows("SELECT a.kind, c.amount FROM wallet_carried c JOIN wallet_account a ON a.id = c.account_id WHERE checkpoint_id = 2 ORDER BY 1")
    assert carried == [(AccountKind.CASH, Decimal(94)), (AccountKind.PSP_CLEARING, Decimal(-100)), (AccountKind.GAME_REVENUE, Decimal(6))]
    assert months() == []
    assert verify.run().findings == []


def test_without_yes_it_only_says_what_would_go(own_cluster: OwnCluster, player: Player) -> None:
    done = retire(own_cluster, yes=False)

    assert done.startswith("6 entries were recorded before 2015-02-01. Nothing stands in the way.")
    assert (months(), retention.latest()) == (["wallet_entry_201501", "wallet_entry_201503"], None)


def test_what_a_pack_still_asks_for_stays(own_cluster: OwnCluster, player: Player) -> None:
    years = packs.number(player.jurisdiction_id, "records.retention_years", on=timezone.localdate()).value
    recent = f"{timezone.localdate().year - years}-12"
    assert_refused(own_cluster, recent, "has to be kept (MT 1:")


def test_open_books_stay(own_cluster: OwnCluster, player: Player) -> None:
    assert_refused(own_cluster, "2015-03", "Nova: the books are closed up to 2015-03-01; close them past 2015-04-01 first.")


def test_an_open_hold_keeps_its_postings(own_cluster: OwnCluster, player: Player) -> None:
    from wallet import holds

    hold = holds.place(player_id=player.pk, brand_id=player.brand_id, amount=Decimal(5), currency="EUR", key="open", now=timezone.now())
    with own_cluster.connect("owner") as owner:
        owner.execute("UPDATE wallet_hold SET placed_at = %s WHERE id = %s", [OLD, hold.pk])

    assert_refused(own_cluster, "2015-01", "1 holds from before are still open")


def test_a_ledger_that_is_not_as_it_was_written_keeps_everything(own_cluster: OwnCluster, player: Player) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("UPDATE wallet_transaction SET kind = 31 WHERE key = 'old-1'")

    assert_refused(own_cluster, "2015-01", "altered: wallet_transaction:")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE wallet_carried SET amount = amount + 1 WHERE account_id = (SELECT min(account_id) FROM wallet_carried)", "wallet_checkpoint:1"),
        ("UPDATE wallet_checkpoint SET digest = sha256('x')", "wallet_checkpoint:1"),
        ("DELETE FROM wallet_carriedheader", "wallet_checkpoint:1"),
        ("UPDATE wallet_transaction SET key = 'other' WHERE key = 'old-1'", "wallet_transaction:{old}"),
        ("DELETE FROM wallet_transaction WHERE key = 'old-1'", "wallet_transaction:{old}"),
        ("DELETE FROM wallet_checkpoint", "wallet_transaction:{old}"),
    ],
)
def test_verify_names_what_was_changed_behind_a_checkpoint(own_cluster: OwnCluster, player: Player, change: str, named: str) -> None:
    retire(own_cluster)
    [(old,)] = rows("SELECT id FROM wallet_transaction WHERE key = 'old-1'")
    with own_cluster.tampering() as superuser:
        superuser.execute(change)

    assert named.format(old=old) in {finding.row for finding in verify.run().findings}


def test_a_checkpoint_made_up_to_hide_lost_entries_is_named(own_cluster: OwnCluster, player: Player) -> None:
    with own_cluster.tampering() as superuser:
        superuser.execute("DELETE FROM wallet_entry WHERE recorded_at < %s", [AFTER])
        superuser.execute(
            "INSERT INTO wallet_checkpoint (id, before, transactions, entries, digest) VALUES (1, %s, 0, 0, wallet_carried_digest(1::smallint))", [AFTER]
        )

    assert ("altered", "wallet_checkpoint:1") in {(finding.kind, finding.row) for finding in verify.run().findings}


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize(
    "change", ["UPDATE wallet_carried SET amount = 0", "DELETE FROM wallet_carriedheader", "DELETE FROM wallet_checkpoint", "TRUNCATE wallet_carried"]
)
def test_a_checkpoint_never_changes(own_cluster: OwnCluster, player: Player, role: str, change: str) -> None:
    retire(own_cluster)
    with own_cluster.connect(role) as login, pytest.raises(psycopg.Error):
        login.execute(change)

    assert verify.run().findings == []


def test_what_is_carried_cannot_be_reversed_and_its_key_is_still_known(own_cluster: OwnCluster, player: Player) -> None:
    [(old,)] = rows("SELECT id FROM wallet_transaction WHERE key = 'old-0'")
    retire(own_cluster)

    with denied(ledger.NothingToReverse, "no longer kept"):
        ledger.reverse(transaction_id=old, kind=TransactionKind.ROLLED_BACK, key="back")
    assert bet(player, "1.00", key="old-0").replayed


def test_a_moment_after_the_checkpoint_is_answered_and_one_before_says_that_it_cannot(own_cluster: OwnCluster, player: Player) -> None:
    [(cash,)] = rows("SELECT id FROM wallet_account WHERE player_id = %s AND kind = 1", [player.pk])
    later = datetime(2015, 3, 4, tzinfo=UTC)
    assert balances.at(cash, moment=later) == Decimal(94)
    retire(own_cluster)

    assert [balances.at(cash, moment=later, clock=clock) for clock in ("recorded", "effective")] == [Decimal(94), Decimal(94)]
    with pytest.raises(balances.NotKept, match="2015-02-01"):
        balances.at(cash, moment=OLD)


def test_an_interrupted_run_goes_on_where_it_was(own_cluster: OwnCluster, player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the checkpoint was written: the entries are there twice over, as rows and as sums, and count once."""
    monkeypatch.setattr(retention, "TRIES", 2)
    with own_cluster.connect("owner") as owner:
        owner.execute("INSERT INTO wallet_carried VALUES (1, 1, 1, 5)")  # what a run left that was killed before its checkpoint
    with own_cluster.connect() as reader:  # a long reader of the month: the drop waits a moment, gives up, and says so
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM wallet_entry")
        with pytest.raises(CommandError, match="is in use; run this again"):
            retire(own_cluster)
        assert verify.run().findings == []
        assert months() == ["wallet_entry_201501", "wallet_entry_201503"]
        reader.execute("COMMIT")
    retire(own_cluster)

    assert months() == ["wallet_entry_201503"]
    assert rows("SELECT count(*) FROM wallet_checkpoint") == [(1,)]
    assert verify.run().findings == []
