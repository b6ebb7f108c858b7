"""Small charts as inline SVG: geometry in attributes, colour in classes, so that themes, print and a strict policy hold."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.html import format_html
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
