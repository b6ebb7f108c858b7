"""Adyen's words: its answers, its notifications and the webhooks of its balance platform."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from decimal import Decimal

from payments.sandboxes.common import amounts, moves
from payments.sandboxes.common.engine import Order

STATUSES = {"accepted": "received", "sent": "authorised", "paid": "booked", "failed": "failed", "returned": "returned"}
REASONS = {"failed": "refusedByCounterpartyBank", "returned": "counterpartyAccountClosed", "accepted": "pending"}
DISPUTED = frozenset({
    "REQUEST_FOR_INFORMATION", "NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK", "PREARBITRATION_WON",
    "PREARBITRATION_LOST", "INFORMATION_SUPPLIED", "DISPUTE_DEFENSE_PERIOD_ENDED", "ISSUER_RESPONSE_TIMEFRAME_EXPIRED",
})  # fmt: skip


class Decimals(dict[str, int]):
    """Decimals by currency: two, where nothing else is said."""

    def __missing__(self, currency: str) -> int:
        return 2


_NONE = "CVE DJF GNF IDR JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
EXPONENTS: Mapping[str, int] = Decimals({currency: decimals for decimals, codes in ((0, _NONE), (3, _THREE)) for currency in codes.split()})


def psp(*parts: str) -> str:
    """Adyen's reference of something: sixteen capitals and digits, the same for the same parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16].upper()


def units(amount: str | Decimal, currency: str) -> dict[str, object]:
    """An amount in minor units."""
    return {"value": int(Decimal(amount).scaleb(EXPONENTS[currency])), "currency": currency}


class AdyenDialect:
    """A `common.dialect.Dialect`."""

    name = "adyen"
    exponents = EXPONENTS
    unique_references = False
    disputed_again = True
    announced = frozenset({"payout"})

    def __init__(self, *, merchant: str, balance_account: str) -> None:
        self.merchant = merchant
        self.balance_account = balance_account

    def identify(self, order: Order, *, seed: str, key: str) -> str:
        """From the idempotency key, which stands for one payment."""
        return psp(seed, order.kind, key)

    def fee(self, *, movement: str, method: str, amount: Decimal, currency: str) -> Decimal:
        """Adyen tells what it charges in its settlement reports alone; here a percent of what comes in."""
        return amounts.share(amount, Decimal(1) if movement == "captured" else Decimal(0), Decimal(0), EXPONENTS[currency])

    def answer(self, db: sqlite3.Connection, payment: sqlite3.Row, *, new: bool) -> tuple[int, dict[str, object]]:
        """As Checkout and Transfers answer a POST."""
        return {"deposit": 200, "refund": 201, "payout": 202}[payment["kind"]], self.shown(db, payment)

    def shown(self, db: sqlite3.Connection, payment: sqlite3.Row) -> dict[str, object]:
        """The answer about a payment, a refund or a transfer."""
        if payment["kind"] == "payout":
            return self._transfer(payment)
        amount = units(payment["amount"], payment["currency"])
        if payment["kind"] == "refund":
            return {
                "merchantAccount": self.merchant, "paymentPspReference": payment["parent"], "reference": payment["reference"],
                "pspReference": payment["id"], "status": "received", "amount": amount,
            }  # fmt: skip
        shown: dict[str, object] = {"pspReference": payment["id"], "merchantReference": payment["reference"], "amount": amount}
        content = json.loads(payment["content"])
        if payment["status"] in ("failed", "expired"):
            return {**shown, "resultCode": "Refused", "refusalReason": "Not enough balance", "refusalReasonCode": "12"}
        if payment["status"] != "pending":
            return {**shown, "resultCode": "Authorised"}
        if payment["next_at"] is None and content["token"].startswith("tok_redirect"):
            url = f"http://{json.loads(content['more'])['host']}/checkoutshopper/threeDS/redirect/{payment['id']}"
            return {**shown, "resultCode": "RedirectShopper", "action": {"type": "redirect", "method": "GET", "paymentMethodType": "scheme", "url": url}}
        return {**shown, "resultCode": "Received" if payment["method"] == "bank" else "Pending"}

    def event(
        self, db: sqlite3.Connection, payment: sqlite3.Row, *, event_id: str, event_type: str, amount: Decimal, fee: Decimal, at: int
    ) -> list[dict[str, object]]:
        """Standard notifications for what comes in and goes back, transfer webhooks for payouts."""
        if payment["kind"] == "payout":
            kind = "created" if payment["status"] == "accepted" else "updated"
            return [{"type": f"balancePlatform.transfer.{kind}", "environment": "test", "timestamp": moves.iso(at), "data": self._transfer(payment)}]
        if payment["kind"] == "refund":
            return [self._item(payment, "REFUND", success=event_type == "refund.paid", amount=amount, at=at, original=payment["parent"])]
        about, _, what = event_type.partition(".")
        if about == "adyen":
            return [self._about(payment, what, amount=amount, at=at)]
        at_once, rounds = json.loads(payment["content"])["at_once"], _rounds(db, payment["id"])
        match what:
            case "authorised":
                return [self._item(payment, "AUTHORISATION", amount=amount, at=at)]
            case "failed":
                return [self._item(payment, "AUTHORISATION", success=False, amount=amount, at=at, reason="Not enough balance")]
            case "captured":
                return [] if at_once else [self._about(payment, "CAPTURE", amount=amount, at=at)]
            case "expired":
                return [self._about(payment, "EXPIRE", amount=amount, at=at)]
            case "reversed":
                return [self._about(payment, "CAPTURE_FAILED", amount=amount, at=at)]
            case "charged_back" if rounds > 1:
                return [self._about(payment, "SECOND_CHARGEBACK", amount=amount, at=at)]
            case "charged_back":
                return [self._about(payment, code, amount=amount, at=at) for code in ("NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK")]
            case "charge_back_won":
                return [self._about(payment, "PREARBITRATION_WON" if rounds > 1 else "CHARGEBACK_REVERSED", amount=amount, at=at)]
        return []

    def dispute(self, payment_id: str) -> str:
        """The reference of the dispute about a payment."""
        return psp("dispute", payment_id)

    def _about(self, payment: sqlite3.Row, code: str, *, amount: Decimal, at: int) -> dict[str, object]:
        extra: dict[str, object] = {}
        if code in DISPUTED:
            due = moves.iso(at + 18 * 86_400 * 1_000_000)
            extra = {
                "chargebackReasonCode": "10.4",
                "defensePeriodEndsAt": due,
                "defendable": "true",
                "disputeStatus": "Undefended",
            }
            if code == "DISPUTE_DEFENSE_PERIOD_ENDED":
                extra["disputeStatus"] = "Lost"
        if code == "FORGED":
            return self._item(payment, "AUTHORISATION", amount=amount, at=at, extra={"hmacSignature": "Zm9yZ2Vk"})
        about = self.dispute(payment["id"]) if code in DISPUTED else psp(code, payment["id"])
        return self._item(payment, code, amount=amount, at=at, about=about, original=payment["id"], extra=extra)

    def _item(
        self, payment: sqlite3.Row, code: str, *, amount: Decimal, at: int, success: bool = True, about: str = "", original: str = "",
        reason: str = "", extra: Mapping[str, object] | None = None,
    ) -> dict[str, object]:  # fmt: skip
        item: dict[str, object] = {
            "additionalData": dict(extra or {}), "amount": units(amount, payment["currency"]), "eventCode": code, "eventDate": moves.iso(at),
            "merchantAccountCode": self.merchant, "merchantReference": payment["reference"], "paymentMethod": "visa",
            "pspReference": about or payment["id"], "reason": reason, "success": "true" if success else "false",
        }  # fmt: skip
        if original:
            item["originalReference"] = original
        return {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}

    def _transfer(self, payment: sqlite3.Row) -> dict[str, object]:
        return {
            "id": payment["id"], "reference": payment["reference"], "amount": units(payment["amount"], payment["currency"]),
            "balanceAccount": {"id": self.balance_account}, "category": "card" if payment["method"] == "card" else "bank", "direction": "outgoing",
            "status": STATUSES[payment["status"]], "reason": REASONS.get(payment["status"], "approved"), "sequenceNumber": payment["sequence"],
            "creationDate": moves.iso(payment["created_at"]), "updatedAt": moves.iso(payment["changed_at"]),
        }  # fmt: skip


def _rounds(db: sqlite3.Connection, payment_id: str) -> int:
    count: int = db.execute("SELECT count(*) FROM movements WHERE payment_id = ? AND kind = 'charged_back'", (payment_id,)).fetchone()[0]
    return count
