"""How many ledger transactions of each kind there are, for metrics: counted as they get their positions."""

from typing import Any

from backoffice.operations.metrics import house, tallies
from wallet.kinds import TransactionKind


def ledger(cursor: Any, after: int) -> tuple[int, dict[str, int]]:
    """The next ranges of the sequence: together at most a chunk, or one that is larger."""
    cursor.execute(
        "SELECT max(last_position), array_agg(first_position) FROM wallet_sequence"
        " WHERE first_position > %(after)s AND first_position <= %(after)s + %(chunk)s"
        " AND (last_position <= %(after)s + %(chunk)s OR first_position = %(after)s + 1)",
        {"after": after, "chunk": tallies.CHUNK},
    )
    until, firsts = cursor.fetchone()
    if until is None:
        return after, {}
    cursor.execute(
        "SELECT t.kind, count(*) FROM wallet_sequence s CROSS JOIN unnest(s.ids) i (id) JOIN wallet_transaction t ON t.id = i.id"
        " WHERE s.first_position = ANY(%s) GROUP BY 1",
        [firsts],
    )
    return until, {TransactionKind(kind).name.lower(): count for kind, count in cursor.fetchall()}


def register() -> None:
    tallies.register(tallies.Source("ledger", ledger))
    house.register(
        house.Figure(
            "countroom_ledger_transactions", "Transactions in the ledger by kind", ("kind",),
            "SELECT label, count FROM operations_tally WHERE stream = 'ledger' ORDER BY label", counter=True,
        )
    )  # fmt: skip
