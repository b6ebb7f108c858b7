"""Exchange rates: kept from a named source, never changed; used to show amounts in a base currency. Nothing is posted with them."""

import time
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from django.db import connection

from wallet import currencies
from wallet.models import ExchangeRate

_FRESH_SECONDS = 60.0
_latest: dict[str, tuple[float, dict[str, "Rate"]]] = {}


@dataclass(frozen=True)
class Rate:
    """One unit of a currency in units of the base, with source and time."""

    value: Decimal
    source: str
    at: datetime


def forget() -> None:
    _latest.clear()


def latest(base: str) -> dict[str, Rate]:
    """The newest rate of every currency into `base`, remembered for a minute."""
    read_at, rates = _latest.get(base, (0.0, {}))
    if not rates or time.monotonic() - read_at > _FRESH_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT ON (r.base_id) c.code, r.rate, r.source, r.at FROM wallet_exchangerate r"
                " JOIN wallet_currency c ON c.id = r.base_id JOIN wallet_currency q ON q.id = r.quote_id"
                " WHERE q.code = %s ORDER BY r.base_id, r.at DESC",
                [base],
            )
            rates = {code: Rate(value, source, at) for code, value, source, at in cursor.fetchall()}
        _latest[base] = (time.monotonic(), rates)
    return rates


def convert(amount: Decimal, currency: str, base: str) -> tuple[Decimal, Rate] | None:
    """`amount` in units of `base`, rounded half to even to its exponent, with the rate; None when no rate is known."""
    rate = latest(base).get(currency)
    if rate is None:
        return None
    return (amount * rate.value).quantize(Decimal(1).scaleb(-currencies.get(base).exponent), rounding=ROUND_HALF_EVEN), rate


def add(*, base: str, quote: str, rate: Decimal, source: str, at: datetime) -> bool:
    """Keep a rate: units of `quote` for one unit of `base`. False when the source's rate of that moment is kept already.

    Raises UnknownCurrency; ValueError for a rate that is not above zero.
    """
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"A rate is above zero, not {rate}.")
    row = ExchangeRate(base=currencies.get(base), quote=currencies.get(quote), rate=rate, source=source, at=at)
    before = ExchangeRate.objects.filter(base=row.base, quote=row.quote, source=source, at=at).exists()
    ExchangeRate.objects.bulk_create([row], ignore_conflicts=True)
    forget()
    return not before
