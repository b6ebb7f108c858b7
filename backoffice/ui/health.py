"""What Home says of the house's health: lines that rooms register, each with the page behind it. Who asks nothing is told nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from backoffice.ui import navigation

OK, UNKNOWN, DEGRADED, FAILED = "ok", "unknown", "degraded", "failed"
_WORST_FIRST = (FAILED, DEGRADED, UNKNOWN, OK)


@dataclass(frozen=True)
class Line:
    """One part of the house and how it does. `at` is when that was found out, `url` the page that says more."""

    label: str | Promise
    state: str
    detail: str | Promise = ""
    url: str = ""
    at: datetime | None = None

    def __post_init__(self) -> None:
        if self.state not in _WORST_FIRST:
            raise ValueError(f"{self.state} is not a state of health. States are {', '.join(_WORST_FIRST)}.")

    @property
    def tone(self) -> str:
        return {OK: "success", UNKNOWN: "neutral", DEGRADED: "warning", FAILED: "critical"}[self.state]

    @property
    def pip(self) -> str:
        return {OK: "2", UNKNOWN: "0", DEGRADED: "1", FAILED: "2"}[self.state]

    @property
    def word(self) -> str:
        return {OK: _("Works"), UNKNOWN: _("Unknown"), DEGRADED: _("Degraded"), FAILED: _("Failed")}[self.state]


@dataclass(frozen=True)
class Summary:
    lines: list[Line]
    at: datetime

    @property
    def worst(self) -> Line | None:
        return self.lines[0] if self.lines else None


Lines = Callable[[HttpRequest], Iterable[Line]]
_lines: dict[str, tuple[Lines, str]] = {}


def register_lines(lines: Lines, *, permission: str = "") -> None:
    """Let a room say how its part does, to people who hold `permission`. It must be quick: Home asks at every visit."""
    _lines[f"{lines.__module__}.{lines.__qualname__}"] = (lines, permission)


def summary(request: HttpRequest) -> Summary:
    """Every line that this person may see, the worst first; as of the oldest of them."""
    told = [line for lines, permission in _lines.values() if navigation.may(request, permission) for line in lines(request)]
    return Summary(sorted(told, key=lambda line: _WORST_FIRST.index(line.state)), min((line.at for line in told if line.at), default=timezone.now()))
