"""Whether this process is alive, and whether it can do its work. Rooms add the services that they cannot work without.

Home shows lines: by default one for each probe. A room that knows more about health registers lines of its own, with the page behind them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.ui import navigation

log = structlog.get_logger(__name__)
Probe = Callable[[], None]

_probes: dict[str, Probe] = {}

OK, UNKNOWN, DEGRADED, FAILED = "ok", "unknown", "degraded", "failed"
_WORST_FIRST = (FAILED, DEGRADED, UNKNOWN, OK)
KEPT = 15  # seconds for which what the probes said is shown again


def register(name: str, probe: Probe) -> None:
    """Add a service that this process needs. The probe returns when it works and raises when it does not."""
    _probes[name] = probe


def database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def live(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else: a slow database must not restart every web server at once."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Every service answers. Says which one does not, and no more: this page needs no sign-in."""
    results = {name: _works(name, probe) for name, probe in {"database": database, **_probes}.items()}
    healthy = all(results.values())
    checks = {name: "ok" if works else "failed" for name, works in results.items()}
    return JsonResponse({"status": "ok" if healthy else "failed", "checks": checks}, status=200 if healthy else 503)


def _works(name: str, probe: Probe) -> bool:
    try:
        probe()
    except Exception as wrong:  # a probe may fail in any way its service knows
        log.warning("health.failed", check=name, error=type(wrong).__name__)
        return False
    return True


# ---- what Home says


@dataclass(frozen=True)
class Line:
    """One part of the house and how it does. `url` is the page that says more."""

    label: str
    state: str
    detail: str = ""
    url: str = ""

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


def _asked() -> tuple[dict[str, bool], datetime]:
    return {name: _works(name, probe) for name, probe in {"database": database, **_probes}.items()}, timezone.now()


def summary(request: HttpRequest) -> Summary:
    """Every line that this person may see, the worst first. What the probes said is asked anew every fifteen seconds."""
    results, at = cache.get_or_set("ui.health", _asked, KEPT) or _asked()
    own = [Line(name.replace("_", " ").capitalize(), OK if works else FAILED) for name, works in results.items()]
    told = [line for lines, permission in _lines.values() if navigation.may(request, permission) for line in lines(request)]
    return Summary(sorted([*told, *own], key=lambda line: _WORST_FIRST.index(line.state)), at)
