"""Amounts between us and Nordpay, to the last digit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.providers.nordpay import words
from payments.providers.protocol import Capabilities, Method, Money, Operation
from payments.sandboxes.nordpay import money as theirs


@st.composite
def moneys(draw):
    currency = draw(st.sampled_from(sorted(words.EXPONENTS)))
    exponent = words.EXPONENTS[currency]
    units = draw(st.integers(1, 10 ** (20 + exponent) - 1))
    zeros = draw(st.integers(0, 4))
    return Money(amount=Decimal((0, tuple(int(digit) for digit in str(units) + "0" * zeros), -exponent - zeros)), currency=currency)


@given(moneys())
def test_every_amount_goes_there_and_back(money):
    text = words.amount_text(money)
    assert theirs.text(theirs.parse(text, money.currency), money.currency) == text
    assert words.money(text, money.currency) == money


def test_both_sides_know_the_same_currencies():
    assert words.EXPONENTS == theirs.EXPONENTS


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0", "EUR"), ("0.001", "EUR"), ("0.5", "JPY"), ("1E-19", "ETH"), ("1E+20", "EUR"), ("1", "USD")],
)
def test_an_amount_that_nordpay_cannot_hold_is_refused(amount, currency):
    with pytest.raises(ValueError, match=r"Nordpay has no|decimals|not an amount"):
        words.amount_text(Money(amount=Decimal(amount), currency=currency))


@pytest.mark.parametrize(("amount", "text"), [("1E+2", "100.00"), ("25", "25.00"), ("25.500", "25.50")])
def test_an_amount_is_written_plainly(amount, text):
    assert words.amount_text(Money(amount=Decimal(amount), currency="EUR")) == text


@given(st.text() | st.integers() | st.floats() | st.none() | st.decimals())
def test_whatever_comes_as_an_amount_is_exact_or_refused(value):
    try:
        money = words.money(value, "EUR")
    except ValueError:
        return
    assert isinstance(value, str)
    assert money.amount == Decimal(value)


@pytest.mark.parametrize("amount", [1, 1.5, "1", True])
def test_money_is_decimal(amount):
    with pytest.raises(TypeError):
        Money(amount=amount, currency="EUR")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-0.01", "sNaN"])
def test_money_is_finite_and_not_negative(amount):
    with pytest.raises(ValueError, match="finite"):
        Money(amount=Decimal(amount), currency="EUR")


@pytest.mark.parametrize(
    ("operation", "method", "currency", "can"),
    [
        (Operation.PAYOUT, Method.BANK, "EUR", True),
        (Operation.PAYOUT, Method.CRYPTO, "BTC", False),
        (Operation.DEPOSIT, Method.CRYPTO, "BTC", True),
        (Operation.DEPOSIT, Method.CRYPTO, "EUR", False),
        (Operation.DEPOSIT, Method.BANK, "BTC", False),
        (Operation.DEPOSIT, Method.CARD, "USD", False),
        (Operation.REFUND, Method.BANK, "EUR", False),
    ],
)
def test_capabilities_say_what_can_be_asked_for(operation, method, currency, can):
    methods = {Operation.DEPOSIT: frozenset(Method), Operation.PAYOUT: frozenset({Method.BANK})}
    capabilities = Capabilities(methods=methods, exponents=words.EXPONENTS, partial_refunds=True, not_found_final_after=timedelta(0))
    assert capabilities.supports(operation=operation, method=method, currency=currency) is can
