"""Exports at size: what a worker holds of a million rows beyond a thousand, rows a second by format, and a million rows that are
cancelled, taken up again, killed half-way, resumed and verified by their checksum. Each export runs in a process of its own.
"""

import argparse
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from backoffice.runtime.throwaway import ThrowawayPostgres
from bench.harness import DATABASE, Scale, database, finish, machine, main, median
from bench.queue import fill

FORMATS = ("csv", "xlsx", "jsonl")
SMALL = 1_000
SMALL_AMOUNT = 5_000  # of these and no other
ROUNDS = 5
HERE = Path(__file__).resolve().parent.parent
COLUMNS = ["id", "due", "player", "amount", "method", "brand", "requested", "state", "who", "player_id", "reference", "tags"]


def ask(form: str, *, few: bool = False) -> Any:
    """An export of every withdrawal, or of the few with a large amount. A policy says that nobody has to agree."""
    from django.http import QueryDict
    from django.utils import timezone

    from backoffice.access.models import Staff
    from backoffice.jobs.exports.asking import request_export

    query = "view=all" + (f"&least={SMALL_AMOUNT}" if few else "")
    return request_export(
        code="payments.withdrawal", query=QueryDict(query), scope="all", columns=COLUMNS, form=form, masked=True, reason="Benchmark", by=Staff.objects.get(),
        key=uuid.uuid4().hex, now=timezone.now(),
    )  # fmt: skip


def work(job_id: int) -> None:
    """In a process of its own: work on a job until it ends, and say how long it took and what was held at most."""
    import django

    django.setup()
    from backoffice.jobs import runner
    from backoffice.jobs.models import Job

    runner._send = lambda _job: None  # there is no broker here
    began = time.perf_counter()
    while runner.run(job_id) == "running":
        pass
    job = Job.objects.get(pk=job_id)
    # Not getrusage: a child's figure there begins with what its parent held.
    peak = int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
    print(json.dumps({"state": job.state, "rows": job.done, "seconds": time.perf_counter() - began, "peak_mb": peak, "bytes": job.size}), flush=True)


def worker(job_id: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "bench.exports", "--work", str(job_id)], cwd=HERE, stdout=subprocess.PIPE, text=True)


def done(job_id: int) -> dict[str, Any]:
    process = worker(job_id)
    out, _ = process.communicate()
    if process.returncode:
        sys.exit(f"The worker ended with {process.returncode}.")
    return json.loads(out.splitlines()[-1])


def state_of(job_id: int) -> tuple[str, int]:
    from backoffice.jobs.models import Job

    return Job.objects.values_list("state", "done").get(pk=job_id)


def until_rows(job_id: int, rows: int) -> None:
    while state_of(job_id)[1] < rows:
        time.sleep(0.02)


def interrupted(form: str, rows: int) -> dict[str, Any]:
    """One export that is cancelled at a quarter, taken up again, loses its worker at the half, is resumed and then verified by `manage.py verify_export`."""
    from django.core.management import CommandError, call_command
    from django.utils import timezone

    from backoffice.access.models import Staff
    from backoffice.jobs import files, services
    from backoffice.jobs.models import Job

    job, person = ask(form), Staff.objects.get()
    process = worker(job.pk)
    until_rows(job.pk, rows // 4)
    began = time.perf_counter()
    services.cancel(job_id=job.pk, by=person, now=timezone.now())
    process.communicate()
    stopped = round((time.perf_counter() - began) * 1000)
    at_cancel = state_of(job.pk)
    services.take_up(job_id=job.pk, by=person, now=timezone.now())

    process = worker(job.pk)
    until_rows(job.pk, rows // 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    at_kill = state_of(job.pk)
    Job.objects.filter(pk=job.pk).update(next_attempt_at=timezone.now())  # instead of waiting for the lease to run out
    resumed = done(job.pk)
    job.refresh_from_db()
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / job.filename
        with files.storage().open(job.file, "rb") as kept, path.open("wb") as out:
            shutil.copyfileobj(kept, out)
        try:
            call_command("verify_export", str(path), stdout=said)
        except CommandError as changed:
            said.write(str(changed))
    files.discard_everything(job)
    return {
        "cancelled_at": at_cancel, "worker_stopped_after_ms": stopped, "killed_at": at_kill, "rows": resumed["rows"],
        "resumed_seconds": round(resumed["seconds"], 1), "peak_mb": round(resumed["peak_mb"], 1),
        "sha256": job.sha256, "verified": "Intact" in said.getvalue(),
    }  # fmt: skip


def prepare(server: ThrowawayPostgres, rows: int) -> None:
    from django.utils import timezone

    from backoffice.approvals.services.applying import enact
    from tests.casino import open_casino
    from tests.people import make_person

    brand = open_casino()
    make_person("payments-l1", brands=[brand], name="Ana Novak")
    values = {
        "kind": "jobs.approve_exports", "brand": "", "amounts": {}, "approvals": 0, "roles": [], "substitutes": [], "night_from": "", "night_until": "",
        "timezone": "UTC", "position": 0, "active": True,
    }  # fmt: skip
    enact(kind="approvals.policy", values=values, reason="Benchmark", now=timezone.now())
    fill(server, DATABASE, players=rows, withdrawals=rows, share=200)
    with server.cluster.connect("super", DATABASE) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(f"UPDATE payments_withdrawal SET amount = {SMALL_AMOUNT} WHERE id IN (SELECT id FROM payments_withdrawal ORDER BY id LIMIT {SMALL})")
        connection.execute("VACUUM ANALYZE payments_withdrawal")


def run(options: argparse.Namespace, scale: Scale) -> None:
    if options.work:
        work(options.work)
        return
    rows = scale.pick(quick=10_000, default=1_000_000, full=1_000_000)
    times = options.rounds or scale.pick(quick=2, default=ROUNDS, full=ROUNDS)
    formats = options.formats.split(",")
    folder = tempfile.mkdtemp(prefix="countroom-bench-exports-")
    os.environ["JOBS_STORAGE_OPTIONS"] = json.dumps({"location": folder})
    try:
        with database() as server:
            from backoffice.jobs import files, runner
            from backoffice.jobs.models import Job

            runner._send = lambda _job: None
            about = machine(server)
            prepare(server, rows)
            print(f"{rows:,} withdrawals with {len(COLUMNS)} columns beside {SMALL:,}, {times} rounds", flush=True)
            faults = {}
            for form in formats if options.interruptions else ():
                faults[form] = interrupted(form, rows)
                print(f"{form} cancelled, taken up, killed, resumed, verified: {faults[form]}", flush=True)
            rounds = []
            for number in range(1, times + 1):
                sample: dict[str, Any] = {}
                for form in formats if number % 2 else reversed(formats):
                    small = done(ask(form, few=True).pk)
                    print(f"{form}, {SMALL:,} rows: {small}", flush=True)
                    large = done(ask(form).pk)
                    assert (small["rows"], large["rows"]) == (SMALL, rows), (small, large)
                    sample[form] = {
                        "extra_mb": round(large["peak_mb"] - small["peak_mb"], 1), "peak_mb": round(large["peak_mb"], 1),
                        "rows_per_second": round(rows / large["seconds"]), "mb": round(large["bytes"] / 1e6, 1),
                    }  # fmt: skip
                    for job in Job.objects.filter(state="ready"):
                        files.discard_everything(job)
                rounds.append(sample)
                print(f"round {number}: {sample}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    measured = {
        "extra_mb_at_1m": max(median([one[form]["extra_mb"] for one in rounds]) for form in formats),
        "rows_per_second": {form: median([one[form]["rows_per_second"] for one in rounds]) for form in formats},
        "resumed_and_verified": sum(
            one["verified"] and one["rows"] == rows and one["cancelled_at"][0] == "cancelled" and one["killed_at"][0] == "running" for one in faults.values()
        ),
    }
    finish("exports", about, rounds, measured, size={"rows": rows, "small": SMALL, "columns": len(COLUMNS)}, interrupted=faults)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=0, help=f"Fewer or more than {ROUNDS}.")
    parser.add_argument("--formats", default=",".join(FORMATS), help="Some of them.")
    parser.add_argument("--no-interruptions", dest="interruptions", action="store_false", help="Only memory and pace.")
    parser.add_argument("--work", type=int, default=0, help=argparse.SUPPRESS)


if __name__ == "__main__":
    main(run, options)
