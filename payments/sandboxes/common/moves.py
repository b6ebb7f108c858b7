"""One payment takes one step: its status, the money that moves with it, and the events that tell of it, in one transaction."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
import time
from datetime import UTC, datetime
from decimal import Decimal

from . import amounts, plans
from . import behaviour as behaviours
from .behaviour import Behaviour
from .dialect import Dialect
from .errors import ApiError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """What decides how a step is told: the company, its mood, and the seed of its draws."""

    dialect: Dialect
    behaviour: Behaviour
    seed: str

    def text(self, amount: Decimal, currency: str) -> str:
        """`amount` as it is kept."""
        return amounts.text(amount, self.dialect.exponents[currency])


def now_us() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def iso(at: int) -> str:
    """A time in UTC as RFC 3339 text with microseconds."""
    seconds, rest = divmod(at, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest).isoformat(timespec="microseconds").replace("+00:00", "Z")


def get(db: sqlite3.Connection, payment_id: str) -> sqlite3.Row:
    """The payment. Raises ApiError 404."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM payments WHERE id = ?", (payment_id,)).fetchone()
    if row is None:
        raise ApiError(404, "payment_not_found", "No payment has this id.", field="id")
    return row


def next_change(db: sqlite3.Connection) -> int:
    """The position of the change that is being made. Writers take turns, so positions become visible in order."""
    return int(db.execute("SELECT coalesce(max(change), 0) + 1 FROM payments").fetchone()[0])


def left_of(db: sqlite3.Connection, payment: sqlite3.Row) -> Decimal:
    """What of a captured deposit has neither gone back nor been promised back by a refund, in units of its currency."""
    movements = db.execute("SELECT kind, amount FROM movements WHERE payment_id = ?", (payment["id"],)).fetchall()
    came = amounts.total(Decimal(row["amount"]) for row in movements if row["kind"] in ("captured", plans.WON))
    went = amounts.total(Decimal(row["amount"]) for row in movements if row["kind"] in ("reversed", "charged_back"))
    refunds = db.execute("SELECT amount FROM payments WHERE parent = ? AND status <> 'failed'", (payment["id"],)).fetchall()
    return amounts.minus(amounts.minus(came, went), amounts.total(Decimal(row["amount"]) for row in refunds))


def move(db: sqlite3.Connection, payment_id: str, to: str, *, at: int, setting: Setting, more_to_come: bool = False) -> None:
    """Take the payment to status `to`. Raises ApiError 409 when it may not go there, or has no money left to go back."""
    payment = get(db, payment_id)
    if to not in plans.NEXT.get((payment["kind"], payment["status"]), set()):
        raise ApiError(409, "not_possible", f"A {payment['kind']} that is {payment['status']} does not become {to}.")
    won = payment["status"] == "charged_back"
    movement = plans.WON if won else plans.MOVEMENTS.get((payment["kind"], to))
    amount = Decimal(payment["amount"])
    if to in ("reversed", "charged_back"):
        amount = left_of(db, payment)
        if not amount:
            raise ApiError(409, "nothing_left", "All of this deposit has gone back already.")
    elif won:
        last = "SELECT amount FROM movements WHERE payment_id = ? AND kind = 'charged_back' ORDER BY id DESC"
        amount = Decimal(db.execute(last, (payment_id,)).fetchone()[0])

    currency = payment["currency"]
    fee = setting.dialect.fee(movement=movement or "", method=payment["method"], amount=amount, currency=currency)
    if movement is not None:
        try:
            db.execute(
                "INSERT INTO movements (payment_id, once, kind, amount, fee, currency, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    payment_id,
                    _once(db, payment_id, movement, setting=setting),
                    movement,
                    setting.text(amount, currency),
                    setting.text(fee, currency),
                    currency,
                    at,
                ),
            )
        except sqlite3.IntegrityError:
            raise ApiError(409, "not_possible", f"This payment was {movement} once already.") from None
    _changed(db, payment_id, status=to, at=at)
    event_type = f"{payment['kind']}.{plans.WON if won else to}"
    emit(db, payment_id, event_type, amount=amount, fee=fee, at=at, setting=setting, more_to_come=more_to_come)


def tell(db: sqlite3.Connection, payment_id: str, event_type: str, *, at: int, setting: Setting) -> None:
    """Tell of the payment without moving anything. Raises ApiError 404."""
    payment = get(db, payment_id)
    _changed(db, payment_id, status=payment["status"], at=at)
    emit(db, payment_id, event_type, amount=Decimal(payment["amount"]), fee=Decimal(0), at=at, setting=setting, more_to_come=False)


def _changed(db: sqlite3.Connection, payment_id: str, *, status: str, at: int) -> None:
    db.execute(
        "UPDATE payments SET status = ?, sequence = sequence + 1, changed_at = ?, change = ? WHERE id = ?",
        (status, at, next_change(db), payment_id),
    )


def _once(db: sqlite3.Connection, payment_id: str, movement: str, *, setting: Setting) -> str:
    """What makes a second such movement impossible; a charge-back may come again where the company knows second ones."""
    if not setting.dialect.disputed_again or movement not in ("charged_back", plans.WON):
        return f"{payment_id}:{movement}"
    before: int = db.execute("SELECT count(*) FROM movements WHERE payment_id = ? AND kind = ?", (payment_id, movement)).fetchone()[0]
    if before > 1:
        raise ApiError(409, "not_possible", "There is no third charge-back.")
    return f"{payment_id}:{movement}:{before}"


def emit(db: sqlite3.Connection, payment_id: str, event_type: str, *, amount: Decimal, fee: Decimal, at: int, setting: Setting, more_to_come: bool) -> None:
    """Write down what tells of a change, and plan its delivery."""
    payment = get(db, payment_id)
    sequence = payment["sequence"]
    event_id = "evt_" + hashlib.sha256(f"{payment_id}\0{sequence}".encode()).hexdigest()[:24]
    told = setting.dialect.event(db, payment, event_id=event_id, event_type=event_type, amount=amount, fee=fee, at=at)
    for number, body in enumerate(told):
        name = f"{event_id}_{number}" if number else event_id
        db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (name, payment_id, sequence, event_type, json.dumps(body)))
        _plan_delivery(db, payment_id, name, at=at, setting=setting, more_to_come=more_to_come)


def _plan_delivery(db: sqlite3.Connection, payment_id: str, event_id: str, *, at: int, setting: Setting, more_to_come: bool) -> None:
    behaviour, seed = setting.behaviour, setting.seed
    due = at + plans.micros(behaviour.webhook_delay)
    holding = db.execute("SELECT 1 FROM deliveries WHERE payment_id = ? AND held = 1 AND delivered_at IS NULL", (payment_id,)).fetchone()
    held = more_to_come and not holding and behaviours.hits(behaviour.out_of_order, seed=seed, about=f"order:{event_id}")
    insert = "INSERT INTO deliveries (event_id, payment_id, copy, held, next_at) VALUES (?, ?, ?, ?, ?)"
    due += plans.micros(behaviour.webhook_hold) if held else 0
    db.execute(insert, (event_id, payment_id, 0, int(held), due))
    if behaviours.hits(behaviour.duplicate_webhooks, seed=seed, about=f"twice:{event_id}"):
        db.execute(insert, (event_id, payment_id, 1, int(held), due + plans.micros(behaviour.step_delay)))
