"""What alert rules can watch: counted things, each room's own, said once as SQL and read for any windows of time at once.

A `Measure` says which rows there are in a window and how they make a value. The same words serve the evaluator (the window that ends
now), the comparison with past weeks, the chart around an alert and the preview of a rule: they only ask for other windows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.ui import times

Text = str | Promise
COUNT, SHARE, SECONDS, MINUTES = "count", "share", "seconds", "minutes"
UNITS: dict[str, Text] = {COUNT: "", SHARE: "%", SECONDS: gettext_lazy("s"), MINUTES: gettext_lazy("min")}
BRAND, PROVIDER = "brand", "provider"


@dataclass(frozen=True)
class Measure:
    """`rows` selects from the windows `w (n, since, until)`: `n`, every dimension by its name (`brand_id`, `provider`) and what `value` needs.

    `since` is within, `until` is not. Facts count by happened_at. `value` and `volume` are aggregates over these rows; `volume` is how
    many things the value stands on. `empty` is the value of a window without rows: 0 for what is counted, None where there is nothing to say.
    """

    code: str
    label: Text
    unit: str
    permission: str
    rows: str
    value: str
    dimensions: tuple[str, ...]
    url: Callable[[str], str]  # the list that explains it, for a provider's code or ""
    volume: str = "count(*)"
    empty: Decimal | None = Decimal(0)
    about: Text = ""
    providers: Callable[[], Sequence[str]] = lambda: ()  # which there are, so that a silent one is seen too

    def write(self, value: Decimal | None) -> str:
        """A value for people, with its unit: `12.5 %`."""
        if value is None:
            return _("unknown")
        seconds = value * {MINUTES: 60, SECONDS: 1}.get(self.unit, 0)
        if seconds >= 3600:  # noqa: PLR2004 (an hour reads better as hours and minutes)
            return times.span(timedelta(seconds=float(seconds)))
        number = f"{value:,.1f}" if self.unit != COUNT and value != int(value) else f"{value:,.0f}"
        return f"{number} {UNITS[self.unit]}".strip()


@dataclass(frozen=True)
class Key:
    """One value of the dimensions that a rule tells apart."""

    brand_id: int | None = None
    provider: str = ""

    def __str__(self) -> str:
        return f"{self.brand_id or ''}|{self.provider}"


@dataclass(frozen=True)
class Reading:
    value: Decimal | None
    volume: int


@dataclass(frozen=True)
class Window:
    since: datetime
    until: datetime


class UnknownMeasure(LookupError):
    """No room has registered it."""


_measures: dict[str, Measure] = {}


def register(*measures: Measure) -> None:
    """Called from `AppConfig.ready()`. Registering the same code again replaces it."""
    for one in measures:
        _measures[one.code] = one


def get(code: str) -> Measure:
    """Raises UnknownMeasure."""
    try:
        return _measures[code]
    except KeyError:
        raise UnknownMeasure(f"{code} is not a measure that is registered.") from None


def every() -> list[Measure]:
    return sorted(_measures.values(), key=lambda one: one.code)


def read(measure: Measure, windows: Sequence[Window], *, per: Sequence[str], brand_id: int | None = None, provider: str = "") -> list[dict[Key, Reading]]:
    """For each window, the readings that have rows, told apart by the dimensions in `per`. One query."""
    columns = {BRAND: "brand_id", PROVIDER: "provider"}
    apart = [columns[one] for one in (BRAND, PROVIDER) if one in per and one in measure.dimensions]
    where, values = ["TRUE"], {"since": [one.since for one in windows], "until": [one.until for one in windows]}
    if brand_id is not None and BRAND in measure.dimensions:
        where.append("r.brand_id = %(brand)s")
    if provider and PROVIDER in measure.dimensions:
        where.append("r.provider = %(provider)s")
    listed = "".join(f", r.{one}" for one in apart)
    sql = (
        "WITH w (since, until, n) AS (SELECT * FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) WITH ORDINALITY)"
        f" SELECT r.n, {measure.value}, {measure.volume}{listed} FROM ({measure.rows}) r WHERE {' AND '.join(where)} GROUP BY r.n{listed}"
    )
    found: list[dict[Key, Reading]] = [{} for _window in windows]
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "brand": brand_id, "provider": provider})
        for n, value, volume, *rest in cursor.fetchall():
            said: dict[str, Any] = dict(zip(apart, rest, strict=True))
            exact = None if value is None else Decimal(str(value)).quantize(Decimal("0.0001"))
            found[int(n) - 1][Key(said.get("brand_id"), said.get("provider", ""))] = Reading(exact, int(volume))
    return found
