"""Limits of an individuals control chart (Shewhart; ISO 7870-2): the mean, and three sigma of the average moving range on either side."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

D2 = Decimal("1.128")  # the expected range of two values of a normal distribution, in sigma
LEAST_VALUES = 8  # fewer say nothing about what is usual


@dataclass(frozen=True)
class Limits:
    mean: Decimal
    lower: Decimal
    upper: Decimal

    def side(self, value: Decimal | int | None) -> str:
        """`above`, `below`, or "" for what is within the limits or unknown."""
        if value is None:
            return ""
        return "above" if value > self.upper else "below" if value < self.lower else ""


def limits_of(baseline: Sequence[Decimal | int | None]) -> Limits | None:
    """The limits that a baseline, in the order of time, gives; None when it is too short.

    A range over a gap says nothing about two neighbours and is left out. Where every value is zero or more, so is the lower limit.
    """
    known = [Decimal(value) for value in baseline if value is not None]
    ranges = [abs(Decimal(b) - Decimal(a)) for a, b in zip(baseline, baseline[1:], strict=False) if a is not None and b is not None]
    if len(known) < LEAST_VALUES or len(ranges) < LEAST_VALUES - 1:
        return None
    mean = sum(known, Decimal(0)) / len(known)
    reach = 3 * (sum(ranges, Decimal(0)) / len(ranges)) / D2
    lower = mean - reach
    return Limits(mean, max(lower, Decimal(0)) if min(known) >= 0 else lower, mean + reach)
