"""What a pack allows to go: entries older than every licence asks for, dropped by whole months behind a sealed checkpoint.

The checkpoint carries what each account's entries summed to, and a hash of each header, since headers stay: a key is unique for ever.
Written in chunks, put on the record, sealed with it; only then the months are dropped. Interrupted anywhere, it goes on where it was.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg import sql

from backoffice.audit import canonical, sequencer, verify
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.audit.streams import Finding
from backoffice.scope import packs
from backoffice.scope.models import Jurisdiction
from wallet import stream

CHUNK = 5_000
TRIES = 20  # to get the lock on the whole table, each a fifth of a second long
FACT = "ledger.checkpoint_written"
_VERSION = "head1"
_HEADER = canonical.leaf_sql("t", position="0", number="0", fields=stream.FIELDS[:-1], version=_VERSION)  # everything but the legs


class CannotRetire(Exception):
    """Nothing was dropped. Lists everything that stands in the way."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Checkpoint:
    """Entries recorded before `before` are carried as sums."""

    id: int
    before: datetime
    transactions: int
    entries: int
    digest: bytes


def latest() -> Checkpoint | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, before, transactions, entries, digest FROM wallet_checkpoint ORDER BY id DESC LIMIT 1")
        row = cursor.fetchone()
    return Checkpoint(row[0], row[1], row[2], row[3], bytes(row[4])) if row else None


def allowed(*, on: date) -> tuple[datetime, str]:
    """The start of the first month that has to be kept, UTC, and the law that asks for most. Raises CannotRetire without a pack."""
    numbers = [packs.number(one.pk, "records.retention_years", on=on) for one in Jurisdiction.objects.filter(packs__isnull=False).distinct()]
    if not numbers:
        raise CannotRetire(["No jurisdiction has a pack, so nothing says what may go."])
    strictest = max(numbers, key=lambda one: one.value)
    return datetime(on.year - strictest.value, on.month, 1, tzinfo=UTC), f"{strictest.pack}: {strictest.value} years, {strictest.citation}"


def obstacles(*, before: datetime, on: date) -> list[str]:
    """What stands in the way of dropping what was recorded before `before`, the first of a month."""
    kept_from, law = allowed(on=on)
    found = []
    if (before.day, before.hour, before.minute, before.second, before.microsecond) != (1, 0, 0, 0, 0):
        found.append(f"{before} is not the start of a month in UTC; whole months go.")
    if before > kept_from:
        found.append(f"What was recorded from {kept_from:%Y-%m-%d} on has to be kept ({law}).")
    at = latest()
    if at is not None and before < at.before:
        found.append(f"What was recorded before {at.before:%Y-%m-%d} is carried already.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.name, d.day FROM scope_brand b LEFT JOIN (SELECT brand_id, max(day) AS day FROM wallet_dayclose GROUP BY 1) d ON d.brand_id = b.id"
            " WHERE (d.day IS NULL OR d.day < ((%(before)s - interval '1 microsecond') AT TIME ZONE b.timezone)::date)"
            " AND EXISTS (SELECT 1 FROM wallet_entry e JOIN wallet_account a ON a.id = e.account_id WHERE a.brand_id = b.id AND e.recorded_at < %(before)s)",
            {"before": before},
        )
        found += [f"{name}: the books are closed up to {day or 'no day'}; close them past {before:%Y-%m-%d} first." for name, day in cursor.fetchall()]
        cursor.execute(
            "SELECT min(t.recorded_at) FROM wallet_transaction t WHERE (t.epoch, t.xid) >= (SELECT epoch, xid FROM wallet_boundary) OR t.id IN ("
            " SELECT unnest(ids) FROM wallet_sequence"
            " WHERE last_position > coalesce((SELECT max(last_position) FROM audit_seal WHERE stream = 'ledger'), 0))"
        )
        (young,) = cursor.fetchone()
        if young is not None and young < before:
            found.append("Some of these postings are not sealed yet; is the recorder running?")
        cursor.execute("SELECT count(*) FROM wallet_hold WHERE state = 'placed' AND placed_at < %s", [before])
        (holds,) = cursor.fetchone()
        if holds:
            found.append(f"{holds} holds from before are still open; close them first.")
    return found


def foreseen(*, before: datetime, on: date) -> int:
    """How many entries would go. Raises CannotRetire, as `retire` would, except for what only a verification finds."""
    if stands := obstacles(before=before, on=on):
        raise CannotRetire(stands)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM wallet_entry WHERE recorded_at < %s", [before])
        return int(cursor.fetchone()[0])


def retire(*, before: datetime, reason: str, by: str, now: datetime) -> Checkpoint:
    """Carry and drop the entries recorded before `before`. As the owner. Raises CannotRetire; finding anything wrong in the ledger is a reason too."""
    at = latest()
    if at is None or at.before != before:
        stands = obstacles(before=before, on=now.date())
        if not stands:
            stands = [f"{one.kind}: {one.row}: {one.detail}" for one in verify.run().findings]
        if stands:
            raise CannotRetire(stands)
        at = _write(before=before, reason=reason, by=by, now=now)
    _wait_for_seal(at)
    _drop(at)
    return at


def _write(*, before: datetime, reason: str, by: str, now: datetime) -> Checkpoint:
    """The checkpoint: headers in chunks, sums in chunks of accounts, then itself with its fact."""
    previous = latest()
    number, since = (previous.id + 1, previous.before) if previous else (1, datetime.min.replace(year=1970, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM wallet_carriedheader WHERE checkpoint_id = %s", [number])
        cursor.execute("DELETE FROM wallet_carried WHERE checkpoint_id = %s", [number])
        cursor.execute("SELECT coalesce(max(transaction_id), 0) FROM wallet_entry WHERE recorded_at >= %s AND recorded_at < %s", [since, before])
        (highest,) = cursor.fetchone()
        done = 0
        while True:
            cursor.execute(_HEADERS, {"number": number, "after": done, "highest": highest, "since": since, "before": before, "chunk": CHUNK})
            row = cursor.fetchone()
            if row is None:
                break
            (done,) = row
        done = 0
        while True:
            cursor.execute(_CARRY, {"number": number, "after": done, "since": since, "before": before, "chunk": CHUNK})
            (last,) = cursor.fetchone()
            if last is None:
                break
            done = last
    law = allowed(on=now.date())[1]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallet_checkpoint (id, before, transactions, entries, digest) SELECT %(n)s, %(before)s, coalesce(sum(cardinality(ids)), 0),"
            " coalesce(sum(entries), 0), wallet_carried_digest(%(n)s::smallint) FROM wallet_carriedheader WHERE checkpoint_id = %(n)s",
            {"n": number, "before": before},
        )
        made = latest()
        assert made is not None  # noqa: S101
        record(
            FACT, actor=Actor.system(by), at=now, subject=("wallet.checkpoint", number), reason=reason,
            after={"before": before, "transactions": made.transactions, "entries": made.entries, "digest": made.digest.hex(), "law": law},
        )  # fmt: skip
    return made


_HEADERS = f"""
WITH part AS (
    SELECT t.* FROM wallet_transaction t WHERE t.id > %(after)s AND t.id <= %(highest)s AND t.recorded_at >= %(since)s AND t.recorded_at < %(before)s
    ORDER BY t.id LIMIT %(chunk)s
)
INSERT INTO wallet_carriedheader (checkpoint_id, last_id, ids, hashes, entries)
SELECT %(number)s, max(t.id), array_agg(t.id ORDER BY t.id), string_agg({_HEADER}, ''::bytea ORDER BY t.id),
    (SELECT count(*) FROM wallet_entry e WHERE e.transaction_id IN (SELECT id FROM part) AND e.recorded_at >= %(since)s AND e.recorded_at < %(before)s)
FROM part t HAVING count(*) > 0 RETURNING last_id
"""  # noqa: S608

# The sums of earlier checkpoints go on into this one, so that the latest alone says what is carried.
_CARRY = """
WITH part AS (SELECT id, currency_id FROM wallet_account WHERE id > %(after)s ORDER BY id LIMIT %(chunk)s), moved AS (
    SELECT e.account_id, e.amount FROM wallet_entry e WHERE e.account_id IN (SELECT id FROM part) AND e.recorded_at >= %(since)s AND e.recorded_at < %(before)s
    UNION ALL SELECT c.account_id, c.amount FROM wallet_carried c WHERE c.account_id IN (SELECT id FROM part) AND c.checkpoint_id = %(number)s - 1
), carried AS (
    INSERT INTO wallet_carried (checkpoint_id, account_id, currency_id, amount)
    SELECT %(number)s, m.account_id, p.currency_id, sum(m.amount) FROM moved m JOIN part p ON p.id = m.account_id GROUP BY 2, 3
)
SELECT max(id) FROM part
"""


def _wait_for_seal(at: Checkpoint, *, patience: float = 30.0) -> None:
    """Raises CannotRetire when the checkpoint's fact is not under a seal in time."""
    ends = time.monotonic() + patience
    while True:
        sequencer.catch_up()  # harmless beside a recorder: one of the two has the lock
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM audit_event e JOIN audit_position p ON p.event_id = e.id AND p.recorded_at = e.recorded_at"
                " WHERE e.subject_type = 'wallet.checkpoint' AND e.subject_id = %s AND e.type = %s"
                " AND p.position <= (SELECT max(last_position) FROM audit_seal WHERE stream = 'record')",
                [at.id, FACT],
            )
            if cursor.fetchone():
                return
        if time.monotonic() > ends:
            raise CannotRetire(["The checkpoint is written and not sealed yet; run this again, it goes on from here."])
        time.sleep(0.5)


def _partitions(cursor: Any, before: datetime) -> list[str]:
    """Partitions of entries that hold nothing from `before` on, whatever their bounds."""
    cursor.execute(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid"
        " WHERE inhparent = 'wallet_entry'::regclass AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'"
        " AND substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([^'']+)')::timestamptz <= %s ORDER BY 1",
        [before],
    )
    return [name for name, _ in cursor.fetchall()]


def _drop(at: Checkpoint) -> None:
    """Each month on its own. The lock on the whole table is waited for a moment only, so that no posting queues behind this."""
    with connection.cursor() as cursor:
        for name in _partitions(cursor, at.before):
            for left in reversed(range(TRIES)):
                try:
                    with transaction.atomic():
                        cursor.execute("SET LOCAL lock_timeout = '200ms'")
                        cursor.execute(sql.SQL("ALTER TABLE wallet_entry DETACH PARTITION {}").format(sql.Identifier(name)))
                        cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
                    break
                except OperationalError:
                    if not left:
                        raise CannotRetire([f"{name} is in use; run this again, it goes on from here."]) from None
                    time.sleep(0.5)
        cursor.execute("SELECT count(*) FROM wallet_entry WHERE recorded_at < %s", [at.before])
        (left,) = cursor.fetchone()
    if left:
        raise CannotRetire(
            [f"{left} entries from before {at.before:%Y-%m-%d} lie in a partition with younger ones. They are carried, and stay until it may go whole."]
        )


def findings() -> Iterator[Finding]:
    """What is wrong with what stands for entries that are no longer kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.digest, wallet_carried_digest(c.id), array_agg(e.after)"
            " FROM wallet_checkpoint c LEFT JOIN audit_event e ON e.subject_type = 'wallet.checkpoint' AND e.subject_id = c.id AND e.type = %s"
            " GROUP BY c.id, c.digest ORDER BY c.id",
            [FACT],
        )
        for number, kept, made, facts in cursor.fetchall():
            said = {json.loads(fact)["digest"] for fact in facts if fact}
            if bytes(kept) != bytes(made) or said != {bytes(made).hex()}:
                yield Finding("ledger", "altered", f"wallet_checkpoint:{number}", "what it carries is not what the record says that it carried")
        for kind, statement in _FINDINGS:
            cursor.execute(f"SELECT * FROM ({statement}) broken LIMIT 1000")  # noqa: S608
            for row, detail in cursor.fetchall():
                yield Finding("ledger", kind, row, detail)


_FINDINGS = (
    (
        "unbalanced",
        "SELECT 'wallet_checkpoint:' || checkpoint_id, 'what it carries does not sum to zero' FROM wallet_carried"
        " WHERE checkpoint_id <= (SELECT max(id) FROM wallet_checkpoint) GROUP BY checkpoint_id, currency_id HAVING sum(amount) <> 0",
    ),
    (
        "altered",
        "SELECT 'wallet_transaction:' || h.id, 'its header is not the one whose entries were carried' FROM ("
        "  SELECT u.id, substring(c.hashes FROM 32 * (u.nth - 1)::integer + 1 FOR 32) AS hash"
        "  FROM wallet_carriedheader c, unnest(c.ids) WITH ORDINALITY u (id, nth) WHERE c.checkpoint_id <= (SELECT max(id) FROM wallet_checkpoint)) h"
        f" JOIN wallet_transaction t ON t.id = h.id WHERE {_HEADER} <> h.hash",
    ),
)


def month(text: str) -> datetime:
    """`2019-03` -> the moment at which that month has ended: the `before` of `retire`. Raises ValueError."""
    first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    return (first + timedelta(days=32)).replace(day=1)
