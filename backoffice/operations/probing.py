"""The clock's side of health: what is due is leased, read, and kept. Run by workers and, should none be left, by beat and the recorder."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from backoffice.operations import reading, telling
from backoffice.operations.models import Change, Standing
from backoffice.operations.reading import Reading
from backoffice.runtime import probes
from backoffice.runtime.probes import OK, UNKNOWN, Probe

AGAIN = timedelta(seconds=10)  # another state has to be read again, so soon after, before it counts
KEPT = timedelta(days=400)
BATCH = 5_000


def lease(*, now: datetime) -> list[Probe]:
    """The probes that are due, leased: whoever asks next gets others. New probes get their row here."""
    known = {one.code: one for one in probes.every()}
    missing = known.keys() - set(Standing.objects.values_list("code", flat=True))
    Standing.objects.bulk_create([Standing(code=code, since=now, next_attempt_at=now) for code in sorted(missing)], ignore_conflicts=True)
    with transaction.atomic():
        due = list(
            Standing.objects.select_for_update(skip_locked=True)
            .filter(code__in=known, next_attempt_at__lte=now)
            .order_by("code")
            .values_list("code", flat=True)
        )
        patience = sum(known[code].patience for code in due)  # should every one of them hang
        Standing.objects.filter(code__in=due).update(next_attempt_at=now + timedelta(seconds=patience + 10))
    return [known[code] for code in due]


def sweep(*, now: datetime | None = None) -> int:
    """Read what is due. Gives how many were read."""
    due = lease(now=now or timezone.now())
    for code, found in reading.run(due).items():
        probe = probes.get(code)
        if probe is not None:
            settle(probe, found, now=now or timezone.now())
    return len(due)


@transaction.atomic
def settle(probe: Probe, found: Reading, *, now: datetime) -> Change | None:
    """Keep a reading; gives the change when it made one. Another state counts when it was read twice in a row, so that one bad second wakes nobody."""
    row = Standing.objects.select_for_update().get(pk=probe.code)
    if row.read_at is not None and row.read_at > now:
        return None  # somebody has read it since
    first = row.read_at is None
    same, welcome = found.state == row.state, first and found.state == OK  # before anything was read, the state is unknown
    change = None
    if not same and (welcome or row.candidate == found.state):
        change = Change.objects.create(
            probe=probe.code, was=row.state, state=found.state, value=found.value, note=found.note, params=dict(found.params), at=now
        )
        row.state, row.since = found.state, now
        if not welcome:
            telling.tell(probe, change)
    settled = same or change is not None
    row.candidate = "" if settled else found.state
    row.value, row.note, row.params = found.value, found.note, dict(found.params)
    if not (first and not settled):
        row.read_at = now  # a first bad reading waits for the second: until then it was not read
    row.next_attempt_at = now + (timedelta(seconds=probe.every) if settled else min(timedelta(seconds=probe.every), AGAIN))
    row.save()
    return change


def shown_state(row: Standing, probe: Probe, *, now: datetime) -> str:
    """The state for a reader: what nobody has read for long is unknown, whatever it was."""
    return UNKNOWN if stale(row, probe, now=now) else row.state


def stale(row: Standing, probe: Probe, *, now: datetime) -> bool:
    return row.read_at is None or now - row.read_at > timedelta(seconds=probe.every * 2 + 60)


def forget_old(*, now: datetime) -> int:
    """Changes are kept for a good year; a probe that left the house leaves its standing behind."""
    Standing.objects.exclude(code__in=[one.code for one in probes.every()]).delete()
    old = Change.objects.filter(at__lt=now - KEPT).order_by("pk").values_list("pk", flat=True)[:BATCH]
    return Change.objects.filter(pk__in=list(old)).delete()[0]
