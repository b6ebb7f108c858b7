"""Who hears of a job: its requester when it ends, and those who may agree when it waits for somebody."""

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.bell.models import Notice
from backoffice.jobs import runner, services
from backoffice.jobs.exports import work
from backoffice.jobs.kinds import Impossible
from backoffice.scope.models import Brand
from tests.backoffice.jobs.conftest import ask, finish
from tests.casino import new_withdrawal
from tests.people import make_person

NOW = timezone.now()


def told(person) -> list[tuple[str, str]]:
    return [(notice.kind, notice.text) for notice in Notice.objects.filter(staff=person).order_by("pk")]


@pytest.fixture
def row(nova):
    return new_withdrawal(nova, now=NOW)


def test_who_asked_hears_once_that_it_is_ready_and_the_notice_leads_there(row, ana, ines):
    job = finish(ask(ana))
    assert told(ana) == [("jobs.ready", f"{job.name} is ready: Withdrawals")]
    assert Notice.objects.get().url == reverse("jobs:job", args=[job.pk])
    assert told(ines) == []


def test_who_asked_hears_why_it_failed(row, ana, monkeypatch):
    def broken(_slice):
        raise Impossible("No such list.")

    job = ask(ana)
    monkeypatch.setattr(work.Export, "of", broken)
    assert runner.run(job.pk) == "failed"
    assert told(ana) == [("jobs.failed", f"{job.name} failed: Withdrawals. No such list.")]


def test_those_who_may_agree_within_its_brands_are_asked_and_the_requester_hears_the_answer(row, nova, ana, ines, dana):
    elsewhere = make_person("compliance", brands=[Brand.objects.get(code="fjord")])
    first, second = ask(ines, masked=False), ask(ines, masked=False)
    assert told(dana) == [("jobs.awaits", f"{job.name} awaits your approval: Withdrawals") for job in (first, second)]
    assert (told(ana), told(ines), told(elsewhere)) == ([], [], [])
    services.decide(job_id=first.pk, version=1, verdict="approved", reason="", by=dana, now=timezone.now())
    services.decide(job_id=second.pk, version=1, verdict="rejected", reason="Not needed", by=dana, now=timezone.now())
    assert told(ines) == [
        ("jobs.approved", f"{first.name} was approved and runs: Withdrawals"), ("jobs.rejected", f"{second.name} was rejected: Withdrawals. Not needed"),
    ]  # fmt: skip


def test_what_somebody_did_themselves_is_no_news(row, ana):
    job = ask(ana)
    services.cancel(job_id=job.pk, by=ana, now=timezone.now())
    assert told(ana) == []
