"""Conversion: two legs per currency through the FX account, with the rate, its source and its time."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from tests import factories
from tests.wallet.tools import denied, held, legs, sound
from wallet import balances, ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import BadAmount, House, InsufficientFunds
from wallet.models import Transaction

FX = House(AccountKind.FX)
AT = timezone.now() - timedelta(minutes=3)


def exchange(player: Any, sold: str, bought: str, *, pair: tuple[str, str] = ("EUR", "JPY"), rate: str = "160.25", key: str = "fx") -> ledger.Posted:
    return ledger.exchange(
        key=key, brand=player.brand_id, player=player.pk, sold=Decimal(sold), sold_currency=pair[0], bought=Decimal(bought), bought_currency=pair[1],
        rate=Decimal(rate), rate_source="ecb", rate_at=AT,
    )  # fmt: skip


def test_it_has_two_legs_per_currency_and_keeps_the_rate(db: None) -> None:
    player = factories.player(cash="100.00")

    posted = exchange(player, "10.00", "1602")

    assert legs(posted) == [
        (AccountKind.CASH, Decimal(-10), Decimal(90)), (AccountKind.FX, Decimal(10), None),
        (AccountKind.FX, Decimal(-1602), None), (AccountKind.CASH, Decimal(1602), Decimal(1602)),
    ]  # fmt: skip
    row = Transaction.objects.get(pk=posted.id)
    assert row.kind == TransactionKind.EXCHANGED
    assert row.meta == {"rate": "160.25", "rate_source": "ecb", "rate_at": AT.isoformat()}
    assert (held(FX, brand=player.brand), held(FX, brand=player.brand, currency="JPY")) == (Decimal(10), Decimal(-1602))
    sound()


def test_between_the_coarsest_and_the_finest_currency_nothing_is_lost(db: None) -> None:
    player = factories.player(cash="7", currency="JPY")

    exchange(player, "3", "0.000123456789012345", pair=("JPY", "ETH"), rate="0.000041152263004115")

    assert balances.cash(player.pk, "JPY") == 4
    assert balances.cash(player.pk, "ETH") == Decimal("0.000123456789012345")
    sound()


def test_more_than_there_is_cannot_be_sold(db: None) -> None:
    player = factories.player(cash="9.99")

    with denied(InsufficientFunds):
        exchange(player, "10.00", "1602")


def test_an_amount_must_fit_its_own_currency(db: None) -> None:
    player = factories.player(cash="100.00")

    with denied(BadAmount):
        exchange(player, "10.00", "1602.5")
    with denied(BadAmount):
        exchange(player, "10.001", "1602")


def test_it_can_be_repeated_and_reversed_like_any_posting(db: None) -> None:
    player = factories.player(cash="100.00")
    posted = exchange(player, "10.00", "1602")

    assert exchange(player, "10.00", "1602").id == posted.id
    ledger.reverse(transaction_id=posted.id, kind=TransactionKind.EXCHANGED, key="back")

    assert (balances.cash(player.pk, "EUR"), balances.cash(player.pk, "JPY")) == (Decimal(100), 0)
    assert held(FX, brand=player.brand) == 0
    sound()
