"""Whether this process is alive, and whether it can do its work. Rooms add the services that they cannot work without."""

from collections.abc import Callable

import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

log = structlog.get_logger(__name__)
Probe = Callable[[], None]

_probes: dict[str, Probe] = {}


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
