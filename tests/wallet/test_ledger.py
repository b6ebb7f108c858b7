"""The ledger's guarantees, each held by the database: tried with raw SQL, in races, and with the owner's rights."""

import os
import threading
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from backoffice.audit import sequencer
from backoffice.audit.models import Event
from backoffice.scope.models import Brand
from players.models import Player
from tests import databases
from tests.casino import held, new_player, open_casino
from wallet import balances, holds, ledger, stream
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash, House, Leg
from wallet.models import Account, DailyTotal, Entry, Hold, Transaction

CLEARING = House(AccountKind.PSP_CLEARING, "nordpay")


@pytest.fixture
def nova(committed_db: str) -> Brand:
    return open_casino()


def credit(player: Player, amount: str, *, key: str, currency: str = "EUR", **more: object) -> ledger.Posted:
    return ledger.post(
        kind=TransactionKind.DEPOSIT_CREDITED, key=key, brand=player.brand_id, amount=Decimal(amount), currency=currency, source=CLEARING,
        target=Cash(player.pk), **more,
    )  # fmt: skip


def debit(player: Player, amount: str, *, key: str, currency: str = "EUR", **more: object) -> ledger.Posted:
    return ledger.post(
        kind=TransactionKind.PAID_OUT, key=key, brand=player.brand_id, amount=Decimal(amount), currency=currency, source=Cash(player.pk),
        target=CLEARING, **more,
    )  # fmt: skip


def owner(name: str) -> psycopg.Connection:
    return psycopg.connect(databases.at(os.environ["DATABASE_OWNER_URL"], name))


def clean() -> bool:
    return list(stream.invariants()) == []


def test_the_same_key_and_content_gives_the_first_result_again(nova):
    player = new_player(nova)
    first, again = credit(player, "10.00", key="k"), credit(player, "10.0", key="k")
    assert (first.id, again.id, first.replayed, again.replayed) == (first.id, first.id, False, True)
    assert held(player)["cash"] == Decimal("10.00")


def test_the_same_key_with_other_content_is_refused_and_stays_on_the_record_although_the_caller_rolls_back(nova):
    player = new_player(nova)
    credit(player, "10.00", key="k")
    with pytest.raises(ledger.KeyReused), transaction.atomic():
        credit(player, "11.00", key="k")
    assert held(player)["cash"] == Decimal("10.00")
    assert Event.objects.filter(type="ledger.key_reused").count() == 1


@pytest.mark.parametrize(
    ("currency", "amount", "wrong"),
    [("JPY", "1", "0.1"), ("EUR", "0.01", "0.001"), ("KWD", "0.001", "0.0001"), ("BTC", "0.00000001", "0.000000001"), ("ETH", "0.000000000000000001", "0")],
)
def test_an_amount_fits_its_currency_to_the_last_decimal_and_no_further(nova, currency, amount, wrong):
    player = new_player(nova)
    credit(player, amount, key="right", currency=currency)
    with pytest.raises(ledger.BadAmount):
        credit(player, wrong, key="wrong", currency=currency)
    assert held(player, currency)["cash"] == Decimal(amount)


def test_no_balance_goes_below_its_floor_under_any_interleaving(nova):
    player = new_player(nova)
    credit(player, "100.00", key="in")
    outcomes: list[str] = []
    start = threading.Barrier(20)

    def spend(number: int) -> None:
        start.wait()
        try:
            debit(player, "10.00", key=f"out{number}")
            outcomes.append("paid")
        except ledger.InsufficientFunds:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=spend, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {"paid": 10, "refused": 10}
    assert held(player)["cash"] == Decimal("0.00")
    assert clean()


def test_only_a_chargeback_overdraws_and_what_is_open_lets_no_debit_through(nova):
    player = new_player(nova)
    posted = credit(player, "100.00", key="in")
    debit(player, "80.00", key="out")
    with pytest.raises(ledger.InsufficientFunds):
        ledger.reverse(transaction_id=posted.id, kind=TransactionKind.DEPOSIT_REVERSED, key="rev")
    ledger.reverse(transaction_id=posted.id, kind=TransactionKind.CHARGED_BACK, key="cb", may_overdraw=True)
    assert held(player)["cash"] == Decimal("-80.00")
    credit(player, "50.00", key="more")
    with pytest.raises(ledger.InsufficientFunds):
        debit(player, "0.01", key="spend")
    credit(player, "30.01", key="rest")
    debit(player, "0.01", key="cent")
    account = Account.objects.get(player=player, kind=AccountKind.CASH)
    assert (account.balance, account.overdraft) == (Decimal(0), Decimal(0))
    assert clean()


def test_a_transaction_is_reversed_once_also_in_a_race(nova):
    player = new_player(nova)
    posted = credit(player, "100.00", key="in")
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def reverse(number: int) -> None:
        start.wait()
        try:
            ledger.reverse(transaction_id=posted.id, kind=TransactionKind.DEPOSIT_REVERSED, key=f"rev{number}")
            outcomes.append("reversed")
        except (ledger.AlreadyReversed, ledger.InsufficientFunds):
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=reverse, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {"reversed": 1, "refused": 7}
    assert held(player)["cash"] == Decimal("0.00")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO wallet_transaction (brand_id, effective_at, kind, key, digest) VALUES (1, now(), 1, 'x', '')",
        "INSERT INTO wallet_entry (transaction_id, account_id, recorded_at, leg, currency_id, amount) VALUES (1, 1, now(), 1, 1, 1)",
        "UPDATE wallet_account SET balance = 1000000",
        "UPDATE wallet_entry SET amount = 1",
        "DELETE FROM wallet_transaction",
        "TRUNCATE wallet_entry",
        "UPDATE wallet_dailytotal SET credits = 0",
        "DELETE FROM audit_event",
        "UPDATE audit_event SET type = 'x'",
        "TRUNCATE audit_position CASCADE",
        "SELECT * FROM wallet_entry_default",
        "ALTER TABLE wallet_entry DISABLE TRIGGER ALL",
    ],
)
def test_the_apps_login_cannot_write_history_or_balances_itself(nova, statement):
    credit(new_player(nova), "10.00", key="in")
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert clean()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wallet_entry SET amount = amount + 1", "DELETE FROM wallet_entry", "TRUNCATE wallet_entry", "UPDATE wallet_transaction SET kind = 2",
        "DELETE FROM wallet_transaction", "TRUNCATE wallet_transaction", "TRUNCATE wallet_entry_default", "UPDATE audit_event SET reason = 'x'",
        "DELETE FROM audit_event", "TRUNCATE audit_event", "TRUNCATE audit_event_default", "UPDATE wallet_currency SET exponent = 3",
    ],
)  # fmt: skip
def test_not_even_the_owner_changes_history_while_triggers_are_on(nova, committed_db, statement):
    credit(new_player(nova), "10.00", key="in")
    with pytest.raises(psycopg.Error, match="never change"), owner(committed_db) as forger:
        forger.execute(statement)
    assert clean()


def test_entries_that_do_not_sum_to_zero_are_refused_at_commit_also_for_the_owner(nova, committed_db):
    player = new_player(nova)
    credit(player, "10.00", key="in")
    account = Account.objects.get(player=player, kind=AccountKind.CASH)
    header = "INSERT INTO wallet_transaction (brand_id, effective_at, recorded_at, kind, key, digest) VALUES (%s, now(), now(), 1, %s, '') RETURNING id"
    entry = "INSERT INTO wallet_entry (transaction_id, account_id, recorded_at, leg, currency_id, amount) VALUES (%s, %s, now(), 1, %s, 5)"
    with pytest.raises(psycopg.Error, match="do not sum to zero"), owner(committed_db) as forger:
        made = forger.execute(header, [nova.pk, "forged"]).fetchone()
        assert made is not None
        forger.execute(entry, [made[0], account.pk, account.currency_id])
    old = Transaction.objects.get(key="in")
    with pytest.raises(psycopg.Error, match="same database transaction"), owner(committed_db) as forger:
        forger.execute(entry, [old.pk, account.pk, account.currency_id])
    with pytest.raises(psycopg.Error, match="no entries"), owner(committed_db) as forger:
        forger.execute(header, [nova.pk, "empty"])
    assert Entry.objects.count() == 2


def test_holds_are_placed_captured_in_part_released_and_expire(nova):
    player, now = new_player(nova), timezone.now()
    credit(player, "100.00", key="in")
    hold = holds.place(player_id=player.pk, brand_id=nova.pk, currency="EUR", amount=Decimal("60.00"), key="h", now=now)
    assert held(player) == {"cash": Decimal("40.00"), "held": Decimal("60.00")}
    holds.capture(hold_id=hold.pk, target=CLEARING, key="c", now=now, amount=Decimal("25.00"))
    with pytest.raises(ledger.LedgerError):
        holds.capture(hold_id=hold.pk, target=CLEARING, key="too much", now=now, amount=Decimal("35.01"))
    holds.release(hold_id=hold.pk, key="r", now=now)
    hold.refresh_from_db()
    assert (hold.state, hold.captured, hold.released) == (Hold.CLOSED, Decimal("25.00"), Decimal("35.00"))
    holds.place(player_id=player.pk, brand_id=nova.pk, currency="EUR", amount=Decimal("5.00"), key="h2", now=now, expires_at=now)
    assert holds.expire_due(now=now) == 1
    assert held(player) == {"cash": Decimal("75.00"), "held": Decimal("0.00")}
    assert clean()


def test_a_closed_day_takes_nothing_any_more_and_closes_once(nova):
    player = new_player(nova)
    yesterday = timezone.now().astimezone(nova.zone).date() - timedelta(days=1)
    then = timezone.now() - timedelta(days=1)
    credit(player, "10.00", key="before", effective_at=then)
    with connection.cursor() as cursor:
        cursor.execute("SELECT wallet_close_day(%s, %s, 1)", [nova.pk, yesterday])
        with pytest.raises(DatabaseError, match="are closed up to"):
            cursor.execute("SELECT wallet_close_day(%s, %s, 1)", [nova.pk, yesterday])
        with pytest.raises(DatabaseError, match="can be closed from"):
            cursor.execute("SELECT wallet_close_day(%s, %s, 1)", [nova.pk, yesterday + timedelta(days=1)])
    with pytest.raises(ledger.DayClosed):
        credit(player, "1.00", key="late", effective_at=then)
    credit(player, "1.00", key="today")
    assert held(player)["cash"] == Decimal("11.00")


def test_a_balance_is_the_sum_of_its_entries_now_and_at_a_past_moment(nova):
    player = new_player(nova)
    credit(player, "10.00", key="a", effective_at=timezone.now() - timedelta(days=3))
    between = timezone.now()
    credit(player, "5.00", key="b")
    cash = Account.objects.get(player=player, kind=AccountKind.CASH)
    clearing = Account.objects.get(player=None, kind=AccountKind.PSP_CLEARING)
    assert balances.of_accounts([cash.pk, clearing.pk]) == {cash.pk: Decimal("15.00"), clearing.pk: Decimal("-15.00")}
    sequencer.catch_up()
    credit(player, "1.00", key="c")
    assert balances.of_accounts([clearing.pk]) == {clearing.pk: Decimal("-16.00")}
    assert balances.at(cash.pk, moment=between) == Decimal("10.00")
    assert balances.at(cash.pk, moment=between - timedelta(days=1), clock="recorded") == Decimal(0)
    assert balances.at(cash.pk, moment=between - timedelta(days=1), clock="effective") == Decimal("10.00")
    assert clean()


def test_daily_totals_catch_up_by_day_of_the_brand_and_tell_test_players_apart(nova):
    player, tester = new_player(nova), new_player(nova, is_test=True)
    credit(player, "10.00", key="a")
    credit(tester, "99.00", key="b")
    sequencer.catch_up()
    totals = DailyTotal.objects.filter(account__kind=AccountKind.CASH)
    assert {(total.test, total.credits) for total in totals} == {(False, Decimal("10.00")), (True, Decimal("99.00"))}
    assert totals.first().day == timezone.now().astimezone(nova.zone).date()


def test_an_exchange_has_two_legs_per_currency_and_keeps_its_rate(nova):
    player, now = new_player(nova), timezone.now()
    credit(player, "10.00", key="in")
    posted = ledger.exchange(
        key="fx", brand=nova.pk, player=player.pk, sold=Decimal("10.00"), sold_currency="EUR", bought=Decimal(1610), bought_currency="JPY",
        rate=Decimal(161), rate_source="ecb", rate_at=now,
    )  # fmt: skip
    assert (held(player)["cash"], held(player, "JPY")["cash"]) == (Decimal("0.00"), Decimal(1610))
    assert Transaction.objects.get(pk=posted.id).meta["rate"] == "161"
    with pytest.raises(ledger.BadAmount):
        ledger.post_legs(
            kind=TransactionKind.ADJUSTED, key="x", brand=nova.pk, legs=[Leg(Cash(player.pk), "EUR", Decimal(1)), Leg(CLEARING, "EUR", Decimal(-2))]
        )
    assert clean()


def test_a_brand_cannot_post_to_another_brands_player(nova):
    stranger = new_player(Brand.objects.get(code="fjord"), currency="SEK")
    with pytest.raises(ledger.UnknownPlayer):
        ledger.post(kind=TransactionKind.DEPOSIT_CREDITED, key="k", brand=nova.pk, amount=Decimal(1), currency="EUR", source=CLEARING, target=Cash(stranger.pk))
    assert Transaction.objects.count() == 0
