"""Amounts and fees, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.sandboxes.common.errors import ApiError
from payments.sandboxes.nordpay import fees, money

CURRENCIES = st.sampled_from(sorted(money.EXPONENTS))


@st.composite
def amounts(draw):
    currency = draw(CURRENCIES)
    units = draw(st.integers(1, 10 ** (20 + money.EXPONENTS[currency]) - 1))
    return currency, units


@given(amounts())
def test_every_amount_survives_text_and_back(case):
    currency, units = case
    exponent = money.EXPONENTS[currency]
    digits = str(units).rjust(exponent + 1, "0")
    written = f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits
    assert money.text(money.parse(written, currency), currency) == written


@given(st.text(), CURRENCIES)
def test_any_text_is_an_amount_or_a_refusal(text, currency):
    try:
        amount = money.parse(text, currency)
    except ApiError:
        return
    assert amount > 0
    assert amount == Decimal(text)


@pytest.mark.parametrize("value", [1, 1.5, Decimal(1), True, None, [], {}, b"1"])
def test_only_text_is_an_amount(value):
    with pytest.raises(ApiError) as refused:
        money.parse(value, "EUR")
    assert refused.value.code == "amount_must_be_text"


@given(amounts(), st.lists(st.integers(1, 10**38), max_size=20))
def test_sums_never_round(case, others):
    currency, units = case
    scale = money.EXPONENTS[currency]
    sums = money.total(Decimal(each) for each in (units, *others))
    assert int(sums) == units + sum(others)
    assert money.text(Decimal(f"{units}E-{scale}"), currency).replace(".", "").lstrip("0") == str(units)


@pytest.mark.parametrize(
    ("movement", "method", "amount", "currency", "fee"),
    [
        ("captured", "card", "40.00", "EUR", "1.01"),
        ("captured", "card", "0.01", "EUR", "0.25"),
        ("captured", "card", "99", "JPY", "42"),  # 41.881 rounds half up
        ("captured", "bank", "10.000", "KWD", "0.082"),
        ("captured", "crypto", "0.00000001", "BTC", "0.00000000"),
        ("captured", "crypto", "1.000000000000000001", "ETH", "0.008000000000000000"),
        ("paid_out", "bank", "25.00", "GBP", "0.24"),
        ("paid_out", "card", "100.00", "SEK", "5.50"),
        ("charged_back", "card", "1.00", "EUR", "15.00"),
        ("refunded", "card", "1.00", "EUR", "0.00"),
        ("returned", "bank", "1.00", "EUR", "0.00"),
    ],
)
def test_fees(movement, method, amount, currency, fee):
    charged = fees.fee(movement=movement, method=method, amount=Decimal(amount), currency=currency)
    assert money.text(charged, currency) == fee
