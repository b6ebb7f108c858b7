"""One payment takes one step: its status, the money that moves with it, and the events that tell of it, in one transaction."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from datetime import UTC, datetime
from decimal import Decimal

from . import behaviour as behaviours
from . import fees, money, plans
from .behaviour import Behaviour
from .errors import ApiError

EVIDENCE_DAYS = 14


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
    came = money.total(Decimal(row["amount"]) for row in movements if row["kind"] in ("captured", plans.WON))
    went = money.total(Decimal(row["amount"]) for row in movements if row["kind"] in ("reversed", "charged_back"))
    refunds = db.execute("SELECT amount FROM payments WHERE parent = ? AND status <> 'failed'", (payment["id"],)).fetchall()
    return money.minus(money.minus(came, went), money.total(Decimal(row["amount"]) for row in refunds))


def move(db: sqlite3.Connection, payment_id: str, to: str, *, at: int, behaviour: Behaviour, seed: str, more_to_come: bool = False) -> None:
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
        amount = Decimal(db.execute("SELECT amount FROM movements WHERE once = ?", (f"{payment_id}:charged_back",)).fetchone()[0])

    currency = payment["currency"]
    fee = fees.fee(movement=movement or "", method=payment["method"], amount=amount, currency=currency)
    if movement is not None:
        try:
            db.execute(
                "INSERT INTO movements (payment_id, once, kind, amount, fee, currency, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (payment_id, f"{payment_id}:{movement}", movement, money.text(amount, currency), money.text(fee, currency), currency, at),
            )
        except sqlite3.IntegrityError:
            raise ApiError(409, "not_possible", f"This payment was {movement} once already.") from None
    db.execute(
        "UPDATE payments SET status = ?, sequence = sequence + 1, changed_at = ?, change = ? WHERE id = ?",
        (to, at, next_change(db), payment_id),
    )
    event_type = f"{payment['kind']}.{plans.WON if won else to}"
    _emit(db, payment_id, event_type, amount=amount, fee=fee, at=at, behaviour=behaviour, seed=seed, more_to_come=more_to_come)


def view(db: sqlite3.Connection, payment: sqlite3.Row) -> dict[str, object]:
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
        "created": iso(payment["created_at"]),
        "changed": iso(payment["changed_at"]),
        "movements": [{"kind": row["kind"], "amount": row["amount"], "fee": row["fee"], "currency": currency, "at": iso(row["at"])} for row in movements],
    }
    if payment["kind"] == "deposit":
        shown["disputes"] = _disputes(payment, movements)
    if payment["parent"]:
        shown["payment"] = payment["parent"]
    if content.get("return_url") and payment["status"] == "pending":
        separator = "&" if "?" in content["return_url"] else "?"
        shown["redirect_url"] = f"{content['return_url']}{separator}payment={payment['id']}"
    return shown


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
            "evidence_due": iso(row["at"] + EVIDENCE_DAYS * 86_400_000_000),
        }
        for row in movements
        if row["kind"] == "charged_back"
    ]


def _emit(
    db: sqlite3.Connection,
    payment_id: str,
    event_type: str,
    *,
    amount: Decimal,
    fee: Decimal,
    at: int,
    behaviour: Behaviour,
    seed: str,
    more_to_come: bool,
) -> None:
    payment = get(db, payment_id)
    sequence, currency = payment["sequence"], payment["currency"]
    event_id = "evt_" + hashlib.sha256(f"{payment_id}\0{sequence}".encode()).hexdigest()[:24]
    body = {
        "id": event_id,
        "type": event_type,
        "created": iso(at),
        "sequence": sequence,
        "amount": money.text(amount, currency),
        "currency": currency,
        "fee": money.text(fee, currency),
        "payment": view(db, payment),
    }
    db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (event_id, payment_id, sequence, event_type, json.dumps(body)))

    due = at + plans.micros(behaviour.webhook_delay)
    holding = db.execute("SELECT 1 FROM deliveries WHERE payment_id = ? AND held = 1 AND delivered_at IS NULL", (payment_id,)).fetchone()
    held = more_to_come and not holding and behaviours.hits(behaviour.out_of_order, seed=seed, about=f"order:{event_id}")
    insert = "INSERT INTO deliveries (event_id, payment_id, copy, held, next_at) VALUES (?, ?, ?, ?, ?)"
    due += plans.micros(behaviour.webhook_hold) if held else 0
    db.execute(insert, (event_id, payment_id, 0, int(held), due))
    if behaviours.hits(behaviour.duplicate_webhooks, seed=seed, about=f"twice:{event_id}"):
        db.execute(insert, (event_id, payment_id, 1, int(held), due + plans.micros(behaviour.step_delay)))
