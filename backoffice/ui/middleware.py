"""The request's id and its one log line, and the reader's time zone, language and caching rules."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers

Next = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)
finished: list[Callable[[HttpRequest, HttpResponse, float], None]] = []  # who counts requests is told of each with its seconds
OFTEN = frozenset({"operations:live", "operations:ready", "operations:metrics"})  # asked by machines every few seconds
SANE_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_.:-]{7,63}", re.ASCII)  # with a letter: a number may be somebody's phone


class RequestId:
    """Gives every request one id: in its log lines, its facts, its error page and its answer's header."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-Id", "")
        request.id = offered if SANE_ID.fullmatch(offered) else uuid.uuid4().hex  # type: ignore[attr-defined]
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request.id):  # type: ignore[attr-defined]
            response = self.get_response(request)
            seconds = time.perf_counter() - began
            self._tell(request, response, seconds)
        response["X-Request-Id"] = request.id  # type: ignore[attr-defined]
        return response

    @staticmethod
    def _tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        """One line a request. The route is a name of ours, never the address that was asked for, which may hold anything."""
        name = route(request)
        person = getattr(request, "_cached_user", None)  # without asking the database for it
        fields = {
            "staff": getattr(person, "pk", None), "brand": getattr(request, "api_brand_id", None) or getattr(person, "narrowed_to", None),
            "key": getattr(request, "api_key_id", None),
        }  # fmt: skip
        say = log.debug if name in OFTEN else log.info
        say(
            "request", method=request.method if request.method in METHODS else "other", route=name, status=response.status_code, ms=round(seconds * 1000),
            **{field: value for field, value in fields.items() if value is not None},
        )  # fmt: skip
        for told in finished:
            told(request, response, seconds)


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def route(request: HttpRequest) -> str:
    """The name of the address that was asked for, such as `payments:withdrawal`; `none` where there is none of that name."""
    match = request.resolver_match
    return (match.view_name or "unnamed") if match else "none"


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
