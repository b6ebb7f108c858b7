"""Figures of today against the same time of past weeks. Rooms plug theirs in; Home shows them with the list behind each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.ui import charts, navigation
from backoffice.ui.money import MINUS

WEEKS = 7
Number = Decimal | int


@dataclass(frozen=True)
class Window:
    """From the start of a day of the reader's to the same time of day; `until` is not part of it."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Figure:
    """`values` are those of the windows, the last one today's. `url` opens the list of what was counted or added up today, `count` rows long."""

    label: charts.Text
    values: Sequence[Number]
    count: int
    url: str
    unit: charts.Unit = charts.COUNT
    kind: str = ""  # figures of one kind stand together, the larger ones first

    @property
    def now(self) -> SafeString | str:
        return self.unit.cell(self.values[-1])

    @property
    def before(self) -> SafeString | str:
        return self.unit.cell(self.values[-2])

    @property
    def cells(self) -> list[SafeString | str]:
        return [self.unit.cell(value) for value in self.values]

    @property
    def change(self) -> str:
        """Against a week ago: `+6%`; nothing to compare with says so."""
        last, before = Decimal(self.values[-1]), Decimal(self.values[-2])
        if not before:
            return "" if not last else _("none then")
        percent = ((last - before) / abs(before) * 100).quantize(Decimal(1), ROUND_HALF_UP)
        return f"{'+' if percent > 0 else MINUS if percent < 0 else ''}{abs(percent):,}%"

    @property
    def spark(self) -> SafeString:
        said = ", ".join(self.unit.write(value) for value in self.values)
        return charts.sparkline(self.values, title=_("%(what)s, week by week: %(values)s") % {"what": self.label, "values": said})

    @property
    def sum(self) -> str:
        """Today's for machines, where it is money."""
        return f"{Decimal(self.values[-1]):f}" if self.unit.currency else ""


Provider = Callable[[HttpRequest, Sequence[Window]], Iterable[Figure]]
_providers: dict[str, tuple[Provider, str, int]] = {}


def register(provider: Provider, *, permission: str, order: int = 50) -> None:
    """Let a room show its figures to people who hold `permission`. It answers for all windows at once."""
    _providers[f"{provider.__module__}.{provider.__qualname__}"] = (provider, permission, order)


def windows(now: datetime) -> list[Window]:
    """Today until now, and the same time of day on this weekday of past weeks, oldest first, all on the reader's clock."""
    local, zone = timezone.localtime(now).replace(microsecond=0), timezone.get_current_timezone()
    days = [local.date() - timedelta(weeks=back) for back in range(WEEKS, -1, -1)]
    found = [Window(datetime.combine(day, time.min, zone), datetime.combine(day, local.time(), zone)) for day in days]
    return [*found[:-1], Window(found[-1].since, local)]


def collect(request: HttpRequest, now: datetime) -> tuple[list[Figure], list[Window]]:
    """Everything that this person may see, in order. One query of each provider or two."""
    asked = windows(now)
    allowed = sorted((one for one in _providers.values() if navigation.may(request, one[1])), key=lambda one: one[2])
    return [figure for provider, _permission, _order in allowed for figure in provider(request, asked)], asked


def leading(figures: Sequence[Figure], most: int = 3) -> list[Figure]:
    """At most so many of each kind, for a card; the table behind it has all."""
    seen: dict[str, int] = {}
    found = []
    for figure in figures:
        seen[figure.kind] = seen.get(figure.kind, 0) + 1
        if not figure.kind or seen[figure.kind] <= most:
            found.append(figure)
    return found
