"""Home, preferences and the style guide."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from backoffice.ui import figures, health, preferences, styleguide, tiles


def back_to(request: HttpRequest, fallback: str = "/") -> str:
    """Where a small form returns to: the page it says, if that page is ours."""
    target = request.POST.get("next") or request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return target if safe else fallback


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Work to do now, what falls due, today against past weeks, and whether the house works."""
    now = timezone.now()
    found = tiles.collect(request)
    today, windows = figures.collect(request, now)
    shown = figures.leading(today)
    return render(
        request,
        "ui/home.html",
        {
            "rows": found.rows, "tiles": found.tiles, "pictures": found.pictures, "words": found.words, "figures": shown,
            "waiting": sum(row.count for row in found.rows),
            "all_figures": today, "more": len(today) - len(shown), "windows": windows, "health": health.summary(request), "now": now,
        },
    )  # fmt: skip


@require_POST
def preference(request: HttpRequest) -> HttpResponse:
    """Keep one or more choices. `theme=toggle` turns light and dark around for a page without JavaScript."""
    chosen = {name: request.POST[name] for name in preferences.CHOICES if name in request.POST}
    if chosen.get("theme") == "toggle":
        chosen["theme"] = "light" if preferences.of(request).theme == "dark" else "dark"
    response: HttpResponse = HttpResponseRedirect(back_to(request))
    if "background" in request.POST:
        response = HttpResponse(status=204)
    try:
        return preferences.keep(request, response, **chosen)
    except ValueError as wrong:
        return HttpResponseBadRequest(str(wrong))


@require_safe
def style_guide(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/styleguide.html", styleguide.samples())
