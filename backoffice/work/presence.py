"""Who else has this item open: a row per person, renewed by the page's heartbeat."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from backoffice.work.models import Presence

SEEN = timedelta(seconds=30)  # three heartbeats


def here(*, subject: tuple[str, int], by: Any, now: datetime) -> None:
    """This person looks at the item now. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO work_presence (subject_type, subject_id, staff_id, seen_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (subject_type, subject_id, staff_id) DO UPDATE SET seen_at = excluded.seen_at",
            [*subject, by.pk, now],
        )


def sweep(*, now: datetime) -> int:
    """Forget who left."""
    return Presence.objects.filter(seen_at__lt=now - timedelta(minutes=5)).delete()[0]
