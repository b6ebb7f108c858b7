"""Return to source: what is paid out goes back to the methods that paid in, each up to what it put in, and only the rest anywhere else.

Pure arithmetic over exact amounts; what was put in and paid back is read by payments/selectors/sources.py, the strategy stands in the pack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from wallet.currencies import EXACT


class Strategy(StrEnum):
    """`none`: the player's wish decides. `oldest_first`: the method that paid in first is paid back first. `proportional`: by what each may take."""

    NONE = "none"
    OLDEST_FIRST = "oldest_first"
    PROPORTIONAL = "proportional"


@dataclass(frozen=True)
class Source:
    """A method that paid in. `put_in` and `got_back` in units of one currency; `takes` is whether its provider gives anything back by it."""

    instrument_id: int
    label: str
    put_in: Decimal
    got_back: Decimal
    first_at: datetime
    takes: bool = True

    @property
    def room(self) -> Decimal:
        """What may still go back to it: never less than nothing, and nothing where nothing can."""
        return max(EXACT.subtract(self.put_in, self.got_back), Decimal(0)) if self.takes else Decimal(0)


@dataclass(frozen=True)
class Line:
    """So much to one method. `returned`: it goes back to where it came from; otherwise it is the rest."""

    instrument_id: int
    label: str
    amount: Decimal
    returned: bool


def split(amount: Decimal, sources: Sequence[Source], *, strategy: Strategy, exponent: int, rest: tuple[int, str]) -> list[Line]:
    """Divide `amount` (units of a currency with `exponent` decimals) over the sources and `rest`, the method that the player asked for.

    The lines sum to the amount exactly; none is zero, and none gives a method more than its room. Raises ValueError for an amount that is not above zero
    or that the currency cannot hold.
    """
    step = Decimal(1).scaleb(-exponent)
    if amount <= 0 or amount != amount.quantize(step):
        raise ValueError(f"{amount} is no amount with {exponent} decimals")
    back = min(amount, _total(one.room for one in sources)) if strategy is not Strategy.NONE else Decimal(0)
    shares = _oldest_first(back, sources) if strategy is Strategy.OLDEST_FIRST else _proportional(back, sources, step) if back else {}
    lines = [Line(one.instrument_id, one.label, shares[one.instrument_id], True) for one in _by_age(sources) if shares.get(one.instrument_id)]
    left = EXACT.subtract(amount, _total(line.amount for line in lines))
    return [*lines, Line(rest[0], rest[1], left, False)] if left else lines


def _total(amounts: object) -> Decimal:
    total = Decimal(0)
    for amount in amounts:  # type: ignore[attr-defined]
        total = EXACT.add(total, amount)
    return total


def _by_age(sources: Sequence[Source]) -> list[Source]:
    return sorted(sources, key=lambda one: (one.first_at, one.instrument_id))


def _oldest_first(amount: Decimal, sources: Sequence[Source]) -> dict[int, Decimal]:
    shares: dict[int, Decimal] = {}
    for one in _by_age(sources):
        shares[one.instrument_id] = min(one.room, amount)
        amount = EXACT.subtract(amount, shares[one.instrument_id])
    return shares


def _proportional(amount: Decimal, sources: Sequence[Source], step: Decimal) -> dict[int, Decimal]:
    """By room, in whole steps of the currency rounded down; what rounding left goes by single steps to who has room, the oldest first."""
    steps = {one.instrument_id: int(one.room / step) for one in sources}
    asked, room = int(amount / step), sum(steps.values())
    shares = {pk: asked * own // room for pk, own in steps.items()}
    left = asked - sum(shares.values())
    for one in _by_age(sources):
        more = min(left, 1, steps[one.instrument_id] - shares[one.instrument_id])
        shares[one.instrument_id] += more
        left -= more
    return {pk: share * step for pk, share in shares.items()}
