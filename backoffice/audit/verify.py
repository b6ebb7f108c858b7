"""Has anything been altered, removed, inserted or reordered? Names the row. Reads only; safe to run at any time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection

from backoffice.audit import merkle, sequencer, streams
from backoffice.audit.streams import Finding, Stream

CHUNK = 100_000


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


def rows(stream: Stream, *, upto: int) -> Iterator[Finding]:
    """Every sequenced row against its leaf, its order and its neighbours."""
    for first in range(1, upto + 1, CHUNK):
        yield from stream.check(first, min(first + CHUNK - 1, upto))


def seals(stream: Stream) -> Iterator[Finding]:
    """Every seal against the leaves it covers and the seal before it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, number, first_position, last_position, root, subjects_root, previous, seal FROM audit_seal WHERE stream = %s ORDER BY number",
            [stream.name],
        )
        expected_number, expected_first, previous = 1, 1, bytes(32)
        for seal_id, number, first, last, root, subjects_root, before, seal in cursor.fetchall():
            where = f"audit_seal:{seal_id}"
            if number != expected_number or first != expected_first:
                yield Finding(stream.name, "seal", where, f"seal {number} starts at {first}; seal {expected_number} at {expected_first} was due")
            if bytes(before) != previous:
                yield Finding(stream.name, "seal", where, f"seal {number} does not follow the seal before it")
            if merkle.root(stream.leaves(cursor, first, last)) != bytes(root):
                yield Finding(stream.name, "seal", where, f"positions {first} to {last} were rewritten together with their leaves")
            cursor.execute("SELECT subject_type, subject_id, visibility, last_number FROM audit_sealsubject WHERE seal_id = %s", [seal_id])
            stored = sorted(tuple(row) for row in cursor.fetchall())
            if merkle.root([sequencer.subject_leaf(subject) for subject in stored]) != bytes(subjects_root):
                yield Finding(stream.name, "seal", where, f"seal {number} does not match the last numbers of its subjects")
            made = sequencer.seal_bytes(
                stream=stream.name,
                number=number,
                first=first,
                last=last,
                root=bytes(root),
                subjects_root=bytes(subjects_root),
                previous=bytes(before),
            )
            if made != bytes(seal):
                yield Finding(stream.name, "seal", where, f"seal {number} does not match what it commits to")
            expected_number, expected_first, previous = number + 1, last + 1, bytes(seal)


def run(*, known: dict[tuple[str, int], str] | None = None) -> Report:
    """Check every stream. `known` holds seals that were printed or sent elsewhere: {(stream, number): hex}."""
    report = Report()
    for stream in streams.every():
        with connection.cursor() as cursor:
            at = sequencer.place(cursor, stream.name)
            cursor.execute(f"SELECT count(*) FROM {stream.table} WHERE (epoch, xid) >= (%s::smallint, %s::text::xid8)", [at.epoch, str(at.xid)])  # noqa: S608
            (unsequenced,) = cursor.fetchone()
            cursor.execute(
                "SELECT number, last_position, encode(seal, 'hex') FROM audit_seal WHERE stream = %s ORDER BY number DESC LIMIT 1",
                [stream.name],
            )
            head = cursor.fetchone() or (0, 0, "")
        report.findings += rows(stream, upto=at.position)
        report.findings += stream.strays(at.epoch, at.xid)
        report.findings += seals(stream)
        report.checked[stream.name] = at.position
        report.heads[stream.name] = (head[0], head[2])
        report.tail[stream.name] = at.position - head[1] + unsequenced
    for (stream_name, number), hexadecimal in (known or {}).items():
        with connection.cursor() as cursor:
            cursor.execute("SELECT encode(seal, 'hex') FROM audit_seal WHERE stream = %s AND number = %s", [stream_name, number])
            row = cursor.fetchone()
        if row is None or row[0] != hexadecimal.lower():
            report.findings.append(Finding(stream_name, "seal", f"seal {number}", "the chain does not hold the seal that was kept elsewhere"))
    return report
