"""Pages for when something does not work: what happened, the request's id, and what to do next."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token


def _page(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
    return HttpResponse(render_to_string(template, {"status": status, **context}, request), status=status)


def _bare(request: HttpRequest, template: str, status: int) -> HttpResponse:
    """Without context processors: these pages must come even when the database or the session store is gone."""
    return HttpResponse(render_to_string(template, {"status": status, "request_id": getattr(request, "id", "")}), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _bare(request, "400.html", 400)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Says what is missing and who can give it, when the refusal knows: `permission`, `held_by`, `ask`."""
    known = {name: getattr(exception, name, None) for name in ("permission", "held_by", "ask")}
    return _page(request, "403.html", 403, **known)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, "404.html", 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _bare(request, "500.html", 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Maintenance, or a service that is away for a while."""
    response = _bare(request, "503.html", 503)
    response["Retry-After"] = "30"
    return response


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came from another session: usually a page that was left open over a sign-in."""
    return _page(request, "403_csrf.html", 403)
