"""Requests and replies without the sockets, and what every company's API reads alike."""

from __future__ import annotations

import dataclasses
import json
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Protocol

from . import behaviour as behaviours
from . import books
from .behaviour import Fate
from .engine import Engine, Order
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


def failed(body: Mapping[str, object], fate: Fate) -> Reply:
    """A 500 with a company's own words, and what its fate does to it on the way."""
    return Reply(status=500, body=json.dumps(body), fate=Fate.ANSWER if fate in (Fate.HTTP_500, Fate.HTTP_500_AFTER) else fate)


def ask(engine: Engine, about: str, answer: Callable[[], Mapping[str, object]], *, sorry: Mapping[str, object]) -> Reply:
    """Answer a question, or fail as its fate says, with the words of `sorry`."""
    fate = engine.fate(operation="ask", reference=about)
    if fate.before or fate is Fate.HTTP_500_AFTER:
        return failed(sorry, fate)
    return Reply(status=200, body=json.dumps(answer()), fate=fate)


def take(engine: Engine, order: Order, *, key: str, sorry: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Reply:
    """Take an order under its key, or fail before or after it as its fate says."""
    fate = engine.fate(operation=order.kind, reference=order.reference, token=order.token)
    if fate.before:
        return failed(sorry, fate)
    status, body = engine.take(order, key=key or uuid.uuid4().hex)
    return failed(sorry, fate) if fate is Fate.HTTP_500_AFTER else Reply(status=status, body=body, fate=fate, headers=headers or {})


def back(url: str, told: Mapping[str, str]) -> Reply:
    """The player goes back to the casino, which is told something in the address."""
    return Reply(status=302, body="", headers={"Location": url + ("&" if urllib.parse.urlsplit(url).query else "?") + urllib.parse.urlencode(told)})


def tested(engine: Engine, request: Request) -> Reply | None:
    """What tests and demos do to every company under /test/; None for what is a company's own."""
    match request.method, request.path:
        case "POST", "/test/behaviour":
            return reply(200, behaviours.as_json(engine.set_behaviour(json_object(request.body))))
        case "GET", "/test/books":
            return reply(200, books.books(engine, prefix=query(request, {"prefix"}).get("prefix", "")))
        case "POST", "/test/webhook-endpoint":
            url = json_object(request.body).get("url")
            if not isinstance(url, str) or not url:
                raise ApiError(422, "field_missing", "url is missing.", field="url")
            engine.store.set_meta("webhook_url", url)
            return reply(200, {})
    return None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice")
    return result
