"""The live page: what is happening now, filtered, paused, each line a link. Without JavaScript it is drawn anew with a link."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from backoffice.access.decorators import permission_required
from backoffice.ui import numbers
from backoffice.work import happening


@require_safe
@permission_required("work.watch")
def live(request: HttpRequest) -> HttpResponse:
    return render(request, "work/live.html", _context(request))


@require_safe
@permission_required("work.watch")
def lines(request: HttpRequest) -> HttpResponse:
    """What came since `after`; 204 when nothing did."""
    context = _context(request)
    return render(request, "work/_lines.html", context) if context["lines"] else HttpResponse(status=204)


def _context(request: HttpRequest) -> dict[str, Any]:
    may = happening.kinds(request.user)
    chosen = [kind for kind in may if kind.code in request.GET.getlist("kind")]
    after = request.GET.get("after", "")
    found = happening.lines(request.user, chosen or may, after=int(after) if numbers.is_id(after) else 0)
    paused = bool(request.GET.get("paused"))
    kept = [("kind", kind.code) for kind in chosen]
    newest = found[0].position if found else after
    here = reverse("work:live")
    return {
        "lines": found, "now": timezone.now(), "paused": paused, "newest": newest,
        "tabs": [
            {"label": kind.label, "current": kind in chosen, "url": here + "?" + urlencode([*_toggled(kept, kind.code), *_pause(paused)])} for kind in may
        ],
        "poll_url": "" if paused else f"{reverse('work:live-lines')}?{urlencode([*kept, ('after', newest)])}",
        "pause_url": here + "?" + urlencode([*kept, *_pause(not paused)]),
    }  # fmt: skip


def _toggled(kept: list[tuple[str, str]], code: str) -> list[tuple[str, str]]:
    pair = ("kind", code)
    return [one for one in kept if one != pair] if pair in kept else [*kept, pair]


def _pause(paused: bool) -> list[tuple[str, str]]:
    return [("paused", "1")] if paused else []
