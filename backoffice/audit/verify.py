"""Has anything been altered, removed, inserted or reordered? Names the row. Reads only; safe to run at any time.

The database reads rows and writes their canonical form; this process hashes, compares and climbs to the seals. Both work at the
same time: a thread fetches the next rows while these are looked at.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread

from django.db import connection, connections

from backoffice.audit import canonical, merkle, sequencer, streams
from backoffice.audit.streams import Finding, Row, Stream
from backoffice.runtime import timeouts

CHUNK = 20_000


@dataclass
class Report:
    """What `manage.py verify` prints: per stream how much was checked, the head of the chain, the unsealed tail, and the findings."""

    checked: dict[str, int] = field(default_factory=dict)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    tail: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.findings


@dataclass(frozen=True)
class SealRow:
    id: int
    number: int
    first: int
    last: int
    root: bytes
    subjects_root: bytes
    previous: bytes
    seal: bytes


def _chunks(stream: Stream, upto: int) -> Iterator[tuple[int, int, list[Row]]]:
    """(first, last, rows) up to a position, the next ones fetched while these are looked at."""
    ranges = [(first, min(first + CHUNK - 1, upto)) for first in range(1, upto + 1, CHUNK)]
    if connection.in_atomic_block or len(ranges) < 2:  # another connection would not see what this one has not committed
        for first, last in ranges:
            yield first, last, stream.rows(first, last)
        return
    ready: Queue[list[Row] | Exception] = Queue(maxsize=1)

    def fetch() -> None:
        try:
            timeouts.lift()  # a connection of its own, which was limited when it was made
            for first, last in ranges:
                ready.put(stream.rows(first, last))
        except Exception as failed:  # noqa: BLE001 (raised where the rows are waited for)
            ready.put(failed)
        finally:
            connections.close_all()

    Thread(target=fetch, daemon=True).start()
    for first, last in ranges:
        rows = ready.get()
        if isinstance(rows, Exception):
            raise rows
        yield first, last, rows


FIRST = (b"", b"", b"")


@dataclass
class _Progress:
    """What is carried from one chunk to the next."""

    before: tuple[bytes, bytes, bytes] = FIRST
    standing: int = 0  # positions whose row is there


def _check(stream: Stream, first: int, last: int, rows: list[Row], progress: _Progress) -> Iterator[Finding]:
    """Every row against its leaf and the row before it; every position of the range against being there."""
    sha256, prefix, place, table = hashlib.sha256, canonical.prefix(stream.version), canonical.place, stream.table
    expected, before = first, progress.before
    for position, row_id, leaf, body in rows:
        if position != expected:
            yield Finding(stream.name, "missing", f"{stream.name}:{expected}-{position - 1}", f"{position - expected} positions are gone")
        expected = position + 1
        if body is None:
            yield Finding(stream.name, "missing", f"{table}:{row_id}", f"position {position} has lost its row")
            progress.standing -= 1
            continue
        if body == streams.CARRIED:  # its leaf still stands under its seal; what is kept of it, its stream looks at
            continue
        if sha256(prefix + body).digest() != leaf:
            yield Finding(stream.name, "altered", f"{table}:{row_id}", f"the row at position {position} does not match its leaf")
        now = place(body)
        if now < before:
            yield Finding(stream.name, "reordered", f"{table}:{row_id}", f"position {position} is out of order")
        before = now
    if expected != last + 1:
        yield Finding(stream.name, "missing", f"{stream.name}:{expected}-{last}", f"{last + 1 - expected} positions are gone")
    progress.before = before
    progress.standing += len(rows)


def _seals(stream: Stream) -> list[SealRow]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, number, first_position, last_position, root, subjects_root, previous, seal FROM audit_seal WHERE stream = %s ORDER BY number",
            [stream.name],
        )
        return [SealRow(*row[:4], *(bytes(value) for value in row[4:])) for row in cursor.fetchall()]


_SUBJECTS = """
SELECT s.id, array_agg(sha256('\\x00'::bytea || convert_to(concat(octet_length(x.subject_type), ':', x.subject_type, ':', x.subject_id, ':', x.visibility,
    ':', x.last_number), 'UTF8')) ORDER BY x.subject_type COLLATE "C", x.subject_id, x.visibility)
FROM audit_seal s JOIN audit_sealsubject x ON x.seal_id = s.id WHERE s.stream = %s GROUP BY s.id
"""


def chain(stream: Stream, seals: list[SealRow]) -> Iterator[Finding]:
    """Every seal against what it commits to, its subjects and the seal before it."""
    subjects: dict[int, list[bytes]] = dict(streams.fetch(_SUBJECTS, [stream.name]))
    expected_number, expected_first, previous = 1, 1, bytes(32)
    for one in seals:
        where = f"audit_seal:{one.id}"
        if one.number != expected_number or one.first != expected_first:
            yield Finding(stream.name, "seal", where, f"seal {one.number} starts at {one.first}; seal {expected_number} at {expected_first} was due")
        if one.previous != previous:
            yield Finding(stream.name, "seal", where, f"seal {one.number} does not follow the seal before it")
        if merkle.root(subjects.get(one.id, [])) != one.subjects_root:
            yield Finding(stream.name, "seal", where, f"seal {one.number} does not match the last numbers of its subjects")
        made = sequencer.seal_bytes(
            stream=stream.name, number=one.number, first=one.first, last=one.last, root=one.root, subjects_root=one.subjects_root,
            previous=one.previous,
        )  # fmt: skip
        if made != one.seal:
            yield Finding(stream.name, "seal", where, f"seal {one.number} does not match what it commits to")
        expected_number, expected_first, previous = one.number + 1, one.last + 1, one.seal


def contents(stream: Stream, seals: list[SealRow], upto: int, progress: _Progress) -> Iterator[Finding]:
    """Every sequenced row against its leaf, and the leaves against the roots of their seals, in one reading."""
    waiting = iter(seals)
    seal = next(waiting, None)
    leaves: list[bytes] = []
    for first, last, rows in _chunks(stream, upto):
        rows.sort()
        yield from _check(stream, first, last, rows, progress)
        done = 0  # rows of this chunk that are under a seal which was looked at
        while seal is not None and seal.last <= last:
            end = bisect_right(rows, seal.last, key=_position)
            leaves += [row[2] for row in rows[done:end]]
            if merkle.root(leaves) != seal.root:
                yield _rewritten(stream, seal)
            leaves, done, seal = [], end, next(waiting, None)
        leaves += [row[2] for row in rows[done:]]
    while seal is not None:
        yield _rewritten(stream, seal)
        seal = next(waiting, None)


def _position(row: Row) -> int:
    return row[0]


def _rewritten(stream: Stream, seal: SealRow) -> Finding:
    return Finding(stream.name, "seal", f"audit_seal:{seal.id}", f"positions {seal.first} to {seal.last} are not those that were sealed: rewritten or gone")


def run(*, known: dict[tuple[str, int], str] | None = None, of: list[Stream] | None = None) -> Report:
    """Check every stream, or those given. `known` holds seals that were printed or sent elsewhere: {(stream, number): hex}."""
    report = Report()
    for stream in streams.every() if of is None else of:
        with connection.cursor() as cursor:
            at = sequencer.place(cursor, stream.name)
            cursor.execute(f"SELECT count(*) FROM {stream.table} WHERE (epoch, xid) >= (%s::smallint, %s::text::xid8)", [at.epoch, str(at.xid)])  # noqa: S608
            (unsequenced,) = cursor.fetchone()
        seals = [seal for seal in _seals(stream) if seal.last <= at.position]  # later ones were made while this runs
        sealed = seals[-1].last if seals else 0
        progress = _Progress()
        report.findings += contents(stream, seals, at.position, progress)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {stream.table} WHERE (epoch, xid) < (%s::smallint, %s::text::xid8)", [at.epoch, str(at.xid)])  # noqa: S608
            (below,) = cursor.fetchone()
        if below != progress.standing:  # as many rows as positions that have one: then no row lacks a position
            report.findings += stream.strays(at.epoch, at.xid)
        report.findings += stream.sound()
        report.findings += chain(stream, seals)
        report.checked[stream.name] = at.position
        report.heads[stream.name] = (seals[-1].number, seals[-1].seal.hex()) if seals else (0, "")
        report.tail[stream.name] = at.position - sealed + unsequenced
    for (stream_name, number), hexadecimal in (known or {}).items():
        with connection.cursor() as cursor:
            cursor.execute("SELECT encode(seal, 'hex') FROM audit_seal WHERE stream = %s AND number = %s", [stream_name, number])
            row = cursor.fetchone()
        if row is None or row[0] != hexadecimal.lower():
            report.findings.append(Finding(stream_name, "seal", f"seal {number}", "the chain does not hold the seal that was kept elsewhere"))
    return report
