"""What the numbers of a chart are, and how they are written: short beside an axis, exact in a table."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.ui import money as moneys

Text = str | Promise
Value = Decimal | int | None

_SHORT = ((Decimal(10) ** 9, "G"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k"))


@dataclass(frozen=True)
class Unit:
    """`word` stands behind each number ("%", "min"). A currency makes it money; `whole` means that there is nothing between two numbers.

    `cap` is the largest number that was counted to: what lies above it is written as "1,000+". `words` writes a value as its measure does.
    """

    word: Text = ""
    currency: str = ""
    whole: bool = False
    cap: int | None = None
    words: Callable[[Decimal | None], str] | None = None

    def write(self, value: Value) -> str:
        """The value for people, with every digit it has. An unknown value says so, it is not zero."""
        if value is None:
            return _("unknown")
        if self.currency:
            return str(moneys.write(value, self.currency))
        if self.words is not None:
            return self.words(Decimal(value))
        if self.cap is not None and value > self.cap:
            return f"{self.cap:,}+"
        return self._with_word(plain(Decimal(value)))

    def cell(self, value: Value) -> SafeString | str:
        """The value in a table: money with its machine value and its code in a slot of its own."""
        return moneys.render(value, self.currency) if self.currency and value is not None else self.write(value)

    def rounded(self, value: Decimal) -> str:
        """A computed value, such as a mean, to the digits that the unit has."""
        places = moneys.exponent_of(self.currency)[1] if self.currency else 1 if self.whole else 2
        return self.write(value.quantize(Decimal(1).scaleb(-places)))

    def tick(self, value: Decimal) -> str:
        """The value beside an axis, short and exact: `20k`. The axis says the currency once."""
        for size, letter in _SHORT:
            if abs(value) >= size and (value % (size / 100)) == 0:
                return self._with_word(f"{plain(value / size)}{letter}")
        return self._with_word(plain(value))

    def _with_word(self, number: str) -> str:
        return f"{number}{moneys.NO_BREAK}{self.word}" if self.word else number

    @property
    def head(self) -> str:
        """What stands above the axis."""
        return self.currency


def plain(value: Decimal) -> str:
    """Grouped, without zeros that say nothing, with a real minus."""
    text = f"{value.normalize():,f}"
    return text.replace("-", moneys.MINUS)


def money(currency: str) -> Unit:
    return Unit(currency=currency)


COUNT = Unit(whole=True)
