"""Adyen's HTTP: Checkout, Transfers, a balance account, Disputes, the page of 3-D Secure, and strings for tests."""

from __future__ import annotations

import hmac
import json
import re
from decimal import Decimal

from payments.sandboxes.common import books, http, moves
from payments.sandboxes.common.engine import Engine, Order
from payments.sandboxes.common.errors import ApiError
from payments.sandboxes.common.http import Reply, Request, reply

from .dialect import EXPONENTS, AdyenDialect

_REFUNDS = re.compile(r"/v71/payments/([A-Z0-9]{16})/refunds")
_TRANSFER = re.compile(r"/btl/v4/transfers/([A-Z0-9]{16})")
_BALANCES = re.compile(r"/bcl/v2/balanceAccounts/([A-Za-z0-9]{1,40})")
_DISPUTES = re.compile(r"/ca/services/DisputeService/v30/([A-Za-z]{1,40})")
_REDIRECT = re.compile(r"/checkoutshopper/threeDS/redirect/([A-Z0-9]{16})")
_ACTION = re.compile(r"/test/([a-z-]{1,30})/([A-Z0-9]{16})")
_TELL = re.compile(r"/test/tell/([A-Z0-9]{16})/([A-Z_]{1,40})")
_CURRENCY = re.compile(r"[A-Z]{3}")
ACTIONS = {"charge-back": "charged_back", "charge-back-won": "captured", "reverse": "reversed", "return": "returned", "expire": "expired", "fail": "failed"}
METHODS = {"scheme": "card", "sepadirectdebit": "bank", "paypal": "wallet"}
REASON = "SupplyDefenseMaterial"

SORRY = {"status": 500, "errorCode": "905", "message": "Payment details are not supported", "errorType": "internal"}


class Api:
    """Routes requests to the engine."""

    most = 10_485_760
    media: tuple[str, ...] = ("application/json",)

    def __init__(self, engine: Engine, dialect: AdyenDialect, *, key: str) -> None:
        self.engine = engine
        self.dialect = dialect
        self._key = key.encode()

    def handle(self, request: Request) -> Reply:
        """Answer a request; refusals become 4xx replies in Adyen's envelope."""
        try:
            return self._route(request)
        except ApiError as error:
            kind = {401: "security", 403: "security"}.get(error.status, "validation")
            return reply(error.status, {"status": error.status, "errorCode": error.code, "message": error.message, "errorType": kind})

    def _route(self, request: Request) -> Reply:
        method, path = request.method, request.path
        if path == "/health":
            return reply(200, {"status": "ok"})
        if (found := _REDIRECT.fullmatch(path)) and method == "GET":
            return self._visited(request, found.group(1))
        if not hmac.compare_digest(request.headers.get("x-api-key", "").encode(), self._key):
            raise ApiError(401, "000", "HTTP Status Response - Unauthorized")
        if path.startswith("/test/"):
            return self._test(request)
        if method == "POST":
            if path == "/v71/payments":
                return self._pay(request)
            if path == "/v71/payments/details":
                return self._details(request)
            if found := _REFUNDS.fullmatch(path):
                return self._refund(request, found.group(1))
            if path == "/btl/v4/transfers":
                return self._transfer(request)
            if found := _DISPUTES.fullmatch(path):
                return self._dispute(request, found.group(1))
        elif method == "GET":
            if path == "/btl/v4/transfers":
                return self._transfers(request)
            if found := _TRANSFER.fullmatch(path):
                transfer = found.group(1)
                return http.ask(self.engine, transfer, lambda: self.engine.by_id(transfer), sorry=SORRY)
            if (found := _BALANCES.fullmatch(path)) and found.group(1) == self.dialect.balance_account:
                return reply(200, self._balances())
        raise ApiError(404, "000", f"There is no {method} {path}.")

    # ---- Checkout ----

    def _pay(self, request: Request) -> Reply:
        fields = http.json_object(request.body)
        self._merchant(fields, "merchantAccount")
        if not _text(fields, "returnUrl"):
            raise ApiError(422, "14_030", "Return URL is missing.")
        how = _inner(fields, "paymentMethod")
        if how.get("type") not in METHODS:
            raise ApiError(422, "14_006", "Required object 'paymentMethod' is not provided.")
        if len(_text(fields, "shopperReference")) < 3:
            raise ApiError(422, "127", "Invalid shopperReference.")
        amount, currency = _amount(fields)
        return self._order(request, Order(
            kind="deposit", reference=_reference(fields), amount=amount, currency=currency, method=METHODS[str(how["type"])],
            token=_text(how, "storedPaymentMethodId"), return_url=_text(fields, "returnUrl"), at_once=fields.get("captureDelayHours") == 0,
            more=json.dumps({"host": request.headers.get("host", "")}),
        ))  # fmt: skip

    def _details(self, request: Request) -> Reply:
        _, _, payment_id = _text(_inner(http.json_object(request.body), "details"), "redirectResult").partition("!")
        return reply(200, self.engine.by_id(payment_id))

    def _visited(self, request: Request, payment_id: str) -> Reply:
        """The player at their bank: whoever comes here agrees, unless they say no."""
        agreed = http.query(request, {"agree"}).get("agree", "yes") != "no"
        payment = self.engine.visit(payment_id, agreed=agreed)
        return http.back(str(json.loads(payment["content"])["return_url"]), {"redirectResult": f"X6XtfGC3!{payment_id}"})

    def _refund(self, request: Request, payment_id: str) -> Reply:
        fields = http.json_object(request.body)
        self._merchant(fields, "merchantAccount")
        amount, currency = _amount(fields)
        with self.engine.store.read() as db:
            paid = moves.get(db, payment_id)
        if currency != paid["currency"]:
            raise ApiError(422, "138", "Currency Unsupported")
        return self._order(request, Order(kind="refund", reference=_reference(fields), amount=amount, currency=currency, parent=payment_id))

    # ---- Transfers ----

    def _transfer(self, request: Request) -> Reply:
        fields = http.json_object(request.body)
        if fields.get("balanceAccountId") != self.dialect.balance_account:
            raise ApiError(422, "31_101", "Invalid balanceAccountId")
        card = fields.get("category") == "card"
        other = _inner(_inner(fields, "counterparty"), "card" if card else "bankAccount")
        holder = _inner(other, "cardHolder" if card else "accountHolder")
        if not holder.get("fullName") and not (holder.get("firstName") and holder.get("lastName")):
            raise ApiError(422, "30_081", "The name of the counterparty is missing.")
        if card:
            token = _text(_inner(other, "cardIdentification"), "storedPaymentMethodId")
        elif other.get("accountIdentification"):
            token = _text(_inner(other, "accountIdentification"), "iban")
        else:
            token = _text(other, "storedPaymentMethodId")
        if not card and not (fields.get("priority") or fields.get("priorities")):
            raise ApiError(422, "30_031", "priority is missing.")
        amount, currency = _amount(fields)
        return self._order(request, Order(
            kind="payout", reference=_reference(fields), amount=amount, currency=currency, method="card" if card else "bank", token=token,
            name=json.dumps(holder, sort_keys=True),
        ))  # fmt: skip

    def _transfers(self, request: Request) -> Reply:
        query = http.query(
            request, {"balanceAccountId", "balancePlatform", "accountHolderId", "reference", "category", "createdSince", "createdUntil", "limit", "cursor"}
        )
        if not query.get("createdSince") or not query.get("createdUntil"):
            raise ApiError(422, "30_001", "createdSince and createdUntil are required.")
        reference = query.get("reference", "")

        def found() -> dict[str, object]:
            with self.engine.store.read() as db:
                rows = db.execute(
                    "SELECT * FROM payments WHERE kind = 'payout' AND (? = '' OR reference = ?) ORDER BY created_at LIMIT 100", (reference, reference)
                )
                return {"data": [self.dialect.shown(db, row) for row in rows.fetchall()], "_links": {}}

        return http.ask(self.engine, reference, found, sorry=SORRY)

    def _balances(self) -> dict[str, object]:
        currencies = books.books(self.engine)["currencies"]
        assert isinstance(currencies, dict)  # noqa: S101  for the type
        rows = []
        for currency, sums in currencies.items():
            held = {name: int(Decimal(sums[name]).scaleb(EXPONENTS[currency])) for name in ("balance", "in_flight")}
            rows.append(
                {
                    "currency": currency,
                    "balance": held["balance"],
                    "reserved": held["in_flight"],
                    "pending": 0,
                    "available": held["balance"] - held["in_flight"],
                }
            )
        return {"id": self.dialect.balance_account, "accountHolderId": "AH1", "status": "active", "balances": rows}

    # ---- Disputes ----

    def _dispute(self, request: Request, action: str) -> Reply:
        fields = http.json_object(request.body)
        self._merchant(fields, "merchantAccountCode")
        with self.engine.store.read() as db:
            disputed = db.execute("SELECT DISTINCT payment_id FROM movements WHERE kind = 'charged_back'").fetchall()
        dispute = _text(fields, "disputePspReference")
        payment_id = next((row["payment_id"] for row in disputed if self.dialect.dispute(row["payment_id"]) == dispute), "")
        if not payment_id:
            return reply(200, {"disputeServiceResult": {"success": False, "errorMessage": "Dispute not found"}})
        name = f"defence:{dispute}"
        match action:
            case "acceptDispute":
                self.engine.tell(payment_id, "adyen.DISPUTE_DEFENSE_PERIOD_ENDED")
            case "retrieveApplicableDefenseReasons":
                kinds = [{"available": False, "defenseDocumentTypeCode": "DefenseMaterial", "requirementLevel": "Required"}]
                reasons = [{"defenseReasonCode": REASON, "satisfied": False, "defenseDocumentTypes": kinds}]
                return reply(200, {"defenseReasons": reasons, "disputeServiceResult": {"success": True}})
            case "supplyDefenseDocument":
                documents = fields.get("defenseDocuments")
                for each in documents if isinstance(documents, list) else [None]:
                    if not isinstance(each, dict) or each.get("contentType") not in ("application/pdf", "image/jpg", "image/jpeg", "image/tiff"):
                        return reply(200, {"disputeServiceResult": {"success": False, "errorMessage": "Invalid document type"}})
                self.engine.store.set_meta(name, documents)
            case "defendDispute":
                if not self.engine.store.get_meta(name):
                    return reply(200, {"disputeServiceResult": {"success": False, "errorMessage": "Required document is missing"}})
                self.engine.tell(payment_id, "adyen.INFORMATION_SUPPLIED")
            case _:
                raise ApiError(404, "000", f"There is no {action}.")
        return reply(200, {"disputeServiceResult": {"success": True}})

    # ---- for tests ----

    def _test(self, request: Request) -> Reply:
        method, path = request.method, request.path
        if shared := http.tested(self.engine, request):
            return shared
        if (found := _TELL.fullmatch(path)) and method == "POST":
            self.engine.tell(found.group(1), f"adyen.{found.group(2)}")
            return reply(200, {})
        found = _ACTION.fullmatch(path)
        if found and method == "POST" and found.group(1) in ACTIONS:
            return reply(200, self.engine.force(found.group(2), ACTIONS[found.group(1)]))
        if found and method == "POST" and found.group(1) == "advance":
            return reply(200, self.engine.advance(found.group(2)))
        raise ApiError(404, "000", f"There is no {method} {path}.")

    # ---- what all do alike ----

    def _order(self, request: Request, order: Order) -> Reply:
        key = request.headers.get("idempotency-key", "")
        if len(key) > 64:
            raise ApiError(422, "702", "The key has 64 characters at most.")
        return http.take(self.engine, order, key=key, sorry=SORRY, headers={"Idempotency-Key": key} if key else {})

    def _merchant(self, fields: dict[str, object], name: str) -> None:
        if fields.get(name) != self.dialect.merchant:
            raise ApiError(403, "901", "Invalid Merchant Account")


def _inner(fields: dict[str, object], name: str) -> dict[str, object]:
    value = fields.get(name)
    if not isinstance(value, dict):
        raise ApiError(422, "14_012", f"Required object '{name}' is not provided.")
    return value


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise ApiError(422, "702", f"Invalid value for '{name}'.")
    return value


def _reference(fields: dict[str, object]) -> str:
    value = _text(fields, "reference")
    if not 1 <= len(value) <= 80:
        raise ApiError(422, "130", "Required field 'reference' is not provided.")
    return value


def _amount(fields: dict[str, object]) -> tuple[Decimal, str]:
    """In units of the currency. Raises ApiError 422."""
    amount = _inner(fields, "amount")
    value, currency = amount.get("value"), _text(amount, "currency")
    if not _CURRENCY.fullmatch(currency) or currency == "XXX":
        raise ApiError(422, "138", "Currency Unsupported")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**15:
        raise ApiError(422, "137", "Invalid amount specified")
    return Decimal(value).scaleb(-EXPONENTS[currency]), currency
