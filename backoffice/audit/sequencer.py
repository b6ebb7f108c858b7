"""Gives positions to what has been committed, and seals ranges of them. One process at a time, under an advisory lock."""

import hashlib
from dataclasses import dataclass

from django.db import connection, transaction

from backoffice.audit import merkle, streams
from backoffice.audit.streams import Cursor, Stream

LOCK = 7_202_601  # advisory lock: one sequencer in the whole installation
CHUNK = 5_000  # rows a pass; keeps each transaction far below two seconds
SEAL_AT_MOST = 50_000  # leaves under one seal


@dataclass(frozen=True)
class Place:
    """How far a stream has been sequenced: everything below (epoch, xid) has a position, the last of which is `position`."""

    epoch: int
    xid: int
    position: int


def place(cursor: Cursor, stream: str) -> Place:
    cursor.execute("SELECT epoch, to_xid::text::bigint, last_position FROM audit_range WHERE stream = %s ORDER BY id DESC LIMIT 1", [stream])
    row = cursor.fetchone()
    return Place(*row) if row else Place(1, 0, 0)


def horizon(cursor: Cursor) -> tuple[int, int]:
    """(epoch, transaction id) below which every transaction has ended."""
    cursor.execute("SELECT audit_current_epoch(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    epoch, xid = cursor.fetchone()
    return epoch, xid


def pass_once(stream: Stream, until: tuple[int, int] | None = None) -> int:
    """Sequence one chunk of a stream, up to the horizon `until` (by default the one of this moment). Returns the number of rows; 0 means that none waits.

    The horizon is read before the rows: a row below it was committed by then, so the later statement's snapshot sees it.
    """
    if until is None:
        with connection.cursor() as cursor:
            until = horizon(cursor)
    epoch, xmin = until
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        at = place(cursor, stream.name)
        if at.epoch < epoch:
            # Everything of an older epoch was committed in the cluster that the backup came from.
            to, next_epoch = _chunk_end(cursor, stream, at.epoch, at.xid, None), at.epoch
            if to is None:
                cursor.execute("SELECT min(id) FROM audit_epoch WHERE id > %s", [at.epoch])
                (next_epoch,) = cursor.fetchone()
                _advance(cursor, stream, next_epoch, 0, at.position)
                return 1
        elif at.epoch > epoch:
            return 0  # a restore began another epoch since: that horizon lies behind
        else:
            to, next_epoch = _chunk_end(cursor, stream, at.epoch, at.xid, xmin), at.epoch
            if to is None:
                return 0
        count = stream.sequence(cursor, at.epoch, at.xid, to, at.position)
        _advance(cursor, stream, next_epoch, to, at.position + count)
        return count


def _chunk_end(cursor: Cursor, stream: Stream, epoch: int, from_xid: int, below: int | None) -> int | None:
    """The transaction id that ends the next chunk, or None when no row waits."""
    limit = "" if below is None else "AND xid < %s::text::xid8"
    arguments = [epoch, str(from_xid)] + ([] if below is None else [str(below)])
    cursor.execute(
        f"SELECT max(xid::text::bigint) FROM (SELECT xid FROM {stream.table}"  # noqa: S608
        f" WHERE epoch = %s AND xid >= %s::text::xid8 {limit} ORDER BY xid LIMIT {CHUNK}) chunk",
        arguments,
    )
    (highest,) = cursor.fetchone()
    return None if highest is None else int(highest) + 1


def _advance(cursor: Cursor, stream: Stream, epoch: int, to_xid: int, position: int) -> None:
    cursor.execute(
        "INSERT INTO audit_range (stream, epoch, to_xid, last_position) VALUES (%s, %s, %s::text::xid8, %s)",
        [stream.name, epoch, str(to_xid), position],
    )


def seal_bytes(*, stream: str, number: int, first: int, last: int, root: bytes, subjects_root: bytes, previous: bytes) -> bytes:
    """What a seal commits to, hashed. The same bytes are checked by the verifier and by anybody who holds a printed seal."""
    head = f"seal1:{stream}:{number}:{first}:{last}:".encode()
    return hashlib.sha256(b"\x02" + head + root + subjects_root + previous).digest()


def subject_leaf(subject: tuple[str, int, int, int]) -> bytes:
    subject_type, subject_id, visibility, number = subject
    return merkle.leaf(f"{len(subject_type.encode())}:{subject_type}:{subject_id}:{visibility}:{number}".encode())


def seal_once(stream: Stream) -> int:
    """Seal what has a position and no seal yet. Returns how many positions it covered."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT number, last_position, seal FROM audit_seal WHERE stream = %s ORDER BY number DESC LIMIT 1", [stream.name])
        number, sealed, previous = cursor.fetchone() or (0, 0, bytes(32))
        last = min(place(cursor, stream.name).position, sealed + SEAL_AT_MOST)
        if last <= sealed:
            return 0
        root = merkle.root(stream.leaves(cursor, sealed + 1, last))
        subjects = stream.touched(cursor, sealed + 1, last)
        subjects_root = merkle.root([subject_leaf(subject) for subject in subjects])
        values = {
            "stream": stream.name, "number": number + 1, "first": sealed + 1, "last": last,
            "root": root, "subjects_root": subjects_root, "previous": bytes(previous),
        }  # fmt: skip
        cursor.execute(
            "INSERT INTO audit_seal (stream, number, first_position, last_position, root, subjects_root, previous, seal)"
            " VALUES (%(stream)s, %(number)s, %(first)s, %(last)s, %(root)s, %(subjects_root)s, %(previous)s, %(seal)s) RETURNING id",
            {**values, "seal": seal_bytes(**values)},  # type: ignore[arg-type]
        )
        (seal,) = cursor.fetchone()
        if subjects:
            cursor.execute(
                "INSERT INTO audit_sealsubject (seal_id, subject_type, subject_id, visibility, last_number)"
                " SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::smallint[], %s::bigint[])",
                [seal, *(list(column) for column in zip(*subjects, strict=True))],
            )
        return int(last - sealed)


def catch_up(*, seal: bool = True) -> int:
    """Sequence every stream to the horizon, and seal. For tests, backups and before verifying.

    It aims at the horizon of its start: where others write as fast as it reads, chasing a moving one would never end.
    """
    with connection.cursor() as cursor:
        until = horizon(cursor)
    total = 0
    for stream in streams.every():
        while count := pass_once(stream, until):
            total += count
        while seal and seal_once(stream):
            pass
    return total
