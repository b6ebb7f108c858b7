"""Small charts as inline SVG: geometry in attributes, colour in classes, so that themes, print and a strict policy hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT, EDGE = 96, 28, 4


def sparkline(points: Sequence[int | Decimal], *, title: str, tone: str = "") -> SafeString:
    """A line without axes and its last value as a dot. Fewer than two points make no line, so there is no chart."""
    if len(points) < 2:
        return mark_safe("")
    low, high = min(points), max(points)
    reach = (high - low) or 1
    step = (WIDTH - EDGE) / (len(points) - 1)
    marks = [(2 + step * i, HEIGHT - EDGE - float((value - low) / reach) * (HEIGHT - 2 * EDGE)) for i, value in enumerate(points)]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in marks)
    area = f"{line}L{marks[-1][0]:.1f} {HEIGHT}L2.0 {HEIGHT}Z"
    return format_html(
        '<svg class="spark {}" viewBox="0 0 {} {}" role="img"><title>{}</title><path class="a" d="{}"/><path d="{}"/><circle cx="{}" cy="{}" r="2.5"/></svg>',
        tone,
        WIDTH,
        HEIGHT,
        title,
        area,
        line,
        f"{marks[-1][0]:.1f}",
        f"{marks[-1][1]:.1f}",
    )


@dataclass(frozen=True)
class Mark:
    """An upright line at a point's number, with a word."""

    at: int
    label: str


def _round_step(least: Decimal) -> Decimal:
    """The next of 1, 2, 5 times a power of ten."""
    power = Decimal(10) ** least.adjusted()
    return next(power * part for part in (1, 2, 5, 10) if power * part >= least)


def over_time(
    points: Sequence[tuple[str, Decimal | None]], *, title: str, limit: Decimal | None = None, limit_label: str = "", unit: str = "", marks: Sequence[Mark] = ()
) -> SafeString:
    """A line over time: each point a moment in words and its value, None where nothing is known (the line has a gap there).

    `limit` is drawn across with its label. The page shows the same points as a table beside it. Fewer than two points make no chart.
    """
    if len(points) < 2:
        return mark_safe("")
    wide, tall, left, top, foot = 720, 190, 44, 18, 22
    known = [value for _at, value in points if value is not None]
    high = max([*known, limit or Decimal(0), Decimal(1)]) * Decimal("1.1")

    def x(number: int) -> str:
        return f"{left + (wide - left - 8) * number / (len(points) - 1):.1f}"

    def y(value: Decimal) -> str:
        return f"{top + (tall - top - foot) * (1 - float(value / high)):.1f}"

    runs: list[list[str]] = [[]]
    for number, (_at, value) in enumerate(points):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{x(number)} {y(value)}")
    path = "".join("M" + "L".join(run) + ("h0.1" if len(run) == 1 else "") for run in runs if run)
    step = _round_step(high / 4)
    steps = [step * part for part in range(1, int(high / step) + 1)]
    grid = format_html_join(
        "", '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text class="te" x="{3}" y="{2}" dy="4">{4}</text>',
        ((left, wide - 8, y(one), left - 6, f"{one:,.0f}{unit}" if step >= 1 else f"{one:,.1f}{unit}") for one in steps),
    )  # fmt: skip
    last = len(points) - 1
    labels = format_html_join(
        "", '<text class="{}" x="{}" y="{}">{}</text>',
        ((css, x(number), tall - 4, points[number][0]) for css, number in (("ts", 0), ("tm", last // 2), ("te", last))),
    )  # fmt: skip
    upright = format_html_join(
        "", '<line class="axis" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/><text class="tb {3}" x="{0}" y="12">{4}</text>',
        ((x(mark.at), top, tall - foot, "te" if mark.at > last / 2 else "ts", mark.label) for mark in marks),
    )  # fmt: skip
    cap = mark_safe("")
    if limit is not None:
        cap = format_html(
            '<line class="cap" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text class="tc" x="{3}" y="{2}" dy="-5">{4}</text>',
            left,
            wide - 8,
            y(limit),
            left + 6,
            limit_label,
        )
    return format_html(
        '<svg class="ch" viewBox="0 0 {} {}" role="img"><title>{}</title>{}<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>{}{}'
        '<path class="line" d="{}"/>{}</svg>',
        wide, tall, title, grid, left, wide - 8, tall - foot, tall - foot, labels, cap, path, upright,
    )  # fmt: skip
