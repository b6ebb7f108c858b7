"""What Nordpay charges: a percentage plus a fixed part, by direction and method."""

from __future__ import annotations

from decimal import Decimal

from . import money

# kind and method: (percent of the amount, multiple of the currency's fixed unit)
RATES = {
    ("deposit", "card"): (Decimal("1.90"), Decimal(1)),
    ("deposit", "bank"): (Decimal("0.50"), Decimal("0.4")),
    ("deposit", "wallet"): (Decimal("1.20"), Decimal("0.8")),
    ("deposit", "crypto"): (Decimal("0.80"), Decimal(0)),
    ("payout", "card"): (Decimal("0.50"), Decimal(2)),
    ("payout", "bank"): (Decimal(0), Decimal("1.2")),
    ("payout", "wallet"): (Decimal("0.40"), Decimal(1)),
    ("payout", "crypto"): (Decimal("0.10"), Decimal(4)),
}
FIXED_UNIT = {
    "CAD": Decimal("0.35"),
    "EUR": Decimal("0.25"),
    "GBP": Decimal("0.20"),
    "SEK": Decimal("2.50"),
    "JPY": Decimal(40),
    "KWD": Decimal("0.080"),
    "BTC": Decimal("0.00000400"),
    "ETH": Decimal("0.000100000000000000"),
}
CHARGE_BACK_UNITS = Decimal(60)


def fee(*, movement: str, method: str, amount: Decimal, currency: str) -> Decimal:
    """The fee for one movement, in units of `currency`; zero for movements that are free (refunds, returns, reversals)."""
    if movement == "charged_back":
        return money.share(Decimal(0), Decimal(0), CHARGE_BACK_UNITS * FIXED_UNIT[currency], currency)
    kind = {"captured": "deposit", "paid_out": "payout"}.get(movement)
    if kind is None:
        return Decimal(0)
    percent, units = RATES[kind, method]
    return money.share(amount, percent, units * FIXED_UNIT[currency], currency)
