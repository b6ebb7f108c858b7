"""The adapter: our requests in Nordpay's words, its answers in ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from urllib.parse import quote, urlsplit

from payments.providers.protocol import (
    NOTHING_KNOWN,
    BadWebhook,
    Capabilities,
    DepositAnswer,
    DepositRequest,
    DepositState,
    Known,
    Method,
    Money,
    Operation,
    OutcomeUnknown,
    Payment,
    PaymentKind,
    PaymentPage,
    PaymentStatus,
    PayoutAnswer,
    PayoutRequest,
    PayoutState,
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

_METHODS = {Method.CARD: "card", Method.BANK: "bank", Method.WALLET: "wallet", Method.CRYPTO: "crypto"}
_CONFLICTS = frozenset({"reference_conflict", "idempotency_key_reused"})


class Nordpay:
    """Nordpay as a `Provider` that also `ListsPayments`."""

    def __init__(
        self,
        *,
        code: str,
        url: str,
        key: str,
        webhook_secret: str | Sequence[str],
        timeout: float = 5.0,
        connect_timeout: float = 2.0,
        webhook_window: float = 300.0,
        not_found_final_after: float = 10.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Times in seconds. Several webhook secrets are all accepted, for changing one. Raises ValueError for a setting that cannot work."""
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError("url is not an http or https address")
        if not isinstance(key, str) or not key:
            raise ValueError("key is empty")
        secrets = (webhook_secret,) if isinstance(webhook_secret, str) else tuple(webhook_secret)
        if not secrets or not all(secrets):
            raise ValueError("webhook_secret is empty")
        if min(timeout, connect_timeout, webhook_window) <= 0 or not_found_final_after < 0:
            raise ValueError("times are above zero")
        self._code = code
        self._secrets = secrets
        self._window = webhook_window
        self._clock = clock
        authorisation = {"Authorization": f"Bearer {key}"}
        self._transport = Transport(url=url, headers=authorisation, timeout=timeout, connect_timeout=connect_timeout, sleep=sleep)
        every = frozenset(Method)
        self._capabilities = Capabilities(
            methods={Operation.DEPOSIT: every, Operation.PAYOUT: every, Operation.REFUND: every},
            exponents=words.EXPONENTS,
            partial_refunds=True,
            not_found_final_after=timedelta(seconds=not_found_final_after),
        )

    @property
    def code(self) -> str:
        """The name in settings and rows."""
        return self._code

    @property
    def capabilities(self) -> Capabilities:
        """What Nordpay can do."""
        return self._capabilities

    def create_deposit(self, request: DepositRequest) -> DepositAnswer:
        """Start a deposit; raises as the protocol says."""
        body = {
            "reference": request.reference,
            "amount": words.amount_text(request.money),
            "currency": request.money.currency,
            "method": _METHODS[request.method],
            "token": request.instrument_token,
        }
        if request.return_url:
            body["return_url"] = request.return_url
        answer = self._transport.post("/v1/deposits", body=body, key=request.key)
        payment = _taken(answer, kind=PaymentKind.DEPOSIT, reference=request.reference, money=request.money)
        redirect = answer.body.get("redirect_url", "")
        return DepositAnswer(
            reference=payment.reference,
            provider_id=payment.provider_id,
            state=DepositState(payment.state),
            money=payment.money,
            redirect_url=redirect if isinstance(redirect, str) else "",
            fee=payment.fee,
            sequence=payment.sequence,
        )

    def send_payout(self, request: PayoutRequest) -> PayoutAnswer:
        """Send a payout once; raises as the protocol says."""
        body = {
            "reference": request.reference,
            "amount": words.amount_text(request.money),
            "currency": request.money.currency,
            "method": _METHODS[request.method],
            "token": request.beneficiary_token,
            "name": request.beneficiary_name,
        }
        answer = self._transport.post("/v1/payouts", body=body, key=request.key)
        payment = _taken(answer, kind=PaymentKind.PAYOUT, reference=request.reference, money=request.money)
        return PayoutAnswer(reference=payment.reference, provider_id=payment.provider_id, state=PayoutState(payment.state), money=payment.money)

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Refund a captured deposit; raises as the protocol says."""
        body = {"reference": request.reference, "amount": words.amount_text(request.money), "currency": request.money.currency}
        answer = self._transport.post(f"/v1/payments/{quote(request.deposit_id, safe='')}/refund", body=body, key=request.key)
        payment = _taken(answer, kind=PaymentKind.REFUND, reference=request.reference, money=request.money)
        return RefundAnswer(reference=payment.reference, provider_id=payment.provider_id, state=RefundState(payment.state), money=payment.money)

    def ask(self, reference: str, *, known: Known = NOTHING_KNOWN) -> PaymentStatus:
        """Tell what Nordpay knows of `reference`. Raises OutcomeUnknown when it could not be learnt."""
        answer = self._transport.get(f"/v1/payments/by-reference/{quote(reference, safe='')}")
        if answer.status == 404 and _error(answer)[0] == "payment_not_found":
            return PaymentStatus(reference=reference, payment=None)
        payment = _payment(answer)
        if payment.reference != reference:
            raise OutcomeUnknown("the answer is about another reference")
        return PaymentStatus(reference=reference, payment=payment)

    def list_payments(self, *, cursor: str = "", limit: int = 100) -> PaymentPage:
        """Payments changed after `cursor`, oldest change first. Raises OutcomeUnknown when no page could be read."""
        answer = self._transport.get("/v1/payments", params={"since": cursor, "limit": str(limit)})
        rows, onward, more = answer.body.get("payments"), answer.body.get("cursor"), answer.body.get("more")
        if answer.status != 200 or not isinstance(rows, list) or not isinstance(onward, str) or not isinstance(more, bool):
            raise OutcomeUnknown(f"answered with {answer.status} and no page")
        try:
            return PaymentPage(payments=tuple(words.payment(row) for row in rows), cursor=onward, more=more)
        except ValueError as error:
            raise OutcomeUnknown(f"the page is not understood: {error}") from error

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[ProviderEvent]:
        """Check the signature, then read the one event. Raises BadSignature, StaleSignature, BadWebhook."""
        signing.verify(headers=headers, body=body, secrets=self._secrets, now=self._clock(), window=self._window)
        return self.read_webhook(body)

    def read_webhook(self, body: bytes) -> list[ProviderEvent]:
        """Read the one event of a body that was checked before. Raises BadWebhook."""
        try:
            return [words.event(read_object(body))]
        except ValueError as error:
            raise BadWebhook(str(error)) from error


def _taken(answer: Answer, *, kind: PaymentKind, reference: str, money: Money) -> Payment:
    """The payment that a request made. Raises ProviderRefused, ProviderUnavailable, ReferenceConflict, OutcomeUnknown."""
    if 400 <= answer.status < 500:
        code, message = _error(answer)
        if code in _CONFLICTS:
            raise ReferenceConflict(f"{code}: {message}")
        if answer.status in (401, 403, 429) or code == "no_such_page":
            raise ProviderUnavailable(f"{code}: {message}")
        raise ProviderRefused(code, message)
    payment = _payment(answer)
    if (payment.kind, payment.reference, payment.money) != (kind, reference, money):
        raise OutcomeUnknown("the answer is about another payment")
    return payment


def _payment(answer: Answer) -> Payment:
    if answer.status not in (200, 201):
        raise OutcomeUnknown(f"answered with {answer.status}")
    try:
        return words.payment(answer.body)
    except ValueError as error:
        raise OutcomeUnknown(f"the answer is not understood: {error}") from error


def _error(answer: Answer) -> tuple[str, str]:
    """Nordpay's code and sentence. Raises OutcomeUnknown when this no is not Nordpay's own, but of something in between."""
    error = answer.body.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("code"), str) or not isinstance(error.get("message"), str):
        raise OutcomeUnknown(f"answered with {answer.status} and no reason")
    return error["code"], error["message"]
