"""A casino with withdrawals to export, people who may, and a storage of the test's own."""

import uuid
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone

from backoffice.jobs import files, runner
from backoffice.jobs.exports.asking import request_export
from backoffice.jobs.models import Job
from tests.casino import open_casino
from tests.people import make_person

COLUMNS = ["id", "player", "amount", "state", "player_id"]


@pytest.fixture
def folder(folder):
    """Where the files of jobs are."""
    return folder / "jobs"


@pytest.fixture
def nova(db, opened):
    return open_casino()


@pytest.fixture
def ana(nova):
    return make_person("payments-l1", brands=[nova], name="Ana Novak")


@pytest.fixture
def lars(nova):
    return make_person("payments-l2", brands=[nova], name="Lars Berg")


@pytest.fixture
def ines(nova):
    return make_person("head-of-payments", brands=[nova], name="Ines Camilleri")


@pytest.fixture
def dana(nova):
    return make_person("compliance", brands=[nova], name="Dana Fischer")


def ask(by: Any, query: str = "view=all", **more: Any) -> Job:
    asked = {
        "code": "payments.withdrawal", "query": QueryDict(query), "scope": "all", "columns": COLUMNS, "form": "csv", "masked": True,
        "reason": "Month end", "key": uuid.uuid4().hex, "now": timezone.now(), **more,
    }  # fmt: skip
    return request_export(by=by, **asked)


def finish(job: Job) -> Job:
    """Slice after slice, as workers do, until it has ended or waits."""
    for _slice in range(200):
        if runner.run(job.pk) not in {"running", "again"}:
            break
        Job.objects.filter(pk=job.pk, state="running").update(next_attempt_at=timezone.now())
    job.refresh_from_db()
    return job


def content(job: Job) -> bytes:
    with files.storage().open(job.file, "rb") as file:
        return file.read()


__all__ = ["COLUMNS", "ask", "content", "finish"]
