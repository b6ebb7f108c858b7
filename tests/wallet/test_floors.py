"""No running balance goes below its floor, under any interleaving; a chargeback alone may push cash below, and money coming in fills it up."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from tests import factories
from tests.databases import Database
from tests.races import race, raised
from tests.wallet.tools import GAME, account, bet, chargeback, denied, everything, sound, win
from wallet import balances, ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Bonus, Cash, HeldCash, House, InsufficientFunds, Leg


def overdraft(player: Any) -> tuple[Decimal, Decimal]:
    found = account(Cash(player.pk), brand=player.brand)
    return found.balance, found.overdraft


def test_the_last_cent_can_be_spent_and_no_more(db: None) -> None:
    player = factories.player(cash="10.00")

    with denied(InsufficientFunds, match=r"holds 10, which does not cover 10.01"):
        bet(player, "10.01", key="too much")
    bet(player, "10.00", key="all")
    with denied(InsufficientFunds):
        bet(player, "0.01", key="one cent")

    assert overdraft(player) == (0, 0)


@pytest.mark.parametrize("kind", [AccountKind.JACKPOT_POOL, AccountKind.ROLLING_RESERVE, AccountKind.BONUS_BUDGET, AccountKind.AFFILIATE_CARRY_OVER])
def test_running_accounts_of_the_house_have_a_floor_too(db: None, kind: AccountKind) -> None:
    brand, pool = factories.brand(), House(kind, "x")
    move = {"kind": TransactionKind.ADJUSTED, "brand": brand.pk, "currency": "EUR"}
    ledger.post(key="in", amount=Decimal(5), source=GAME, target=pool, **move)

    with denied(InsufficientFunds):
        ledger.post(key="out", amount=Decimal("5.01"), source=pool, target=GAME, **move)
    ledger.post(key="out", amount=Decimal(5), source=pool, target=GAME, **move)

    assert account(pool, brand=brand).balance == 0


def test_an_account_that_was_never_used_covers_nothing(db: None) -> None:
    player = factories.player(cash="10.00")

    for place in (Bonus(player.pk), HeldCash(player.pk)):
        with denied(InsufficientFunds):
            ledger.post(kind=TransactionKind.BET, key="k", brand=player.brand_id, amount=Decimal("0.01"), currency="EUR", source=place, target=GAME)
    with denied(InsufficientFunds):
        bet(player, "0.01", key="k", currency="SEK")


def test_every_leg_must_be_covered_or_none_moves(db: None) -> None:
    player, other = factories.player(cash="10.00"), factories.player(cash="10.00")

    with denied(InsufficientFunds):
        ledger.post_legs(
            kind=TransactionKind.ADJUSTED, key="k", brand=player.brand_id,
            legs=[Leg(Cash(player.pk), "EUR", Decimal(-5)), Leg(Cash(other.pk), "EUR", Decimal("-10.01")), Leg(GAME, "EUR", Decimal("15.01"))],
        )  # fmt: skip


def test_racing_stakes_spend_what_is_there_and_not_a_cent_more(committed_db: Database) -> None:
    player = factories.player(cash="10.00")

    answers = race(*[lambda number=number: bet(player, "3.00", key=f"bet-{number}") for number in range(16)])  # type: ignore[misc]

    assert raised(answers, InsufficientFunds) == 13
    assert overdraft(player) == (Decimal("1.00"), 0)
    sound()


def test_racing_stakes_over_two_accounts_and_two_players_respect_every_floor(committed_db: Database) -> None:
    one, two = factories.player(cash="10.00"), factories.player(cash="10.00")

    def spend(number: int) -> Any:
        first, second = (one, two) if number % 2 else (two, one)
        return ledger.post_legs(
            kind=TransactionKind.ADJUSTED, key=f"{number}", brand=one.brand_id,
            legs=[Leg(Cash(first.pk), "EUR", Decimal(-3)), Leg(Cash(second.pk), "EUR", Decimal(-1)), Leg(GAME, "EUR", Decimal(4))],
        )  # fmt: skip

    answers = race(*[lambda number=number: spend(number) for number in range(12)])  # type: ignore[misc]

    done = 12 - raised(answers, InsufficientFunds)
    left = balances.cash(one.pk, "EUR"), balances.cash(two.pk, "EUR")
    assert done in {4, 5}  # 20.00 in all; alternating, the fourth or fifth leaves one of them with less than a stake
    assert sum(left) == 20 - 4 * done
    assert min(left) >= 0
    sound()


def test_two_pools_emptied_by_racing_threads_end_at_their_floor(committed_db: Database) -> None:
    brand, pool = factories.brand(), House(AccountKind.JACKPOT_POOL, "mega")
    move = {"kind": TransactionKind.JACKPOT_WON, "brand": brand.pk, "currency": "EUR"}
    ledger.post(key="in", amount=Decimal(10), source=GAME, target=pool, **move)

    answers = race(*[lambda n=n: ledger.post(key=f"{n}", amount=Decimal(4), source=pool, target=GAME, **move) for n in range(8)])  # type: ignore[misc]

    assert raised(answers, InsufficientFunds) == 6
    assert account(pool, brand=brand).balance == Decimal(2)
    sound()


def test_a_chargeback_may_push_cash_below_zero_and_says_by_how_much(db: None) -> None:
    player = factories.player(cash="10.00")

    chargeback(player, "25.00", key="cb")

    assert overdraft(player) == (Decimal(-15), Decimal(15))
    sound()


def test_while_cash_is_below_zero_nothing_can_be_spent(db: None) -> None:
    player = factories.player(cash="10.00")
    chargeback(player, "25.00", key="cb")

    with denied(InsufficientFunds):
        bet(player, "0.01", key="bet")
    with denied(InsufficientFunds):
        ledger.post(
            kind=TransactionKind.HELD, key="hold", brand=player.brand_id, amount=Decimal("0.01"), currency="EUR", source=Cash(player.pk),
            target=HeldCash(player.pk),
        )  # fmt: skip


def test_money_coming_in_shrinks_the_overdraft_and_never_opens_it_again(db: None) -> None:
    player = factories.player(cash="10.00")
    chargeback(player, "25.00", key="cb")

    win(player, "6.00", key="win-1")
    assert overdraft(player) == (Decimal(-9), Decimal(9))
    with denied(InsufficientFunds):
        bet(player, "1.00", key="bet")
    win(player, "20.00", key="win-2")
    assert overdraft(player) == (Decimal(11), 0)
    bet(player, "11.00", key="bet")
    with denied(InsufficientFunds):
        bet(player, "0.01", key="bet-2")

    assert overdraft(player) == (0, 0)
    sound()


def test_a_second_chargeback_deepens_it(db: None) -> None:
    player = factories.player(cash="10.00")
    chargeback(player, "15.00", key="cb-1")

    chargeback(player, "7.00", key="cb-2")

    assert overdraft(player) == (Decimal(-12), Decimal(12))
    sound()


def test_a_chargeback_that_is_covered_opens_no_overdraft(db: None) -> None:
    player = factories.player(cash="10.00")

    chargeback(player, "10.00", key="cb")

    assert overdraft(player) == (0, 0)
    with denied(InsufficientFunds):
        bet(player, "0.01", key="bet")


def test_only_cash_can_be_overdrawn(db: None) -> None:
    player = factories.player(cash="10.00")
    ledger.post(kind=TransactionKind.BONUS_GRANTED, key="b", brand=player.brand_id, amount=Decimal(5), currency="EUR", source=GAME, target=Bonus(player.pk))

    for place in (Bonus(player.pk), HeldCash(player.pk), House(AccountKind.JACKPOT_POOL, "mega")):
        with denied(InsufficientFunds):
            ledger.post(
                kind=TransactionKind.CHARGED_BACK, key="cb", brand=player.brand_id, amount=Decimal("5.01"), currency="EUR", source=place,
                target=factories.PSP, may_overdraw=True,
            )  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in TransactionKind if kind not in {TransactionKind.CHARGED_BACK, TransactionKind.DEPOSIT_REVERSED}])
def test_only_a_chargeback_or_a_reversed_deposit_may_overdraw(db: None, kind: TransactionKind) -> None:
    player = factories.player(cash="10.00")
    leg = Leg(Cash(player.pk), "EUR", Decimal("-10.01"))

    with denied(ledger.BadAccount, match="chargeback"):
        ledger.post(kind=kind, key="k", brand=player.brand_id, amount=Decimal("10.01"), currency="EUR", source=Cash(player.pk), target=GAME, may_overdraw=True)
    with denied(ledger.BadAccount, match="chargeback"):
        ledger.post_legs(kind=kind, key="k", brand=player.brand_id, legs=[leg, Leg(GAME, "EUR", Decimal("10.01"))], may_overdraw=True)


def test_a_reversed_chargeback_gives_back_what_it_took(db: None) -> None:
    player = factories.player(cash="10.00")
    posted = chargeback(player, "25.00", key="cb")

    ledger.reverse(transaction_id=posted.id, kind=TransactionKind.CHARGEBACK_REVERSED, key="cb back")

    assert overdraft(player) == (Decimal(10), 0)
    sound()


def test_racing_chargebacks_and_stakes_leave_exactly_what_they_say(committed_db: Database) -> None:
    player = factories.player(cash="10.00")

    answers = race(
        *[lambda n=n: chargeback(player, "4.00", key=f"cb-{n}") for n in range(6)],  # type: ignore[misc]
        *[lambda n=n: bet(player, "1.00", key=f"bet-{n}") for n in range(6)],  # type: ignore[misc]
    )

    staked = 6 - raised(answers, InsufficientFunds)
    balance, below = overdraft(player)
    assert balance == Decimal(10 - 24 - staked)
    assert below == -balance
    sound()


def test_a_refusal_inside_a_larger_transaction_undoes_all_of_it(db: None) -> None:
    player = factories.player(cash="10.00")
    before = everything()

    with pytest.raises(InsufficientFunds), transaction.atomic():
        bet(player, "6.00", key="first")
        bet(player, "6.00", key="second")

    assert everything() == before
