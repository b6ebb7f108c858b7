"""Who is in a segment: computed over all players of the brand, chunk by chunk. The committed row of a run says how far it came.

A chunk is one transaction under the lock of its run: members come and go, and the run moves on. A worker that is killed takes its chunk with it, and
whoever sweeps next goes on after the last committed one.
"""

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record
from players.lifecycles import SEGMENT_RUN
from players.models import Player, Segment, SegmentRun
from players.segments import matching

CHUNK = 20_000  # players; keeps a transaction far below two seconds
SLICE_SECONDS = 8.0
KEPT = 50  # runs of a segment

_STEP = """
WITH picked AS MATERIALIZED (SELECT id FROM players_player WHERE brand_id = %(brand)s AND id > %(after)s ORDER BY id LIMIT %(chunk)s),
matched AS MATERIALIZED ({matched}),
gone AS (
    DELETE FROM players_segmentmember m WHERE m.segment_id = %(segment)s AND m.player_id > %(after)s
        AND m.player_id <= coalesce((SELECT max(id) FROM picked), 9223372036854775807) AND NOT EXISTS (SELECT 1 FROM matched x WHERE x.id = m.player_id)
    RETURNING 1
), come AS (
    INSERT INTO players_segmentmember (segment_id, player_id, since) SELECT %(segment)s, id, %(now)s FROM matched
    ON CONFLICT (segment_id, player_id) DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM picked), (SELECT max(id) FROM picked), (SELECT count(*) FROM matched), (SELECT count(*) FROM come), (SELECT count(*) FROM gone)
"""


def latest(segment: Segment) -> SegmentRun | None:
    return segment.runs.order_by("-pk").first()


def last_whole(segment: Segment) -> SegmentRun | None:
    """The run that the members are of."""
    return segment.runs.filter(state="done").order_by("-pk").first()


def of_all(codes: list[str]) -> tuple[dict[str, SegmentRun], dict[str, SegmentRun]]:
    """For a list: the last run that ended well, and the last of any kind, by segment."""
    rows = SegmentRun.objects.filter(segment__in=codes).order_by("segment_id", "-pk").distinct("segment_id")
    return {run.segment_id: run for run in rows.filter(state="done")}, {run.segment_id: run for run in rows}


@transaction.atomic
def compute(*, code: str, by: Staff, now: datetime) -> SegmentRun:
    """Compute a segment now, because somebody asks. One that is being computed is left at it.

    Raises Segment.DoesNotExist, also for one that is ended or out of reach.
    """
    segment = Segment.objects.visible_to(by).select_for_update(of=("self",)).get(pk=code, active=True)
    running = segment.runs.filter(state="running").first()
    if running is not None:
        return running
    run = _begin(segment, requested_by=by, now=now)
    subject = ("players.segmentrun", run.pk)
    record("segment.asked_for", actor=Actor.staff(by), at=now, brand_id=segment.brand_id, subject=subject, after={"segment": segment.pk})
    return run


def _begin(segment: Segment, *, requested_by: Staff | None, now: datetime) -> SegmentRun:
    total = Player.objects.filter(brand_id=segment.brand_id).count()
    run = SegmentRun.objects.create(segment=segment, conditions=segment.conditions, requested_by=requested_by, started_at=now, total=total)
    old = SegmentRun.objects.filter(segment=segment).order_by("-pk").values_list("pk", flat=True)[KEPT:]
    SegmentRun.objects.filter(pk__in=list(old)).exclude(state="running").delete()
    return run


def sweep(*, now: datetime) -> int:
    """Begin what is due and go on with what has begun, for some seconds. How many chunks were computed."""
    end, chunks = time.monotonic() + SLICE_SECONDS, 0
    segments = list(Segment.objects.filter(active=True))
    _whole, last = of_all([one.pk for one in segments])
    for segment in segments:
        if _due_after(last.get(segment.pk), segment, now):
            with transaction.atomic():
                locked = Segment.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=segment.pk).first()
                if locked is not None and due(locked, now):
                    _begin(locked, requested_by=None, now=now)
    for pk in SegmentRun.objects.filter(state="running").order_by("pk").values_list("pk", flat=True):
        while time.monotonic() < end and step(pk, now=now):
            chunks += 1
    return chunks


def due(segment: Segment, now: datetime) -> bool:
    """It was never computed, its conditions have changed since, or its time has come."""
    return _due_after(latest(segment), segment, now)


def _due_after(run: SegmentRun | None, segment: Segment, now: datetime) -> bool:
    if run is None:
        return True
    if run.state == "running":
        return False
    return run.conditions != segment.conditions or run.started_at + timedelta(hours=segment.every_hours) <= now


@transaction.atomic
def step(run_id: int, *, now: datetime) -> bool:
    """One chunk. Whether there is more to do for this run."""
    run = SegmentRun.objects.select_for_update(skip_locked=True, of=("self",)).select_related("segment__brand").filter(pk=run_id, state="running").first()
    if run is None:
        return False
    segment = run.segment
    if not segment.active or segment.conditions != run.conditions:
        _end(run, to="superseded", now=now, note=_("The segment was changed meanwhile."))
        return False
    try:
        query = matching.compile_(run.conditions, segment.brand, run.started_at)
    except matching.Unknown as unknown:
        _end(run, to="failed", now=now, note=str(unknown))
        return False
    query.params |= {"after": run.after_player, "chunk": CHUNK, "segment": segment.pk}
    with connection.cursor() as cursor:
        cursor.execute(_STEP.replace("{matched}", matching.matched(query)), query.params)
        looked_at, until, found, came, gone = cursor.fetchone()
    run.done += looked_at
    run.size, run.came, run.left = run.size + found, run.came + came, run.left + gone
    run.after_player = until or run.after_player
    run.save(update_fields=["done", "size", "came", "left", "after_player"])
    if looked_at < CHUNK:
        _end(run, to="done", now=now, note=" ".join(query.notes))
        return False
    return True


def _end(run: SegmentRun, *, to: str, now: datetime, note: str) -> None:
    evidence: dict[str, Any] = {"segment": run.segment_id, "size": run.size, "came": run.came, "left": run.left}
    SEGMENT_RUN.move(run, to=to, by=Actor.system(machine()), now=now, also={"finished_at": now, "note": note[:400]}, evidence=evidence)
