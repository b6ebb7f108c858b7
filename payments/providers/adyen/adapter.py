"""The adapter: our requests in Adyen's words, its answers in ours.

Deposits and refunds go through the Checkout API, payouts through the Transfers API of the balance platform, disputes through the Disputes API.
Adyen holds no reference of ours unique, only its Idempotency-Key; so our reference, which stands for one attempt for ever, is the key.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
import typst

from payments.providers.fields import mapping, text
from payments.providers.protocol import (
    NOTHING_KNOWN,
    BadSignature,
    BadWebhook,
    Balance,
    Capabilities,
    DepositAnswer,
    DepositRequest,
    DepositState,
    Evidence,
    Known,
    Method,
    Money,
    Operation,
    OutcomeUnknown,
    Payment,
    PaymentKind,
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
from .currencies import EXPONENTS

KEY_MOST = 64  # characters of an Idempotency-Key
REPEATS_FOR = timedelta(days=6)  # Adyen keeps a key for at least seven days; a later repeat would be a second payment
_LOOK_BACK = timedelta(days=180)  # Adyen lists transfers of six months at most
_IN_PROGRESS = "704"  # request already processed or in progress
_DOCUMENTS = frozenset({"application/pdf", "image/jpeg", "image/jpg", "image/tiff"})
_log = structlog.get_logger(__name__)
_STORED_TYPES = {Method.CARD: "scheme", Method.BANK: "sepadirectdebit", Method.WALLET: "paypal"}


class Adyen:
    """Adyen as a `Provider` that also `TellsBalance` and `TakesEvidence`."""

    def __init__(
        self,
        *,
        code: str,
        url: str,
        key: str,
        merchant_account: str,
        hmac_keys: str | Sequence[str],
        transfers_url: str = "",
        transfers_key: str = "",
        balance_account: str = "",
        transfer_hmac_keys: str | Sequence[str] = (),
        balances_url: str = "",
        disputes_url: str = "",
        capture: str = "immediate",
        return_url: str = "",
        shopper_prefix: str = "player-",
        priorities: Sequence[str] = ("regular",),
        stored_types: Mapping[str, str] | None = None,
        currencies: Sequence[str] = (),
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        not_found_final_after: float = 300.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Times in seconds. Without `transfers_url` nothing is paid out. Raises ValueError for a setting that cannot work.

        `capture`: "immediate" asks Adyen to capture what it authorises and takes an authorisation for the money; "event" waits for CAPTURE.
        `return_url` is where a player comes back to when the request names no place; `shopper_prefix` goes before our name of a player, since Adyen
        takes none below three characters. `currencies` restricts Adyen's table to those that the account processes. Several HMAC keys are all
        accepted, for changing one.
        """
        for name, address in (("url", url), ("transfers_url", transfers_url), ("balances_url", balances_url), ("disputes_url", disputes_url)):
            if (address or name == "url") and (urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname):
                raise ValueError(f"{name} is not an http or https address")
        if not key or not merchant_account:
            raise ValueError("key or merchant_account is empty")
        if transfers_url and not (transfers_key and balance_account):
            raise ValueError("transfers_url needs transfers_key and balance_account")
        if capture not in ("immediate", "event"):
            raise ValueError("capture is immediate or event")
        if min(timeout, connect_timeout) <= 0 or not_found_final_after < 0:
            raise ValueError("times are above zero")
        if unknown := sorted(set(currencies) - set(EXPONENTS)):
            raise ValueError(f"Adyen has no {', '.join(unknown)}")
        self._code = code
        self._merchant = merchant_account
        self._account = words.Account(merchant=merchant_account, captured_at_once=capture == "immediate")
        self._item_keys = signing.keys(_several(hmac_keys))
        self._body_keys = signing.keys(_several(transfer_hmac_keys)) if transfer_hmac_keys else ()
        self._balance_account = balance_account
        self._return_url = return_url
        self._prefix = shopper_prefix
        self._priorities = list(priorities)
        self._types = {**_STORED_TYPES, **{Method(method): kind for method, kind in (stored_types or {}).items()}}
        self._exponents = {currency: EXPONENTS[currency] for currency in currencies} if currencies else dict(EXPONENTS)
        self._clock = clock

        def transport(address: str, api_key: str) -> Transport:
            return Transport(url=address, headers={"X-API-Key": api_key}, timeout=timeout, connect_timeout=connect_timeout, sleep=sleep)

        self._checkout = transport(url, key)
        self._transfers = transport(transfers_url, transfers_key) if transfers_url else None
        self._balances = transport(balances_url, transfers_key) if balances_url else None
        self._disputes = transport(disputes_url, key) if disputes_url else None
        paid_in = frozenset({Method.CARD, Method.BANK, Method.WALLET})
        paid_out = frozenset({Method.CARD, Method.BANK}) if transfers_url else frozenset()
        self._capabilities = Capabilities(
            methods={Operation.DEPOSIT: paid_in, Operation.PAYOUT: paid_out, Operation.REFUND: paid_in},
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
        """What Adyen can do."""
        return self._capabilities

    # ---- deposits ----

    def create_deposit(self, request: DepositRequest) -> DepositAnswer:
        """Start a deposit with a stored instrument; raises as the protocol says."""
        body: dict[str, Any] = {
            "merchantAccount": self._merchant,
            "amount": self._amount(request.money),
            "reference": request.reference,
            "paymentMethod": {"type": self._types[request.method], "storedPaymentMethodId": request.instrument_token},
            "shopperReference": self._prefix + request.player,
            "shopperInteraction": "ContAuth",
            "recurringProcessingModel": "CardOnFile",
            "returnUrl": request.return_url or self._return_url,
            "channel": "Web",
        }
        if self._account.captured_at_once:
            body["captureDelayHours"] = 0
        for name, value in (("countryCode", request.country), ("shopperLocale", request.language), ("shopperIP", request.ip)):
            if value:
                body[name] = value
        answer = self._checkout.post("payments", body=body, key=_key(request.reference))
        return self._deposit_answer(_done(answer), reference=request.reference, asked=request.money)

    def complete(self, request: DepositRequest, redirect_result: str) -> DepositAnswer:
        """Finish a deposit whose player has come back from a redirect: `redirect_result` is `redirectResult` of the address they came back to.

        Raises as `create_deposit`. A repeat is harmless.
        """
        key = _key(f"details:{request.reference}:{redirect_result}")
        answer = self._checkout.post("payments/details", body={"details": {"redirectResult": redirect_result}}, key=key)
        return self._deposit_answer(_done(answer), reference=request.reference, asked=request.money)

    def _deposit_answer(self, body: Mapping[str, Any], *, reference: str, asked: Money) -> DepositAnswer:
        """Raises OutcomeUnknown for what is not understood, ReferenceConflict for what is about something else."""
        try:
            result = text(body, "resultCode")
            given = words.money(body["amount"]) if "amount" in body else asked
        except ValueError as error:
            raise OutcomeUnknown(f"the answer is not understood: {error}") from error
        if body.get("merchantReference", reference) != reference or given != asked:
            raise ReferenceConflict("the key stands for another payment")
        state = words.RESULTS.get(result)
        if state is None:
            raise OutcomeUnknown(f"Adyen answers {result[:40]}, which needs a page that is not here")
        if state is DepositState.AUTHORISED and self._account.captured_at_once:
            state = DepositState.CAPTURED
        redirect = _redirect(body)
        if result == "RedirectShopper" and not redirect:
            raise OutcomeUnknown("a redirect to nowhere")
        psp, reason = body.get("pspReference", ""), body.get("refusalReason", "")
        return DepositAnswer(
            reference=reference,
            provider_id=psp if isinstance(psp, str) else "",
            state=state,
            money=given,
            redirect_url=redirect,
            decline=reason if state is DepositState.FAILED and isinstance(reason, str) else "",
        )

    # ---- payouts ----

    def send_payout(self, request: PayoutRequest) -> PayoutAnswer:
        """Send a payout once, to a stored card, or to a bank account by its IBAN or its token; raises as the protocol says."""
        if self._transfers is None:
            raise ProviderRefused("payouts_not_configured", "Adyen is not set up to pay out here.")
        body: dict[str, Any] = {
            "amount": self._amount(request.money),
            "balanceAccountId": self._balance_account,
            "category": "card" if request.method is Method.CARD else "bank",
            "counterparty": _counterparty(request, prefix=self._prefix),
            "reference": request.reference,
            "description": request.reference,
        }
        if request.method is Method.BANK:
            body["priorities"] = self._priorities
            body["referenceForBeneficiary"] = request.reference
        answer = self._transfers.post("transfers", body=body, key=_key(request.reference))
        fields = _done(answer)
        try:
            payment = words.transfer({**fields, "creationDate": fields.get("creationDate") or self._now().isoformat()})
        except ValueError as error:
            raise OutcomeUnknown(f"the answer is not understood: {error}") from error
        if (payment.reference, payment.money) != (request.reference, request.money):
            raise ReferenceConflict("the key stands for another payout")
        return PayoutAnswer(reference=payment.reference, provider_id=payment.provider_id, state=PayoutState(payment.state), money=payment.money)

    # ---- refunds ----

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Ask for a refund. Adyen answers that it has it; whether it was paid is told by its webhook. Raises as the protocol says."""
        body = {"merchantAccount": self._merchant, "amount": self._amount(request.money), "reference": request.reference}
        path = f"payments/{quote(request.deposit_id, safe='')}/refunds"
        fields = _done(self._checkout.post(path, body=body, key=_key(request.reference)))
        try:
            psp, given = text(fields, "pspReference"), words.money(fields.get("amount"))
        except ValueError as error:
            raise OutcomeUnknown(f"the answer is not understood: {error}") from error
        if (fields.get("reference"), fields.get("paymentPspReference"), given) != (request.reference, request.deposit_id, request.money):
            raise ReferenceConflict("the key stands for another refund")
        if fields.get("status") != "received":
            raise OutcomeUnknown("the answer is not understood: status")
        return RefundAnswer(reference=request.reference, provider_id=psp, state=RefundState.ACCEPTED, money=given)

    # ---- asking ----

    def ask(self, reference: str, *, known: Known = NOTHING_KNOWN) -> PaymentStatus:
        """Tell what Adyen knows of `reference`: of a deposit or a refund by repeating it under its key, of a payout by reading the transfer.

        A repeat gives Adyen's first answer, so what came later is told by webhooks alone. Raises OutcomeUnknown.
        """
        if known.again is not None:
            return self._repeat(reference, known)
        if self._transfers is None:
            raise OutcomeUnknown("Adyen tells of a deposit or refund only by a repeat of its request")
        if known.provider_id:
            return self._transfer_by_id(self._transfers, reference, known.provider_id)
        return self._transfer_by_reference(self._transfers, reference, known.since)

    def _repeat(self, reference: str, known: Known) -> PaymentStatus:
        again = known.again
        if again is None or again.reference != reference:
            raise OutcomeUnknown("what is to be repeated is another payment")
        if known.since is None or self._now() - known.since > REPEATS_FOR:
            raise OutcomeUnknown("it is too late to repeat it safely: look it up in Adyen's Customer Area")
        try:
            answer: DepositAnswer | RefundAnswer = self.create_deposit(again) if isinstance(again, DepositRequest) else self.refund(again)
        except ProviderRefused as refused:
            # Had the first request been taken, its answer would have come again; and a refused one leaves nothing at Adyen.
            _log.info("adyen_repeat_refused", reference=reference, code=refused.code)
            return PaymentStatus(reference=reference, payment=None)
        except (ProviderUnavailable, ValueError) as error:
            raise OutcomeUnknown(str(error)) from error
        kind = PaymentKind.DEPOSIT if isinstance(answer, DepositAnswer) else PaymentKind.REFUND
        payment = Payment(
            reference=reference,
            provider_id=answer.provider_id,
            kind=kind,
            state=answer.state,
            money=answer.money,
            fee=None,
            sequence=0,
            changed_at=self._now(),
            decline=answer.decline if isinstance(answer, DepositAnswer) else "",
            deposit_id=again.deposit_id if isinstance(again, RefundRequest) else "",
        )
        return PaymentStatus(reference=reference, payment=payment)

    def _transfer_by_id(self, transfers: Transport, reference: str, provider_id: str) -> PaymentStatus:
        answer = transfers.get(f"transfers/{quote(provider_id, safe='')}")
        if answer.status != 200:
            raise OutcomeUnknown(f"answered with {answer.status}")
        return self._found(reference, answer.body)

    def _transfer_by_reference(self, transfers: Transport, reference: str, since: datetime | None) -> PaymentStatus:
        now = self._now()
        begin = max(since - timedelta(days=1), now - _LOOK_BACK) if since is not None else now - _LOOK_BACK
        query = {
            "balanceAccountId": self._balance_account, "reference": reference,
            "createdSince": begin.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "createdUntil": (now + timedelta(hours=1)).isoformat(timespec="seconds").replace("+00:00", "Z"), "limit": "100",
        }  # fmt: skip
        answer = transfers.get("transfers", params=query)
        rows = answer.body.get("data")
        if answer.status != 200 or not isinstance(rows, list):
            raise OutcomeUnknown(f"answered with {answer.status} and no list")
        if not rows:
            return PaymentStatus(reference=reference, payment=None)
        ours = [row for row in rows if isinstance(row, dict) and row.get("reference") == reference and row.get("category") in ("bank", "card")]
        if len(ours) != 1:
            raise ReferenceConflict(f"Adyen lists {len(rows)} transfers for this reference")
        return self._found(reference, ours[0])

    def _found(self, reference: str, raw: object) -> PaymentStatus:
        try:
            payment = words.transfer(raw)
        except ValueError as error:
            raise OutcomeUnknown(f"the transfer is not understood: {error}") from error
        if payment.reference != reference:
            raise OutcomeUnknown("the answer is about another reference")
        return PaymentStatus(reference=reference, payment=payment)

    # ---- balances ----

    def balances(self) -> list[Balance]:
        """What the balance account holds, one for each currency. Raises OutcomeUnknown."""
        if self._balances is None:
            raise OutcomeUnknown("balances_url is not set")
        answer = self._balances.get(f"balanceAccounts/{quote(self._balance_account, safe='')}")
        rows = answer.body.get("balances")
        if answer.status != 200 or not isinstance(rows, list):
            raise OutcomeUnknown(f"answered with {answer.status} and no balances")
        try:
            return [self._balance(mapping(row)) for row in rows]
        except ValueError as error:
            raise OutcomeUnknown(f"the balance is not understood: {error}") from error

    def _balance(self, row: Mapping[str, Any]) -> Balance:
        currency = text(row, "currency")
        if currency not in EXPONENTS:
            raise ValueError("unknown currency")

        def units(name: str) -> Decimal:
            value = row.get(name, 0)
            if not isinstance(value, int) or isinstance(value, bool):
                raise ValueError(f"{name} is no amount")
            return Decimal(value).scaleb(-EXPONENTS[currency])

        return Balance(currency=currency, available=units("available"), pending=units("pending"), reserved=units("reserved"), as_of=self._now())

    # ---- disputes ----

    def defend(self, evidence: Evidence) -> None:
        """Hand in the text and the files, then defend for the first reason that Adyen offers. Raises as the protocol says."""
        dispute = {"merchantAccountCode": self._merchant, "disputePspReference": evidence.dispute_id.removesuffix(words.SECOND)}
        offered = self._dispute("retrieveApplicableDefenseReasons", dispute, key=f"{evidence.key}:reasons").get("defenseReasons")
        reasons = [each for each in offered if isinstance(each, dict) and each.get("defenseReasonCode")] if isinstance(offered, list) else []
        if not reasons:
            raise ProviderRefused("not_defendable", "Adyen offers no reason for which this dispute could be defended.")
        reason = reasons[0]
        if wrong := [f"{name} ({media})" for name, media, _ in evidence.files if media not in _DOCUMENTS]:
            raise ProviderRefused("document_type", f"Adyen takes PDF, JPEG and TIFF, not {', '.join(wrong)}.")
        files = [*evidence.files, ("statement.pdf", "application/pdf", _letter(evidence.text))] if evidence.text else list(evidence.files)
        if files:
            documents = [
                {"content": base64.b64encode(content).decode(), "contentType": media, "defenseDocumentTypeCode": _document_type(reason, place)}
                for place, (_, media, content) in enumerate(files)
            ]
            self._dispute("supplyDefenseDocument", {**dispute, "defenseDocuments": documents}, key=f"{evidence.key}:documents")
        self._dispute("defendDispute", {**dispute, "defenseReasonCode": reason["defenseReasonCode"]}, key=f"{evidence.key}:defend")

    def accept(self, dispute_id: str, *, key: str) -> None:
        """Let the dispute be lost. Raises as the protocol says."""
        dispute = {"merchantAccountCode": self._merchant, "disputePspReference": dispute_id.removesuffix(words.SECOND)}
        self._dispute("acceptDispute", dispute, key=f"{key}:accept")

    def _dispute(self, action: str, body: Mapping[str, Any], *, key: str) -> Mapping[str, Any]:
        if self._disputes is None:
            raise ProviderRefused("disputes_not_configured", "disputes_url is not set: answer this dispute in Adyen's Customer Area.")
        fields = _done(self._disputes.post(action, body=body, key=_key(key)))
        result = fields.get("disputeServiceResult")
        if not isinstance(result, dict) or not isinstance(result.get("success"), bool):
            raise OutcomeUnknown("the answer says neither yes nor no")
        if not result["success"]:
            raise ProviderRefused("dispute_refused", str(result.get("errorMessage") or "Adyen gives no reason")[:200])
        return fields

    # ---- webhooks ----

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[ProviderEvent]:
        """Check every signature, then read. Raises BadSignature, BadWebhook; never StaleSignature, since Adyen signs no time."""
        try:
            document = read_object(body)
        except ValueError:
            document = {}
        if "notificationItems" in document:
            signing.verify_items(document, self._item_keys)
        elif not self._body_keys:
            raise BadSignature("no key is set for webhooks that are signed in their header")
        else:
            signing.verify_body(headers, body, self._body_keys)
        return self.read_webhook(body)

    def read_webhook(self, body: bytes) -> list[ProviderEvent]:
        """Read a body that was checked before: one event for each of its items. Raises BadWebhook."""
        try:
            document = read_object(body)
            items = document.get("notificationItems")
            if items is None:
                return [words.transfer_event(document)]
            return [words.item_event(item, account=self._account) for item in words.items(items)]
        except ValueError as error:
            raise BadWebhook(str(error)) from error

    def _amount(self, money: Money) -> dict[str, Any]:
        return {"value": words.minor_units(money, currencies=self._exponents), "currency": money.currency}

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _key(name: str) -> str:
    """An Idempotency-Key, which has 64 characters at most."""
    return name if len(name) <= KEY_MOST and name.isascii() and name.isprintable() else hashlib.sha256(name.encode()).hexdigest()


def _done(answer: Answer) -> Mapping[str, Any]:
    """The body of a yes. Raises ProviderRefused, ProviderUnavailable, OutcomeUnknown."""
    if answer.status in (200, 201, 202):
        return answer.body
    if not 400 <= answer.status < 500:
        raise OutcomeUnknown(f"answered with {answer.status}")
    code, said = answer.body.get("errorCode"), answer.body.get("message") or answer.body.get("detail") or answer.body.get("title")
    if not isinstance(code, str) or not isinstance(said, str):
        raise OutcomeUnknown(f"answered with {answer.status} and no reason")  # not Adyen's own no, but of something in between
    if "idempotency" in said.lower():
        raise ReferenceConflict(f"{code}: {said}")
    if answer.status == 409 or code == _IN_PROGRESS:
        raise OutcomeUnknown(f"{code}: {said}")  # the first request with this key is still under way
    if answer.status in (401, 403, 404, 429) or answer.headers.get("transient-error") == "true":
        raise ProviderUnavailable(f"{code}: {said}")
    raise ProviderRefused(code, said)


def _redirect(body: Mapping[str, Any]) -> str:
    action = body.get("action")
    if not isinstance(action, dict) or action.get("type") != "redirect" or action.get("method", "GET") != "GET":
        return ""
    address = action.get("url")
    return address if isinstance(address, str) and urlsplit(address).scheme in ("http", "https") else ""


def _counterparty(request: PayoutRequest, *, prefix: str) -> dict[str, Any]:
    first, _, last = request.beneficiary_name.strip().rpartition(" ")
    if request.method is Method.CARD:
        holder = {"type": "individual", "firstName": first or last, "lastName": last}
        if request.player:
            holder["reference"] = prefix + request.player
        return {"card": {"cardHolder": holder, "cardIdentification": {"storedPaymentMethodId": request.beneficiary_token}}}
    owner = {"type": "individual", "fullName": request.beneficiary_name.strip()}
    if request.beneficiary_account:
        account: dict[str, Any] = {"accountIdentification": {"type": "iban", "iban": request.beneficiary_account.replace(" ", "")}}
    else:
        account = {"storedPaymentMethodId": request.beneficiary_token}
    return {"bankAccount": {"accountHolder": owner, **account}}


def _letter(written: str) -> bytes:
    """A text as a PDF, the only form in which Adyen takes one. It reaches the template as data, so that nothing in it is markup."""
    made = typst.compile(b'#set page(paper: "a4")\n#set text(size: 11pt)\n#sys.inputs.text', sys_inputs={"text": written}, format="pdf")
    assert isinstance(made, bytes)  # noqa: S101  one page format, one file
    return made


def _document_type(reason: Mapping[str, Any], place: int) -> str:
    """The type of the document in this place, those that Adyen requires first."""
    offered = reason.get("defenseDocumentTypes")
    kinds = [each for each in offered if isinstance(each, dict) and isinstance(each.get("defenseDocumentTypeCode"), str)] if isinstance(offered, list) else []
    kinds.sort(key=lambda each: each.get("requirementLevel") != "Required")
    return str(kinds[min(place, len(kinds) - 1)]["defenseDocumentTypeCode"]) if kinds else "DefenseMaterial"
