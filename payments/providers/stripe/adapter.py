"""The adapter: our requests in Stripe's words, its answers in ours.

A deposit is a PaymentIntent, confirmed as it is made, and a refund is a Refund; both carry our reference as metadata, which Stripe keeps but does not hold
unique. So our reference, which stands for one attempt for ever, is the Idempotency-Key too. What nobody heard of is looked for in Stripe's lists, which are
up to date when a request has ended; its search is not, and is not used.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx

from payments.providers.fields import mapping, text
from payments.providers.protocol import (
    NOTHING_KNOWN,
    BadWebhook,
    Balance,
    Capabilities,
    DepositAnswer,
    DepositRequest,
    DepositState,
    Dispute,
    Evidence,
    Known,
    Method,
    Money,
    Operation,
    OutcomeUnknown,
    Payment,
    PaymentStatus,
    PayoutAnswer,
    PayoutRequest,
    ProviderEvent,
    ProviderRefused,
    ProviderUnavailable,
    ReferenceConflict,
    RefundAnswer,
    RefundRequest,
    RefundState,
)
from payments.providers.transport import Answer, Transport, read_object

from . import signing, words
from .currencies import EXPONENTS

VERSION = "2024-06-20"  # of Stripe's API; what this adapter was written against
KEY_MOST = 255  # characters of an Idempotency-Key
TEXT_MOST = 20_000  # characters of a text as evidence
FILES_MOST = 4_500_000  # bytes of all files as evidence together
PAGES_MOST = 50  # of a hundred each; a list that goes on after that tells nothing
_SKEW = timedelta(hours=1)  # by which our clock and Stripe's may differ
_TYPES = {Method.CARD: "card", Method.BANK: "sepa_debit", Method.WALLET: "paypal"}
_MEDIA = frozenset({"application/pdf", "image/jpeg", "image/png"})
# Where files go in Stripe's form: one in each place.
_PLACES = ("uncategorized_file", "service_documentation", "customer_communication", "receipt", "refund_policy", "cancellation_policy")
_WITH_FEE = "latest_charge.balance_transaction"
_FORM = "application/x-www-form-urlencoded"
T = TypeVar("T")


class Stripe:
    """Stripe as a `Provider` that also `TellsBalance` and `TakesEvidence`. It pays nothing out."""

    def __init__(
        self,
        *,
        code: str,
        url: str,
        key: str,
        webhook_secrets: str | Sequence[str],
        files_url: str = "",
        return_url: str = "",
        types: Mapping[str, str] | None = None,
        currencies: Sequence[str] = (),
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        not_found_final_after: float = 300.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Times in seconds. Raises ValueError for a setting that cannot work.

        `webhook_secrets`: all are accepted, for changing one. Without `files_url` evidence is text alone. `return_url` is where a player comes back to
        when the request names no place. `types` says which of Stripe's payment method types stands for ours; `currencies` restricts Stripe's table to
        those that the account takes.
        """
        for name, address in (("url", url), ("files_url", files_url)):
            if (address or name == "url") and (urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname):
                raise ValueError(f"{name} is not an http or https address")
        secrets = (webhook_secrets,) if isinstance(webhook_secrets, str) else tuple(webhook_secrets)
        if not key or not secrets or not all(secrets):
            raise ValueError("key or webhook_secrets is empty")
        if min(timeout, connect_timeout) <= 0 or not_found_final_after < 0:
            raise ValueError("times are above zero")
        if unknown := sorted(set(currencies) - set(EXPONENTS)):
            raise ValueError(f"Stripe has no {', '.join(unknown)}")
        self._code = code
        self._secrets = secrets
        self._return_url = return_url
        self._types = {**_TYPES, **{Method(method): kind for method, kind in (types or {}).items()}}
        self._exponents = {currency: EXPONENTS[currency] for currency in currencies} if currencies else dict(EXPONENTS)
        self._clock = clock

        def transport(address: str) -> Transport:
            headers = {"Authorization": f"Bearer {key}", "Stripe-Version": VERSION}
            return Transport(url=address, headers=headers, timeout=timeout, connect_timeout=connect_timeout, sleep=sleep)

        self._api = transport(url)
        self._files = transport(files_url) if files_url else None
        paid_in = frozenset(self._types)
        self._capabilities = Capabilities(
            methods={Operation.DEPOSIT: paid_in, Operation.PAYOUT: frozenset(), Operation.REFUND: paid_in},
            exponents=self._exponents,
            partial_refunds=True,
            not_found_final_after=timedelta(seconds=not_found_final_after),
        )

    @property
    def code(self) -> str:
        """The name in settings and rows."""
        return self._code

    @property
    def capabilities(self) -> Capabilities:
        """What Stripe can do for us: no payouts."""
        return self._capabilities

    # ---- deposits ----

    def create_deposit(self, request: DepositRequest) -> DepositAnswer:
        """Start a deposit with a stored instrument, named "cus_…/pm_…"; raises as the protocol says. A decline is an answer: Stripe keeps it."""
        customer, _, instrument = request.instrument_token.rpartition("/")
        fields = {
            "amount": str(self._units(request.money)),
            "currency": request.money.currency.lower(),
            "payment_method": instrument,
            "payment_method_types[0]": self._types[request.method],
            "capture_method": "automatic",
            "confirm": "true",
            "off_session": "false",
            "description": request.reference,
            "metadata[reference]": request.reference,
            "expand[0]": _WITH_FEE,
        }
        for name, value in (("customer", customer), ("metadata[player]", request.player), ("return_url", request.return_url or self._return_url)):
            if value:
                fields[name] = value
        answer = self._post("payment_intents", fields, key=request.reference)
        declined = _error(answer).get("payment_intent") if answer.status != 200 else None
        payment = self._read(words.intent, declined or _done(answer))
        if (payment.reference, payment.money) != (request.reference, request.money):
            raise ReferenceConflict("the key stands for another payment")
        if declined and payment.state is not DepositState.FAILED:
            raise OutcomeUnknown(f"answered with {answer.status}, but the payment is {payment.state}")
        redirect = "" if declined else _redirect(answer.body)
        if not declined and answer.body.get("status") == "requires_action" and not redirect:
            raise OutcomeUnknown("Stripe wants the player to do something for which there is no page here")
        return DepositAnswer(
            reference=request.reference,
            provider_id=payment.provider_id,
            state=DepositState(payment.state),
            money=payment.money,
            redirect_url=redirect,
            fee=payment.fee,
            decline=payment.decline,
        )

    # ---- payouts ----

    def send_payout(self, request: PayoutRequest) -> PayoutAnswer:
        """Refuse: what Stripe calls payouts goes to the merchant's own bank. Raises ProviderRefused, ValueError."""
        self._units(request.money)
        raise ProviderRefused("payout_unsupported", "Players are not paid out through Stripe here.")

    # ---- refunds ----

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Refund a captured deposit, whole or in part; raises as the protocol says."""
        fields = {"payment_intent": request.deposit_id, "amount": str(self._units(request.money)), "metadata[reference]": request.reference}
        body = _done(self._post("refunds", fields, key=request.reference))
        payment = self._read(words.refund, body)
        if (payment.reference, payment.money, body.get("payment_intent")) != (request.reference, request.money, request.deposit_id):
            raise ReferenceConflict("the key stands for another refund")
        return RefundAnswer(
            reference=payment.reference, provider_id=payment.provider_id, state=RefundState(payment.state), money=payment.money
        )  # fmt: skip

    # ---- asking ----

    def ask(self, reference: str, *, known: Known = NOTHING_KNOWN) -> PaymentStatus:
        """Tell what Stripe knows of `reference`: by its id, or by looking through the lists since it was first sent. Raises OutcomeUnknown.

        Not found is said only of lists that were read to their end. What was to be sent makes them short: the customer's, or the refunded payment's.
        """
        again = known.again
        if known.provider_id.startswith("re_"):
            return self._found(reference, self._refund_by_id(known.provider_id))
        if known.provider_id:
            return self._found(reference, self._intent_by_id(known.provider_id))
        if not isinstance(again, RefundRequest):
            customer = again.instrument_token.rpartition("/")[0] if again is not None else ""
            listed = self._listed("payment_intents", reference, known.since, {"customer": customer} if customer else {})
            if listed is not None:
                return self._found(reference, self._intent_by_id(self._read(_id, listed)))
        if not isinstance(again, DepositRequest):
            listed = self._listed("refunds", reference, known.since, {"payment_intent": again.deposit_id} if again is not None else {})
            if listed is not None:
                return self._found(reference, self._read(words.refund, listed))
        return PaymentStatus(reference=reference, payment=None)

    def _found(self, reference: str, payment: Payment) -> PaymentStatus:
        if payment.reference != reference:
            raise OutcomeUnknown("the answer is about another reference")
        return PaymentStatus(reference=reference, payment=payment)

    def _intent_by_id(self, intent_id: str) -> Payment:
        body = self._get(f"payment_intents/{quote(intent_id, safe='')}", {"expand[0]": _WITH_FEE})
        charge = body.get("latest_charge")
        disputed = isinstance(charge, dict) and charge.get("disputed") is True
        disputes = self._disputes(intent_id) if disputed else ()
        return self._read(lambda raw: words.intent(raw, disputes=disputes), body)

    def _refund_by_id(self, refund_id: str) -> Payment:
        return self._read(words.refund, self._get(f"refunds/{quote(refund_id, safe='')}", {}))

    def _disputes(self, intent_id: str) -> tuple[Dispute, ...]:
        rows, more = self._page("disputes", {"payment_intent": intent_id, "limit": "100"})
        if more:
            raise OutcomeUnknown("Stripe lists more disputes than can be")
        told = (self._read(words.dispute, row) for row in reversed(rows))
        return tuple(each for each in told if each is not None)

    def _listed(self, what: str, reference: str, since: datetime | None, query: Mapping[str, str]) -> Mapping[str, Any] | None:
        """The one object of a list that has our reference; None when the list was read to its end without it."""
        asked = {**query, "limit": "100"}
        if since is not None:
            asked["created[gte]"] = str(int((since - _SKEW).timestamp()))
        ours: list[Mapping[str, Any]] = []
        for _ in range(PAGES_MOST):
            rows, more = self._page(what, asked)
            ours += [row for row in rows if isinstance(row.get("metadata"), dict) and row["metadata"].get("reference") == reference]
            if len(ours) > 1:
                raise ReferenceConflict(f"Stripe lists {len(ours)} {what} for this reference")
            if not more:
                return ours[0] if ours else None
            if not rows:
                break
            asked["starting_after"] = self._read(_id, rows[-1])
        raise OutcomeUnknown(f"Stripe lists more {what} than are looked through: look it up in its Dashboard")

    def _page(self, what: str, query: Mapping[str, str]) -> tuple[list[Mapping[str, Any]], bool]:
        body = self._get(what, query)
        rows, more = body.get("data"), body.get("has_more")
        if not isinstance(rows, list) or not isinstance(more, bool) or not all(isinstance(row, dict) for row in rows):
            raise OutcomeUnknown("the answer holds no list")
        return rows, more

    # ---- balances ----

    def balances(self) -> list[Balance]:
        """What Stripe holds for us, one for each currency in which it settles. Raises OutcomeUnknown."""
        body = self._get("balance", {})
        sums: dict[str, dict[str, Decimal]] = {}
        try:
            for name in ("available", "pending", "connect_reserved"):
                rows = body.get(name, [])
                for row in rows if isinstance(rows, list) else [rows]:
                    amount, currency = words.signed_units(mapping(row).get("amount"), row.get("currency"))
                    held = sums.setdefault(currency, {})
                    held[name] = held.get(name, Decimal(0)) + amount
        except ValueError as error:
            raise OutcomeUnknown(f"the balance is not understood: {error}") from error
        none, as_of = Decimal(0), self._now()
        return [
            Balance(
                currency=currency, available=held.get("available", none), pending=held.get("pending", none),
                reserved=held.get("connect_reserved", none), as_of=as_of,
            )
            for currency, held in sorted(sums.items())
        ]  # fmt: skip

    # ---- disputes ----

    def defend(self, evidence: Evidence) -> None:
        """Hand in the text and the files, and submit them, which Stripe takes once. Raises as the protocol says."""
        if len(evidence.text) > TEXT_MOST:
            raise ProviderRefused("text_too_long", f"Stripe takes {TEXT_MOST} characters as text.")
        if wrong := [f"{name} ({media})" for name, media, _ in evidence.files if media not in _MEDIA]:
            raise ProviderRefused("document_type", f"Stripe takes PDF, JPEG and PNG, not {', '.join(wrong)}.")
        if len(evidence.files) > len(_PLACES) or sum(len(content) for _, _, content in evidence.files) > FILES_MOST:
            raise ProviderRefused("too_many_files", f"Stripe takes {len(_PLACES)} files of together {FILES_MOST} bytes: join them into one PDF.")
        fields = {"submit": "true"}
        if evidence.text:
            fields["evidence[uncategorized_text]"] = evidence.text
        for number, (place, file) in enumerate(zip(_PLACES, evidence.files, strict=False)):
            fields[f"evidence[{place}]"] = self._upload(file, key=f"{evidence.key}:file:{number}")
        _done(self._post(f"disputes/{quote(evidence.dispute_id, safe='')}", fields, key=f"{evidence.key}:defend"))

    def accept(self, dispute_id: str, *, key: str) -> None:
        """Let the dispute be lost. Raises as the protocol says."""
        _done(self._post(f"disputes/{quote(dispute_id, safe='')}/close", {}, key=f"{key}:accept"))

    def _upload(self, file: tuple[str, str, bytes], *, key: str) -> str:
        if self._files is None:
            raise ProviderRefused("files_not_configured", "files_url is not set: send text alone, or add the files in Stripe's Dashboard.")
        name, media, content = file
        kind = f"multipart/form-data; boundary={hashlib.sha256(key.encode()).hexdigest()}"  # the same for the same key, so that a repeat is a repeat
        form = httpx.Request(
            "POST", "https://files", headers={"Content-Type": kind}, data={"purpose": "dispute_evidence"}, files={"file": (name, content, media)}
        )
        body = _done(self._files.post_content("files", content=form.read(), content_type=kind, key=_key(key)))
        return self._read(_id, body)

    # ---- webhooks ----

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[ProviderEvent]:
        """Check the signature, then read. Raises BadSignature, StaleSignature, BadWebhook."""
        signing.verify(headers, body, secrets=self._secrets, now=self._clock())
        return self.read_webhook(body)

    def read_webhook(self, body: bytes) -> list[ProviderEvent]:
        """Read a body that was checked before. Raises BadWebhook."""
        try:
            return [words.event(read_object(body))]
        except ValueError as error:
            raise BadWebhook(str(error)) from error

    # ---- wire ----

    def _post(self, path: str, fields: Mapping[str, str], *, key: str) -> Answer:
        return self._api.post_content(path, content=urlencode(fields).encode(), content_type=_FORM, key=_key(key))

    def _get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Raises OutcomeUnknown for whatever is no good answer."""
        answer = self._api.get(path, params=query)
        if answer.status != 200:
            raise OutcomeUnknown(f"answered with {answer.status}")
        return answer.body

    def _read(self, reader: Callable[[Any], T], raw: object) -> T:
        """Raises OutcomeUnknown for what is not understood."""
        try:
            return reader(raw)
        except ValueError as error:
            raise OutcomeUnknown(f"the answer is not understood: {error}") from error

    def _units(self, money: Money) -> int:
        return words.minor_units(money, currencies=self._exponents)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _key(name: str) -> str:
    """An Idempotency-Key, which has 255 characters at most."""
    return name if len(name) <= KEY_MOST and name.isascii() and name.isprintable() else hashlib.sha256(name.encode()).hexdigest()


def _id(raw: Mapping[str, Any]) -> str:
    return text(raw, "id")


def _error(answer: Answer) -> Mapping[str, Any]:
    error = answer.body.get("error")
    return error if isinstance(error, dict) else {}


def _done(answer: Answer) -> Mapping[str, Any]:
    """The body of a yes. Raises ProviderRefused, ProviderUnavailable, OutcomeUnknown."""
    if answer.status == 200:
        return answer.body
    error = _error(answer)
    kind, said = error.get("type"), error.get("message")
    if not 400 <= answer.status < 500 or not isinstance(kind, str):
        raise OutcomeUnknown(f"answered with {answer.status} and no reason")  # not Stripe's own no, but of something in between
    code, message = words.why(error), said if isinstance(said, str) else "Stripe gives no reason."
    if answer.status in (401, 403, 429):
        raise ProviderUnavailable(f"{code}: {message}")
    if answer.status == 409:
        raise OutcomeUnknown(f"{code}: {message}")  # the first request with this key is still under way
    if kind == "idempotency_error":
        raise ReferenceConflict(f"{code}: {message}")
    if answer.status not in (400, 402, 404):
        raise OutcomeUnknown(f"{code}: {message}")  # 424: somebody behind Stripe failed
    raise ProviderRefused(code, message)


def _redirect(body: Mapping[str, Any]) -> str:
    action = body.get("next_action")
    page = action.get("redirect_to_url") if isinstance(action, dict) else None
    address = page.get("url") if isinstance(page, dict) else None
    return address if isinstance(address, str) and urlsplit(address).scheme in ("http", "https") else ""
