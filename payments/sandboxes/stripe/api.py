"""Stripe's HTTP: forms in, JSON out, the page of 3-D Secure, and strings for tests."""

from __future__ import annotations

import email
import email.policy
import hmac
import json
import re
import urllib.parse
import uuid
from decimal import Decimal

from payments.sandboxes.common import behaviour as behaviours
from payments.sandboxes.common import books, http, moves
from payments.sandboxes.common.behaviour import Fate
from payments.sandboxes.common.engine import Engine, Order
from payments.sandboxes.common.errors import ApiError
from payments.sandboxes.common.http import Reply, Request, reply

from .dialect import EXPONENTS, WRITTEN, StripeDialect, collapsed, name, units

_INTENT = re.compile(r"/v1/payment_intents/(pi_[0-9a-f]{24})")
_REFUND = re.compile(r"/v1/refunds/(re_[0-9a-f]{24})")
_DISPUTE = re.compile(r"/v1/disputes/(du_[0-9a-f]{24})(/close)?")
_REDIRECT = re.compile(r"/redirect/authenticate/(pi_[0-9a-f]{24})")
_ACTION = re.compile(r"/test/([a-z-]{1,30})/(pi_[0-9a-f]{24})")
_CURRENCY = re.compile(r"[a-z]{3}")
_AMOUNT = re.compile(r"[0-9]{1,12}")
ACTIONS = {"charge-back": "charged_back", "charge-back-won": "captured", "expire": "expired", "fail": "failed"}
DISPUTED = {
    "charge-back-lost": ("lost", "closed"),
    "inquiry": ("warning_needs_response", "created"),
    "inquiry-closed": ("warning_closed", "closed"),
}
METHODS = {"card": "card", "sepa_debit": "bank", "paypal": "wallet"}
UNLIKE = frozenset({"reverse", "return"})  # fates that Stripe does not know
EXPANDED = "latest_charge.balance_transaction"
FILES = ("uncategorized_file", "service_documentation", "customer_communication", "receipt", "refund_policy", "cancellation_policy")

SORRY = {"error": {"type": "api_error", "message": "An unknown error occurred."}}


class Api:
    """Routes requests to the engine."""

    most = 10_485_760
    media: tuple[str, ...] = ("application/x-www-form-urlencoded", "multipart/form-data", "application/json")

    def __init__(self, engine: Engine, dialect: StripeDialect, *, key: str) -> None:
        self.engine = engine
        self.dialect = dialect
        self._key = f"Bearer {key}".encode()

    def handle(self, request: Request) -> Reply:
        """Answer a request; refusals become 4xx replies in Stripe's envelope."""
        try:
            return self._route(request)
        except ApiError as error:
            return _refusal(error)

    def _route(self, request: Request) -> Reply:
        method, path = request.method, request.path
        if path == "/health":
            return reply(200, {"status": "ok"})
        if (found := _REDIRECT.fullmatch(path)) and method == "GET":
            return self._visited(request, found.group(1))
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._key):
            raise ApiError(401, "", "Invalid API Key provided.")
        if path.startswith("/test/"):
            return self._test(request)
        if method == "POST":
            if path == "/v1/payment_intents":
                return self._pay(request)
            if path == "/v1/refunds":
                return self._refund(request)
            if path == "/v1/files":
                return self._file(request)
            if found := _DISPUTE.fullmatch(path):
                return self._answer_dispute(request, found.group(1), closes=bool(found.group(2)))
        elif method == "GET":
            if path == "/v1/payment_intents":
                return self._list(request, "deposit", {"customer"})
            if path == "/v1/refunds":
                return self._list(request, "refund", {"payment_intent"})
            if found := _INTENT.fullmatch(path) or _REFUND.fullmatch(path):
                return self._one(request, found.group(1))
            if path == "/v1/disputes":
                return self._disputes(request)
            if path == "/v1/balance":
                return http.ask(self.engine, "balance", self._balance, sorry=SORRY)
        raise ApiError(404, "", f"Unrecognized request URL ({method}: {path}).")

    # ---- payments ----

    def _pay(self, request: Request) -> Reply:
        fields = _form(request, {
            "amount", "currency", "payment_method", "payment_method_types[0]", "capture_method", "confirm", "off_session", "return_url", "description",
            "customer", "metadata[reference]", "metadata[player]", "expand[0]",
        })  # fmt: skip
        instrument, kind = fields.get("payment_method", ""), fields.get("payment_method_types[0]", "card")
        if fields.get("confirm") != "true" or not fields.get("return_url"):
            raise ApiError(400, "parameter_missing", "Here a PaymentIntent is confirmed when it is made, and has a return_url.", field="return_url")
        if kind not in METHODS:
            raise ApiError(400, "", f"The payment method type {kind[:40]!r} is invalid.", field="payment_method_types")
        token = "tok_" + instrument.removeprefix("pm_")
        if not instrument.startswith("pm_") or behaviours.magic(token) in UNLIKE:
            raise ApiError(404, "resource_missing", f"No such PaymentMethod: {instrument[:40]!r}", field="payment_method")
        amount, currency = _amount(fields)
        more = {
            "host": request.headers.get("host", ""), "customer": fields.get("customer"), "payment_method": instrument,
            "metadata": _metadata(fields), "expand": fields.get("expand[0]") == EXPANDED,
        }  # fmt: skip
        return self._order(request, Order(
            kind="deposit", reference=_reference(fields), amount=amount, currency=currency, method=METHODS[kind], token=token,
            return_url=fields["return_url"], at_once=True, more=json.dumps(more),
        ))  # fmt: skip

    def _visited(self, request: Request, payment_id: str) -> Reply:
        """The player at their bank: whoever comes here agrees, unless they say no."""
        agreed = http.query(request, {"agree"}).get("agree", "yes") != "no"
        payment = self.engine.visit(payment_id, agreed=agreed)
        told = {
            "payment_intent": payment_id, "payment_intent_client_secret": f"{payment_id}_secret",
            "redirect_status": "failed" if payment["status"] == "failed" else "succeeded",
        }  # fmt: skip
        return http.back(str(json.loads(payment["content"])["return_url"]), told)

    def _refund(self, request: Request) -> Reply:
        fields = _form(request, {"payment_intent", "amount", "metadata[reference]"})
        payment_id = fields.get("payment_intent", "")
        with self.engine.store.read() as db:
            paid = moves.get(db, payment_id)
        amount, currency = _amount({"currency": paid["currency"].lower(), **fields})
        token = "tok_fail" if json.loads(paid["content"])["token"].startswith("tok_refund_fail") else ""
        more = json.dumps({"metadata": _metadata(fields)})
        return self._order(
            request, Order(kind="refund", reference=_reference(fields), amount=amount, currency=currency, parent=payment_id, token=token, more=more)
        )

    def _order(self, request: Request, order: Order) -> Reply:
        key = request.headers.get("idempotency-key", "")
        if len(key) > 255:
            raise ApiError(400, "", "The Idempotency-Key has 255 characters at most.")
        fate = self.engine.fate(operation=order.kind, reference=order.reference, token=order.token)
        if fate.before:
            return http.failed(SORRY, fate)
        with self.engine.store.read() as db:
            first = db.execute("SELECT content FROM answers WHERE key = ?", (key,)).fetchone()
        if first is not None and first["content"] != order.content(self.engine.setting):
            raise ApiError(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters.")
        status, body = self.engine.take(order, key=key or uuid.uuid4().hex)
        headers = {"Idempotent-Replayed": "true"} if first is not None else {}
        return http.failed(SORRY, fate) if fate is Fate.HTTP_500_AFTER else Reply(status=status, body=body, fate=fate, headers=headers)

    # ---- reading ----

    def _one(self, request: Request, payment_id: str) -> Reply:
        expand = http.query(request, {"expand[0]"}).get("expand[0]", "")

        def shown() -> dict[str, object]:
            found = self.engine.by_id(payment_id)
            return found if expand == EXPANDED else collapsed(found)

        return http.ask(self.engine, payment_id, shown, sorry=SORRY)

    def _list(self, request: Request, kind: str, more: set[str]) -> Reply:
        query = http.query(request, {"limit", "starting_after", "created[gte]", *more})
        limit, since = query.get("limit", "10"), query.get("created[gte]", "0")
        if not _AMOUNT.fullmatch(limit) or not 1 <= int(limit) <= 100 or not _AMOUNT.fullmatch(since):
            raise ApiError(400, "parameter_invalid_integer", "limit lies between 1 and 100, and a time is a whole number.")

        def listed() -> dict[str, object]:
            with self.engine.store.read() as db:
                after = moves.get(db, query["starting_after"]) if "starting_after" in query else None
                rows = db.execute(
                    "SELECT * FROM payments WHERE kind = :kind AND created_at >= :since * 1000000 AND (:parent IS NULL OR parent = :parent)"
                    " AND (:customer IS NULL OR json_extract(json_extract(content, '$.more'), '$.customer') = :customer)"
                    " AND (:at IS NULL OR (created_at, id) < (:at, :id)) ORDER BY created_at DESC, id DESC LIMIT :limit",
                    {
                        "kind": kind, "since": int(since), "parent": query.get("payment_intent"), "customer": query.get("customer"),
                        "at": after and after["created_at"], "id": after and after["id"], "limit": int(limit) + 1,
                    },
                ).fetchall()  # fmt: skip
                return _page(request, [collapsed(self.dialect.shown(db, row)) for row in rows[: int(limit)]], more=len(rows) > int(limit))

        return http.ask(self.engine, query.get("payment_intent") or query.get("customer") or kind, listed, sorry=SORRY)

    def _disputes(self, request: Request) -> Reply:
        payment_id = http.query(request, {"payment_intent", "limit"}).get("payment_intent", "")
        with self.engine.store.read() as db:
            found = self.dialect.dispute(db, moves.get(db, payment_id))
        return reply(200, _page(request, [] if found is None else [found], more=False))

    def _balance(self) -> dict[str, object]:
        currencies = books.books(self.engine)["currencies"]
        assert isinstance(currencies, dict)  # noqa: S101  for the type
        held = {currency: Decimal(sums["balance"]) - Decimal(sums["in_flight"]) for currency, sums in currencies.items()}
        available = [{"amount": units(amount, currency), "currency": currency.lower()} for currency, amount in held.items()]
        return {"object": "balance", "available": available, "pending": [], "livemode": False}

    # ---- disputes ----

    def _answer_dispute(self, request: Request, dispute_id: str, *, closes: bool) -> Reply:
        places = {f"evidence[{place}]" for place in FILES}
        fields = _form(request, set() if closes else {"submit", "evidence[uncategorized_text]", *places})
        with self.engine.store.read() as db:
            rows = db.execute("SELECT * FROM payments WHERE kind = 'deposit'").fetchall()
            about = next((row for row in rows if name("du", row["id"]) == dispute_id), None)
            dispute = self.dialect.dispute(db, about) if about is not None else None
        if about is None or dispute is None:
            raise ApiError(404, "resource_missing", f"No such dispute: {dispute_id!r}")
        if dispute["status"] not in ("needs_response", "warning_needs_response") and not (closes and dispute["status"] == "under_review"):
            raise ApiError(400, "", f"This dispute is {dispute['status']}.")
        for place in places & set(fields):
            if self.engine.store.get_meta(f"file:{fields[place]}") is None:
                raise ApiError(400, "resource_missing", f"No such file upload: {fields[place][:40]!r}", field=place)
        if closes:
            self._dispute_is(about["id"], "lost", "closed")
        elif fields.get("submit", "true") == "true":
            self._dispute_is(about["id"], "warning_under_review" if str(dispute["status"]).startswith("warning_") else "under_review", "updated")
        with self.engine.store.read() as db:
            return reply(200, self.dialect.dispute(db, about) or {})

    def _dispute_is(self, payment_id: str, status: str, event: str) -> None:
        self.engine.store.set_meta(f"dispute:{payment_id}", status)
        self.engine.tell(payment_id, f"stripe.charge.dispute.{event}")

    def _file(self, request: Request) -> Reply:
        head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
        parts = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
        found = {part.get_param("name", header="content-disposition"): part for part in parts.iter_parts()} if parts.is_multipart() else {}
        file, purpose = found.get("file"), found.get("purpose")
        content = file.get_payload(decode=True) if file is not None else None
        if file is None or purpose is None or not isinstance(content, bytes) or purpose.get_payload() != "dispute_evidence":
            raise ApiError(400, "parameter_missing", "A file and its purpose are needed.", field="file")
        if not content.startswith((b"%PDF", b"\xff\xd8", b"\x89PNG")):  # what is in it counts, not what it is called
            raise ApiError(400, "", "The file is neither PDF nor JPEG nor PNG.", field="file")
        made = {"id": name("file", request.headers.get("idempotency-key", "") or uuid.uuid4().hex), "object": "file", "size": len(content)}
        self.engine.store.set_meta(f"file:{made['id']}", {"filename": file.get_filename(), "size": len(content)})
        return reply(200, made)

    # ---- for tests ----

    def _test(self, request: Request) -> Reply:
        method, path = request.method, request.path
        if shared := http.tested(self.engine, request):
            return shared
        found = _ACTION.fullmatch(path)
        if found and method == "POST":
            action, payment_id = found.groups()
            if action in ACTIONS:
                return reply(200, self.engine.force(payment_id, ACTIONS[action]))
            if action in DISPUTED:
                self._dispute_is(payment_id, *DISPUTED[action])
                return reply(200, {})
            if action == "advance":
                return reply(200, self.engine.advance(payment_id))
        raise ApiError(404, "", f"Unrecognized request URL ({method}: {path}).")


def _refusal(error: ApiError) -> Reply:
    """What the engine says in its words, in Stripe's: a resource that is not there is 404, everything else 400."""
    code = {"payment_not_found": "resource_missing", "refund_too_large": "charge_already_refunded", "declined": "payment_method_invalid"}.get(
        error.code, error.code
    )
    status = error.status if error.status in (401, 404) else 400
    body = {"type": "idempotency_error" if code == "idempotency_error" else "invalid_request_error", "message": error.message}
    if code and code != "idempotency_error":
        body["code"] = code
    if error.field:
        body["param"] = error.field
    return reply(status, {"error": body})


def _form(request: Request, allowed: set[str]) -> dict[str, str]:
    """The fields of a form, each once. Raises ApiError 400."""
    try:
        pairs = urllib.parse.parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise ApiError(400, "", "The form is not understood.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ApiError(400, "", "A parameter stands twice.")
    for unknown in sorted(set(fields) - allowed):
        raise ApiError(400, "parameter_unknown", f"Received unknown parameter: {unknown[:80]}", field=unknown[:80])
    return fields


def _page(request: Request, rows: list[dict[str, object]], *, more: bool) -> dict[str, object]:
    return {"object": "list", "url": request.path, "has_more": more, "data": rows}


def _metadata(fields: dict[str, str]) -> dict[str, str]:
    return {key.removeprefix("metadata[").removesuffix("]"): value for key, value in fields.items() if key.startswith("metadata[")}


def _reference(fields: dict[str, str]) -> str:
    return fields.get("metadata[reference]", "") or uuid.uuid4().hex


def _amount(fields: dict[str, str]) -> tuple[Decimal, str]:
    """In units of the currency. Raises ApiError 400."""
    value, currency = fields.get("amount", ""), fields.get("currency", "")
    if not _CURRENCY.fullmatch(currency) or currency == "xxx":
        raise ApiError(400, "", f"Invalid currency: {currency[:10]}.", field="currency")
    if not _AMOUNT.fullmatch(value) or not int(value):
        raise ApiError(400, "parameter_invalid_integer", "This value must be greater than or equal to 1.", field="amount")
    code = currency.upper()
    whole = 10 if WRITTEN[code] == 3 else 10 ** (WRITTEN[code] - EXPONENTS[code])
    if int(value) % whole:
        raise ApiError(400, "invalid_amount", f"An amount in {code} is divisible by {whole}.", field="amount")
    return Decimal(value).scaleb(-WRITTEN[code]), code
