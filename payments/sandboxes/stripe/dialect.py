"""Stripe's words: its objects, its answers and its events."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from decimal import Decimal

from payments.sandboxes.common import amounts, plans
from payments.sandboxes.common.engine import Order

DAY = 86_400
VERSION = "2024-06-20"


class Decimals(dict[str, int]):
    """Decimals by currency: two, where nothing else is said."""

    def __missing__(self, currency: str) -> int:
        return 2


def _table(none: str, three: str) -> Decimals:
    return Decimals({currency: decimals for decimals, codes in ((0, none), (3, three)) for currency in codes.split()})


_NONE = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THREE = "BHD JOD KWD OMR TND"
EXPONENTS: Mapping[str, int] = _table(f"{_NONE} ISK UGX", _THREE)
WRITTEN: Mapping[str, int] = _table(_NONE, _THREE)  # ISK and UGX have no decimals and are written with two


def name(prefix: str, *parts: str) -> str:
    """Stripe's id of something, the same for the same parts."""
    return f"{prefix}_{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24]}"


def units(amount: str | Decimal, currency: str) -> int:
    """An amount as Stripe writes it."""
    return int(Decimal(amount).scaleb(WRITTEN[currency]))


class StripeDialect:
    """A `common.dialect.Dialect`."""

    name = "stripe"
    exponents = EXPONENTS
    unique_references = False
    disputed_again = False
    announced: frozenset[str] = frozenset()

    def identify(self, order: Order, *, seed: str, key: str) -> str:
        """From the idempotency key, which stands for one payment."""
        return name({"deposit": "pi", "refund": "re"}[order.kind], seed, order.kind, key)

    def fee(self, *, movement: str, method: str, amount: Decimal, currency: str) -> Decimal:
        """A percentage of what comes in, and a fixed amount for a dispute."""
        percent, fixed = {"captured": ("2.9", "0"), "charged_back": ("0", "15")}.get(movement, ("0", "0"))
        return amounts.share(amount, Decimal(percent), Decimal(fixed), EXPONENTS[currency])

    def answer(self, db: sqlite3.Connection, payment: sqlite3.Row, *, new: bool) -> tuple[int, dict[str, object]]:
        """As Stripe answers a POST: a decline is an error that holds the PaymentIntent."""
        whole = self.shown(db, payment)
        shown = whole if json.loads(json.loads(payment["content"])["more"]).get("expand") else collapsed(whole)
        if payment["kind"] == "deposit" and payment["status"] == "failed":
            return 402, {"error": {**_declined(), "payment_intent": shown}}
        return 200, shown

    def shown(self, db: sqlite3.Connection, payment: sqlite3.Row) -> dict[str, object]:
        """A Refund, or a PaymentIntent with everything expanded."""
        content = json.loads(payment["content"])
        more = json.loads(content["more"])
        currency, status = payment["currency"], payment["status"]
        shown: dict[str, object] = {
            "id": payment["id"], "object": "payment_intent", "amount": units(payment["amount"], currency), "currency": currency.lower(),
            "created": payment["created_at"] // 1_000_000, "metadata": more["metadata"],
        }  # fmt: skip
        if payment["kind"] == "refund":
            told = {"accepted": "pending", "paid": "succeeded", "failed": "failed"}[status]
            shown |= {"object": "refund", "status": told, "payment_intent": payment["parent"], "charge": name("ch", payment["parent"])}
            return {**shown, "failure_reason": "lost_or_stolen_card"} if status == "failed" else shown
        came = status in ("captured", "charged_back")
        shown |= {
            "amount_received": units(payment["amount"], currency) if came else 0, "client_secret": f"{payment['id']}_secret", "livemode": False,
            "customer": more["customer"], "payment_method": more["payment_method"], "last_payment_error": None, "next_action": None,
            "latest_charge": self._charge(db, payment) if came or status == "failed" else None,
        }  # fmt: skip
        if status == "failed":
            return {**shown, "status": "requires_payment_method", "payment_method": None, "last_payment_error": _declined()}
        if status == "expired":
            return {**shown, "status": "canceled", "cancellation_reason": "automatic"}
        if came:
            return {**shown, "status": "succeeded"}
        if status == "pending" and payment["next_at"] is None and content["token"].startswith("tok_redirect"):
            page = {"url": f"http://{more['host']}/redirect/authenticate/{payment['id']}", "return_url": content["return_url"]}
            return {**shown, "status": "requires_action", "next_action": {"type": "redirect_to_url", "redirect_to_url": page}}
        return {**shown, "status": "processing"}

    def event(
        self, db: sqlite3.Connection, payment: sqlite3.Row, *, event_id: str, event_type: str, amount: Decimal, fee: Decimal, at: int
    ) -> list[dict[str, object]]:
        """Events, each with its object as it is at this moment."""
        about, _, what = event_type.partition(".")
        if about == "stripe":
            kinds = [what]
        else:
            kinds = {
                "deposit.captured": ["charge.succeeded", "payment_intent.succeeded"],
                "deposit.failed": ["payment_intent.payment_failed"],
                "deposit.expired": ["payment_intent.canceled"],
                "deposit.charged_back": ["charge.dispute.created", "charge.dispute.funds_withdrawn"],
                "deposit.charge_back_won": ["charge.dispute.closed", "charge.dispute.funds_reinstated"],
                "refund.paid": ["refund.updated", "charge.refund.updated"],
                "refund.failed": ["refund.updated", "refund.failed"],
            }.get(event_type, [])
        told: list[dict[str, object]] = []
        for number, kind in enumerate(kinds):
            thing = collapsed(self.shown(db, payment))
            if kind.startswith("charge.dispute."):
                thing = self.dispute(db, payment) or {}
            elif kind == "charge.succeeded":
                thing = {**self._charge(db, payment), "balance_transaction": name("txn", payment["id"], "captured")}
            told.append({
                "id": f"{event_id}_{number}" if number else event_id, "object": "event", "api_version": VERSION, "created": at // 1_000_000,
                "type": kind, "livemode": False, "pending_webhooks": 1, "data": {"object": thing}, "request": {"id": None, "idempotency_key": None},
            })  # fmt: skip
        return told

    def dispute(self, db: sqlite3.Connection, payment: sqlite3.Row) -> dict[str, object] | None:
        """The dispute about a payment, if there is one."""
        moved = db.execute("SELECT * FROM movements WHERE payment_id = ? AND kind IN ('charged_back', ?) ORDER BY id", (payment["id"], plans.WON)).fetchall()
        remembered = db.execute("SELECT value FROM meta WHERE name = ?", (f"dispute:{payment['id']}",)).fetchone()
        said = str(json.loads(remembered["value"])) if remembered is not None else ""
        if not moved and not said:
            return None
        status = said
        if len(moved) == 2:
            status = "won"
        elif moved and (not said or said.startswith("warning_")):
            status = "needs_response"
        currency = payment["currency"]
        created = (moved[0]["at"] if moved else payment["changed_at"]) // 1_000_000
        lines = [
            {
                "id": name("txn", payment["id"], row["kind"]), "object": "balance_transaction", "currency": currency.lower(),
                "amount": units(row["amount"], currency) * (-1 if row["kind"] == "charged_back" else 1), "fee": units(row["fee"], currency),
            }
            for row in moved
        ]  # fmt: skip
        return {
            "id": name("du", payment["id"]), "object": "dispute", "status": status, "reason": "fraudulent", "charge": name("ch", payment["id"]),
            "payment_intent": payment["id"], "amount": units(moved[0]["amount"] if moved else payment["amount"], currency), "currency": currency.lower(),
            "balance_transactions": lines, "created": created, "is_charge_refundable": not moved, "metadata": {},
            "evidence_details": {"due_by": created + 18 * DAY, "has_evidence": "under_review" in status, "past_due": False, "submission_count": 0},
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "network_reason_code": "10.4"}},
        }  # fmt: skip

    def _charge(self, db: sqlite3.Connection, payment: sqlite3.Row) -> dict[str, object]:
        row = db.execute("SELECT * FROM movements WHERE payment_id = ? AND kind = 'captured'", (payment["id"],)).fetchone()
        currency, line = payment["currency"], None
        if row is not None:
            came, fee = units(row["amount"], currency), units(row["fee"], currency)
            line = {
                "id": name("txn", payment["id"], "captured"), "object": "balance_transaction", "amount": came, "currency": currency.lower(), "fee": fee,
                "net": came - fee, "type": "charge",
            }  # fmt: skip
        return {
            "id": name("ch", payment["id"]), "object": "charge", "amount": units(payment["amount"], currency), "currency": currency.lower(),
            "created": (row["at"] if row is not None else payment["changed_at"]) // 1_000_000, "payment_intent": payment["id"],
            "status": "succeeded" if row is not None else "failed", "disputed": self.dispute(db, payment) is not None, "balance_transaction": line,
        }  # fmt: skip


def collapsed(thing: dict[str, object]) -> dict[str, object]:
    """An object as it is told when nothing is expanded."""
    charge = thing.get("latest_charge")
    return {**thing, "latest_charge": charge["id"]} if isinstance(charge, dict) else thing


def _declined() -> dict[str, object]:
    return {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "Your card has insufficient funds."}
