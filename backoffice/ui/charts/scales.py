"""From values to places on the paper, in Decimal all the way: what is drawn is never another number than what is written."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

TENTH = Decimal("0.1")


def round_step(least: Decimal) -> Decimal:
    """The next of 1, 2, 5 times a power of ten."""
    power = Decimal(10) ** least.adjusted()
    return next(power * part for part in (1, 2, 5, 10) if power * part >= least)


def ticks(low: Decimal, high: Decimal, *, most: int = 5, whole: bool = False) -> list[Decimal]:
    """Round numbers from at or below `low` to at or above `high`, at most `most` + 1 steps. `whole` ones for what is counted."""
    if low > high:
        raise ValueError(f"{low} is above {high}.")
    reach = high - low or max(abs(high), Decimal(1))
    step = round_step(reach / most)
    if whole:
        step = max(step, Decimal(1))
    first = (low / step).to_integral_value(ROUND_FLOOR)
    last = (high / step).to_integral_value(ROUND_CEILING)
    if first == last:
        last += 1
    return [step * number for number in range(int(first), int(last) + 1)]


@dataclass(frozen=True)
class Scale:
    """`low` is drawn at `start`, `high` at `end`, both in units of the drawing; what lies between keeps its order."""

    low: Decimal
    high: Decimal
    start: Decimal
    end: Decimal

    def at(self, value: Decimal | int) -> Decimal:
        """The place of a value, to a tenth. Raises ValueError for one that is not on the scale."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{value} is not between {self.low} and {self.high}.")
        share = (Decimal(value) - self.low) / (self.high - self.low) if self.high != self.low else Decimal(0)
        return (self.start + (self.end - self.start) * share).quantize(TENTH)


@dataclass(frozen=True)
class Slots:
    """`count` points next to each other between `start` and `end`."""

    count: int
    start: Decimal
    end: Decimal

    @property
    def width(self) -> Decimal:
        return (self.end - self.start) / self.count

    def middle(self, number: int) -> Decimal:
        return (self.start + self.width * (Decimal(number) + Decimal("0.5"))).quantize(TENTH)

    def spread(self, number: int) -> Decimal:
        """The first point at the start, the last at the end; one alone in the middle."""
        if self.count == 1:
            return self.middle(0)
        return (self.start + (self.end - self.start) * number / (self.count - 1)).quantize(TENTH)
