"""Currencies: exponents that never change, and amounts read from text without rounding."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from wallet import currencies
from wallet.currencies import UnknownCurrency, WrongAmount
from wallet.models import Currency


def test_the_shipped_ones_cover_every_exponent_that_matters(db: None) -> None:
    factories.shipped_currencies()

    kept = {row.code: (row.exponent, row.kind) for row in Currency.objects.all()}

    assert kept == {
        "EUR": (2, "fiat"), "GBP": (2, "fiat"), "SEK": (2, "fiat"), "CAD": (2, "fiat"), "JPY": (0, "fiat"), "KWD": (3, "fiat"), "BTC": (8, "crypto"),
        "ETH": (18, "crypto"),
    }  # fmt: skip


def test_set_up_again_a_currency_stays_as_it_is(db: None) -> None:
    factories.shipped_currencies()
    before = list(Currency.objects.values())

    factories.shipped_currencies()

    assert list(Currency.objects.values()) == before


@pytest.mark.parametrize(("exponent", "kind"), [(3, "fiat"), (2, "crypto")])
def test_an_exponent_or_kind_never_changes(db: None, exponent: int, kind: str) -> None:
    factories.shipped_currencies()

    with pytest.raises(DatabaseError, match="that never changes"), transaction.atomic():
        currencies.add(code="EUR", name="Euro", exponent=exponent, kind=kind)

    assert Currency.objects.get(code="EUR").exponent == 2


@pytest.mark.parametrize("exponent", [-1, 19])
def test_an_exponent_lies_between_0_and_18(db: None, exponent: int) -> None:
    with pytest.raises(DatabaseError, match="wallet_currency_exponent_0_to_18"), transaction.atomic():
        currencies.add(code="XXX", name="Odd", exponent=exponent, kind="crypto")

    assert not Currency.objects.filter(code="XXX").exists()


def test_an_unknown_code_is_said_to_be_one(db: None) -> None:
    with pytest.raises(UnknownCurrency, match="'XYZ'"):
        currencies.get("XYZ")


def test_what_is_remembered_of_a_database_is_forgotten_with_it(db: None) -> None:
    factories.shipped_currencies()
    assert currencies.number("EUR") == Currency.objects.get(code="EUR").pk

    currencies.forget()

    assert currencies._known == {}


@pytest.mark.parametrize(
    ("text", "code", "amount"),
    [
        ("25", "EUR", "25.00"), ("25.5", "EUR", "25.50"), ("1e3", "JPY", "1000"), ("25.000", "JPY", "25"), ("0.001", "KWD", "0.001"),
        ("99999999999999999999.999999999999999999", "ETH", "99999999999999999999.999999999999999999"),
        ("12345678901.123456789012345678", "ETH", "12345678901.123456789012345678"),
    ],
)  # fmt: skip
def test_an_amount_is_read_exactly_and_written_with_its_currencys_decimals(db: None, text: str, code: str, amount: str) -> None:
    factories.shipped_currencies()

    assert str(currencies.parse(text, code)) == amount


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        ("", "EUR", "is not an amount"), ("ten", "EUR", "is not an amount"), ("1,50", "EUR", "is not an amount"), ("0", "EUR", "above zero"),
        ("-1", "EUR", "above zero"), ("NaN", "EUR", "above zero"), ("Infinity", "EUR", "above zero"), ("1.005", "EUR", "at most 2 decimals"),
        ("0.5", "JPY", "at most 0 decimals"), ("1e20", "EUR", "too large"), ("1e999999", "EUR", "too large"),
        ("0.0000000000000000001", "ETH", "at most 18 decimals"), ("1." + "0" * 90 + "1", "ETH", "is not an amount"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_the_reason(db: None, text: str, code: str, why: str) -> None:
    factories.shipped_currencies()

    with pytest.raises(WrongAmount, match=why):
        currencies.parse(text, code)


@given(st.integers(min_value=1, max_value=10**38 - 1))
def test_every_amount_of_38_digits_survives_the_way_through_text(units: int) -> None:
    ether = Currency(code="ETH", exponent=18)
    currencies._known["ETH"] = ether
    amount = Decimal(units).scaleb(-18, context=currencies.EXACT)

    assert currencies.parse(format(amount, "f"), "ETH") == amount


def test_exact_arithmetic_refuses_to_round() -> None:
    large, small = Decimal("99999999999999999999.999999999999999999"), Decimal("0.000000000000000001")

    assert str(currencies.EXACT.subtract(large, small)) == "99999999999999999999.999999999999999998"
    assert large - small == Decimal(100000000000000000000)  # what Python's own context makes of it
    with pytest.raises(Exception, match="Inexact"):
        currencies.EXACT.divide(Decimal(1), Decimal(3))
