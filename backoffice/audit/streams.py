"""Streams that are sequenced and sealed: the record here, the ledger from `wallet`. One mechanism serves both.

Ids do not order commits, since a transaction can take an id early and commit late. So one worker takes the rows whose
transaction id lies below the oldest running one, and gives them dense positions in the order (epoch, transaction id, id).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from backoffice.audit import canonical

Cursor = Any


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written. `row` names it: a table and its id."""

    stream: str
    kind: str  # altered, missing, inserted, reordered, seal, balance, unbalanced
    row: str
    detail: str


Row = tuple[int, int, bytes, bytes | None]
"""Position, id, leaf, and the canonical form as it is now: None when the row is gone, CARRIED when parts of it are rightly no longer kept."""
CARRIED = b""


def fetch(statement: str, arguments: list[Any]) -> list[Any]:
    """All rows in PostgreSQL's binary form, which costs a fraction of its text form; types that have no Python one come as bytes."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, arguments, binary=True).fetchall()


@dataclass(frozen=True)
class Stream:
    name: str
    table: str  # has epoch, xid, id
    sequence: Callable[[Cursor, int, int, int, int], int]
    """(cursor, epoch, from_xid, to_xid, last_position) -> rows that got a position."""
    leaves: Callable[[Cursor, int, int], list[bytes]]
    """(cursor, first, last) -> leaf hashes in order."""
    touched: Callable[[Cursor, int, int], list[tuple[str, int, int, int]]]
    """(cursor, first, last) -> (subject type, id, visibility, last number) of every subject in the range, sorted."""
    version: str
    """Of the canonical form, hashed with every row."""
    rows: Callable[[int, int], list["Row"]]
    """(first, last) -> what stands at these positions."""
    strays: Callable[[int, int], Iterator[Finding]]
    """(epoch, to_xid) -> rows below the sequenced boundary that have no position."""
    sound: Callable[[], Iterator[Finding]] = lambda: iter(())  # noqa: E731
    """What must hold of all rows at any moment, position or not."""


_streams: dict[str, Stream] = {}


def register(stream: Stream) -> None:
    _streams[stream.name] = stream


def every() -> list[Stream]:
    return list(_streams.values())


def get(name: str) -> Stream:
    return _streams[name]


# --- the record itself ---

_SEQUENCE = f"""
WITH fresh AS (
    SELECT e.*, row_number() OVER (ORDER BY e.xid, e.id) + %(last)s AS position,
           row_number() OVER (PARTITION BY e.subject_type, e.subject_id, e.visibility ORDER BY e.xid, e.id) AS nth
    FROM audit_event e WHERE e.epoch = %(epoch)s AND e.xid >= %(from)s::text::xid8 AND e.xid < %(to)s::text::xid8
), numbered AS (
    SELECT f.*, f.nth + coalesce(s.last_number, 0) AS number
    FROM fresh f LEFT JOIN audit_subject s USING (subject_type, subject_id, visibility)
), counted AS (
    INSERT INTO audit_subject (subject_type, subject_id, visibility, last_number)
    SELECT subject_type, subject_id, visibility, max(number) FROM numbered GROUP BY 1, 2, 3
    ON CONFLICT (subject_type, subject_id, visibility) DO UPDATE SET last_number = excluded.last_number
)
INSERT INTO audit_position (position, event_id, recorded_at, number, leaf)
SELECT n.position, n.id, n.recorded_at, n.number, {canonical.leaf_sql("n", position="n.position", number="n.number")}
FROM numbered n ORDER BY n.position
"""  # noqa: S608

_BOUNDS = "SELECT min(event_id), max(event_id), min(recorded_at), max(recorded_at) FROM audit_position WHERE position BETWEEN %s AND %s"

# With bounds for the facts too, so that each chunk reads its own part of them and no more.
_ROWS = f"""
SELECT p.position, p.event_id, p.leaf, CASE WHEN e.id IS NOT NULL THEN {canonical.body_sql("e", position="p.position", number="p.number")} END
FROM audit_position p LEFT JOIN (SELECT * FROM audit_event WHERE id BETWEEN %s AND %s AND recorded_at BETWEEN %s AND %s) e
    ON e.id = p.event_id AND e.recorded_at = p.recorded_at
WHERE p.position BETWEEN %s AND %s
"""  # noqa: S608

_STRAYS = """
SELECT e.id FROM audit_event e LEFT JOIN audit_position p ON p.event_id = e.id AND p.recorded_at = e.recorded_at
WHERE p.position IS NULL AND (e.epoch, e.xid) < (%s::smallint, %s::text::xid8) ORDER BY e.id LIMIT 1000
"""


def _sequence(cursor: Cursor, epoch: int, from_xid: int, to_xid: int, last: int) -> int:
    cursor.execute(_SEQUENCE, {"last": last, "epoch": epoch, "from": str(from_xid), "to": str(to_xid)})
    return int(cursor.rowcount)


def _leaves(cursor: Cursor, first: int, last: int) -> list[bytes]:
    cursor.execute("SELECT leaf FROM audit_position WHERE position BETWEEN %s AND %s ORDER BY position", [first, last])
    return [bytes(row[0]) for row in cursor.fetchall()]


def _touched(cursor: Cursor, first: int, last: int) -> list[tuple[str, int, int, int]]:
    cursor.execute(
        "SELECT e.subject_type, e.subject_id, e.visibility, max(p.number) FROM audit_position p"
        " JOIN audit_event e ON e.id = p.event_id AND e.recorded_at = p.recorded_at"
        " WHERE p.position BETWEEN %s AND %s GROUP BY 1, 2, 3",
        [first, last],
    )
    return sorted(tuple(row) for row in cursor.fetchall())


def _rows(first: int, last: int) -> list[Row]:
    bounds = fetch(_BOUNDS, [first, last])[0]
    return fetch(_ROWS, [*bounds, first, last])


def _strays(epoch: int, to_xid: int) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_STRAYS, [epoch, str(to_xid)])
        for (event,) in cursor.fetchall():
            yield Finding("record", "inserted", f"audit_event:{event}", "a fact below the sequenced boundary has no position")


def register_record() -> None:
    register(Stream("record", "audit_event", _sequence, _leaves, _touched, canonical.VERSION, _rows, _strays))
