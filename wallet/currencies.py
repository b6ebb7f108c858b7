"""Currencies and their exponents. They never change once used, so that every process may remember them."""

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

from django.db import connection

from wallet.models import Currency

# Those of the demo and the tests, one for each exponent that matters.
SHIPPED: tuple[tuple[str, str, int, str], ...] = (
    ("EUR", "Euro", 2, "fiat"), ("GBP", "Pound sterling", 2, "fiat"), ("SEK", "Swedish krona", 2, "fiat"), ("JPY", "Yen", 0, "fiat"),
    ("KWD", "Kuwaiti dinar", 3, "fiat"), ("CAD", "Canadian dollar", 2, "fiat"), ("BTC", "Bitcoin", 8, "crypto"), ("ETH", "Ether", 18, "crypto"),
)  # fmt: skip

# Python's own context rounds to 28 digits without a word; an amount has up to 38. Arithmetic on amounts goes through this one.
EXACT = Context(prec=76, traps=[Inexact, InvalidOperation, Overflow])

_known: dict[str, Currency] = {}


class UnknownCurrency(ValueError):
    """No such currency is set up."""


class WrongAmount(ValueError):
    """Not an amount of this currency; the message says why."""


def get(code: str) -> Currency:
    """Raises UnknownCurrency for a code that is not set up."""
    found = _known.get(code)
    if found is None:
        found = Currency.objects.filter(code=code).first()
        if found is None:
            raise UnknownCurrency(f"{code!r} is not a currency that is set up here.")
        _known[code] = found
    return found


def exponent(code: str) -> int | None:
    """How many decimals the currency has, None for one that is not set up."""
    try:
        return int(get(code).exponent)
    except UnknownCurrency:
        return None


def number(code: str) -> int:
    return int(get(code).pk)


def forget() -> None:
    """Ask the database again: for tests, which have a database each."""
    _known.clear()


def add(*, code: str, name: str, exponent: int, kind: str) -> None:
    """Set a currency up; again with the same exponent changes nothing. Raises DatabaseError (LG003) when it is kept otherwise."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT wallet_add_currency(%s, %s, %s::smallint, %s)", [code, name, exponent, kind])


def text(amount: Decimal, code: str) -> str:
    """An amount in units of the currency with all its decimals, for machines: `25.00`. Raises UnknownCurrency."""
    return format(amount.quantize(Decimal(1).scaleb(-get(code).exponent)), "f")


def parse(text: str, code: str) -> Decimal:
    """An amount above zero in units of the currency, from text. Raises WrongAmount, which says what is wrong; nothing is rounded."""
    currency = get(code)
    try:
        amount = EXACT.create_decimal(text)
    except (InvalidOperation, Inexact, Overflow):
        raise WrongAmount(f"{text!r} is not an amount. Write it like 25.00.") from None
    if not amount.is_finite() or amount <= 0:
        raise WrongAmount("The amount must be above zero.")
    if amount >= Decimal(10) ** 20:
        raise WrongAmount("The amount is too large.")
    exponent = amount.normalize(EXACT).as_tuple().exponent
    if isinstance(exponent, int) and -exponent > currency.exponent:
        raise WrongAmount(f"{code} has at most {currency.exponent} decimals.")
    return amount.quantize(Decimal(1).scaleb(-currency.exponent), context=EXACT)
