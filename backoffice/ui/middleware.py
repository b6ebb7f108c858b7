"""The request's id, and the reader's time zone, language and caching rules."""

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers

Next = Callable[[HttpRequest], HttpResponse]
SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{7,63}", re.ASCII)


class RequestId:
    """Gives every request one id: in its log lines, its facts, its error page and its answer's header."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-Id", "")
        request.id = offered if SANE_ID.fullmatch(offered) else uuid.uuid4().hex  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request.id):  # type: ignore[attr-defined]
            response = self.get_response(request)
        response["X-Request-Id"] = request.id  # type: ignore[attr-defined]
        return response


class Preferences:
    """Speaks the person's time zone and language, and keeps pages of signed-in people out of shared caches."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        language = getattr(user, "language", "") or translation.get_language()
        with timezone.override(getattr(user, "zone", None)), translation.override(language):
            response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html") and "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_cache=True)
            patch_vary_headers(response, ["HX-Request", "Cookie"])
        return response
