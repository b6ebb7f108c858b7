"""The gate that a mode closes: in front of every view, behind knowing who asks.

Sign-in, sign-out and setting the mode pass always, so that a mode can always be left. What machines call gets its refusal in their own form,
which the room of the API registers.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.operations import modes
from backoffice.operations.models import READ_ONLY
from backoffice.operations.modes import Now
from backoffice.operations.permissions import MODES
from backoffice.ui import banners, times, toasts

Next = Callable[[HttpRequest], HttpResponse]
Answer = Callable[[HttpRequest, str, int], HttpResponse]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# For machines that watch, in any mode.
WATCHING = frozenset({"operations:live", "operations:ready", "operations:metrics"})
# What somebody has to do to come in, to leave, and to end the mode. They write sessions, lockouts and facts, and nothing else.
DOOR = frozenset({"account_login", "mfa_authenticate", "account_logout", "account_reauthenticate", "mfa_reauthenticate", "operations:mode"})
# They change what this browser looks at, in its own session.
LOOKING = frozenset({"access:scope"})
LEAST, MOST = 10, 3_600  # seconds of Retry-After

_answers: dict[str, Answer] = {}


def answer_below(path: str, answer: Answer) -> None:
    """Let what lies below a path be refused in its own form: called with the request, an English sentence, and after how many seconds to try again."""
    _answers[path] = answer


class Gate:
    """Before the check of sign-in, so that a stranger is told of maintenance and not asked to sign in."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in WATCHING:
            return None
        mode = of(request)
        if mode.writes or name in DOOR:
            return None
        if mode.closed:
            return None if may_work(request) else refuse(request, mode)
        return None if request.method in SAFE or name in LOOKING else refuse(request, mode)


def of(request: HttpRequest) -> Now:
    """The mode for this request: read with the person where somebody is signed in, so that no page pays a query; else the process's own."""
    known = getattr(request, "house_mode", None)
    if known is None:
        row = getattr(request.user, "house_mode", None) if request.user.is_authenticated else None
        known = _from(row) if row else modes.current()
        request.house_mode = known  # type: ignore[attr-defined]
    return known


def _from(row: dict[str, Any]) -> Now:
    end, since = (datetime.fromisoformat(row[name]) if row[name] else None for name in ("expected_end", "set_at"))
    return Now(row["mode"], row["reason"], end, since, row["set_by"] or "")


def may_work(request: HttpRequest) -> bool:
    """Whether this person comes in during maintenance."""
    return request.user.is_authenticated and request.user.may(MODES)


def retry_after(mode: Now) -> int:
    """Seconds until it is worth trying again."""
    left = (mode.expected_end - timezone.now()).total_seconds() if mode.expected_end else 60
    return int(min(max(left, LEAST), MOST))


def refuse(request: HttpRequest, mode: Now) -> HttpResponse:
    """503 in the form that the caller reads: a problem for machines, a toast for a fragment, a page for people."""
    seconds = retry_after(mode)
    answer = next((one for path, one in _answers.items() if request.path.startswith(path)), None)
    if answer is not None:
        sentence = "Countroom is read-only for a while." if mode.mode == READ_ONLY else "Countroom is being maintained."
        response = answer(request, f"{sentence} Nothing was changed; repeat the request with the same Idempotency-Key.", seconds)
    elif request.headers.get("HX-Request") == "true":
        text = _("Read-only for a while: this was not saved.") if mode.mode == READ_ONLY else _("Countroom is being maintained: this was not saved.")
        response = toasts.now(HttpResponse(status=503), text, tone="attention")
    else:
        template = "operations/read_only.html" if mode.mode == READ_ONLY else "operations/closed.html"
        context = {
            "mode": mode,
            "request_id": getattr(request, "id", ""),
            "signed_in": request.user.is_authenticated,
            "back": request.headers.get("Referer", ""),
        }
        response = HttpResponse(render_to_string(template, context, request), status=503)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response


def banner(request: HttpRequest) -> banners.Banner | None:
    """What everybody reads on every page while a mode holds."""
    if not hasattr(request, "user"):
        return None
    mode = of(request)
    name = request.resolver_match.view_name if request.resolver_match else ""
    if mode.writes or (mode.closed and name not in DOOR and not may_work(request)):  # the page of maintenance says it itself
        return None
    now = timezone.now()
    title = _("Maintenance.") if mode.closed else _("Read-only.")
    parts = [
        _("Only those who maintain the house can work now.") if mode.closed else _("You can look; nothing can be changed and no money leaves."),
        mode.reason,
    ]
    if mode.expected_end and mode.expected_end > now:
        parts.append(_("Expected to end at %(at)s %(zone)s.") % {"at": times.write(mode.expected_end, "short"), "zone": times.zone(mode.expected_end)})
    elif mode.expected_end:
        parts.append(_("It was expected to end %(span)s ago.") % {"span": times.span(now - mode.expected_end)})
    return banners.Banner(title, " · ".join(part for part in parts if part), "attention")
