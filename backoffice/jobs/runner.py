"""How a worker does a job: it takes a lease, works in slices of some seconds, commits each step, and hands the job back.

A message is only a hint. Whoever finds the row due takes it; a worker that was killed leaves its lease behind, which runs out, and the
next one goes on after the last committed step. One that was only slow finds that it lost the lease and stops: a step is committed with
`Slice.keep`, which compares the lease.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import uniform
from typing import Any

import structlog
from celery import current_app
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from backoffice.audit.actors import Actor
from backoffice.audit.record import machine
from backoffice.jobs import files, kinds, notices
from backoffice.jobs.lifecycles import JOB
from backoffice.jobs.models import Job

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=30)
SLICE_SECONDS = 8.0
STATEMENT_MS = 1_500  # below the two seconds after which the database ends a transaction
MOST_TRIES = 5
BATCH = 20


class Lost(Exception):
    """The job is no longer this worker's: cancelled, or taken over after its lease ran out."""


class TooSlow(Exception):
    """A query took longer than a transaction may."""


@dataclass
class Slice:
    """A worker's hold on a job."""

    job: Job
    lease: str
    until: float = field(default_factory=lambda: time.monotonic() + SLICE_SECONDS)

    @property
    def more(self) -> bool:
        return time.monotonic() < self.until

    def keep(self, **columns: Any) -> None:
        """Write what was done, and hold the job for another while. Raises Lost when it is somebody else's by now."""
        columns |= {"next_attempt_at": timezone.now() + LEASE, "tries": 0}
        if not Job.objects.filter(pk=self.job.pk, lease=self.lease, state="running").update(**columns):
            raise Lost
        for name, value in columns.items():
            setattr(self.job, name, value)

    def begin_again(self) -> None:
        """Let go of what was made so far, since a piece of it is damaged. Raises Lost."""
        files.discard_parts(self.job)
        self.keep(phase="", progress={}, done=0, total=None)

    def move(self, to: str, **also: Any) -> None:
        """End the work. Raises Lost."""
        with transaction.atomic():
            locked = Job.objects.select_for_update(of=("self",)).get(pk=self.job.pk)
            if locked.lease != self.lease or locked.state != "running":
                raise Lost
            evidence = also.pop("evidence", {})
            leave(locked, to=to, now=timezone.now(), also=also, evidence=evidence)
        self.job = locked


def leave(job: Job, *, to: str, now: datetime, also: dict[str, Any], evidence: dict[str, Any] | None = None) -> None:
    """A system's move that gives the lease back."""
    kept = kinds.get(job.kind).kept.get(to)
    columns = {"lease": "", "next_attempt_at": None, "finished_at": now, "expires_at": now + kept if kept else None, **also}
    JOB.move(job, to=to, by=Actor.system(machine()), now=now, fact=f"{job.kind}.{to}", also=columns, evidence=evidence)
    notices.tell(job, now=now)


@contextmanager
def brief() -> Iterator[None]:
    """A transaction whose queries end before the database would end it. Raises TooSlow."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(STATEMENT_MS)])
            yield
    except OperationalError as slow:
        if getattr(slow.__cause__, "sqlstate", "") in {"57014", "25P04"}:
            raise TooSlow from slow
        raise


def hint(job_id: int) -> None:
    """Tell a worker, once the row is committed. A broker that is away fails nothing: the sweep finds the row."""
    transaction.on_commit(lambda: _send(job_id), robust=True)


def _send(job_id: int) -> None:
    try:
        current_app.send_task("backoffice.jobs.tasks.run", args=[job_id], retry=False, ignore_result=True)
    except Exception as away:  # whatever the broker's client raises
        log.warning("hint_not_sent", task="jobs.run", row=job_id, error=type(away).__name__)


def due(*, now: datetime) -> list[int]:
    return list(Job.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at").values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _take(job_id: int, *, now: datetime) -> Slice | None:
    """The lease, or None when the job is not due or somebody is at it."""
    job = Job.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=job_id, next_attempt_at__lte=now).first()
    if job is None:
        return None
    if job.lease:  # whoever held it died or hung
        job.tries += 1
        if job.tries >= MOST_TRIES:
            leave(job, to="failed", now=now, also={"outcome": "Workers ended again and again while they were at it.", "tries": job.tries})
            return None
    also = {"lease": secrets.token_hex(8), "next_attempt_at": now + LEASE, "tries": job.tries}
    if job.state == "queued":
        system = Actor.system(machine())
        JOB.move(job, to="running", by=system, now=now, fact=f"{job.kind}.running", also=also | {"started_at": job.started_at or now})
    else:
        Job.objects.filter(pk=job.pk).update(**also)
        job.lease = str(also["lease"])
    return Slice(job, job.lease)


def run(job_id: int) -> str:
    """One slice of a job, if it is due. Returns what became of it."""
    slice_ = _take(job_id, now=timezone.now())
    if slice_ is None:
        return "not due"
    kind = kinds.get(slice_.job.kind)
    try:
        more = True
        while more and slice_.more:
            more = kind.step(slice_)
        return _hand_back(slice_) if more else slice_.job.state
    except Lost:
        _clean_up(slice_.job)
        return "lost"
    except kinds.Impossible as why:
        return _fail(slice_, str(why))
    except Exception as error:  # a fault of ours or of the moment: it is tried again, a few times
        log.exception("jobs.step_failed", job=job_id)
        return _again(slice_, error)


def _hand_back(slice_: Slice) -> str:
    changed = Job.objects.filter(pk=slice_.job.pk, lease=slice_.lease, state="running").update(lease="", next_attempt_at=timezone.now())
    if changed:
        _send(slice_.job.pk)
    return "running" if changed else "lost"


def _fail(slice_: Slice, why: str) -> str:
    with suppress(Lost):
        slice_.move("failed", outcome=why[:400])
    _clean_up(slice_.job)
    return "failed"


def _again(slice_: Slice, error: Exception) -> str:
    tries = Job.objects.values_list("tries", flat=True).get(pk=slice_.job.pk) + 1  # what stands in memory may have been rolled back
    if tries >= MOST_TRIES:
        return _fail(slice_, f"It failed {tries} times in a row ({type(error).__name__}). The server's log says more.")
    later = timezone.now() + timedelta(seconds=min(60, 2**tries) * uniform(0.5, 1.5))  # noqa: S311 (jitter)
    Job.objects.filter(pk=slice_.job.pk, lease=slice_.lease, state="running").update(lease="", next_attempt_at=later, tries=tries)
    return "again"


def _clean_up(job: Job) -> None:
    """Remove what is stored for a job that ended and keeps nothing."""
    state, expires = Job.objects.values_list("state", "expires_at").get(pk=job.pk)
    if state in {"cancelled", "failed", "rejected", "expired"} and expires is None:
        files.discard_everything(job)


def sweep() -> int:
    """A slice for each job that is due, then what ran out. Overlapping sweeps skip each other's rows."""
    from backoffice.jobs import services

    found = due(now=timezone.now())
    for job_id in found:
        try:
            run(job_id)
        except Exception:  # one job must not keep the others waiting
            log.exception("jobs.sweep_failed", job=job_id)
    return len(found) + services.expire_due(now=timezone.now())
