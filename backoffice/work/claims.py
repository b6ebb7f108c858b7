"""Claims: a lease of five minutes on an item, renewed by a heartbeat while its page is open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from backoffice.work.models import Claim

LEASE = timedelta(minutes=5)


def take(*, subject: tuple[str, int], by: Any, now: datetime) -> bool:
    """Claim an item, or renew one's own claim. False when somebody else's claim runs; it stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO work_claim (subject_type, subject_id, staff_id, claimed_at, until) VALUES (%(type)s, %(id)s, %(staff)s, %(now)s, %(until)s)"
            " ON CONFLICT (subject_type, subject_id) DO UPDATE SET staff_id = excluded.staff_id, until = excluded.until,"
            " claimed_at = CASE WHEN work_claim.staff_id = excluded.staff_id AND work_claim.until > %(now)s"
            " THEN work_claim.claimed_at ELSE excluded.claimed_at END"
            " WHERE work_claim.staff_id = excluded.staff_id OR work_claim.until <= %(now)s RETURNING id",
            {"type": subject[0], "id": subject[1], "staff": by.pk, "now": now, "until": now + LEASE},
        )
        return cursor.fetchone() is not None


def renew(*, subject: tuple[str, int], by: Any, now: datetime) -> bool:
    """The heartbeat. False when the claim is no longer this person's."""
    return bool(Claim.objects.filter(subject_type=subject[0], subject_id=subject[1], staff=by).update(until=now + LEASE))


def release(*, subject: tuple[str, int], by: Any) -> None:
    """Give one's own claim back; somebody else's is left alone."""
    with connection.cursor() as cursor:  # one statement; nothing hangs on a claim
        cursor.execute("DELETE FROM work_claim WHERE subject_type = %s AND subject_id = %s AND staff_id = %s", [*subject, by.pk])


def finish(*, subject: tuple[str, int], by: Any, key: str, now: datetime) -> None:
    """It was decided: give one's own claim back and keep since when one had it. The same request (`key`) again changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH mine AS (DELETE FROM work_claim WHERE subject_type = %(type)s AND subject_id = %(id)s AND staff_id = %(staff)s RETURNING claimed_at, until)"
            " INSERT INTO work_handled (staff_id, subject_type, subject_id, key, claimed_at, decided_at)"
            " VALUES (%(staff)s, %(type)s, %(id)s, %(key)s, (SELECT claimed_at FROM mine WHERE until > %(now)s), %(now)s)"
            " ON CONFLICT (subject_type, subject_id, key) DO NOTHING",
            {"type": subject[0], "id": subject[1], "staff": by.pk, "key": key, "now": now},
        )


@dataclass(frozen=True)
class Day:
    """What somebody decided: how many, and the median from claim to decision, None when none of them was claimed."""

    decided: int
    median: timedelta | None


def handled(*, by: Any, since: datetime) -> Day:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY decided_at - claimed_at) FROM work_handled WHERE staff_id = %s AND decided_at >= %s",
            [by.pk, since],
        )
        return Day(*cursor.fetchone())
