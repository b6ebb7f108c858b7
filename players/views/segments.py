"""Segments: all of them, and one with its conditions, its players and its runs. What it asks changes by approval."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.ui import toasts
from backoffice.ui.words import of as word_of
from players.models import Segment, SegmentRun
from players.segments import kind, matching, runs

SHOWN = 10
_TONES = {"running": ("info", 1), "done": ("success", 2), "failed": ("critical", 2), "superseded": ("neutral", 2)}


def _told(run: SegmentRun | None) -> dict[str, Any] | None:
    """A run as pages show it."""
    if run is None:
        return None
    tone, pip = _TONES[run.state]
    return {
        "run": run, "tone": tone, "pip": pip, "word": word_of(run.state), "percent": min(100, 100 * run.done // run.total) if run.total else 100,
    }  # fmt: skip


def _one(request: HttpRequest, code: str) -> Segment:
    """The segment, or Http404 also for one of a brand out of reach."""
    found = Segment.objects.visible_to(request.user).select_related("brand").filter(pk=code).first()
    if found is None:
        raise Http404(_("There is no such segment in your brands."))
    return found


@require_safe
@permission_required("players.view")
def segments(request: HttpRequest) -> HttpResponse:
    staff: Any = request.user
    q = request.GET.get("q", "").strip()[:80]
    rows = list(Segment.objects.visible_to(staff).select_related("brand").order_by("-active", "name"))
    shown = [one for one in rows if q.lower() in f"{one.name} {one.pk} {one.about}".lower()]
    whole, latest = runs.of_all([one.pk for one in shown])
    table = [{"segment": one, "whole": whole.get(one.pk), "latest": _told(latest.get(one.pk)), "words": matching.words(one.conditions)} for one in shown]
    context = {"rows": table, "total": len(rows), "q": q, "may": staff.may(kind.SEGMENT.permission), "kind": kind.SEGMENT}
    return render(request, "players/segments.html", context)


@require_safe
@permission_required("players.view")
def segment(request: HttpRequest, code: str) -> HttpResponse:
    one, staff = _one(request, code), request.user
    latest = runs.latest(one)
    told = [_told(run) for run in one.runs.select_related("requested_by").order_by("-pk")[:SHOWN]]
    members = one.members.select_related("player").order_by("-since", "-pk")[:SHOWN]
    context = {
        "segment": one, "words": matching.words(one.conditions), "whole": runs.last_whole(one), "latest": _told(latest), "runs": told, "members": members,
        "may": staff.may(kind.SEGMENT.permission), "polls": latest is not None and latest.state == "running", "kind": kind.SEGMENT,  # type: ignore[union-attr]
        "list": f"{reverse('players:players')}?segment={one.pk}",
    }  # fmt: skip
    template = "players/segment.html#now" if getattr(request, "htmx", False) else "players/segment.html"
    return render(request, template, context)


@require_POST
@permission_required("players.segments")
def compute(request: HttpRequest, code: str) -> HttpResponse:
    """Compute it now; one that is being computed goes on."""
    staff: Any = request.user
    one = _one(request, code)
    if not one.active:
        toasts.show(request, _("It is ended and no longer computed"), tone="critical")
    else:
        runs.compute(code=one.pk, by=staff, now=timezone.now())
        toasts.show(request, _("It is being computed"))
    return HttpResponseRedirect(reverse("players:segment", args=[one.pk]))
