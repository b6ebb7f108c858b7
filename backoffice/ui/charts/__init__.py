"""Charts as inline SVG, each from one declaration that also gives its table: docs/screens.md.

Geometry is in attributes and colour in classes, so that themes, print and a strict policy hold. Numbers stay Decimal from the database to the page.
"""

from backoffice.ui.charts.control import Limits, limits_of
from backoffice.ui.charts.declared import AREA, BAR, CONTROL, HEAT, LINE, MOST_SERIES, SPARK, STACKED, Chart, Limit, Mark, Series
from backoffice.ui.charts.drawing import draw
from backoffice.ui.charts.sparks import sparkline
from backoffice.ui.charts.twins import Twin, twin
from backoffice.ui.charts.units import COUNT, Text, Unit, Value, money

__all__ = [
    "AREA", "BAR", "CONTROL", "COUNT", "HEAT", "LINE", "MOST_SERIES", "SPARK", "STACKED", "Chart", "Limit", "Limits", "Mark", "Series", "Text", "Twin",
    "Unit", "Value", "draw", "limits_of", "money", "sparkline", "twin",
]  # fmt: skip
