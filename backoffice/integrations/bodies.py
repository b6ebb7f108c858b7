"""What comes in: one JSON object of a sane size, read strictly."""

import json
from decimal import Decimal
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, RawPostDataException, UnreadablePostError
from ninja.parser import Parser

from backoffice.integrations.problems import Problem

MAX_BODY = 65_536  # bytes


def read(request: HttpRequest, *, most: int = MAX_BODY) -> bytes:
    """The body, byte for byte. Raises Problem 413 before a large one is read, 400 when the caller went away meanwhile."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    if announced > most:
        raise Problem(413, "too_large", f"The body may have {most} bytes at most.")
    try:
        body = request.body
    except RequestDataTooBig:
        raise Problem(413, "too_large", f"The body may have {most} bytes at most.") from None
    except (UnreadablePostError, RawPostDataException):
        raise Problem(400, "malformed", "The body could not be read to its end.") from None
    if len(body) > most:
        raise Problem(413, "too_large", f"The body may have {most} bytes at most.")
    return body


def check_media_type(request: HttpRequest) -> None:
    """Raises Problem 415 for a body that is not said to be JSON in UTF-8."""
    if not request.body:
        return
    charset = (request.content_params or {}).get("charset", "utf-8").strip('"').lower()
    if request.content_type != "application/json" or charset not in {"utf-8", "utf8"}:
        raise Problem(415, "media_type", "Send the body with Content-Type: application/json, in UTF-8.")


def parse(body: bytes) -> Any:
    """JSON with exact numbers. Raises ValueError for a name that stands twice, NaN, or bytes that are not UTF-8."""
    return json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_repeats)


class StrictParser(Parser):
    """Bodies for django-ninja."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            value = parse(request.body)
        except (ValueError, RecursionError, ArithmeticError):
            value = None
        if not isinstance(value, dict):
            raise ValueError("not an object")
        return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice")
    return result
