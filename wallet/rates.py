"""Exchange rates: what one unit of a currency was worth in another, from a named source, at a time. Kept, never changed."""

from datetime import datetime
from decimal import Decimal

from wallet import currencies
from wallet.models import ExchangeRate


def add(*, base: str, quote: str, rate: Decimal, source: str, at: datetime) -> bool:
    """Keep a rate: units of `quote` for one unit of `base`. False when the source's rate of that moment is kept already.

    Raises UnknownCurrency; ValueError for a rate that is not above zero.
    """
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"A rate is above zero, not {rate}.")
    row = ExchangeRate(base=currencies.get(base), quote=currencies.get(quote), rate=rate, source=source, at=at)
    before = ExchangeRate.objects.filter(base=row.base, quote=row.quote, source=source, at=at).exists()
    ExchangeRate.objects.bulk_create([row], ignore_conflicts=True)
    return not before
