"""Nordpay's words: its answers and its events."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from decimal import Decimal

from payments.sandboxes.common import moves, plans
from payments.sandboxes.common.engine import Order

from . import fees, money

EVIDENCE_DAYS = 14
PREFIX = {"deposit": "dep_", "payout": "pay_", "refund": "ref_"}


class NordpayDialect:
    """A `common.dialect.Dialect`."""

    name = "nordpay"
    exponents = money.EXPONENTS
    unique_references = True
    disputed_again = False
    announced: frozenset[str] = frozenset()

    def identify(self, order: Order, *, seed: str, key: str) -> str:
        """From the reference, which stands for one payment."""
        return PREFIX[order.kind] + hashlib.sha256(f"{seed}\0{order.reference}".encode()).hexdigest()[:24]

    def fee(self, *, movement: str, method: str, amount: Decimal, currency: str) -> Decimal:
        """By the price list."""
        return fees.fee(movement=movement, method=method, amount=amount, currency=currency)

    def answer(self, db: sqlite3.Connection, payment: sqlite3.Row, *, new: bool) -> tuple[int, dict[str, object]]:
        """The payment."""
        return (201 if new else 200), self.shown(db, payment)

    def shown(self, db: sqlite3.Connection, payment: sqlite3.Row) -> dict[str, object]:
        """The payment as the API shows it."""
        movements = db.execute("SELECT * FROM movements WHERE payment_id = ? ORDER BY id", (payment["id"],)).fetchall()
        currency = payment["currency"]
        content = json.loads(payment["content"])
        shown: dict[str, object] = {
            "id": payment["id"],
            "kind": payment["kind"],
            "reference": payment["reference"],
            "status": payment["status"],
            "amount": payment["amount"],
            "currency": currency,
            "method": payment["method"],
            "fee": money.text(money.total(Decimal(row["fee"]) for row in movements), currency),
            "sequence": payment["sequence"],
            "created": moves.iso(payment["created_at"]),
            "changed": moves.iso(payment["changed_at"]),
            "movements": [
                {"kind": row["kind"], "amount": row["amount"], "fee": row["fee"], "currency": currency, "at": moves.iso(row["at"])} for row in movements
            ],
        }
        if payment["kind"] == "deposit":
            shown["disputes"] = _disputes(payment, movements)
        if payment["parent"]:
            shown["payment"] = payment["parent"]
        if content.get("return_url") and payment["status"] == "pending":
            separator = "&" if "?" in content["return_url"] else "?"
            shown["redirect_url"] = f"{content['return_url']}{separator}payment={payment['id']}"
        return shown

    def event(
        self, db: sqlite3.Connection, payment: sqlite3.Row, *, event_id: str, event_type: str, amount: Decimal, fee: Decimal, at: int
    ) -> list[dict[str, object]]:
        """One event for each change, with the payment in it."""
        currency = payment["currency"]
        return [
            {
                "id": event_id,
                "type": event_type,
                "created": moves.iso(at),
                "sequence": payment["sequence"],
                "amount": money.text(amount, currency),
                "currency": currency,
                "fee": money.text(fee, currency),
                "payment": self.shown(db, payment),
            }
        ]


def _disputes(payment: sqlite3.Row, movements: list[sqlite3.Row]) -> list[dict[str, object]]:
    """What the player's bank has taken back: once at most, and evidence against it is due in two weeks."""
    won = any(row["kind"] == plans.WON for row in movements)
    return [
        {
            "id": payment["id"].replace("dep_", "dsp_"),
            "status": "won" if won else "opened",
            "amount": row["amount"],
            "fee": row["fee"],
            "currency": payment["currency"],
            "reason": "10.4",
            "evidence_due": moves.iso(row["at"] + EVIDENCE_DAYS * 86_400_000_000),
        }
        for row in movements
        if row["kind"] == "charged_back"
    ]
