"""Errors as problem+json (RFC 9457): a stable code, a sentence that says what to do, and where in the request it went wrong.

A room says what its own refusals mean with `translate(PaymentRefused, ...)` and describes its codes for the documentation
with `describe(...)`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Error:
    """One thing wrong with the request. `pointer` says where: `#/money/amount` in the body, or `query`, `path`, `header` and a name."""

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818  (a problem, in the words of RFC 9457)
    """An answer that is not what was asked for."""

    def __init__(self, status: int, code: str, detail: str, *, errors: Sequence[Error] = (), headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers, self.more = tuple(errors), headers or {}, more


@dataclass(frozen=True)
class Described:
    code: str
    status: int
    meaning: str


_described: dict[str, Described] = {}
_translations: dict[type[Exception], Callable[[Any], Problem]] = {}


def describe(code: str, status: int, meaning: str) -> None:
    """Say what a code means, for the documentation that callers read."""
    _described[code] = Described(code, status, meaning)


def described() -> list[Described]:
    """Every code, by status and name."""
    return sorted(_described.values(), key=lambda one: (one.status, one.code))


def translate(kind: type[Exception], to: Callable[[Any], Problem]) -> None:
    """Turn a domain's refusal into a problem. Nothing but what is registered here reaches a caller in its own words."""
    _translations[kind] = to


def of(exception: Exception) -> Problem | None:
    """The problem that an exception stands for; None for a fault of ours."""
    if isinstance(exception, Problem):
        return exception
    for kind in type(exception).__mro__:
        if kind in _translations:
            return _translations[kind](exception)
    return None


def response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem as an answer."""
    body: dict[str, Any] = {
        "type": f"{settings.PUBLIC_URL}/api/docs#{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "instance": request.path,
        **problem.more,
    }
    if problem.errors:
        body["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in problem.errors]
    if request_id := getattr(request, "id", ""):
        body["request_id"] = request_id
    return JsonResponse(body, status=problem.status, content_type=MEDIA_TYPE, headers=problem.headers)


def fault(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A fault of ours: the whole of it in the log, none of it in the answer."""
    log.exception("api.fault", error=type(exception).__name__, exc_info=exception)
    return response(request, Problem(500, "internal_error", "Something went wrong here. Repeat the request with the same Idempotency-Key."))


def closed(request: HttpRequest, detail: str, seconds: int) -> HttpResponse:
    """The house takes no changes for a while, or is being maintained."""
    return response(request, Problem(503, "closed", detail, headers={"Retry-After": str(seconds)}))


for _code, _status, _meaning in (
    ("malformed", 400, "The body is not one JSON object in UTF-8, or a name stands in it twice."),
    ("idempotency_key_missing", 400, "Every POST carries an Idempotency-Key of 1 to 80 visible characters, made by you."),
    ("not_signed", 401, "Key, timestamp or signature is missing, wrong, too old, or the key was revoked."),
    ("signature_reused", 401, "This very signature came before with another Idempotency-Key. Sign again with the current time."),
    ("scope_missing", 403, "The key is good but may not do this. `scope` names what it lacks."),
    ("not_found", 404, "Nothing of your brand is there. Other brands' things are not found either."),
    ("method_not_allowed", 405, "The address exists, but not for this method; `Allow` lists those that work."),
    ("idempotency_key_reused", 409, "The Idempotency-Key was used before for another request. Use a new key for a new request."),
    ("too_large", 413, "The body is larger than is ever needed."),
    ("media_type", 415, "Send bodies as application/json in UTF-8."),
    ("invalid", 422, "A field is missing or wrong; `errors` says which and why."),
    ("too_many_requests", 429, "The key's requests per minute are used up; `Retry-After` says how many seconds to wait."),
    ("closed", 503, "Read-only or maintenance: nothing was changed. Repeat the request with the same Idempotency-Key after `Retry-After` seconds."),
    ("internal_error", 500, "A fault of ours. Nothing was changed; repeat the request with the same Idempotency-Key."),
):
    describe(_code, _status, _meaning)
