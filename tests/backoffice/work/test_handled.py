"""What Home says of somebody's day: how many they decided, and how long from claim to decision."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.work import bulk, claims
from backoffice.work.models import Claim, Handled
from payments.models import Withdrawal
from payments.queues import SUBJECT, WITHDRAWALS
from tests.casino import new_withdrawal
from tests.people import signed_in

pytestmark = pytest.mark.django_db


def approve(client, withdrawal, key: str = "k") -> None:
    sent = {"outcome": "approved", "reason_code": "CHECKS_OK", "version": 1, "key": key, "note": ""}
    assert client.post(f"/withdrawals/{withdrawal.pk}/decide", sent).status_code == 303


def test_home_counts_what_i_decided_today_and_how_long_it_took(nova, ana, lars):
    now = timezone.now()
    quick, slow, next_up = (new_withdrawal(nova, now=now) for _ in range(3))
    client = signed_in(ana)
    assert "You decided" not in client.get("/").content.decode()
    claims.take(subject=(SUBJECT, quick.pk), by=ana, now=now - timedelta(minutes=2))
    claims.take(subject=(SUBJECT, slow.pk), by=ana, now=now - timedelta(minutes=4))
    for number, withdrawal in enumerate((quick, slow, next_up)):
        approve(client, withdrawal, key=f"k{number}")

    # Deciding one claims the next, so the third took no time at all.
    assert "You decided 3 today, half of them within 2 m of the claim" in client.get("/").content.decode()
    assert "You decided" not in signed_in(lars).get("/").content.decode()
    assert not Claim.objects.exists()


def test_the_same_decision_sent_twice_counts_once(nova, ana):
    withdrawal = new_withdrawal(nova, now=timezone.now())
    client = signed_in(ana)
    approve(client, withdrawal)
    approve(client, withdrawal)
    assert Handled.objects.get().subject_id == withdrawal.pk


def test_what_was_approved_in_bulk_counts_once_and_what_was_skipped_does_not(nova, ana, lars):
    approved, decided = new_withdrawal(nova, "40.00", now=timezone.now()), new_withdrawal(nova, "50.00", now=timezone.now())
    seen = list(Withdrawal.objects.select_related("player", "brand"))
    approve(signed_in(lars), decided, key="first")
    verb = next(one for one in WITHDRAWALS.verbs if one.code == "approve")
    for _ in range(2):
        done = bulk.perform(WITHDRAWALS, verb, seen, by=ana, values={}, key="bulk", now=timezone.now())
        assert {row.pk: one.outcome for row, one in done} == {approved.pk: "done", decided.pk: "skipped"}

    assert list(Handled.objects.filter(staff=ana).values_list("subject_id", "claimed_at")) == [(approved.pk, None)]
    assert "You decided 1 today" in signed_in(ana).get("/").content.decode()


def test_yesterday_is_no_part_of_today_and_a_refused_decision_counts_nothing(nova, ana):
    withdrawal = new_withdrawal(nova, now=timezone.now())
    client = signed_in(ana)
    claims.finish(subject=(SUBJECT, withdrawal.pk), by=ana, key="old", now=timezone.now() - timedelta(hours=25))
    refused = client.post(f"/withdrawals/{withdrawal.pk}/decide", {"outcome": "rejected", "reason_code": "", "version": 1, "key": "k", "note": ""})
    assert refused.status_code == 422
    assert Handled.objects.count() == 1
    assert "You decided" not in client.get("/").content.decode()


def test_a_claim_that_had_run_out_says_nothing_of_how_long_it_took(nova, ana):
    withdrawal = new_withdrawal(nova, now=timezone.now())
    claims.take(subject=(SUBJECT, withdrawal.pk), by=ana, now=timezone.now() - timedelta(hours=1))
    approve(signed_in(ana), withdrawal)
    assert Handled.objects.get().claimed_at is None
