"""What Home shows. A provider answers with rows (one thing that waits for this person) and tiles (a queue and its size).

The number on a tile equals the list behind its link, for this person, brand and moment; a test of the provider holds it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.http import HttpRequest

from backoffice.ui import navigation


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
    note: str = ""
    foot: str = ""
    tone: str = ""  # critical when something is late
    points: Sequence[int | Decimal] = ()
    points_title: str = ""


Provider = Callable[[HttpRequest], Iterable[Row | Tile]]


@dataclass(frozen=True)
class _Registered:
    provider: Provider
    permission: str
    order: int


_providers: dict[str, _Registered] = {}


def register(provider: Provider, *, permission: str = "", order: int = 50) -> None:
    """Let a room speak on Home, to people who hold `permission`."""
    _providers[f"{provider.__module__}.{provider.__qualname__}"] = _Registered(provider, permission, order)


def collect(request: HttpRequest) -> tuple[list[Row], list[Tile]]:
    """Everything that Home shows to this person, in order."""
    allowed = [one for one in _providers.values() if navigation.may(request, one.permission)]
    found = [item for one in sorted(allowed, key=lambda one: one.order) for item in one.provider(request)]
    return [item for item in found if isinstance(item, Row)], [item for item in found if isinstance(item, Tile)]
