"""Real threads: two approvers at once, approval against withdrawal, and two changes of one thing."""

import threading
from datetime import timedelta

import pytest

from backoffice.approvals.models import Approval, ChangeRequest, Version
from backoffice.approvals.services import SamePerson, StaleChange, decisions, drafts
from payments.models import ReasonCode
from tests.backoffice.approvals.conftest import NAME, NOW, policy, proposed
from tests.people import make_brand, make_person
from tests.races import race, raised


@pytest.fixture
def people(committed_db):
    brand = make_brand()
    return [make_person(role, brands=[brand]) for role in ("head-of-payments", "owner", "owner")]


def label() -> str:
    return ReasonCode.objects.get(pk=NAME).label


def approve(change, by, *, key="a", now=NOW):
    return lambda: decisions.approve(change_id=change.pk, version=change.version, key=key, by=by, now=now)


def test_two_approvers_at_once_put_it_into_force_once(people):
    ines, dana, olga = people
    change = proposed(ines)
    answers = race(approve(change, dana), approve(change, olga))
    assert raised(answers, StaleChange) == 1
    assert (Approval.objects.count(), Version.objects.count(), label()) == (1, 2, "Name differs")


def test_two_approvers_who_are_both_needed_do_not_stand_in_each_others_way(people):
    ines, dana, olga = people
    policy(approvals=2)
    change = proposed(ines)
    answers = race(approve(change, dana), approve(change, olga))
    assert raised(answers, StaleChange) == 0
    assert (ChangeRequest.objects.get(pk=change.pk).state, Version.objects.filter(subject=NAME).count()) == ("active", 2)


def test_one_person_who_clicks_twice_counts_once(people):
    ines, dana, _olga = people
    policy(approvals=2)
    change = proposed(ines)
    assert raised(race(approve(change, dana), approve(change, dana)), SamePerson) == 0  # the same request: the same answer
    assert raised(race(approve(change, dana, key="x"), approve(change, dana, key="y")), SamePerson) == 2
    assert (Approval.objects.count(), label()) == (1, "Name does not match")


def test_approval_against_withdrawal_has_one_winner(people):
    ines, dana, _olga = people
    for number in range(3):
        change = proposed(ines, key=f"k{number}", label=f"Name {number}")
        before = label()

        def withdraw(change=change):
            return drafts.withdraw(change_id=change.pk, version=change.version, by=ines, now=NOW)

        answers = race(approve(change, dana), withdraw)
        assert raised(answers, StaleChange) == 1
        state = ChangeRequest.objects.get(pk=change.pk).state
        assert (state, label()) in {("active", f"Name {number}"), ("withdrawn", before)}


def test_two_changes_of_one_thing_never_overwrite_each_other(people):
    ines, dana, olga = people
    one, two = proposed(ines, key="k1", label="One"), proposed(ines, key="k2", label="Two")
    race(approve(one, dana), approve(two, olga))
    states = sorted(ChangeRequest.objects.filter(pk__in=[one.pk, two.pk]).values_list("state", flat=True))
    assert states == ["active", "stale"]
    winner = ChangeRequest.objects.get(state="active")
    assert label() == winner.payload["label"]
    assert Version.objects.filter(subject=NAME).count() == 2


def test_two_sweeps_at_once_apply_once(people):
    ines, dana, _olga = people
    change = proposed(ines, effective_at=NOW + timedelta(days=1))
    approve(change, dana)()
    later = NOW + timedelta(days=2)
    answers = race(lambda: decisions.apply_due(now=later), lambda: decisions.apply_due(now=later))
    assert sum(answers) == 1
    assert (label(), Version.objects.filter(subject=NAME).count()) == ("Name differs", 2)


def test_a_worker_that_is_killed_half_way_has_applied_nothing(people, committed_db):
    """Its connection is cut between the write and the commit: the next sweep does all of it."""
    ines, dana, _olga = people
    change = proposed(ines, effective_at=NOW + timedelta(days=1))
    approve(change, dana)()
    cut = threading.Event()

    def worker():
        from django.db import connection, transaction

        with transaction.atomic():
            decisions._apply_one(change.pk, now=NOW + timedelta(days=2))
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                pid = cursor.fetchone()[0]
            with committed_db.connect("super") as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            cut.set()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")

    answers = race(worker)
    assert cut.is_set()
    assert isinstance(answers[0], Exception)
    assert (ChangeRequest.objects.get(pk=change.pk).state, label(), Version.objects.count()) == ("scheduled", "Name does not match", 0)
    assert decisions.apply_due(now=NOW + timedelta(days=2)) == 1
    assert label() == "Name differs"
