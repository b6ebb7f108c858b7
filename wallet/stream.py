"""The ledger as a sequenced, sealed stream: the same mechanism as the record, with one side row a range."""

from collections.abc import Callable, Iterator

from django.db import connection

from backoffice.audit import canonical, streams
from backoffice.audit.streams import Cursor, Finding

VERSION = "post1"
FIELDS: canonical.Fields = (
    ("id", "int"), ("epoch", "int"), ("xid", "xid"), ("brand_id", "int"), ("player_id", "int"), ("effective_at", "time"),
    ("recorded_at", "time"), ("kind", "int"), ("reference_type", "int"), ("reference_id", "int"), ("reverses", "int"),
    ("key", "text"), ("digest", "bytes"), ("meta", "text"), ("legs", "bytes"),
)  # fmt: skip

# The canonical forms of the legs, one after the other. Amounts as text, without zeros at their end.
_LEGS = """(SELECT string_agg(record_send(ROW(e.leg::bigint, e.account_id, e.currency_id::bigint, trim_scale(e.amount)::text,
    trim_scale(e.balance_after)::text)), ''::bytea ORDER BY e.leg, e.account_id, e.amount)
    FROM wallet_entry e WHERE e.transaction_id = t.id AND e.recorded_at = t.recorded_at)"""


def _leaf(row: str, position: str) -> str:
    return canonical.leaf_sql(row, position=position, number="0", fields=FIELDS, version=VERSION)


_SEQUENCE = f"""
WITH fresh AS (
    SELECT t.*, {_LEGS} AS legs, row_number() OVER (ORDER BY t.xid, t.id) + %(last)s AS position
    FROM wallet_transaction t WHERE t.epoch = %(epoch)s AND t.xid >= %(from)s::text::xid8 AND t.xid < %(to)s::text::xid8
)
INSERT INTO wallet_sequence (first_position, last_position, ids, leaves)
SELECT min(position), max(position), array_agg(id ORDER BY position), string_agg({_leaf("f", "f.position")}, ''::bytea ORDER BY position)
FROM fresh f HAVING count(*) > 0
RETURNING last_position - first_position + 1
"""  # noqa: S608

_RANGES = "SELECT first_position, ids, leaves FROM wallet_sequence WHERE last_position >= %s AND first_position <= %s ORDER BY first_position"

_BODIES = f"""
SELECT f.id, CASE WHEN f.recorded_at < (SELECT wallet_carried_before()) THEN ''::bytea
    ELSE {canonical.body_sql("f", position="f.position", number="0", fields=FIELDS)} END FROM (
    SELECT t.*, {_LEGS} AS legs, p.position FROM unnest(%s::bigint[], %s::bigint[]) p (id, position) JOIN wallet_transaction t ON t.id = p.id
) f
"""  # noqa: S608

_STRAYS = """
SELECT t.id FROM wallet_transaction t
LEFT JOIN (SELECT unnest(ids) AS id FROM wallet_sequence) s ON s.id = t.id
WHERE s.id IS NULL AND (t.epoch, t.xid) < (%s::smallint, %s::text::xid8) ORDER BY t.id LIMIT 1000
"""

# Every movement of every account: entries, and before them what the last checkpoint of the retention carries.
_MOVEMENTS = (
    "SELECT account_id, amount, transaction_id FROM wallet_entry WHERE recorded_at >= wallet_carried_before()"
    " UNION ALL SELECT account_id, amount, NULL FROM wallet_carried WHERE checkpoint_id = (SELECT max(id) FROM wallet_checkpoint)"
)

# Each is a statement about the whole ledger that must hold at any moment; a row that comes back breaks it.
_INVARIANTS: tuple[tuple[str, str, str], ...] = (
    (
        "unbalanced",
        "SELECT 'wallet_transaction:' || transaction_id, 'its entries do not sum to zero' FROM wallet_entry"
        " GROUP BY transaction_id, currency_id HAVING sum(amount) <> 0",
        "entries sum to zero",
    ),
    (
        "inserted",
        "SELECT 'wallet_entry:' || e.transaction_id || '/' || e.leg, 'belongs to no transaction of its moment' FROM wallet_entry e"
        " LEFT JOIN wallet_transaction t ON t.id = e.transaction_id AND t.recorded_at = e.recorded_at WHERE t.id IS NULL",
        "every entry has its transaction",
    ),
    (
        "balance",
        "SELECT 'wallet_account:' || a.id, 'holds ' || trim_scale(a.balance) || ', its entries sum to ' || trim_scale(coalesce(s.total, 0))"
        f" FROM wallet_account a LEFT JOIN (SELECT account_id, sum(amount) AS total FROM ({_MOVEMENTS}) m GROUP BY account_id) s ON s.account_id = a.id"
        " WHERE a.running AND a.balance <> coalesce(s.total, 0)",
        "a running balance is the sum of its entries",
    ),
    (
        "balance",
        "SELECT 'wallet_account:' || a.id, 'its snapshot is ' || trim_scale(a.balance) || ', its entries below the boundary sum to '"
        " || trim_scale(coalesce(s.total, 0)) FROM wallet_account a LEFT JOIN ("
        f"  SELECT e.account_id, sum(e.amount) AS total FROM ({_MOVEMENTS}) e LEFT JOIN wallet_transaction t ON t.id = e.transaction_id"
        "  WHERE e.transaction_id IS NULL OR (t.epoch, t.xid) < (SELECT epoch, xid FROM wallet_boundary) GROUP BY e.account_id) s ON s.account_id = a.id"
        " WHERE NOT a.running AND a.balance <> coalesce(s.total, 0)",
        "a snapshot is the sum of what lies below the boundary",
    ),
    (
        "balance",
        "SELECT 'wallet_hold:' || coalesce(a.player_id, h.player_id), 'holds promise ' || trim_scale(coalesce(h.total, 0))"
        " || ', the hold account has ' || trim_scale(coalesce(a.balance, 0)) FROM (SELECT * FROM wallet_account WHERE kind = 3) a FULL JOIN ("
        "  SELECT player_id, currency_id, sum(amount - captured - released) AS total FROM wallet_hold GROUP BY 1, 2) h"
        " ON h.player_id = a.player_id AND h.currency_id = a.currency_id WHERE coalesce(a.balance, 0) <> coalesce(h.total, 0)",
        "open holds are what the hold account has",
    ),
)


def _sequence(cursor: Cursor, epoch: int, from_xid: int, to_xid: int, last: int) -> int:
    cursor.execute(_SEQUENCE, {"last": last, "epoch": epoch, "from": str(from_xid), "to": str(to_xid)})
    row = cursor.fetchone()
    cursor.execute("SELECT wallet_take_in(%s::smallint, %s::text::xid8)", [epoch, str(to_xid)])
    return int(row[0]) if row else 0


def _placed(first: int, last: int) -> list[tuple[int, int, bytes]]:
    """Position, transaction and leaf, in order."""
    return [
        (start + offset, transaction, leaves[32 * offset : 32 * offset + 32])
        for start, ids, leaves in streams.fetch(_RANGES, [first, last])
        for offset, transaction in enumerate(ids)
        if first <= start + offset <= last
    ]


def _leaves(cursor: Cursor, first: int, last: int) -> list[bytes]:
    return [leaf for _, _, leaf in _placed(first, last)]


def _rows(first: int, last: int) -> list[streams.Row]:
    placed = _placed(first, last)
    found = dict(streams.fetch(_BODIES, [[one[1] for one in placed], [one[0] for one in placed]]))
    return [(position, transaction, leaf, found.get(transaction)) for position, transaction, leaf in placed]


def _touched(cursor: Cursor, first: int, last: int) -> list[tuple[str, int, int, int]]:
    return []  # a business row's postings are found by its facts, which are numbered in the record


def _strays(epoch: int, to_xid: int) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_STRAYS, [epoch, str(to_xid)])
        for (transaction,) in cursor.fetchall():
            yield Finding("ledger", "inserted", f"wallet_transaction:{transaction}", "a transaction below the sequenced boundary has no position")


def invariants() -> Iterator[Finding]:
    """What must hold of the whole ledger at any moment, position or not."""
    with connection.cursor() as cursor:
        for kind, statement, _ in _INVARIANTS:
            cursor.execute(f"SELECT * FROM ({statement}) broken LIMIT 1000")  # noqa: S608
            for row, detail in cursor.fetchall():
                yield Finding("ledger", kind, row, detail)


def register(*, carried: Callable[[], Iterator[Finding]]) -> None:
    """`carried` finds what is wrong with what stands for entries that are no longer kept (wallet/retention.py)."""

    def sound() -> Iterator[Finding]:
        yield from invariants()
        yield from carried()

    streams.register(streams.Stream("ledger", "wallet_transaction", _sequence, _leaves, _touched, VERSION, _rows, _strays, sound))
