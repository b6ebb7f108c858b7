"""Exact amounts: decimals inside, text on disk. No float comes near."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

_EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_ROUNDED = Context(prec=80, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow])


def text(amount: Decimal, exponent: int) -> str:
    """`amount` with exactly `exponent` decimals. Raises decimal.Inexact if that would round."""
    return format(_EXACT.quantize(amount, Decimal(1).scaleb(-exponent)), "f")


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum. Raises decimal.Inexact beyond 80 digits."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result


def minus(left: Decimal, right: Decimal) -> Decimal:
    """The exact difference."""
    return _EXACT.subtract(left, right)


def share(amount: Decimal, percent: Decimal, fixed: Decimal, exponent: int) -> Decimal:
    """`percent` of `amount` plus `fixed`, rounded half up to `exponent` decimals."""
    exact = _EXACT.add(_EXACT.multiply(amount, _EXACT.scaleb(percent, -2)), fixed)
    return _ROUNDED.quantize(exact, Decimal(1).scaleb(-exponent))
