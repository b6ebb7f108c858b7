"""Requests and replies without the sockets, and what every company's API reads alike."""

from __future__ import annotations

import dataclasses
import json
import urllib.parse
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from .behaviour import Fate
from .engine import Engine
from .errors import ApiError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """One request: the path without its query, headers by lower-case name."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reply:
    """What to answer, and what happens to the answer on its way."""

    status: int
    body: str
    fate: Fate = Fate.ANSWER
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Api(Protocol):
    """A company's HTTP API. `most` is the size of the largest body in bytes, `media` the media types that it reads."""

    engine: Engine
    most: int
    media: tuple[str, ...]

    def handle(self, request: Request) -> Reply:
        """Answer a request; refusals become 4xx replies."""


def reply(status: int, body: Mapping[str, object]) -> Reply:
    """A JSON answer."""
    return Reply(status=status, body=json.dumps(body))


def json_object(body: bytes) -> dict[str, object]:
    """The JSON object in `body`, numbers with a point as Decimal. Raises ApiError 400."""
    try:
        value = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_repeats)
    except (ValueError, RecursionError, ArithmeticError):
        raise ApiError(400, "body_invalid", "The body is not one JSON object in UTF-8 without repeated names.") from None
    if not isinstance(value, dict):
        raise ApiError(400, "body_invalid", "The body is not a JSON object.")
    return value


def query(request: Request, allowed: set[str]) -> dict[str, str]:
    """The query, each name once. Raises ApiError 400."""
    try:
        found = urllib.parse.parse_qs(request.query, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise ApiError(400, "query_invalid", "The query is not understood.") from None
    for name, values in found.items():
        if name not in allowed or len(values) != 1:
            raise ApiError(400, "query_invalid", f"The query knows {', '.join(sorted(allowed))}, each once.", field=name[:80])
    return {name: values[0] for name, values in found.items()}


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice")
    return result
