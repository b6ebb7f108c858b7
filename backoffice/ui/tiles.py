"""What Home shows. A provider answers with rows (one thing that waits for this person), tiles (a queue and its size), charts, and words about their day.

The number of each equals the list behind its link, for this person, brand and moment. tests/backoffice/test_home.py follows every link that is
registered here and counts, so that a new tile is tested without a test of its own; figures of today (figures.py) are held to the same.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.http import HttpRequest

from backoffice.ui import charts, navigation


@dataclass(frozen=True)
class Row:
    """One line under "Needs you": what waits, since or until when, and the button that resumes it."""

    title: str
    detail: str
    url: str
    action: str
    icon: str
    tone: str = "neutral"
    due: datetime | None = None
    opened: datetime | None = None
    count: int = 1


@dataclass(frozen=True)
class Tile:
    """One figure with the list that explains it."""

    label: str
    value: str
    url: str
    icon: str
    count: int | None = None  # the size of the list behind it, at most one more than was counted to
    note: str = ""
    foot: str = ""
    tone: str = ""  # critical when something is late
    points: Sequence[int | Decimal] = ()
    points_title: str = ""


@dataclass(frozen=True)
class Picture:
    """A chart that says what comes, each of its parts a link to the list of it. `more` is what does not fit on its scale: (words, address, size)."""

    title: str
    chart: charts.Chart
    note: str = ""
    more: Sequence[tuple[str, str, int]] = ()


@dataclass(frozen=True)
class Words:
    """A line under what needs this person: what their day came to so far."""

    text: str


Provider = Callable[[HttpRequest], Iterable[Row | Tile | Picture | Words]]


@dataclass
class Found:
    rows: list[Row]
    tiles: list[Tile]
    pictures: list[Picture]
    words: list[Words]


@dataclass(frozen=True)
class _Registered:
    provider: Provider
    permission: str
    order: int


_providers: dict[str, _Registered] = {}


def register(provider: Provider, *, permission: str = "", order: int = 50) -> None:
    """Let a room speak on Home, to people who hold `permission`."""
    _providers[f"{provider.__module__}.{provider.__qualname__}"] = _Registered(provider, permission, order)


def collect(request: HttpRequest) -> Found:
    """Everything that Home shows to this person, in order."""
    allowed = [one for one in _providers.values() if navigation.may(request, one.permission)]
    found = [item for one in sorted(allowed, key=lambda one: one.order) for item in one.provider(request)]
    return Found(
        [item for item in found if isinstance(item, Row)],
        [item for item in found if isinstance(item, Tile)],
        [item for item in found if isinstance(item, Picture)],
        [item for item in found if isinstance(item, Words)],
    )
