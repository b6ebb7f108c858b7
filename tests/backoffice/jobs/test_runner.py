"""Workers: cancel, kill and resume, leases, faults that pass and faults that stay."""

import io
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.jobs import runner, services
from backoffice.jobs.exports import work
from backoffice.jobs.exports.verify import verify
from backoffice.jobs.models import Job, Part
from payments.models import Withdrawal
from tests.backoffice.jobs.conftest import ask, content, finish
from tests.casino import new_withdrawal, open_casino
from tests.people import make_person

NOW = timezone.now()


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(work, "PART_ROWS", 2)


@pytest.fixture
def rows(nova, small_parts):
    return [new_withdrawal(nova, f"{20 + number}.00", now=NOW) for number in range(7)]


def taken(job, *, steps: int) -> runner.Slice:
    slice_ = runner._take(job.pk, now=timezone.now())
    assert slice_ is not None
    for _step in range(steps):
        assert work.step(slice_)
    return slice_


def after_the_mark(job) -> object:
    """All of a file but what says whose and of when it is."""
    if job.filename.endswith("xlsx"):
        return [list(sheet.iter_rows(min_row=2, values_only=True)) for sheet in load_workbook(io.BytesIO(content(job))).worksheets]
    return content(job).partition(b"\n")[2]


def overdue(job) -> None:
    """Its lease has run out."""
    Job.objects.filter(pk=job.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
@pytest.mark.parametrize("steps", range(7))
def test_whoever_goes_on_after_a_dead_worker_makes_the_same_bytes(rows, ana, form, steps):
    whole, job = finish(ask(ana, form=form)), ask(ana, form=form)
    taken(job, steps=steps)
    assert runner.run(job.pk) == "not due"
    overdue(job)
    job = finish(job)

    assert (job.state, job.sha256) == ("ready", whole.sha256)
    assert after_the_mark(job) == after_the_mark(whole)


def test_a_slow_worker_that_lost_its_lease_writes_nothing_that_counts(rows, ana):
    job = ask(ana)
    slow = taken(job, steps=3)
    overdue(job)
    fast = taken(job, steps=1)
    parts = list(Part.objects.values_list("name", flat=True))
    with pytest.raises(runner.Lost):
        work.step(slow)
    assert list(Part.objects.values_list("name", flat=True)) == parts
    with pytest.raises(runner.Lost):
        slow.move("failed", outcome="late")
    assert fast.job.done == 6
    assert Job.objects.get().state == "running"


def test_cancelling_stops_the_worker_at_its_next_step_and_keeps_what_was_done_for_a_day(rows, ana, lars, folder, django_capture_on_commit_callbacks):
    job = ask(ana)
    slice_ = taken(job, steps=3)
    with pytest.raises(NotAllowed):
        services.cancel(job_id=job.pk, by=lars, now=timezone.now())
    assert Job.objects.get().state == "running"
    now = timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        services.cancel(job_id=job.pk, by=ana, now=now)
    with pytest.raises(runner.Lost):
        work.step(slice_)
    runner._clean_up(slice_.job)
    job.refresh_from_db()
    assert (job.state, job.next_attempt_at, job.file, job.done, Part.objects.count()) == ("cancelled", None, "", 4, 3)
    assert job.expires_at == now + timedelta(hours=24)
    assert services.cancel(job_id=job.pk, by=ana, now=timezone.now()).version == job.version

    assert services.expire_due(now=job.expires_at - timedelta(seconds=1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert services.expire_due(now=job.expires_at) == 1
    job.refresh_from_db()
    assert (job.state, job.expires_at, Part.objects.count()) == ("cancelled", None, 0)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert Event.objects.filter(subject_id=job.pk).order_by("id").values_list("type", flat=True).last() == "export.removed"
    with pytest.raises(services.NotAvailable):
        services.take_up(job_id=job.pk, by=ana, now=timezone.now())
    assert Job.objects.get().state == "cancelled"


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
@pytest.mark.parametrize("steps", range(1, 7))
def test_a_cancelled_export_is_taken_up_where_it_stopped_and_ends_in_the_same_bytes(rows, ana, lars, form, steps):
    whole, job = finish(ask(ana, form=form)), ask(ana, form=form)
    slow = taken(job, steps=steps)
    services.cancel(job_id=job.pk, by=ana, now=timezone.now())
    kept = set(Part.objects.filter(job=job).values_list("name", flat=True))
    with pytest.raises(NotAllowed):
        services.take_up(job_id=job.pk, by=lars, now=timezone.now())
    assert Job.objects.get(pk=job.pk).state == "cancelled"

    again = services.take_up(job_id=job.pk, by=ana, now=timezone.now())
    assert (again.state, again.expires_at, set(Part.objects.filter(job=job).values_list("name", flat=True))) == ("queued", None, kept)
    with pytest.raises(runner.Lost):  # who worked on it before the cancel does not come back
        slow.keep()
    job = finish(job)
    assert (job.state, job.sha256) == ("ready", whole.sha256)
    assert after_the_mark(job) == after_the_mark(whole)
    types = list(Event.objects.filter(subject_type="jobs.job", subject_id=job.pk).order_by("id").values_list("type", flat=True))
    assert types == ["export.requested", "export.running", "export.cancelled", "export.taken_up", "export.running", "export.ready"]


def test_what_had_not_begun_leaves_nothing_to_take_up(rows, ana, dana):
    queued = services.cancel(job_id=ask(ana).pk, by=ana, now=timezone.now())
    waiting = services.cancel(job_id=ask(dana, masked=False).pk, by=dana, now=timezone.now())
    assert [(job.state, job.expires_at) for job in (queued, waiting)] == [("cancelled", None)] * 2
    with pytest.raises(services.NotAvailable):
        services.take_up(job_id=waiting.pk, by=dana, now=timezone.now())
    assert Job.objects.get(pk=waiting.pk).state == "cancelled"


def test_what_ended_is_not_cancelled(rows, ana):
    job = finish(ask(ana))
    with pytest.raises(NotAllowed):
        services.cancel(job_id=job.pk, by=ana, now=timezone.now())
    assert Job.objects.get().state == "ready"


def test_a_fault_that_passes_is_tried_again_and_one_that_stays_fails(rows, ana, monkeypatch):
    job, kept = ask(ana), work._write
    faults = iter([OSError("full")])

    def sometimes(slice_, export):
        for fault in faults:
            raise fault
        return kept(slice_, export)

    monkeypatch.setattr(work, "_write", sometimes)
    assert runner.run(job.pk) == "again"
    assert Job.objects.values_list("tries", "lease", "state").get() == (1, "", "running")
    assert runner.run(job.pk) == "not due"  # it waits a little first
    overdue(job)
    assert finish(job).state == "ready"

    def always(_slice, _export):
        raise OSError("full")

    monkeypatch.setattr(work, "_write", always)
    broken = ask(ana)
    for _try in range(runner.MOST_TRIES):
        overdue(broken)
        answer = runner.run(broken.pk)
    broken.refresh_from_db()
    assert (answer, broken.state) == ("failed", "failed")
    assert broken.outcome.startswith("It failed 5 times in a row (OSError).")


def test_workers_that_die_again_and_again_end_the_job(rows, ana):
    job = ask(ana)
    for _death in range(runner.MOST_TRIES):
        assert runner._take(job.pk, now=timezone.now()) is not None
        overdue(job)
    assert runner.run(job.pk) == "not due"
    assert Job.objects.get().state == "failed"


def test_a_part_that_is_gone_or_changed_is_never_put_into_a_file(rows, ana, folder):
    for harm in (lambda path: path.unlink(), lambda path: path.write_bytes(b"1,M,99999.00\n")):
        job = ask(ana)
        taken(job, steps=4)
        harm(folder / Part.objects.filter(job=job, kind="rows").earliest("number").name)
        overdue(job)
        job = finish(job)
        assert (job.state, job.done) == ("ready", 7)
        assert b"99999" not in content(job)


def test_a_query_that_is_too_slow_for_one_range_is_asked_in_smaller_ones(rows, ana, monkeypatch):
    asked = []
    kept = runner.brief

    def slow_at_first():
        asked.append(1)
        if len(asked) < 3:
            raise runner.TooSlow
        return kept()

    monkeypatch.setattr(work, "brief", slow_at_first)
    job = finish(ask(ana))
    assert (job.state, job.done, job.progress["range"]) == ("ready", 7, work.RANGE // 16)


def test_two_workers_at_once_do_one_slice(rows, ana):
    job = ask(ana)
    assert runner._take(job.pk, now=timezone.now()) is not None
    assert runner._take(job.pk, now=timezone.now()) is None


def test_a_sweep_finds_what_no_message_told_about(rows, ana):
    job = ask(ana)
    while runner.sweep():
        pass
    job.refresh_from_db()
    assert job.state == "ready"


def test_an_export_of_thousands_survives_the_kill_of_its_worker(committed_db, folder, tmp_path):
    """A real worker, a real SIGKILL in the middle, another worker: the file is whole and its checksum is that of an undisturbed one."""
    nova = open_casino()
    ana = make_person("payments-l1", brands=[nova], name="Ana Novak")
    new_withdrawal(nova, now=NOW)
    with committed_db.connect("super") as connection:
        connection.execute("SET session_replication_role = replica")
        columns = [one.column for one in Withdrawal._meta.concrete_fields if one.column != "id"]
        copied = ", ".join("-n" if name == "hold_id" else name for name in columns)
        connection.execute(f"INSERT INTO payments_withdrawal ({', '.join(columns)}) SELECT {copied} FROM payments_withdrawal, generate_series(1, 2999) n")
    undisturbed, job = finish(ask(ana, key="a")), ask(ana, key="b")
    worker = Path(__file__).with_name("worker.py")
    environment = {**os.environ, **committed_db.environment(), "JOBS_STORAGE_OPTIONS": f'{{"location": "{folder}"}}'}

    killed = subprocess.Popen([sys.executable, str(worker), str(job.pk)], env=environment)
    began = time.monotonic()
    while Part.objects.filter(job=job, kind="rows").count() < 3:
        assert time.monotonic() - began < 60, "the worker did not begin"
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    job.refresh_from_db()
    assert (job.state, 0 < job.done < 3_000) == ("running", True)
    assert job.lease

    overdue(job)
    subprocess.run([sys.executable, str(worker), str(job.pk)], env={**environment, "PATIENT": "0"}, check=True, timeout=120)
    job.refresh_from_db()
    path = tmp_path / job.filename
    path.write_bytes(content(job))
    assert (job.state, job.done, job.sha256) == ("ready", 3_000, undisturbed.sha256)
    assert verify(path).intact
