"""The HTTP API without the sockets: a request in, a reply out, every refusal with a code and a sentence."""

from __future__ import annotations

import dataclasses
import hmac
import re
import urllib.parse
from collections.abc import Callable
from decimal import Decimal

from payments.sandboxes.common import behaviour as behaviours
from payments.sandboxes.common import books, http
from payments.sandboxes.common.behaviour import Fate
from payments.sandboxes.common.engine import Engine, Order
from payments.sandboxes.common.errors import ApiError
from payments.sandboxes.common.http import Reply, Request
from payments.sandboxes.common.http import query as _query
from payments.sandboxes.common.http import reply as _json

from . import money

MAX_BODY = 65_536  # bytes
MAX_PAGE = 500

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,119}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CURSOR = re.compile(r"c([0-9]{1,15})")
_PAYMENT = re.compile(r"/v1/payments/([a-z0-9_]{1,40})")
_REFUND = re.compile(r"/v1/payments/([a-z0-9_]{1,40})/refund")
_BY_REFERENCE = re.compile(r"/v1/payments/by-reference/([^/]{1,400})")
_ACTION = re.compile(r"/v1/test/([a-z-]{1,30})/([a-z0-9_]{1,40})")

ACTIONS = {
    "charge-back": "charged_back",
    "charge-back-won": "captured",
    "reverse": "reversed",
    "return": "returned",
    "expire": "expired",
    "fail": "failed",
}

SORRY = ApiError(500, "internal_error", "Something went wrong.").body()


class Api:
    """Routes requests to the provider."""

    most = MAX_BODY
    media: tuple[str, ...] = ("application/json",)

    def __init__(self, engine: Engine, *, key: str) -> None:
        self.engine = engine
        self._key = key.encode()

    def handle(self, request: Request) -> Reply:
        """Answer a request; refusals become 4xx replies."""
        try:
            return self._route(request)
        except ApiError as error:
            return _json(error.status, error.body())

    def _route(self, request: Request) -> Reply:
        method, path = request.method, request.path
        if path == "/health":
            return _json(200, {"status": "ok"}) if method == "GET" else _not_allowed("GET")
        self._authenticate(request)
        if path in ("/v1/deposits", "/v1/payouts"):
            return self._take(request, kind=path[4:-1]) if method == "POST" else _not_allowed("POST")
        if path == "/v1/payments":
            return self._list(request) if method == "GET" else _not_allowed("GET")
        if found := _REFUND.fullmatch(path):
            return self._refund(request, found.group(1)) if method == "POST" else _not_allowed("POST")
        if found := _BY_REFERENCE.fullmatch(path):
            reference = urllib.parse.unquote(found.group(1))
            return self._ask(reference, lambda: self.engine.by_reference(reference)) if method == "GET" else _not_allowed("GET")
        if found := _PAYMENT.fullmatch(path):
            payment_id = found.group(1)
            return self._ask(payment_id, lambda: self.engine.by_id(payment_id)) if method == "GET" else _not_allowed("GET")
        if path == "/v1/webhook-endpoint":
            return self._webhook_endpoint(request) if method == "POST" else _not_allowed("POST")
        return self._test(request)

    def _authenticate(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._key):
            raise ApiError(401, "unauthorised", "Send `Authorization: Bearer <key>` with your key.")

    def _take(self, request: Request, *, kind: str) -> Reply:
        own = {"return_url"} if kind == "deposit" else {"name"}
        fields = _object(request.body, allowed={"reference", "amount", "currency", "method", "token"} | own)
        reference = _text(fields, "reference", _REFERENCE)
        currency = _currency(fields)
        method = _choice(fields, "method", money.METHODS)
        if (method == "crypto") != (currency in money.CRYPTO):
            raise ApiError(422, "method_currency", f"{method} does not carry {currency}.", field="method")
        order = Order(
            kind=kind,
            reference=reference,
            amount=money.parse(fields.get("amount"), currency),
            currency=currency,
            method=method,
            token=_text(fields, "token", _TOKEN),
            name=_name(fields) if kind == "payout" else "",
            return_url=_url(fields, "return_url", required=False) if kind == "deposit" else "",
        )
        return self._order(request, order)

    def _refund(self, request: Request, payment_id: str) -> Reply:
        fields = _object(request.body, allowed={"reference", "amount", "currency"})
        reference = _text(fields, "reference", _REFERENCE)
        deposit = self.engine.by_id(payment_id)
        currency = str(deposit["currency"])
        if fields.get("currency", currency) != currency:
            raise ApiError(422, "currency_differs", f"The deposit was in {currency}.", field="currency")
        amount: Decimal | None = None if "amount" not in fields else money.parse(fields["amount"], currency)
        return self._order(request, Order(kind="refund", reference=reference, amount=amount, currency=currency, parent=payment_id))

    def _order(self, request: Request, order: Order) -> Reply:
        key = request.headers.get("idempotency-key", "")
        if not _KEY.fullmatch(key):
            raise ApiError(400, "idempotency_key_missing", "Send an `Idempotency-Key` of 1 to 255 visible characters.", field="Idempotency-Key")
        return http.take(self.engine, order, key=key, sorry=SORRY)

    def _ask(self, about: str, answer: Callable[[], dict[str, object]]) -> Reply:
        fate = self.engine.fate(operation="ask", reference=about)
        if fate.before or fate is Fate.HTTP_500_AFTER:
            return http.failed(SORRY, fate)
        try:
            return dataclasses.replace(_json(200, answer()), fate=fate)
        except ApiError as error:
            return dataclasses.replace(_json(error.status, error.body()), fate=fate)

    def _list(self, request: Request) -> Reply:
        query = _query(request, {"since", "limit"})
        cursor = _CURSOR.fullmatch(query.get("since") or "c0")
        if cursor is None:
            raise ApiError(400, "cursor_invalid", "`since` is the cursor of an earlier answer.", field="since")
        limit = query.get("limit", "100")
        if not re.fullmatch(r"[0-9]{1,4}", limit) or not 1 <= int(limit) <= MAX_PAGE:
            raise ApiError(400, "limit_invalid", f"`limit` lies between 1 and {MAX_PAGE}.", field="limit")
        return _json(200, self.engine.changed_since(change=int(cursor.group(1)), limit=int(limit)))

    def _webhook_endpoint(self, request: Request) -> Reply:
        url = _url(_object(request.body, allowed={"url"}), "url", required=True)
        self.engine.store.set_meta("webhook_url", url)
        return _json(200, {"url": url})

    def _test(self, request: Request) -> Reply:
        method, path = request.method, request.path
        if path == "/v1/test/behaviour" and method == "GET":
            return _json(200, behaviours.as_json(self.engine.behaviour))
        if path == "/v1/test/behaviour" and method == "POST":
            values = _object(request.body, allowed={*behaviours.FIELDS, "reset"})
            return _json(200, behaviours.as_json(self.engine.set_behaviour(values)))
        if path == "/v1/test/books" and method == "GET":
            return _json(200, books.books(self.engine, prefix=_query(request, {"prefix"}).get("prefix", "")))
        found = _ACTION.fullmatch(path)
        if found and method == "POST" and found.group(1) == "advance":
            return _json(200, self.engine.advance(found.group(2)))
        if found and method == "POST" and found.group(1) in ACTIONS:
            return _json(200, self.engine.force(found.group(2), ACTIONS[found.group(1)]))
        raise ApiError(404, "no_such_page", f"There is no {method} {path}.")


def _not_allowed(allowed: str) -> Reply:
    raise ApiError(405, "method_not_allowed", f"Only {allowed} works here.")


def _object(body: bytes, *, allowed: set[str]) -> dict[str, object]:
    """The JSON object in `body`, numbers as Decimal. Raises ApiError 400 for what is no object, 422 for unknown fields."""
    value = http.json_object(body)
    for name in value:
        if name not in allowed:
            raise ApiError(422, "unknown_field", f"There is no field {name[:80]!r}.", field=name[:80])
    return value


def _required(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if value is None:
        raise ApiError(422, "field_missing", f"{name} is missing.", field=name)
    if not isinstance(value, str):
        raise ApiError(422, "field_invalid", f"{name} is text.", field=name)
    return value


def _text(fields: dict[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = _required(fields, name)
    if not pattern.fullmatch(value):
        raise ApiError(422, "field_invalid", f"{name} is made of letters, digits and . _ : - and not too long.", field=name)
    return value


def _choice(fields: dict[str, object], name: str, choices: frozenset[str]) -> str:
    value = _required(fields, name)
    if value not in choices:
        raise ApiError(422, "field_invalid", f"{name} is one of {', '.join(sorted(choices))}.", field=name)
    return value


def _currency(fields: dict[str, object]) -> str:
    return _choice(fields, "currency", frozenset(money.EXPONENTS))


def _name(fields: dict[str, object]) -> str:
    value = _required(fields, "name")
    if not 1 <= len(value) <= 140 or not value.isprintable() or not value.strip():
        raise ApiError(422, "field_invalid", "name is 1 to 140 printable characters.", field="name")
    return value


def _url(fields: dict[str, object], name: str, *, required: bool) -> str:
    if not required and name not in fields:
        return ""
    value = _required(fields, name)
    try:
        parts = urllib.parse.urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and value.isprintable() and " " not in value and len(value) <= 500
    except ValueError:
        good = False
    if not good:
        raise ApiError(422, "field_invalid", f"{name} is an http or https address.", field=name)
    return value
