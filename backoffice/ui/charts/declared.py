"""What a chart is made of. One `Chart` gives the picture and the table, so they cannot say different numbers."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.ui import times
from backoffice.ui.charts.control import Limits, limits_of
from backoffice.ui.charts.units import COUNT, Text, Unit, Value

LINE, AREA, BAR, STACKED, SPARK, HEAT, CONTROL = "line", "area", "bar", "stacked", "spark", "heat", "control"
KINDS = (LINE, AREA, BAR, STACKED, SPARK, HEAT, CONTROL)
MOST_SERIES = 6  # more lines than that cannot be told apart
TONES = ("info", "warning", "success", "magic", "attention", "neutral")


@dataclass(frozen=True)
class Series:
    """Values in the order of the chart's points; None where nothing is known, which is drawn as a gap and never as zero.

    `urls` are the lists behind the values. `tone` is a colour by meaning; without one, by place.
    """

    label: Text
    values: Sequence[Value]
    tone: str = ""
    urls: Sequence[str] = ()
    tones: Sequence[str] = ()  # of single points, such as what is late


@dataclass(frozen=True)
class Mark:
    """An upright line at a point's number, with a word."""

    at: int
    label: Text


@dataclass(frozen=True)
class Limit:
    """A line across the plot at a value, with its words."""

    at: Decimal
    label: Text


@dataclass(frozen=True, kw_only=True)
class Chart:
    """`title` is the question that the chart answers, `labels` its points: moments, which are written in `zone`, or words.

    `as_of` says when the figures hold. `kind_of_time` is how `times.write` writes a moment. `beside` are more columns of the table: (head, words).
    `baseline` of a control chart are the values that its limits come from; without it, all of its own.
    """

    kind: str
    title: Text
    labels: Sequence[datetime | Text]
    series: Sequence[Series]
    unit: Unit = COUNT
    as_of: datetime | None = None
    zone: ZoneInfo | None = None  # the reader's own when absent
    labels_head: Text = ""
    kind_of_time: str = "short"
    from_zero: bool = True
    limit: Limit | None = None
    marks: Sequence[Mark] = ()
    baseline: Sequence[Value] | None = None
    beside: Sequence[tuple[Text, Sequence[str]]] = ()
    small: bool = False  # for a narrow column: drawn once, 328 wide
    key: str = field(default="")

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind} is not a kind of chart. Kinds are {', '.join(KINDS)}.")
        if not self.series or (len(self.series) > MOST_SERIES and self.kind != HEAT):
            raise ValueError(f"A chart has one to {MOST_SERIES} series; this one has {len(self.series)}.")
        if self.kind in {CONTROL, SPARK} and len(self.series) != 1:
            raise ValueError(f"A {self.kind} chart has one series.")
        for one in self.series:
            if len(one.values) != len(self.labels):
                raise ValueError(f"{one.label} has {len(one.values)} values for {len(self.labels)} points.")
            if any(isinstance(value, float) for value in one.values):
                raise TypeError("Values are Decimal, int or None: a float cannot hold money.")
            if self.kind == STACKED and any(value is not None and value < 0 for value in one.values):
                raise ValueError("Parts of a whole cannot be negative. Draw them as lines.")
        if any(not 0 <= mark.at < len(self.labels) for mark in self.marks):
            raise ValueError("A mark stands at a point of the chart.")

    @property
    def identity(self) -> str:
        """Of its elements, on its page."""
        return self.key or f"ch-{zlib.crc32(f'{self.kind}{self.title}'.encode()):08x}"

    def points(self, kind: str = "") -> list[str]:
        """The points in words, moments as the chart says or as `kind`."""
        with timezone.override(self.zone or timezone.get_current_timezone()):
            return [times.write(one, kind or self.kind_of_time) if isinstance(one, datetime) else str(one) for one in self.labels]

    def tone(self, place: int) -> str:
        return self.series[place].tone or TONES[place % len(TONES)]

    @property
    def known(self) -> list[Decimal]:
        return [Decimal(value) for one in self.series for value in one.values if value is not None]

    @property
    def limits(self) -> Limits | None:
        """Of a control chart whose baseline is long enough to have any."""
        if self.kind != CONTROL:
            return None
        return limits_of(self.series[0].values if self.baseline is None else self.baseline)

    @property
    def notes(self) -> list[str]:
        """As of when it holds, in which zone its moments are, and the limits of a control chart."""
        with timezone.override(self.zone or timezone.get_current_timezone()):
            said = []
            if self.as_of is not None:
                said.append(_("As of %(time)s %(zone)s") % {"time": times.write(self.as_of, "seconds"), "zone": times.zone(self.as_of)})
            moments = [one for one in self.labels if isinstance(one, datetime)]
            if moments:
                said.append(_("times in %(zone)s") % {"zone": times.zone(moments[-1])})
            if (limits := self.limits) is not None:
                words = {name: self.unit.rounded(getattr(limits, name)) for name in ("mean", "lower", "upper")}
                said.append(_("Mean %(mean)s, limits %(lower)s and %(upper)s") % words)
        return said

    def description(self) -> str:
        """The picture in words: for each series its range and its last value, how much is unknown, and what is outside."""
        points, said = self.points(), []
        for one in self.series:
            known = [(Decimal(value), points[at]) for at, value in enumerate(one.values) if value is not None]
            if not known:
                said.append(_("%(series)s: nothing is known") % {"series": one.label})
                continue
            low, high, last = min(known, key=lambda pair: pair[0]), max(known, key=lambda pair: pair[0]), known[-1]
            said.append(
                _("%(series)s: low %(low)s at %(low_at)s, high %(high)s at %(high_at)s, last %(last)s at %(last_at)s")
                % {
                    "series": one.label, "low": self.unit.write(low[0]), "low_at": low[1], "high": self.unit.write(high[0]), "high_at": high[1],
                    "last": self.unit.write(last[0]), "last_at": last[1],
                }
            )  # fmt: skip
            if unknown := len(one.values) - len(known):
                said.append(_("%(n)s unknown") % {"n": unknown})
        if (limits := self.limits) is not None:
            outside = [points[at] for at, value in enumerate(self.series[0].values) if limits.side(value)]
            said.append(_("outside the limits: %(points)s") % {"points": ", ".join(outside)} if outside else _("nothing is outside the limits"))
        return ". ".join(said)
