"""Keeping the signs of life that processes and commands give (backoffice/runtime/pulses.py)."""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from backoffice.operations.models import Pulse
from backoffice.runtime import pulses

LIVES = timedelta(seconds=30)  # a process that gave no sign for so long is taken for gone
KEPT = timedelta(days=1)  # a process that is gone is forgotten; commands are not
PROCESSES = (pulses.WORKER, pulses.BEAT, pulses.RECORDER)


def keep(kind: str, name: str, well: bool) -> None:
    # The time of the database, since the ages are told by it too.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO operations_pulse (kind, name, at, well) VALUES (%s, %s, clock_timestamp(), %s)"
            " ON CONFLICT (kind, name) DO UPDATE SET at = excluded.at, well = excluded.well",
            [kind, name[:120], well],
        )


def last(kind: str) -> Pulse | None:
    return Pulse.objects.filter(kind=kind).order_by("-at").first()


def living(kind: str, *, now: datetime | None = None) -> int:
    return Pulse.objects.filter(kind=kind, at__gt=(now or timezone.now()) - LIVES).count()


def forget_gone(*, now: datetime) -> int:
    return Pulse.objects.filter(kind__in=PROCESSES, at__lt=now - KEPT).delete()[0]
