"""A sparkline: a line without axes and its last value as a dot."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from backoffice.ui.charts.scales import Scale, Slots
from backoffice.ui.charts.units import Value

WIDTH, HEIGHT, EDGE = 96, 28, 4
Place = tuple[Decimal, Decimal]


def runs(places: Sequence[Place | None]) -> Iterator[list[Place]]:
    """Stretches without a gap."""
    for known, stretch in groupby(places, key=lambda place: place is not None):
        if known:
            yield [place for place in stretch if place is not None]


def path_of(run: Sequence[Place]) -> str:
    """A line through the places; one alone is a dot, which round line ends make visible."""
    line = "M" + "L".join(f"{x} {y}" for x, y in run)
    return line + "h0.1" if len(run) == 1 else line


def area_of(run: Sequence[Place], foot: Decimal | int) -> str:
    return f"M{'L'.join(f'{x} {y}' for x, y in run)}L{run[-1][0]} {foot}L{run[0][0]} {foot}Z"


def sparkline(points: Sequence[Value], *, title: str, tone: str = "") -> SafeString:
    """Fewer than two known points make no line, so there is no chart. What is unknown is a gap."""
    known = [Decimal(value) for value in points if value is not None]
    if len(known) < 2:
        return mark_safe("")
    scale = Scale(min(known), max(known), Decimal(HEIGHT - EDGE), Decimal(EDGE))
    slots = Slots(len(points), Decimal(2), Decimal(WIDTH - EDGE))
    places = [None if value is None else (slots.spread(at), scale.at(value)) for at, value in enumerate(points)]
    stretches = list(runs(places))
    areas = format_html_join("", '<path class="a" d="{}"/>', ((area_of(run, HEIGHT),) for run in stretches if len(run) > 1))
    last = stretches[-1][-1]
    return format_html(
        '<svg class="spark {}" viewBox="0 0 {} {}" role="img"><title>{}</title>{}<path d="{}"/><circle cx="{}" cy="{}" r="2.5"/></svg>',
        tone, WIDTH, HEIGHT, title, areas, "".join(path_of(run) for run in stretches), last[0], last[1],
    )  # fmt: skip
