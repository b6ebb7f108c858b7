"""The table of a chart: the same declaration, the same numbers, for who cannot or will not read a picture."""

from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.ui.charts.declared import Chart
from backoffice.ui.charts.units import Value


@dataclass(frozen=True)
class Cell:
    text: SafeString | str
    url: str = ""
    unknown: bool = False
    count: Value = None  # the size of the list behind a link


@dataclass(frozen=True)
class Twin:
    """`rows`: the point in words, then a cell for each head after the first."""

    caption: str
    heads: list[str]
    rows: list[tuple[str, list[Cell]]]


def twin(chart: Chart) -> Twin:
    """One row for each point, one column for each series, and what stands beside."""
    limits = chart.limits
    heads = [str(chart.labels_head or _("Point")), *(str(one.label) for one in chart.series)]
    words = {"above": _("above the limit"), "below": _("below the limit"), "": ""}
    if limits is not None:
        heads.append(_("Outside"))
    heads += [str(head) for head, _words in chart.beside]
    rows = []
    for at, point in enumerate(chart.points("short" if chart.kind_of_time == "time" else "")):  # a table has room for the day
        cells = [
            Cell(chart.unit.cell(one.values[at]), one.urls[at] if one.urls and one.values[at] else "", unknown=one.values[at] is None, count=one.values[at])
            for one in chart.series
        ]
        if limits is not None:
            cells.append(Cell(words[limits.side(chart.series[0].values[at])]))
        rows.append((point, cells + [Cell(texts[at]) for _head, texts in chart.beside]))
    caption = ". ".join([str(chart.title), *chart.notes])
    if chart.limit is not None:
        caption += f". {chart.limit.label}"
    return Twin(caption, heads, rows)
