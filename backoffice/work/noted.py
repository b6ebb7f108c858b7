"""What the kit knows about items, read for a page of them in one query: claims, assignment, sleep, tags, and who looks at one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from backoffice.work.presence import SEEN


@dataclass(frozen=True)
class Person:
    pk: int
    name: str


@dataclass(frozen=True)
class Held:
    """A running claim."""

    subject_id: int
    staff: Person
    until: datetime

    @property
    def staff_id(self) -> int:
        return self.staff.pk


@dataclass(frozen=True)
class Noted:
    """All that people noted about one item, without its decision."""

    claim: Held | None = None
    assignee: Person | None = None
    snoozed_until: datetime | None = None
    escalated_to: str = ""
    tags: list[str] = field(default_factory=list)
    present: list[Person] = field(default_factory=list)


NOTHING = Noted()
_COLUMNS = """
SELECT u.type, u.id, c.staff_id, cs.name, c.until, i.assignee_id, a.name, i.snoozed_until, i.escalated_to, i.tags, {present}
FROM unnest(%(types)s::text[], %(ids)s::bigint[]) u (type, id)
LEFT JOIN work_claim c ON c.subject_type = u.type AND c.subject_id = u.id AND c.until > %(now)s
LEFT JOIN access_staff cs ON cs.id = c.staff_id
LEFT JOIN work_item i ON i.subject_type = u.type AND i.subject_id = u.id
LEFT JOIN access_staff a ON a.id = i.assignee_id
"""
_PRESENT = """(SELECT json_agg(json_build_array(s.id, s.name) ORDER BY p.seen_at DESC) FROM work_presence p JOIN access_staff s ON s.id = p.staff_id
    WHERE p.subject_type = u.type AND p.subject_id = u.id AND p.staff_id <> %(reader)s AND p.seen_at > %(now)s::timestamptz - %(seen)s::interval)"""


def of(subject_type: str, ids: Sequence[int], *, now: datetime, reader: Any = None) -> dict[int, Noted]:
    """By id, for each of `ids`. With `reader`, also who else has the item open."""
    return {pk: found for (_type, pk), found in of_several([(subject_type, pk) for pk in ids], now=now, reader=reader).items()}


def of_several(subjects: Sequence[tuple[str, int]], *, now: datetime, reader: Any = None) -> dict[tuple[str, int], Noted]:
    """The same for items of several queues, by type and id. One query."""
    if not subjects:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _COLUMNS.format(present=_PRESENT if reader is not None else "NULL"),
            {
                "types": [kind for kind, _pk in subjects], "ids": [pk for _kind, pk in subjects], "now": now, "seen": f"{SEEN.total_seconds()} seconds",
                "reader": reader.pk if reader is not None else 0,
            },
        )  # fmt: skip
        return {(row[0], row[1]): _read(row[1:]) for row in cursor.fetchall()}


def one(subject_type: str, pk: int, *, now: datetime, reader: Any = None) -> Noted:
    return of(subject_type, [pk], now=now, reader=reader).get(pk, NOTHING)


def _read(row: Sequence[Any]) -> Noted:
    identity, staff, staff_name, until, assignee, assignee_name, snoozed, escalated, tags, present = row
    claim = Held(identity, Person(staff, staff_name), until) if staff else None
    return Noted(
        claim=claim, assignee=Person(assignee, assignee_name) if assignee else None, snoozed_until=snoozed, escalated_to=escalated or "",
        tags=list(tags or []), present=[Person(*pair) for pair in present or []],
    )  # fmt: skip
