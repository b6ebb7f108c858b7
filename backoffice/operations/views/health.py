"""How the installation is: the list of probes and one of them with its history. Read from what was kept, never by probing."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from backoffice.access.decorators import permission_required
from backoffice.operations import selectors, writing
from backoffice.operations.permissions import VIEW
from backoffice.operations.views.tabs import tabs
from backoffice.runtime import probes
from backoffice.ui import numbers


@require_safe
@permission_required(VIEW)
def health(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    lines = selectors.health(now=now)
    only = request.GET.get("only") == "unwell"
    shown = selectors.unwell(lines) if only else lines
    groups = [(label, [one for one in shown if one.probe.group == code]) for code, label in probes.GROUPS.items()]
    context = {
        "groups": [(label, found) for label, found in groups if found], "as_of": selectors.as_of(lines), "now": now,
        "silent": bool(lines) and all(one.stale for one in lines), "total": len(lines),
        "tabs": tabs("unwell" if only else "all", lines),
    }  # fmt: skip
    return render(request, "operations/health.html", context)


@require_safe
@permission_required(VIEW)
def probe(request: HttpRequest, code: str) -> HttpResponse:
    found = probes.get(code)
    if found is None:
        raise Http404("There is no such probe.")
    after = request.GET.get("after", "")
    page = selectors.changes(code, after=int(after) if numbers.is_id(after) else 0)
    context = {
        "line": selectors.line(found, now=timezone.now()), "probe": found, "every": writing.value(found.every, probes.SECONDS), "page": page,
        "older": f"?{urlencode({'after': page.older})}" if page.older else "", "newest": reverse("operations:probe", args=[code]) if after else "",
        "changes": [
            {
                "at": one.at, "was": writing.STATES[one.was], "state": writing.STATES[one.state], "tone": writing.TONES[one.state][0],
                "pip": writing.TONES[one.state][1], "value": writing.value(one.value, found.unit), "note": writing.note(one.note, one.params),
            }
            for one in page.rows
        ],
    }  # fmt: skip
    return render(request, "operations/probe.html", context)
