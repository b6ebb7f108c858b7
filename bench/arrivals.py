"""Bringing players in from another system: rows a second of the dry run and of the import, and what a worker holds at most beyond a small file.

Each row has consents to two channels, tags, an address and an opening balance. The worker is a process of its own (bench/exports.py).
"""

import argparse
import io
import json
import os
import shutil
import tempfile
from typing import Any

from bench.exports import done
from bench.harness import Scale, database, finish, machine, main

SMALL = 250
HEADS = (
    "External id,Jurisdiction,First name,Last name,Date of birth,E-mail,Phone,Country,Currency,Registered at,Street and number,Town,Consent to e-mail,"
    "Consent to SMS,Words of the consents,Tags,Opening balances"
)


def file(key: str, rows: int) -> bytes:
    lines = (
        f"{key}-{n},MT,Mia,Nowak,1990-02-11,{key}{n}@old.example,+35679{n:06},PL,EUR,2019-05-31T10:00:00Z,Main street {n},Valletta,"
        f"yes 2020-01-02T03:04:05Z,no,v3,moved,{n % 500}.50"
        for n in range(rows)
    )
    return "\n".join([HEADS, *lines, ""]).encode()


def bring(key: str, rows: int) -> dict[str, Any]:
    """Upload, map, dry run, approve, import."""
    from django.utils import timezone

    from backoffice.access.models import Staff
    from backoffice.jobs import services
    from backoffice.jobs.imports import asking
    from backoffice.jobs.models import Import
    from backoffice.scope.models import Brand

    asks, agrees = Staff.objects.order_by("pk")[:2]
    brand, now = Brand.objects.get(code="nova"), timezone.now()
    job = asking.upload(code="players.player", file=io.BytesIO(file(key, rows)), filename="players.csv", brand=brand, by=asks, key=key, now=now)
    job = asking.map_columns(job_id=job.pk, version=job.version, columns=Import.objects.get(job=job).columns, decimal=".", by=asks, now=now)
    checked = done(job.pk)
    job.refresh_from_db()
    content = Import.objects.get(job=job)
    assert (job.state, content.right) == ("checked", rows), (job.state, job.outcome, content.right)  # noqa: S101
    job = asking.confirm(job_id=job.pk, version=job.version, by=asks, now=timezone.now())
    services.decide(job_id=job.pk, version=job.version, verdict="approved", reason="", by=agrees, now=timezone.now())
    brought = done(job.pk)
    content.refresh_from_db()
    assert (brought["state"], brought["rows"], content.refused) == ("done", rows, 0), (brought, content.refused)  # noqa: S101
    return {
        "rows": rows, "dry_rows_per_second": round(rows / checked["seconds"]), "rows_per_second": round(rows / brought["seconds"]),
        "dry_peak_mb": round(checked["peak_mb"], 1), "peak_mb": round(brought["peak_mb"], 1),
    }  # fmt: skip


def run(options: argparse.Namespace, scale: Scale) -> None:
    rows = scale.pick(quick=1_000, default=20_000, full=100_000)
    folder = tempfile.mkdtemp(prefix="countroom-bench-arrivals-")
    os.environ["JOBS_STORAGE_OPTIONS"] = json.dumps({"location": folder})
    try:
        with database() as server:
            from backoffice.jobs import runner
            from tests.casino import open_casino
            from tests.people import make_person

            runner._send = lambda _job: None
            about = machine(server)
            brand = open_casino()
            make_person("head-of-payments", brands=[brand])
            make_person("compliance", brands=[brand])
            rounds = []
            for key, count in (("small", SMALL), ("large", rows)):
                sample = bring(key, count)
                print(sample, flush=True)
                rounds.append(sample)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    small, large = rounds
    measured = {
        "rows_per_second": large["rows_per_second"],
        "dry_rows_per_second": large["dry_rows_per_second"],
        "extra_mb": round(max(large["peak_mb"] - small["peak_mb"], large["dry_peak_mb"] - small["dry_peak_mb"]), 1),
        "rows": rows,
    }
    finish("arrivals", about, rounds, measured)


if __name__ == "__main__":
    main(run)
