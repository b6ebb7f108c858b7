"""A chart as SVG. Drawn for a wide and for a narrow place; the sheet shows the one that fits, so that words stay readable at 390 px."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from backoffice.ui.charts.declared import AREA, BAR, CONTROL, HEAT, LINE, SPARK, STACKED, Chart
from backoffice.ui.charts.scales import TENTH, Scale, Slots, ticks
from backoffice.ui.charts.sparks import area_of, path_of, runs, sparkline
from backoffice.ui.charts.units import Value

WIDE, NARROW = (720, 208), (328, 176)
LETTER = Decimal("6.4")  # how wide a letter of 11 px is at most, on average
TOP, FOOT, RIGHT = 18, 24, 8
MOST_DOTS = 40  # points of a line that get a dot of their own
CLOSE_DOTS = 22  # nearer than that, rings around dots would cut the line
MOST_WRITTEN = 12  # bars that carry their number, so that they need no axis
ROW = 30  # of a heat matrix
LEVELS = 5
NONE = mark_safe("")


def join(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def text_width(text: str) -> Decimal:
    return LETTER * len(text)


def draw(chart: Chart) -> SafeString:
    """The pictures of a chart; nothing when nothing of it is known."""
    if not chart.known:
        return NONE
    if chart.kind == SPARK:
        return sparkline(chart.series[0].values, title=f"{chart.title}. {chart.description()}", tone=chart.series[0].tone)
    if chart.small:
        return _svg(chart, NARROW, "")
    return _svg(chart, WIDE, "wide") + _svg(chart, NARROW, "slim")


def _svg(chart: Chart, size: tuple[int, int], css: str) -> SafeString:
    painter = _Heat(chart, *size) if chart.kind == HEAT else _Plot(chart, *size)
    name = f"{chart.identity}-{css or 'only'}"
    linked = any(one.urls for one in chart.series)  # an image has no links in it
    return format_html(
        '<svg class="ch {}" viewBox="0 0 {} {}" role="{}" aria-labelledby="{}-t" aria-describedby="{}-d">'
        '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>',
        css, painter.wide, painter.tall, "group" if linked else "img", name, name, name, chart.title, name, chart.description(), painter.paint(),
    )  # fmt: skip


def _linked(url: str, words: str, shape: SafeString) -> SafeString:
    """The shape with its words, and a link where there is a list behind it."""
    if url:
        return format_html('<a href="{}" aria-label="{}">{}</a>', url, words, shape)
    return shape


@dataclass
class _Heat:
    """Rows of squares: a number in each, its shade by fifths of the largest."""

    chart: Chart
    wide: int
    _tall: int

    @property
    def tall(self) -> int:
        return TOP + ROW * len(self.chart.series) + 4

    def paint(self) -> SafeString:
        chart, highest, points = self.chart, max([*self.chart.known, Decimal(0)]), self.chart.points()
        left = min(Decimal(self.wide) * Decimal("0.35"), max(text_width(str(one.label)) for one in chart.series) + 10)
        slots = Slots(len(chart.labels), left, Decimal(self.wide))
        parts = [_labels(slots, points, Decimal(11), slots.middle)]
        for row, one in enumerate(chart.series):
            y = TOP + ROW * row
            parts.append(format_html('<text class="te" x="{}" y="{}" dy="4">{}</text>', left - 6, y + ROW // 2 - 1, one.label))
            for at, value in enumerate(one.values):
                x, words = slots.middle(at), chart.unit.write(value)
                level = self._level(value, highest)
                shape = format_html(
                    '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3"><title>{}</title></rect>',
                    "unk" if value is None else f"q{level}", (x - slots.width / 2 + 1).quantize(TENTH), y, (slots.width - 2).quantize(TENTH), ROW - 2,
                    f"{one.label}, {points[at]}: {words}",
                )  # fmt: skip
                written = "?" if value is None else chart.unit.tick(Decimal(value))
                if text_width(written) <= slots.width - 2:
                    shape += format_html('<text class="tm tb" x="{}" y="{}" dy="4">{}</text>', x, y + ROW // 2 - 1, written)
                parts.append(_linked(one.urls[at] if one.urls and value else "", f"{one.label}, {points[at]}: {words}", shape))
        return join(parts)

    @staticmethod
    def _level(value: Value, highest: Decimal) -> int:
        """Which fifth of the largest: 0 for nothing, 5 for the largest itself."""
        if value is None or value <= 0:
            return 0
        return int((Decimal(value) / highest * LEVELS).to_integral_value("ROUND_CEILING"))


def _labels(slots: Slots, points: list[str], y: Decimal, place: Callable[[int], Decimal], *, edges: bool = False) -> SafeString:
    """Under the points, as many as there is room for. At the edges of a line they stand inside."""
    room = max(text_width(point) for point in points) + 10
    step = slots.width if not edges or slots.count == 1 else (slots.end - slots.start) / (slots.count - 1)
    every = max(1, int((room / step).to_integral_value("ROUND_CEILING")))
    last = len(points) - 1
    shown = list(range(0, len(points), every))
    if edges and len(shown) > 1 and shown[-1] == last and place(last) - place(shown[-2]) < room * Decimal("1.4"):
        shown.pop()  # it ends at its point, where the one before it still stands

    def css(at: int) -> str:
        if not edges or slots.count == 1 or 0 < at < last:
            return "tm"
        return "te" if at else "tm" if place(0) * 2 >= room - 10 else "ts"

    return format_html_join("", '<text class="{}" x="{}" y="{}">{}</text>', ((css(at), place(at), y, points[at]) for at in shown))


class _Plot:
    """Everything that has an axis: lines, areas, bars, stacked bars and control charts."""

    def __init__(self, chart: Chart, wide: int, tall: int) -> None:
        self.chart, self.wide, self.tall = chart, wide, tall
        self.limits = chart.limits
        self.points = chart.points()
        self.bars = chart.kind in {BAR, STACKED}
        self.written = self.bars and len(self.points) <= MOST_WRITTEN and (chart.kind == STACKED or len(chart.series) == 1)
        low, high = self._range()
        self.steps = ticks(low, high, most=4, whole=chart.unit.whole)
        self.left = Decimal(4) if self.written else max(text_width(chart.unit.tick(step)) for step in self.steps) + 10
        self.foot = Decimal(tall - FOOT)
        self.scale = Scale(self.steps[0], self.steps[-1], self.foot, Decimal(TOP))
        self.slots = Slots(len(self.points), self.left, Decimal(wide - RIGHT))
        self.place = self.slots.middle if self.bars else self.slots.spread

    def _range(self) -> tuple[Decimal, Decimal]:
        chart = self.chart
        values = chart.known
        if chart.kind == STACKED:
            values = [sum((Decimal(one.values[at] or 0) for one in chart.series), Decimal(0)) for at in range(len(chart.labels))]
        if chart.limit is not None:
            values = [*values, chart.limit.at]
        if self.limits is not None:
            values = [*values, self.limits.lower, self.limits.upper]
        if chart.from_zero or self.bars:
            values = [*values, Decimal(0)]
        return min(values), max(values)

    def paint(self) -> SafeString:
        kinds = {LINE: self._lines, AREA: self._lines, BAR: self._bars, STACKED: self._stacks, CONTROL: self._control}
        return join([self._grid(), self._marks(), kinds[self.chart.kind](), self._limit(), self._words()])

    def _grid(self) -> SafeString:
        if self.written:
            return self._rule(Decimal(0))
        lines = format_html_join(
            "", '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text class="te" x="{3}" y="{2}" dy="4">{4}</text>',
            ((self.left, self.wide - RIGHT, self.scale.at(step), self.left - 6, self.chart.unit.tick(step)) for step in self.steps),
        )  # fmt: skip
        head = format_html('<text class="te" x="{}" y="9">{}</text>', self.left - 6, self.chart.unit.head) if self.chart.unit.head else NONE
        return lines + head + self._rule(max(self.scale.low, min(self.scale.high, Decimal(0))))

    def _rule(self, value: Decimal) -> SafeString:
        y = self.scale.at(value)
        return format_html('<line class="axis" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>', self.left, self.wide - RIGHT, y)

    def _words(self) -> SafeString:
        return _labels(self.slots, self.points, Decimal(self.tall - 7), self.place, edges=not self.bars)

    def _title(self, series: int, at: int, *, more: str = "") -> str:
        one = self.chart.series[series]
        name = f"{one.label}, " if len(self.chart.series) > 1 else ""
        return f"{name}{self.points[at]}: {self.chart.unit.write(one.values[at])}{more}"

    def _lines(self) -> SafeString:
        return join(self._line(number) for number in range(len(self.chart.series)))

    def _line(self, number: int) -> SafeString:
        one, css = self.chart.series[number], f"{self.chart.tone(number)} n{number}"
        places = [None if value is None else (self.place(at), self.scale.at(value)) for at, value in enumerate(one.values)]
        stretches = list(runs(places))
        base = self.scale.at(max(self.scale.low, min(self.scale.high, Decimal(0))))
        areas = format_html_join(
            "", '<path class="area {}" d="{}"/>', ((css, area_of(run, base)) for run in stretches if len(run) > 1 and self.chart.kind == AREA)
        )
        line = format_html('<path class="line {}" d="{}"/>', css, "".join(path_of(run) for run in stretches))
        if len(places) > MOST_DOTS:
            return areas + line
        dense = self.slots.width < CLOSE_DOTS
        dots = join(
            _linked(
                one.urls[at] if one.urls and one.values[at] else "", self._title(number, at),
                format_html('<circle class="pt{} {}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>', " bare" if dense else "", css, *place,
                    "2" if dense else "3.5", self._title(number, at)),
            )
            for at, place in enumerate(places) if place is not None
        )  # fmt: skip
        return areas + line + dots

    def _bars(self) -> SafeString:
        many = len(self.chart.series)
        width = min(self.slots.width * Decimal("0.68") / many, Decimal(44))
        parts = []
        for number, one in enumerate(self.chart.series):
            for at, value in enumerate(one.values):
                middle = self.place(at) + width * (Decimal(number) - Decimal(many - 1) / 2)
                if value is None:
                    parts.append(self._unknown(middle, self._title(number, at)))
                    continue
                zero, top = self.scale.at(0), self.scale.at(value)
                tone = (one.tones[at] if one.tones else "") or one.tone or ("" if many == 1 else self.chart.tone(number))
                shape = self._rect(f"bar {tone}", middle, width, min(zero, top), abs(zero - top), self._title(number, at))
                if self.written:
                    y = min(zero, top) - 5 if value >= 0 else max(zero, top) + 12
                    shape += format_html('<text class="tm tb" x="{}" y="{}">{}</text>', middle.quantize(TENTH), y, self._short(Decimal(value)))
                parts.append(_linked(one.urls[at] if one.urls and value else "", self._title(number, at), shape))
        return join(parts)

    def _stacks(self) -> SafeString:
        width, parts = min(self.slots.width * Decimal("0.68"), Decimal(44)), []
        for at in range(len(self.points)):
            middle, values = self.place(at), [one.values[at] for one in self.chart.series]
            heights = list(accumulate((Decimal(value or 0) for value in values), initial=Decimal(0)))
            for number, one in enumerate(self.chart.series):
                if values[number]:
                    y, foot = self.scale.at(heights[number + 1]), self.scale.at(heights[number])
                    shape = self._rect(f"bar {self.chart.tone(number)}", middle, width, y, max(foot - y - 1, Decimal(1)), self._title(number, at))
                    parts.append(_linked(one.urls[at] if one.urls else "", self._title(number, at), shape))
            if None in values:
                names = ", ".join(str(one.label) for one in self.chart.series if one.values[at] is None)
                parts.append(self._unknown(middle, f"{self.points[at]}: {names} {_('unknown')}", self.scale.at(heights[-1])))
            elif self.written:
                total = heights[-1]
                parts.append(format_html('<text class="tm tb" x="{}" y="{}">{}</text>', middle, self.scale.at(total) - 5, self._short(total)))
        return join(parts)

    def _short(self, value: Decimal) -> str:
        """On a bar there is room for a short number only; its title has all of it."""
        cap = self.chart.unit.cap
        return f"{cap:,}+" if cap is not None and value > cap else self.chart.unit.tick(value)

    def _rect(self, css: str, middle: Decimal, width: Decimal, y: Decimal, height: Decimal, title: str) -> SafeString:
        return format_html(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3"><title>{}</title></rect>',
            css, (middle - width / 2).quantize(TENTH), y, width.quantize(TENTH), height, title,
        )  # fmt: skip

    def _unknown(self, middle: Decimal, title: str, foot: Decimal | None = None) -> SafeString:
        """Not a bar of height zero: a question mark where the bar would stand."""
        y = (self.scale.at(0) if foot is None else foot) - 5
        return format_html('<text class="tm" x="{}" y="{}">?<title>{}</title></text>', middle.quantize(TENTH), y, title)

    def _control(self) -> SafeString:
        values, limits = self.chart.series[0].values, self.limits
        if limits is None:  # too little is known for limits: it is a line
            return self._line(0)
        top, bottom, mean = self.scale.at(limits.upper), self.scale.at(limits.lower), self.scale.at(limits.mean)
        right = self.wide - RIGHT
        band = format_html('<rect class="band" x="{}" y="{}" width="{}" height="{}"/>', self.left, top, right - self.left, bottom - top)
        across = format_html_join(
            "", '<line class="{0}" x1="{1}" x2="{2}" y1="{3}" y2="{3}"/>',
            ((css, self.left, right, y) for css, y in (("cap", top), ("cap", bottom), ("mean", mean))),
        )  # fmt: skip
        sides = {"above": _("above the limit"), "below": _("below the limit")}
        outside = join(
            format_html(
                '<path class="out" d="M{0} {1}l6 6l-6 6l-6 -6Z"><title>{2}</title></path>', self.place(at), self.scale.at(value) - 6,
                self._title(0, at, more=f", {sides[limits.side(value)]}"),
            )
            for at, value in enumerate(values) if value is not None and limits.side(value)
        )  # fmt: skip
        return band + across + self._line(0) + outside

    def _limit(self) -> SafeString:
        limit = self.chart.limit
        if limit is None:
            return NONE
        return format_html(
            '<line class="cap" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text class="tc" x="{3}" y="{2}" dy="-5">{4}</text>',
            self.left, self.wide - RIGHT, self.scale.at(limit.at), self.left + 6, limit.label,
        )  # fmt: skip

    def _marks(self) -> SafeString:
        half = len(self.points) / 2
        return format_html_join(
            "", '<line class="axis" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/><text class="tb {3}" x="{0}" y="11">{4}</text>',
            ((self.place(mark.at), TOP - 4, self.foot, "te" if mark.at > half else "ts", mark.label) for mark in self.chart.marks),
        )  # fmt: skip
