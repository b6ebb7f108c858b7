"""What people do about an item without deciding it: each is a fact, and a refusal changes nothing."""

import json
import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.utils import timezone

from backoffice.audit import personal
from backoffice.audit.models import Event
from backoffice.work import claims, items, noted
from backoffice.work.items import NotPossible, Subject
from backoffice.work.models import Claim, Item
from payments.queues import SUBJECT
from tests.casino import new_withdrawal, open_casino
from tests.people import make_brand, make_person

NOW = timezone.now()


@pytest.fixture
def subject(nova):
    return Subject.of(SUBJECT, new_withdrawal(nova, now=NOW))


def work_facts(subject: Subject) -> list[str]:
    return list(Event.objects.filter(subject_type=subject.type, subject_id=subject.id, type__startswith="work.").order_by("id").values_list("type", flat=True))


def noticed(subject: Subject) -> noted.Noted:
    return noted.one(subject.type, subject.id, now=NOW)


def test_an_item_sleeps_until_its_moment_and_wakes_by_itself_or_by_hand(subject, ana):
    items.snooze(subject, until=NOW + timedelta(hours=3), reason="Waits for the bank", by=ana, now=NOW)
    assert noticed(subject).snoozed_until == NOW + timedelta(hours=3)

    items.wake(subject, by=ana, now=NOW)
    items.wake(subject, by=ana, now=NOW)

    assert noticed(subject).snoozed_until is None
    assert work_facts(subject) == ["work.snoozed", "work.woken"]


@pytest.mark.parametrize(
    ("until", "reason", "words"),
    [(timedelta(seconds=-1), "Later", "still to come"), (timedelta(days=91), "Later", "longer than 90"), (timedelta(hours=1), "  ", "why")],
)
def test_sleep_needs_a_later_moment_and_a_reason(subject, ana, until, reason, words):
    with pytest.raises(NotPossible, match=words):
        items.snooze(subject, until=NOW + until, reason=reason, by=ana, now=NOW)

    assert work_facts(subject) == []
    assert noticed(subject).snoozed_until is None


def test_work_is_assigned_and_given_back(subject, ana, lars):
    items.assign(subject, to=lars, permission="payments.decide", by=ana, now=NOW)
    items.assign(subject, to=lars, permission="payments.decide", by=ana, now=NOW)
    assert noticed(subject).assignee == noted.Person(lars.pk, "Lars Berg")

    items.assign(subject, to=None, permission="payments.decide", by=ana, now=NOW)

    assert noticed(subject).assignee is None
    assert work_facts(subject) == ["work.assigned", "work.assigned"]


def test_nothing_is_assigned_to_who_may_not_do_it_reaches_the_brand_not_is_away_or_full(nova, subject, ana, lars):
    support = make_person("support", brands=[nova], name="Sofia Marin")
    elsewhere = make_person("payments-l1", brands=[make_brand("fjord", market="SE")], name="Emil Sand")
    away = make_person("payments-l1", brands=[nova], name="Away Today")
    items.set_capacity(staff=away, subject_type=SUBJECT, most=None, away_from=NOW - timedelta(hours=1), away_until=NOW + timedelta(hours=1), by=lars, now=NOW)
    other = Subject.of(SUBJECT, new_withdrawal(nova, now=NOW))
    items.set_capacity(staff=lars, subject_type=SUBJECT, most=1, away_from=None, away_until=None, by=lars, now=NOW)
    items.assign(other, to=lars, permission="payments.decide", by=ana, now=NOW)

    for person, words in ((support, "may not work"), (elsewhere, "not work on this brand"), (away, "is away"), (lars, "has 1 already")):
        with pytest.raises(NotPossible, match=words):
            items.assign(subject, to=person, permission="payments.decide", by=ana, now=NOW)

    assert noticed(subject).assignee is None
    assert work_facts(subject) == []


def test_two_assignments_at_once_do_not_fill_somebody_over_the_bound(committed_db):
    nova = open_casino()
    lars, ana = make_person("payments-l2", brands=[nova]), make_person("payments-l1", brands=[nova])
    items.set_capacity(staff=lars, subject_type=SUBJECT, most=1, away_from=None, away_until=None, by=ana, now=NOW)
    subjects = [Subject.of(SUBJECT, new_withdrawal(nova, now=NOW)) for _ in range(6)]
    start = threading.Barrier(6)
    refused: list[str] = []

    def give(subject: Subject) -> None:
        start.wait()
        try:
            items.assign(subject, to=lars, permission="payments.decide", by=ana, now=NOW)
        except NotPossible as full:
            refused.append(str(full))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=give, args=(subject,)) for subject in subjects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Item.objects.filter(assignee=lars).count() == 1
    assert len(refused) == 5


def test_tags_are_kept_in_one_spelling_and_bounded(subject, ana):
    items.tag(subject, add=["  VIP   player ", "vip player"], by=ana, now=NOW)
    items.tag(subject, add=["vip player"], by=ana, now=NOW)
    assert noticed(subject).tags == ["vip player"]
    assert work_facts(subject) == ["work.tagged"]

    with pytest.raises(NotPossible, match="at most 10"):
        items.tag(subject, add=[f"tag {number}" for number in range(10)], by=ana, now=NOW)
    with pytest.raises(NotPossible, match="1 to 40"):
        items.tag(subject, add=["x" * 41], by=ana, now=NOW)

    assert noticed(subject).tags == ["vip player"]


def test_escalating_names_the_role_and_says_why(subject, ana):
    with pytest.raises(NotPossible, match="to whom"):
        items.escalate(subject, to="crm", roles=["fraud"], reason="Look", by=ana, now=NOW)
    with pytest.raises(NotPossible, match="what they should"):
        items.escalate(subject, to="fraud", roles=["fraud"], reason="", by=ana, now=NOW)

    items.escalate(subject, to="fraud", roles=["fraud"], reason="Three new cards in an hour", by=ana, now=NOW)

    assert noticed(subject).escalated_to == "fraud"
    assert work_facts(subject) == ["work.escalated"]


def test_a_claim_is_taken_over_with_a_reason_and_both_are_on_the_record(subject, ana, lars):
    claims.take(subject=(subject.type, subject.id), by=ana, now=NOW)
    with pytest.raises(NotPossible, match="Say why"):
        items.take_over(subject, reason=" ", by=lars, now=NOW)
    assert Claim.objects.get().staff == ana

    items.take_over(subject, reason="Ana has gone home", by=lars, now=NOW)

    assert Claim.objects.get().staff == lars
    assert not claims.renew(subject=(subject.type, subject.id), by=ana, now=NOW)
    [fact] = Event.objects.filter(type="work.taken_over")
    assert '"name":"Ana Novak"' in (fact.before or "")
    assert personal.open_values(json.loads(fact.after or ""), player_id=fact.player_id)["note"] == "Ana has gone home"


def test_an_absence_has_both_ends(ana):
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError):
        items.set_capacity(staff=ana, subject_type=SUBJECT, most=None, away_from=NOW.astimezone(ZoneInfo("Europe/Malta")), away_until=None, by=ana, now=NOW)
    assert not Event.objects.filter(type="work.capacity_set").exists()
