"""The books: what was really taken and paid out, so that a test can say that nothing was paid twice or lost."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from . import amounts, plans
from .engine import Engine

IN = ("captured", plans.WON, "returned")
OUT = ("paid_out", "refunded", "reversed", "charged_back")


def books(engine: Engine, *, prefix: str = "") -> dict[str, object]:
    """Totals per currency and one entry per reference, for references that start with `prefix`.

    `balance` is all that came in less all that went out less fees; `in_flight` is payouts and refunds that have not left yet.
    """
    with engine.store.read() as db:
        payments = db.execute("SELECT * FROM payments WHERE substr(reference, 1, length(?)) = ? ORDER BY change", (prefix, prefix)).fetchall()
        movements = db.execute(
            "SELECT m.*, p.reference FROM movements m JOIN payments p ON p.id = m.payment_id WHERE substr(p.reference, 1, length(?)) = ?",
            (prefix, prefix),
        ).fetchall()

    sums: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    references: dict[str, dict[str, object]] = {
        row["reference"]: {
            "id": row["id"],
            "kind": row["kind"],
            "status": row["status"],
            "amount": row["amount"],
            "currency": row["currency"],
        }
        for row in payments
    }
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in payments:
        if row["kind"] != "deposit" and row["status"] in ("accepted", "sent"):
            sums[row["currency"]]["in_flight"].append(Decimal(row["amount"]))
    for row in movements:
        sums[row["currency"]][row["kind"]].append(Decimal(row["amount"]))
        sums[row["currency"]]["fees"].append(Decimal(row["fee"]))
        counts[row["reference"]][row["kind"]] += 1
    for reference, entry in references.items():
        entry["movements"] = dict(counts[reference])

    currencies = {}
    for currency, by_kind in sorted(sums.items()):
        totals = {name: amounts.total(by_kind[name]) for name in (*IN, *OUT, "fees", "in_flight")}
        came = amounts.total(totals[name] for name in IN)
        went = amounts.total(totals[name] for name in (*OUT, "fees"))
        totals["balance"] = amounts.minus(came, went)
        currencies[currency] = {name: engine.setting.text(amount, currency) for name, amount in totals.items()}
    return {"currencies": currencies, "references": references}
