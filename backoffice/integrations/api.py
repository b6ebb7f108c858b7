"""The root of the Platform API: one address, one way to sign, one shape of error, and the routers that rooms registered."""

import functools
import json
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.renderers import BaseRenderer
from pydantic_core import to_jsonable_python

from backoffice.integrations import problems
from backoffice.integrations.bodies import StrictParser
from backoffice.integrations.extension import api_routers
from backoffice.integrations.problems import Error, Problem

View = Callable[..., HttpResponse]
VERSION = "1"
ROOT = "api/platform/v1/"

_WORDS = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "string_type": "Write this as text.",
    "int_type": "Write this as a whole number.",
    "bool_type": "Write this as true or false.",
    "model_attributes_type": "Write this as an object.",
    "model_type": "Write this as an object.",
}


class ExactJson(BaseRenderer):
    """Times with their zone, to the microsecond."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> str:
        return json.dumps(to_jsonable_python(data), ensure_ascii=False, separators=(",", ":"))


def build() -> NinjaAPI:
    """The API with every registered router."""
    api = NinjaAPI(
        title="Countroom Platform API",
        version=VERSION,
        description="For the casino's front end: players, their instruments and sign-ins, deposits, withdrawals and balances.",
        urls_namespace="platform",
        openapi_url=None,
        docs_url=None,
        parser=StrictParser(),
        renderer=ExactJson(),
    )
    handlers: dict[type[Exception], Any] = {Problem: problems.response, ValidationError: _invalid, HttpError: _http_error, Exception: _any}
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
    for prefix, router in api_routers:
        api.add_router(prefix, router)
    return api


def urls(api: NinjaAPI) -> list[URLPattern]:
    """The addresses of the API, each behind its door."""
    found: list[Any] = list(api.urls[0])
    patterns = [pattern for pattern in found if pattern.name != "api-root"]
    for pattern in patterns:
        pattern.callback = door(pattern.callback)
    return patterns


def door(view: View) -> View:
    """Around every view for machines: no sign-in and no CSRF token, since the request is signed; errors as problems."""

    @csrf_exempt
    @login_not_required
    @functools.wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Exception as exception:
            response = _any(request, exception)
        if response.status_code == 405 and response["Content-Type"] != problems.MEDIA_TYPE:
            detail = f"{request.method} does not work here. Use {response['Allow']}."
            response = problems.response(request, Problem(405, "method_not_allowed", detail, headers={"Allow": response["Allow"]}))
        response.setdefault("Cache-Control", "no-store")
        return response

    run.csrf_exempt = True  # type: ignore[attr-defined]
    run.login_required = False  # type: ignore[attr-defined]
    return run


def nowhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any other address below the root."""
    raise Problem(404, "not_found", f"There is no {request.path}. The addresses are listed on /api/docs.")


def _invalid(request: HttpRequest, exception: ValidationError) -> HttpResponse:
    errors = [Error(_pointer(list(found["loc"])), _WORDS.get(str(found["type"]), str(found["msg"]))) for found in exception.errors]
    return problems.response(request, Problem(422, "invalid", "The request is not understood; `errors` says where.", errors=errors))


def _pointer(place: list[Any]) -> str:
    source, *rest = (str(part) for part in place)
    if source == "body":
        return "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in rest[1:])  # without the parameter's own name
    return f"{source}:{'.'.join(rest)}"


def _http_error(request: HttpRequest, exception: HttpError) -> HttpResponse:
    code, detail = ("malformed", "Send one JSON object in UTF-8, each name once.") if exception.status_code == 400 else ("invalid", str(exception))
    return problems.response(request, Problem(exception.status_code, code, detail))


def _any(request: HttpRequest, exception: Exception) -> HttpResponse:
    problem = problems.of(exception)
    return problems.response(request, problem) if problem else problems.fault(request, exception)
