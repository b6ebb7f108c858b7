"""The ledger as a sequenced, sealed stream: the same mechanism as the record, with one side row a range."""

from collections.abc import Iterator

from django.db import connection

from backoffice.audit import canonical, streams
from backoffice.audit.streams import Cursor, Finding

VERSION = "post1"
FIELDS: tuple[tuple[str, str], ...] = (
    ("id", "int"), ("epoch", "int"), ("xid", "int"), ("brand_id", "int"), ("player_id", "int"), ("effective_at", "time"),
    ("recorded_at", "time"), ("kind", "int"), ("reference_type", "int"), ("reference_id", "int"), ("reverses", "int"),
    ("key", "text"), ("digest", "int"), ("meta", "int"), ("legs", "text"),
)  # fmt: skip  # "int" is whatever has one text form in SQL

_LEGS = """(SELECT string_agg(
    concat_ws(',', e.leg, e.account_id, e.currency_id, trim_scale(e.amount), trim_scale(e.balance_after), audit_micros(e.recorded_at)),
    ';' ORDER BY e.leg, e.account_id, e.amount) FROM wallet_entry e WHERE e.transaction_id = t.id AND e.recorded_at = t.recorded_at)"""


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

_POSITIONS = """
SELECT s.first_position + u.o - 1 AS position, u.id, substring(s.leaves FROM ((u.o - 1) * 32 + 1)::int FOR 32) AS leaf
FROM wallet_sequence s, unnest(s.ids) WITH ORDINALITY u(id, o)
WHERE s.last_position >= %s AND s.first_position <= %s
"""

_CHECK = f"""
WITH placed AS MATERIALIZED ({_POSITIONS})
SELECT f.position, f.wanted, f.id IS NULL FROM (
    SELECT p.position, p.id AS wanted, p.leaf, t.*, {_LEGS} AS legs FROM placed p LEFT JOIN wallet_transaction t ON t.id = p.id
) f WHERE f.position BETWEEN %s AND %s AND (f.id IS NULL OR f.leaf <> {_leaf("f", "f.position")}) ORDER BY f.position
"""  # noqa: S608

_ORDER = f"""
SELECT position, id FROM (
    SELECT p.position, p.id, (t.epoch, t.xid, t.id) AS place, lag((t.epoch, t.xid, t.id)) OVER (ORDER BY p.position) AS before,
           lag(p.position) OVER (ORDER BY p.position) AS previous
    FROM ({_POSITIONS}) p JOIN wallet_transaction t ON t.id = p.id
) o WHERE place < before OR position <> previous + 1 ORDER BY position
"""  # noqa: S608

_STRAYS = """
SELECT t.id FROM wallet_transaction t
LEFT JOIN (SELECT unnest(ids) AS id FROM wallet_sequence) s ON s.id = t.id
WHERE s.id IS NULL AND (t.epoch, t.xid) < (%s::smallint, %s::text::xid8) ORDER BY t.id LIMIT 1000
"""

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
        " FROM wallet_account a LEFT JOIN (SELECT account_id, sum(amount) AS total FROM wallet_entry GROUP BY account_id) s ON s.account_id = a.id"
        " WHERE a.running AND a.balance <> coalesce(s.total, 0)",
        "a running balance is the sum of its entries",
    ),
    (
        "balance",
        "SELECT 'wallet_account:' || a.id, 'its snapshot is ' || trim_scale(a.balance) || ', its entries below the boundary sum to '"
        " || trim_scale(coalesce(s.total, 0)) FROM wallet_account a LEFT JOIN ("
        "  SELECT e.account_id, sum(e.amount) AS total FROM wallet_entry e JOIN wallet_transaction t ON t.id = e.transaction_id"
        "  WHERE (t.epoch, t.xid) < (SELECT epoch, xid FROM wallet_boundary) GROUP BY e.account_id) s ON s.account_id = a.id"
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


def _leaves(cursor: Cursor, first: int, last: int) -> list[bytes]:
    cursor.execute(f"SELECT leaf FROM ({_POSITIONS}) p WHERE position BETWEEN %s AND %s ORDER BY position", [first, last, first, last])  # noqa: S608
    return [bytes(row[0]) for row in cursor.fetchall()]


def _touched(cursor: Cursor, first: int, last: int) -> list[tuple[str, int, int, int]]:
    return []  # a business row's postings are found by its facts, which are numbered in the record


def _check(first: int, last: int) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_CHECK, [first, last, first, last])
        for position, transaction, missing in cursor.fetchall():
            kind, what = ("missing", "has lost its transaction") if missing else ("altered", "does not match its leaf")
            yield Finding("ledger", kind, f"wallet_transaction:{transaction}", f"position {position} {what}")
        cursor.execute(_ORDER, [first, last])
        for position, transaction in cursor.fetchall():
            yield Finding("ledger", "reordered", f"wallet_transaction:{transaction}", f"position {position} is out of order or follows a gap")


def _strays(epoch: int, to_xid: int) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_STRAYS, [epoch, str(to_xid)])
        for (transaction,) in cursor.fetchall():
            yield Finding("ledger", "inserted", f"wallet_transaction:{transaction}", "a transaction below the sequenced boundary has no position")
    yield from invariants()


def invariants() -> Iterator[Finding]:
    """What must hold of the whole ledger at any moment, position or not."""
    with connection.cursor() as cursor:
        for kind, statement, _ in _INVARIANTS:
            cursor.execute(f"SELECT * FROM ({statement}) broken LIMIT 1000")  # noqa: S608
            for row, detail in cursor.fetchall():
                yield Finding("ledger", kind, row, detail)


def register() -> None:
    streams.register(streams.Stream("ledger", "wallet_transaction", _sequence, _leaves, _touched, _check, _strays))
