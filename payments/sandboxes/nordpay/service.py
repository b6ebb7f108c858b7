"""Nordpay itself: takes payments, moves them along, answers for them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
import threading
from decimal import Decimal

from . import behaviour as behaviours
from . import money, moves, plans
from .behaviour import Behaviour, Fate
from .errors import ApiError
from .store import Store

PREFIX = {"deposit": "dep_", "payout": "pay_", "refund": "ref_"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """A checked request to move money. `amount` is None for a refund of all that is left; `parent` is the refunded deposit."""

    kind: str
    reference: str
    amount: Decimal | None
    currency: str
    method: str = ""
    token: str = ""
    name: str = ""
    return_url: str = ""
    parent: str = ""

    def content(self) -> str:
        """Canonical text: equal for equal requests."""
        fields = dataclasses.asdict(self)
        fields["amount"] = "" if self.amount is None else money.text(self.amount, self.currency)
        return json.dumps(fields, sort_keys=True)


class Nordpay:
    """The provider. Safe to use from many threads."""

    def __init__(self, *, store: Store, seed: str) -> None:
        self.store = store
        self.seed = seed
        self._guard = threading.Lock()
        self._attempts: dict[tuple[str, str], int] = {}
        remembered = store.get_meta("behaviour")
        self.behaviour = behaviours.changed(Behaviour(), remembered) if isinstance(remembered, dict) else Behaviour()

    # behaviour

    def set_behaviour(self, values: dict[str, object]) -> Behaviour:
        """Change rates and times from now on, restarts included. Raises ApiError 422."""
        with self._guard:
            values = dict(values)
            start = Behaviour() if values.pop("reset", False) is True else self.behaviour
            self.behaviour = behaviours.changed(start, values)
            self.store.set_meta("behaviour", behaviours.as_json(self.behaviour))
            return self.behaviour

    def fate(self, *, operation: str, reference: str, token: str = "") -> Fate:
        """What happens on the wire to this request. A token counts only while the reference is not taken."""
        word = behaviours.magic(token)
        if word in behaviours.TRANSPORT:
            with self.store.read() as db:
                taken = db.execute("SELECT 1 FROM payments WHERE reference = ?", (reference,)).fetchone()
            return Fate.ANSWER if taken else Fate(word)
        with self._guard:
            attempt = self._attempts[operation, reference] = self._attempts.get((operation, reference), 0) + 1
        return behaviours.transport_fate(self.behaviour, seed=self.seed, operation=operation, reference=reference, attempt=attempt)

    # taking payments

    def take(self, order: Order, *, key: str) -> tuple[int, str]:
        """Take an order once and give the answer's status and body; on disk when this returns.

        The same `key` again gives the first answer. The same reference again gives the payment as it is now.
        Raises ApiError 409 for a key or a reference that stands for something else, 422 when declined.
        """
        content, at = order.content(), moves.now_us()
        with self.store.write() as db:
            first = db.execute("SELECT * FROM answers WHERE key = ?", (key,)).fetchone()
            if first is not None:
                if first["content"] != content:
                    raise ApiError(409, "idempotency_key_reused", "This idempotency key was used for another request.", field="Idempotency-Key")
                return int(first["status"]), str(first["body"])
            known = db.execute("SELECT * FROM payments WHERE reference = ?", (order.reference,)).fetchone()
            if known is not None and known["content"] != content:
                raise ApiError(409, "reference_conflict", "This reference stands for another payment.", field="reference")
            status = 200 if known is not None else 201
            payment_id = known["id"] if known is not None else self._create(db, order, content=content, at=at)
            body = json.dumps(moves.view(db, moves.get(db, payment_id)))
            db.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (key, content, status, body))
        return status, body

    def _create(self, db: sqlite3.Connection, order: Order, *, content: str, at: int) -> str:
        method, amount = order.method, order.amount
        if order.kind == "refund":
            deposit = moves.get(db, order.parent)
            if deposit["kind"] != "deposit" or deposit["status"] != "captured":
                raise ApiError(409, "not_refundable", f"A {deposit['kind']} that is {deposit['status']} is not refunded.")
            left = moves.left_of(db, deposit)
            method, amount = deposit["method"], left if amount is None else amount
            if amount > left or not amount:
                raise ApiError(422, "refund_too_large", f"{money.text(left, order.currency)} {order.currency} is left to refund.", field="amount")
        word = behaviours.magic(order.token) or behaviours.outcome(self.behaviour, seed=self.seed, reference=order.reference)
        if word == "refuse":
            raise ApiError(422, "declined", "The payment was declined.")
        if amount is None:
            raise ApiError(422, "field_missing", "amount is missing.", field="amount")

        plan = plans.make(kind=order.kind, method=method, token=order.token, reference=order.reference, behaviour=self.behaviour, seed=self.seed)
        payment_id = PREFIX[order.kind] + hashlib.sha256(f"{self.seed}\0{order.reference}".encode()).hexdigest()[:24]
        next_at = None if plan.held or not plan.later else at + plan.later[0][1]
        db.execute(
            "INSERT INTO payments (id, kind, reference, status, amount, currency, method, content, parent, plan, next_at,"
            " created_at, changed_at, change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                payment_id, order.kind, order.reference, plans.FIRST[order.kind], money.text(amount, order.currency), order.currency,
                method, content, order.parent or None, json.dumps(plan.later), next_at, at, at, moves.next_change(db),
            ),
        )  # fmt: skip
        for number, status in enumerate(plan.at_once, start=1):
            more = number < len(plan.at_once) or bool(plan.later)
            moves.move(db, payment_id, status, at=at, behaviour=self.behaviour, seed=self.seed, more_to_come=more)
        return payment_id

    # moving them along

    def next_due(self) -> int | None:
        """When the next planned step is due, in microseconds since the epoch."""
        with self.store.read() as db:
            due: int | None = db.execute("SELECT min(next_at) FROM payments WHERE next_at IS NOT NULL").fetchone()[0]
        return due

    def run_due(self) -> None:
        """Take every planned step that is due."""
        with self.store.read() as db:
            due = db.execute("SELECT id FROM payments WHERE next_at <= ? ORDER BY next_at LIMIT 200", (moves.now_us(),)).fetchall()
        for row in due:
            self.advance(row["id"], only_due=True)

    def advance(self, payment_id: str, *, only_due: bool = False) -> dict[str, object]:
        """Take the next planned step. A step that has become impossible ends the plan. Raises ApiError 404, 409 without a plan."""
        at = moves.now_us()
        with self.store.write() as db:
            payment = moves.get(db, payment_id)
            plan = json.loads(payment["plan"])
            if not plan or (only_due and (payment["next_at"] is None or payment["next_at"] > at)):
                if only_due:
                    return {}
                raise ApiError(409, "not_possible", "Nothing is planned for this payment.")
            (status, _), rest = plan[0], plan[1:]
            next_at = at + rest[0][1] if rest and payment["next_at"] is not None else None
            db.execute("UPDATE payments SET plan = ?, next_at = ? WHERE id = ?", (json.dumps(rest), next_at, payment_id))
            try:
                moves.move(db, payment_id, status, at=at, behaviour=self.behaviour, seed=self.seed, more_to_come=bool(rest))
            except ApiError:
                db.execute("UPDATE payments SET plan = '[]', next_at = NULL WHERE id = ?", (payment_id,))
            return moves.view(db, moves.get(db, payment_id))

    def force(self, payment_id: str, status: str) -> dict[str, object]:
        """Take the payment to `status` now and drop its plan. Raises ApiError 404, 409."""
        with self.store.write() as db:
            payment = moves.get(db, payment_id)
            if status == "captured" and payment["status"] != "charged_back":
                raise ApiError(409, "not_possible", "There is no charge-back to win.")
            moves.move(db, payment_id, status, at=moves.now_us(), behaviour=self.behaviour, seed=self.seed)
            db.execute("UPDATE payments SET plan = '[]', next_at = NULL WHERE id = ?", (payment_id,))
            return moves.view(db, moves.get(db, payment_id))

    # answering for them

    def by_id(self, payment_id: str) -> dict[str, object]:
        """One payment. Raises ApiError 404."""
        with self.store.read() as db:
            return moves.view(db, moves.get(db, payment_id))

    def by_reference(self, reference: str) -> dict[str, object]:
        """One payment. Raises ApiError 404: this reference was never taken."""
        with self.store.read() as db:
            row = db.execute("SELECT * FROM payments WHERE reference = ?", (reference,)).fetchone()
            if row is None:
                raise ApiError(404, "payment_not_found", "No payment has this reference.", field="reference")
            return moves.view(db, row)

    def changed_since(self, *, change: int, limit: int) -> dict[str, object]:
        """Payments changed after position `change`, oldest change first, and the cursor to go on from."""
        with self.store.read() as db:
            rows = db.execute("SELECT * FROM payments WHERE change > ? ORDER BY change LIMIT ?", (change, limit + 1)).fetchall()
            shown = rows[:limit]
            return {
                "payments": [moves.view(db, row) for row in shown],
                "cursor": f"c{shown[-1]['change'] if shown else change}",
                "more": len(rows) > limit,
            }
