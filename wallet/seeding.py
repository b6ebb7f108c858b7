"""The demo's currencies, one for each exponent that matters, and exchange rates to report by."""

from datetime import UTC, datetime
from decimal import Decimal

from backoffice.runtime.seeders import Seeder, seeders
from wallet import currencies, rates

# Units of euro for one unit, rounded: plausible, not a quotation.
EURO = {
    "GBP": "1.16", "SEK": "0.0877", "JPY": "0.0062", "KWD": "2.97", "CAD": "0.625", "BTC": "87500", "ETH": "2950",
}  # fmt: skip
AT = datetime(2026, 1, 1, tzinfo=UTC)


def run() -> str:
    for code, name, exponent, kind in currencies.SHIPPED:
        currencies.add(code=code, name=name, exponent=exponent, kind=kind)
    for code, rate in EURO.items():
        rates.add(base=code, quote="EUR", rate=Decimal(rate), source="demo", at=AT)
        if code != "SEK":
            rates.add(base=code, quote="SEK", rate=(Decimal(rate) / Decimal(EURO["SEK"])).quantize(Decimal("0.000001")), source="demo", at=AT)
    rates.add(base="EUR", quote="SEK", rate=(1 / Decimal(EURO["SEK"])).quantize(Decimal("0.000001")), source="demo", at=AT)
    return f"{len(currencies.SHIPPED)} with exchange rates"


seeders.register(Seeder("Currencies", 20, run))
