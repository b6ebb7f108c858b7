"""How an amount of money is written: exact to the currency's exponent, grouped as the reader's language does, with a real minus, never through a float."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from backoffice.ui import numbers

MINUS = "\u2212"
NO_BREAK = "\u00a0"
SHOWN_ZEROS = 8  # no screen needs the zeros behind these decimals; the machine value and the title have them
SIGNIFICANT_ZEROS = 2  # zeros behind these decimals are dimmed where the currency has more than four

# Exponents of ISO 4217 that are not 2, and the coins; the table of currencies answers first when one is plugged in.
_KNOWN = {
    **dict.fromkeys(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["BTC", "LTC", "BCH", "DOGE"], 8),
    **dict.fromkeys(["USDT", "USDC"], 6),
    "ETH": 18,
}
_resolvers: list[Callable[[str], int | None]] = []


@dataclass(frozen=True)
class Written:
    """An amount in parts, so that markup can dim what carries no information."""

    text: str  # minus, grouped digits, decimals up to the last that counts
    dimmed: str  # trailing zeros of a currency with many decimals
    code: str
    plain: str  # for machines: ASCII minus, no grouping

    def __str__(self) -> str:
        return f"{self.figure}{NO_BREAK}{self.code}"

    @property
    def figure(self) -> str:
        """Without the code, for sentences that name it themselves."""
        return f"{self.text}{self.dimmed}"


def use_exponents(resolver: Callable[[str], int | None]) -> None:
    """Plug in the table of currencies, which knows what an operator has added."""
    _resolvers[:] = [resolver]


def exponent_of(currency: Any, exponent: int | None = None) -> tuple[str, int]:
    """Code and exponent of a currency object (`code`, `exponent`) or of a code. An unknown coin is refused, not guessed."""
    if exponent is not None and exponent != "":
        return str(getattr(currency, "code", currency)), int(exponent)
    if hasattr(currency, "exponent"):
        return str(currency.code), int(currency.exponent)
    code = str(currency)
    for resolver in _resolvers:
        if (found := resolver(code)) is not None:
            return code, found
    if code in _KNOWN:
        return code, _KNOWN[code]
    if len(code) == 3 and code.isascii() and code.isupper():
        return code, 2
    raise ValueError(f"The exponent of {code!r} is not known. Pass exponent= or the currency itself.")


def write(amount: Decimal | int, currency: Any, exponent: int | None = None, *, signed: bool = False) -> Written:
    """Write an amount with every decimal its currency has. More decimals than that are shown, never rounded away."""
    if isinstance(amount, float) or not isinstance(amount, Decimal | int):
        raise TypeError(f"Money is a Decimal, not {type(amount).__name__}.")
    code, places = exponent_of(currency, exponent)
    digits = f"{abs(Decimal(amount)):f}"
    whole, _, decimals = digits.partition(".")
    decimals = decimals.rstrip("0").ljust(places, "0") if len(decimals) > places else decimals.ljust(places, "0")
    sign = MINUS if amount < 0 else "+" if signed and amount > 0 else ""
    kept = decimals
    if places > 4:
        kept = decimals.rstrip("0").ljust(SIGNIFICANT_ZEROS, "0") if decimals.strip("0") else "0" * SIGNIFICANT_ZEROS
    point = "." if decimals else ""
    plain = f"{'-' if amount < 0 else ''}{whole}{point}{decimals}"
    return Written(f"{sign}{numbers.whole(int(whole))}{numbers.marks()[1] if decimals else ''}{kept}", decimals[len(kept) :], code, plain)


def render(amount: Decimal | int | None, currency: Any, exponent: int | None = None, *, inline: bool = False, signed: bool = False) -> SafeString:
    """The amount as `<data class="money">`: machine value, figure, dimmed zeros, and the code in its own slot."""
    if amount is None:
        return mark_safe('<span class="t3">\u2013</span>')
    written = write(amount, currency, exponent, signed=signed)
    zeros = written.dimmed[: max(0, SHOWN_ZEROS - (len(written.plain.partition(".")[2]) - len(written.dimmed)))]
    dimmed = format_html('<span class="dim">{}</span>', zeros) if zeros else ""
    css = "money inl" if inline else "money"
    return format_html('<data class="{}" value="{}">{}{}<i>{}</i></data>', css, written.plain, written.text, dimmed, written.code)
