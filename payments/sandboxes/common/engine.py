"""The company itself: takes payments, moves them along, answers for them."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import threading
from decimal import Decimal

from . import behaviour as behaviours
from . import moves, plans
from .behaviour import Behaviour, Fate
from .dialect import Dialect
from .errors import ApiError
from .moves import Setting
from .store import Store


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """A checked request to move money. `amount` is None for a refund of all that is left; `parent` is the refunded deposit.

    `at_once`: captured with the authorisation. `more` is what else was asked, as JSON text, for the answers.
    """

    kind: str
    reference: str
    amount: Decimal | None
    currency: str
    method: str = ""
    token: str = ""
    name: str = ""
    return_url: str = ""
    parent: str = ""
    at_once: bool = False
    more: str = ""

    def content(self, setting: Setting) -> str:
        """Canonical text: equal for equal requests."""
        fields = dataclasses.asdict(self)
        fields["amount"] = "" if self.amount is None else setting.text(self.amount, self.currency)
        return json.dumps(fields, sort_keys=True)


class Engine:
    """The company. Safe to use from many threads."""

    def __init__(self, *, store: Store, dialect: Dialect, seed: str) -> None:
        self.store = store
        self.dialect = dialect
        self.seed = seed
        self._guard = threading.Lock()
        self._attempts: dict[tuple[str, str], int] = {}
        remembered = store.get_meta("behaviour")
        self.behaviour = behaviours.changed(Behaviour(), remembered) if isinstance(remembered, dict) else Behaviour()

    @property
    def setting(self) -> Setting:
        """How things are told from now on."""
        return Setting(dialect=self.dialect, behaviour=self.behaviour, seed=self.seed)

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

        The same `key` again gives the first answer. The same reference again gives the payment as it is now, where the company holds them unique.
        Raises ApiError 409 for a key or a reference that stands for something else, 422 when declined.
        """
        content, at = order.content(self.setting), moves.now_us()
        with self.store.write() as db:
            first = db.execute("SELECT * FROM answers WHERE key = ?", (key,)).fetchone()
            if first is not None:
                if first["content"] != content and self.dialect.unique_references:
                    raise ApiError(409, "idempotency_key_reused", "This idempotency key was used for another request.", field="Idempotency-Key")
                return int(first["status"]), str(first["body"])
            known = None
            if self.dialect.unique_references:
                known = db.execute("SELECT * FROM payments WHERE reference = ?", (order.reference,)).fetchone()
            if known is not None and known["content"] != content:
                raise ApiError(409, "reference_conflict", "This reference stands for another payment.", field="reference")
            payment_id = known["id"] if known is not None else self._create(db, order, content=content, at=at, key=key)
            status, answer = self.dialect.answer(db, moves.get(db, payment_id), new=known is None)
            body = json.dumps(answer)
            db.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (key, content, status, body))
        return status, body

    def _create(self, db: sqlite3.Connection, order: Order, *, content: str, at: int, key: str) -> str:
        method, amount, setting = order.method, order.amount, self.setting
        if order.kind == "refund":
            deposit = moves.get(db, order.parent)
            if deposit["kind"] != "deposit" or deposit["status"] != "captured":
                raise ApiError(409, "not_refundable", f"A {deposit['kind']} that is {deposit['status']} is not refunded.")
            left = moves.left_of(db, deposit)
            method, amount = deposit["method"], left if amount is None else amount
            if amount > left or not amount:
                raise ApiError(422, "refund_too_large", f"{setting.text(left, order.currency)} {order.currency} is left to refund.", field="amount")
        word = behaviours.magic(order.token) or behaviours.outcome(self.behaviour, seed=self.seed, reference=order.reference)
        if word == "refuse":
            raise ApiError(422, "declined", "The payment was declined.")
        if amount is None:
            raise ApiError(422, "field_missing", "amount is missing.", field="amount")

        plan = plans.make(
            kind=order.kind, method=method, token=order.token, reference=order.reference, behaviour=self.behaviour, seed=self.seed, at_once=order.at_once
        )  # fmt: skip
        payment_id = self.dialect.identify(order, seed=self.seed, key=key)
        next_at = None if plan.held or not plan.later else at + plan.later[0][1]
        db.execute(
            "INSERT INTO payments (id, kind, reference, status, amount, currency, method, content, parent, plan, next_at,"
            " created_at, changed_at, change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                payment_id, order.kind, order.reference, plans.FIRST[order.kind], setting.text(amount, order.currency), order.currency,
                method, content, order.parent or None, json.dumps(plan.later), next_at, at, at, moves.next_change(db),
            ),
        )  # fmt: skip
        if order.kind in self.dialect.announced:
            moves.tell(db, payment_id, f"{order.kind}.{plans.FIRST[order.kind]}", at=at, setting=setting)
        for number, status in enumerate(plan.at_once, start=1):
            more = number < len(plan.at_once) or bool(plan.later)
            moves.move(db, payment_id, status, at=at, setting=setting, more_to_come=more)
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
                moves.move(db, payment_id, status, at=at, setting=self.setting, more_to_come=bool(rest))
            except ApiError:
                db.execute("UPDATE payments SET plan = '[]', next_at = NULL WHERE id = ?", (payment_id,))
            return self.dialect.shown(db, moves.get(db, payment_id))

    def force(self, payment_id: str, status: str) -> dict[str, object]:
        """Take the payment to `status` now and drop its plan. Raises ApiError 404, 409."""
        with self.store.write() as db:
            payment = moves.get(db, payment_id)
            if status == "captured" and payment["status"] != "charged_back":
                raise ApiError(409, "not_possible", "There is no charge-back to win.")
            moves.move(db, payment_id, status, at=moves.now_us(), setting=self.setting)
            db.execute("UPDATE payments SET plan = '[]', next_at = NULL WHERE id = ?", (payment_id,))
            return self.dialect.shown(db, moves.get(db, payment_id))

    def visit(self, payment_id: str, *, agreed: bool) -> sqlite3.Row:
        """The player comes to where the answer sent them, and agrees or not. Once is enough. Raises ApiError 404."""
        with self.store.write() as db:
            payment = moves.get(db, payment_id)
            if payment["status"] == "pending" and payment["next_at"] is None and not agreed:
                moves.move(db, payment_id, "failed", at=moves.now_us(), setting=self.setting)
                db.execute("UPDATE payments SET plan = '[]' WHERE id = ?", (payment_id,))
            elif payment["status"] == "pending" and payment["next_at"] is None:
                db.execute("UPDATE payments SET next_at = ? WHERE id = ?", (moves.now_us(), payment_id))
        self.run_due()
        with self.store.read() as db:
            return moves.get(db, payment_id)

    def tell(self, payment_id: str, event_type: str) -> None:
        """Tell of something that moves no money. Raises ApiError 404."""
        with self.store.write() as db:
            moves.tell(db, payment_id, event_type, at=moves.now_us(), setting=self.setting)

    # answering for them

    def by_id(self, payment_id: str) -> dict[str, object]:
        """One payment. Raises ApiError 404."""
        with self.store.read() as db:
            return self.dialect.shown(db, moves.get(db, payment_id))

    def by_reference(self, reference: str) -> dict[str, object]:
        """One payment. Raises ApiError 404: this reference was never taken."""
        with self.store.read() as db:
            row = db.execute("SELECT * FROM payments WHERE reference = ?", (reference,)).fetchone()
            if row is None:
                raise ApiError(404, "payment_not_found", "No payment has this reference.", field="reference")
            return self.dialect.shown(db, row)

    def changed_since(self, *, change: int, limit: int) -> dict[str, object]:
        """Payments changed after position `change`, oldest change first, and the cursor to go on from."""
        with self.store.read() as db:
            rows = db.execute("SELECT * FROM payments WHERE change > ? ORDER BY change LIMIT ?", (change, limit + 1)).fetchall()
            shown = rows[:limit]
            return {
                "payments": [self.dialect.shown(db, row) for row in shown],
                "cursor": f"c{shown[-1]['change'] if shown else change}",
                "more": len(rows) > limit,
            }
