"""Whether a reading crosses a rule's line, from the values alone: used by the evaluator and by the preview of a rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from backoffice.alerts import measures
from backoffice.alerts.measures import BRAND, PROVIDER, Key, Measure, Reading, Window

CROSSED, CALM, BETWEEN, FEW, NO_HISTORY = "crossed", "calm", "between", "few", "no_history"
MARGIN = Decimal("0.1")  # how far back behind the line a value has to be before it counts as calm
LEAST_HISTORY = 2  # past weeks with enough volume before anything is compared


@dataclass(frozen=True)
class Watch:
    """A rule as the judge needs it; also one that is only proposed."""

    measure: Measure
    minutes: int
    condition: str
    threshold: Decimal
    weeks: int
    least: int
    per: str
    brand_id: int | None = None
    provider: str = ""

    @property
    def apart(self) -> tuple[str, ...]:
        wanted = {"together": (), "brand": (BRAND,), "provider": (PROVIDER,), "both": (BRAND, PROVIDER)}[self.per]
        return tuple(one for one in wanted if one in self.measure.dimensions)

    @property
    def compares(self) -> bool:
        return self.condition in {"rise", "fall"}

    def window(self, until: datetime) -> Window:
        return Window(until - timedelta(minutes=self.minutes), until)

    def read(self, windows: Sequence[Window]) -> list[dict[Key, Reading]]:
        return measures.read(self.measure, windows, per=self.apart, brand_id=self.brand_id, provider=self.provider)

    def empty(self) -> Reading:
        return Reading(self.measure.empty, 0)


@dataclass(frozen=True)
class Verdict:
    word: str
    reading: Reading
    baseline: Decimal | None = None
    limit: Decimal | None = None  # the value at the line, in the measure's unit


def baseline(watch: Watch, past: Sequence[Reading]) -> Decimal | None:
    """The median of the same window in past weeks; None where fewer than two of them had the volume that the rule asks for.

    A rule that watches for less (a fall) has to see that there was something, so it asks the same of its past.
    """
    known = [one.value for one in past if one.value is not None and one.volume >= max(watch.least, 1)]
    return Decimal(median(known)) if len(known) >= min(LEAST_HISTORY, watch.weeks) else None


def judge(watch: Watch, reading: Reading, past: Sequence[Reading] = ()) -> Verdict:
    """Where the reading stands. For `rise`, `above`: too few counted things say nothing. `below` and `fall` watch for too few themselves."""
    usual = baseline(watch, past) if watch.compares else None
    if watch.compares and (usual is None or usual == 0):
        return Verdict(NO_HISTORY, reading, usual)
    limit = line(watch, usual)
    scarce = reading.volume < watch.least and not (watch.condition in {"below", "fall"} and watch.measure.unit == measures.COUNT)
    if reading.value is None or scarce:
        return Verdict(FEW, reading, usual, limit)
    if watch.condition in {"above", "rise"}:
        word = CROSSED if reading.value > limit else CALM if reading.value <= limit * (1 - MARGIN) else BETWEEN
    else:
        word = CROSSED if reading.value < limit else CALM if reading.value >= limit * (1 + MARGIN) else BETWEEN
    return Verdict(word, reading, usual, limit)


def line(watch: Watch, usual: Decimal | None) -> Decimal:
    """The value at which the rule speaks, in the measure's unit. A change needs its baseline."""
    if not watch.compares:
        return watch.threshold
    assert usual is not None  # noqa: S101
    part = watch.threshold / 100
    return (usual * (1 + part if watch.condition == "rise" else 1 - part)).quantize(Decimal("0.0001"))
