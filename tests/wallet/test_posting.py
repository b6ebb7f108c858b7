"""Posting: accounts made on first use, signs, exponents, times, owners, and everything that is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from backoffice.audit.models import Event
from tests import factories
from tests.wallet.tools import GAME, account, bet, denied, everything, held, legs, rows, sound, win
from wallet import balances, ledger
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.ledger import (
    BadAccount,
    BadAmount,
    Bonus,
    Cash,
    FutureEffect,
    HeldCash,
    House,
    InsufficientFunds,
    Leg,
    Place,
    UnknownPlayer,
)
from wallet.models import Account, Transaction


def test_a_deposit_and_a_bet_move_exactly_what_they_say(db: None) -> None:
    player = factories.player()

    deposit = factories.deposit(player, "100.00", key="deposit-1")
    stake = bet(player, "12.34", key="bet-1", reference=(Reference.ROUND, 77), meta={"round": "r-77"})

    assert legs(deposit) == [(AccountKind.PSP_CLEARING, Decimal(-100), None), (AccountKind.CASH, Decimal(100), Decimal(100))]
    assert legs(stake) == [(AccountKind.CASH, Decimal("-12.34"), Decimal("87.66")), (AccountKind.GAME_REVENUE, Decimal("12.34"), None)]
    row = Transaction.objects.get(pk=stake.id)
    assert (row.kind, row.key, row.brand_id, row.player_id) == (TransactionKind.BET, "bet-1", player.brand_id, player.pk)
    assert (row.reference_type, row.reference_id, row.meta, row.reverses) == (Reference.ROUND, 77, {"round": "r-77"}, None)
    assert row.recorded_at == stake.recorded_at
    assert (held(Cash(player.pk), brand=player.brand), held(GAME, brand=player.brand)) == (Decimal("87.66"), Decimal("12.34"))
    sound()


def test_accounts_are_made_on_first_use_and_kept_as_their_kind_says(db: None) -> None:
    player = factories.player(cash="100.00")
    pool, revenue = House(AccountKind.JACKPOT_POOL, "mega"), House(AccountKind.GAME_REVENUE, "studio")
    for place in (Bonus(player.pk), HeldCash(player.pk), pool, revenue):
        ledger.post(
            kind=TransactionKind.ADJUSTED, key=f"to {place}", brand=player.brand_id, amount=Decimal(1), currency="EUR", source=Cash(player.pk), target=place
        )

    kept = {place.kind: account(place, brand=player.brand) for place in (Cash(player.pk), Bonus(player.pk), HeldCash(player.pk), pool, revenue, factories.PSP)}

    assert {kind: (one.running, one.floor, one.player_id, one.counterparty) for kind, one in kept.items()} == {
        AccountKind.CASH: (True, Decimal(0), player.pk, ""),
        AccountKind.BONUS: (True, Decimal(0), player.pk, ""),
        AccountKind.HOLD: (True, Decimal(0), player.pk, ""),
        AccountKind.JACKPOT_POOL: (True, Decimal(0), None, "mega"),
        AccountKind.GAME_REVENUE: (False, None, None, "studio"),
        AccountKind.PSP_CLEARING: (False, None, None, "nordpay"),
    }
    assert Account.objects.count() == 6


@pytest.mark.parametrize(("code", "smallest"), [("JPY", "1"), ("EUR", "0.01"), ("KWD", "0.001"), ("BTC", "0.00000001"), ("ETH", "0.000000000000000001")])
def test_the_smallest_amount_of_every_exponent_is_kept_exactly_and_anything_finer_refused(db: None, code: str, smallest: str) -> None:
    player = factories.player()
    unit = Decimal(smallest)
    for number in range(3):
        factories.deposit(player, smallest, code, key=f"{number}")

    with denied(InsufficientFunds):
        bet(player, str(unit * 4), key="too much", currency=code)
    bet(player, str(unit * 2), key="bet", currency=code)
    with denied(BadAmount, match=f"at most {-int(unit.as_tuple().exponent)} decimals"):
        factories.deposit(player, str(unit / 10), code)
    with denied(BadAmount):
        factories.deposit(player, str(1 + unit / 2), code)

    assert held(Cash(player.pk), brand=player.brand, currency=code) == unit
    assert held(GAME, brand=player.brand, currency=code) == unit * 2
    sound()


@pytest.mark.parametrize(
    ("code", "largest"),
    [
        ("JPY", "99999999999999999999"), ("EUR", "99999999999999999999.99"), ("KWD", "99999999999999999999.999"),
        ("BTC", "99999999999999999999.99999999"), ("ETH", "99999999999999999999.999999999999999999"),
    ],
)  # fmt: skip
def test_the_largest_amount_of_every_exponent_is_kept_to_the_last_digit(db: None, code: str, largest: str) -> None:
    player = factories.player(cash=largest, currency=code)
    unit = Decimal(1).scaleb(Decimal(largest).as_tuple().exponent)  # type: ignore[arg-type]

    with denied(BadAmount, match="more than an account can hold"):
        factories.deposit(player, str(unit), code)
    with denied(BadAmount):
        factories.deposit(player, "100000000000000000000", code)
    bet(player, largest, key="all of it", currency=code)

    assert held(Cash(player.pk), brand=player.brand, currency=code) == 0
    assert held(GAME, brand=player.brand, currency=code) == Decimal(largest)
    sound()


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "-Infinity", "0.001", "1E+20"])
def test_an_amount_that_is_none_is_refused(db: None, amount: str) -> None:
    player = factories.player(cash="100.00")

    with denied(BadAmount):
        bet(player, amount, key="bet")


@pytest.mark.parametrize("amount", ["0", "NaN", "Infinity", "0.001", "1E+20"])
def test_a_leg_whose_amount_is_none_is_refused(db: None, amount: str) -> None:
    player = factories.player(cash="100.00")

    with denied(BadAmount):
        ledger.post_legs(
            kind=TransactionKind.BET, key="bet", brand=player.brand_id,
            legs=[Leg(Cash(player.pk), "EUR", Decimal(amount).copy_negate()), Leg(GAME, "EUR", Decimal(amount))],
        )  # fmt: skip


def test_an_amount_is_the_same_however_it_is_spelled(db: None) -> None:
    player = factories.player()

    first = factories.deposit(player, "100.00", key="deposit-1")
    again = factories.deposit(player, "1E+2", key="deposit-1")

    assert (again.id, again.replayed) == (first.id, True)


def test_a_player_of_another_brand_is_refused(db: None) -> None:
    nova, vega = factories.brand("nova"), factories.brand("vega")
    player, stranger = factories.player(nova, cash="10.00"), factories.player(vega)

    with denied(UnknownPlayer):
        ledger.post(kind=TransactionKind.BET, key="1", brand=vega.pk, amount=Decimal(1), currency="EUR", source=Cash(player.pk), target=GAME)
    with denied(UnknownPlayer):
        ledger.post(
            kind=TransactionKind.TRANSFERRED, key="2", brand=nova.pk, amount=Decimal(1), currency="EUR", source=Cash(player.pk), target=Cash(stranger.pk)
        )
    with denied(UnknownPlayer):
        ledger.post(kind=TransactionKind.BET, key="3", brand=nova.pk, amount=Decimal(1), currency="EUR", source=Cash(999_999), target=GAME)
    with denied(UnknownPlayer):
        ledger.post_legs(
            kind=TransactionKind.TRANSFERRED, key="4", brand=nova.pk,
            legs=[Leg(Cash(player.pk), "EUR", Decimal(-1)), Leg(Cash(stranger.pk), "EUR", Decimal(1))],
        )  # fmt: skip


def test_a_house_account_belongs_to_one_brand(db: None) -> None:
    nova, vega = factories.player(factories.brand("nova"), cash="10.00"), factories.player(factories.brand("vega"), cash="20.00")

    assert held(factories.PSP, brand=nova.brand) == Decimal(-10)
    assert held(factories.PSP, brand=vega.brand) == Decimal(-20)


def test_a_kind_that_does_not_fit_its_owner_is_refused_before_the_database_is_asked() -> None:
    with pytest.raises(BadAccount, match="Cash is a player's"):
        House(AccountKind.CASH)
    with pytest.raises(BadAccount, match="Bank is the house's"):
        Place(AccountKind.BANK, 5)


@pytest.mark.parametrize(("kinds", "players"), [((1, 14), (None, None)), ((14, 1), (None, None))])
def test_a_kind_that_does_not_fit_its_owner_is_refused_by_the_database_too(db: None, kinds: tuple[int, int], players: tuple[None, None]) -> None:
    brand = factories.brand()

    with denied(Exception, match="belongs to a player"):
        rows(
            "SELECT wallet_post(30::smallint, 'k', %s, NULL, (SELECT id FROM wallet_currency WHERE code = 'EUR'), 1, %s::smallint, '', %s::smallint, '',"
            " NULL, NULL, false, NULL, NULL, false, NULL)",
            [brand.pk, *kinds],
        )


def test_money_does_not_move_within_one_account(db: None) -> None:
    player = factories.player(cash="10.00")

    for place in (Cash(player.pk), factories.PSP):
        with denied(BadAccount):
            ledger.post(kind=TransactionKind.ADJUSTED, key="k", brand=player.brand_id, amount=Decimal(1), currency="EUR", source=place, target=place)


def test_an_effective_time_is_kept_apart_from_the_recorded_one(db: None) -> None:
    player, then = factories.player(), timezone.now() - timedelta(days=3, seconds=1)

    posted = factories.deposit(player, "5.00", effective_at=then)

    row = Transaction.objects.get(pk=posted.id)
    assert row.effective_at == then
    assert row.recorded_at > then + timedelta(days=3)


def test_without_an_effective_time_the_database_clock_says_when(db: None) -> None:
    row = Transaction.objects.get(pk=factories.deposit(factories.player(), "5.00").id)

    assert abs(row.effective_at - row.recorded_at) < timedelta(seconds=1)


def test_a_posting_does_not_take_effect_in_the_future(db: None) -> None:
    player = factories.player(cash="10.00")

    with denied(FutureEffect):
        bet(player, "1.00", key="bet", effective_at=timezone.now() + timedelta(minutes=5))
    with denied(FutureEffect):
        ledger.post_legs(
            kind=TransactionKind.BET, key="bet", brand=player.brand_id, effective_at=timezone.now() + timedelta(minutes=5),
            legs=[Leg(Cash(player.pk), "EUR", Decimal(-1)), Leg(GAME, "EUR", Decimal(1))],
        )  # fmt: skip


def test_many_legs_in_many_currencies_are_one_transaction(db: None) -> None:
    player, other = factories.player(cash="10.00"), factories.player()
    factories.deposit(player, "0.5", "BTC")

    posted = ledger.post_legs(
        kind=TransactionKind.ADJUSTED, key="many", brand=player.brand_id, reference=(Reference.ADJUSTMENT, 3), meta={"why": "test"},
        legs=[
            Leg(Cash(player.pk), "EUR", Decimal("-4.00")), Leg(Cash(other.pk), "EUR", Decimal("1.50")), Leg(Bonus(other.pk), "EUR", Decimal("2.25")),
            Leg(GAME, "EUR", Decimal("0.25")), Leg(Cash(player.pk), "BTC", Decimal("-0.5")), Leg(Cash(other.pk), "BTC", Decimal("0.5")),
        ],
    )  # fmt: skip

    assert [(kind, amount, after) for kind, amount, after in legs(posted)] == [
        (AccountKind.CASH, Decimal("-4.00"), Decimal("6.00")), (AccountKind.CASH, Decimal("1.50"), Decimal("1.50")),
        (AccountKind.BONUS, Decimal("2.25"), Decimal("2.25")), (AccountKind.GAME_REVENUE, Decimal("0.25"), None),
        (AccountKind.CASH, Decimal("-0.5"), Decimal(0)), (AccountKind.CASH, Decimal("0.5"), Decimal("0.5")),
    ]  # fmt: skip
    assert balances.of_player(other.pk) == [
        balances.PlayerBalance("BTC", Decimal("0.5"), Decimal(0), Decimal(0)), balances.PlayerBalance("EUR", Decimal("1.50"), Decimal("2.25"), Decimal(0)),
    ]  # fmt: skip
    sound()


def test_of_one_accounts_legs_the_credits_come_first(db: None) -> None:
    """A stake paid from what the same posting credits is covered."""
    player = factories.player()
    factories.deposit(player, "1.00")

    ledger.post_legs(
        kind=TransactionKind.ADJUSTED, key="in and out", brand=player.brand_id,
        legs=[Leg(Cash(player.pk), "EUR", Decimal("-5.00")), Leg(Cash(player.pk), "EUR", Decimal("4.50")), Leg(GAME, "EUR", Decimal("0.50"))],
    )  # fmt: skip

    assert balances.cash(player.pk, "EUR") == Decimal("0.50")
    sound()


def test_legs_that_do_not_sum_to_zero_are_refused_per_currency(db: None) -> None:
    player = factories.player(cash="10.00")

    with denied(BadAmount, match="sum to 0.01"):
        ledger.post_legs(
            kind=TransactionKind.BET, key="bet", brand=player.brand_id,
            legs=[Leg(Cash(player.pk), "EUR", Decimal("-1.00")), Leg(GAME, "EUR", Decimal("1.01"))],
        )  # fmt: skip
    with denied(BadAmount):
        ledger.post_legs(
            kind=TransactionKind.BET, key="bet", brand=player.brand_id,
            legs=[Leg(Cash(player.pk), "EUR", Decimal("-1.00")), Leg(GAME, "SEK", Decimal("1.00"))],
        )  # fmt: skip
    with denied(BadAmount, match="at least two legs"):
        ledger.post_legs(kind=TransactionKind.BET, key="bet", brand=player.brand_id, legs=[])


def test_the_sum_is_checked_by_the_database_when_python_is_passed_by(db: None) -> None:
    player = factories.player(cash="10.00")

    with denied(Exception, match="do not sum to zero"):
        rows(
            "SELECT wallet_post_legs(30::smallint, 'k', %s, %s, ARRAY[%s, NULL]::bigint[], ARRAY[1, 14]::smallint[], ARRAY['', 'studio'],"
            " ARRAY[c.id, c.id], ARRAY[-1, 2]::numeric[], NULL, false, NULL, NULL, NULL, false, NULL) FROM wallet_currency c WHERE code = 'EUR'",
            [player.brand_id, player.pk, player.pk],
        )


def test_a_rolled_back_posting_leaves_nothing_and_frees_its_key(db: None) -> None:
    player = factories.player(cash="10.00")
    before = everything()

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        bet(player, "1.00", key="bet")
        raise ZeroDivisionError
    assert everything() == before
    posted = bet(player, "2.00", key="bet")

    assert posted.replayed is False
    assert balances.cash(player.pk, "EUR") == Decimal("8.00")


def test_a_posting_writes_no_fact_of_its_own(db: None) -> None:
    """Gameplay is too loud for the record: whoever posts records what it meant."""
    player = factories.player(cash="10.00")
    facts = Event.objects.count()

    bet(player, "1.00", key="bet")
    win(player, "3.00", key="win")

    assert Event.objects.count() == facts
