"""Amounts: text in, exact decimals inside, text out. No float comes near."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from payments.sandboxes.common import amounts
from payments.sandboxes.common.amounts import minus, total
from payments.sandboxes.common.errors import ApiError

__all__ = ["CRYPTO", "EXPONENTS", "METHODS", "minus", "parse", "share", "text", "total"]

EXPONENTS: Mapping[str, int] = {"JPY": 0, "CAD": 2, "EUR": 2, "GBP": 2, "SEK": 2, "KWD": 3, "BTC": 8, "ETH": 18}
CRYPTO = frozenset({"BTC", "ETH"})
METHODS = frozenset({"card", "bank", "wallet", "crypto"})

_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,19})(?:\.([0-9]{1,18}))?")


def parse(value: object, currency: str, *, field: str = "amount") -> Decimal:
    """An amount above zero in units of `currency`, from text. Raises ApiError 422 for anything else, JSON numbers included."""
    if not isinstance(value, str):
        raise ApiError(422, "amount_must_be_text", 'Write amounts as text, such as "12.50".', field=field)
    found = _AMOUNT.fullmatch(value)
    if found is None:
        raise ApiError(422, "amount_invalid", "An amount is digits with an optional decimal point.", field=field)
    if len(found.group(1) or "") > EXPONENTS[currency]:
        raise ApiError(422, "amount_too_precise", f"{currency} has {EXPONENTS[currency]} decimals.", field=field)
    amount = Decimal(value)
    if not amount:
        raise ApiError(422, "amount_not_positive", "An amount is above zero.", field=field)
    return amount


def text(amount: Decimal, currency: str) -> str:
    """`amount` with exactly the decimals of `currency`. Raises decimal.Inexact if that would round."""
    return amounts.text(amount, EXPONENTS[currency])


def share(amount: Decimal, percent: Decimal, fixed: Decimal, currency: str) -> Decimal:
    """`percent` of `amount` plus `fixed`, rounded half up to the decimals of `currency`."""
    return amounts.share(amount, percent, fixed, EXPONENTS[currency])
