"""Rules change by approval alone; their form refuses what makes no sense; the review says what they would have done."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from backoffice.alerts import evaluating, previewing
from backoffice.alerts.models import Rule, Standing
from backoffice.approvals.models import ChangeRequest
from backoffice.approvals.registry import registry
from backoffice.approvals.services import Invalid
from backoffice.approvals.services.applying import enact
from tests.backoffice.alerts.tools import ended, put_rule, values
from tests.backoffice.approvals.conftest import policy
from tests.people import signed_in


def test_a_rule_is_written_by_the_engine_alone(house):
    rule = put_rule(house.ines)
    with pytest.raises(IntegrityError, match="changed by approval only"), transaction.atomic():
        Rule.objects.filter(pk=rule.pk).update(threshold=1)
    with pytest.raises(IntegrityError, match="changed by approval only"), transaction.atomic():
        rule.save()


def test_head_of_payments_writes_a_rule_on_the_screen_and_nobody_else_has_to_agree(house):
    client = signed_in(house.ines)
    address = reverse("approvals:propose-new", args=["alerts.rule"])
    assert "Deposits that failed, share (%)" in client.get(address).content.decode()
    now = timezone.now()
    for hour in (30, 60):  # two bad half hours in the last week
        for _number in range(4):
            ended(house.player, house.card, well=False, at=now - timedelta(hours=hour))
    sent = {**values(house.ines, per="provider", mail=True), "mail": "on", "active": "on", "key": "k"}
    made = client.post(address, sent)
    change = ChangeRequest.objects.get(kind="alerts.rule")
    assert made["Location"] == reverse("approvals:review", args=[change.pk])
    page = client.get(made["Location"]).content.decode()
    assert "Would have fired 2 times in the last 7 days" in page
    assert "Told: Ines Camilleri" in page
    client.post(made["Location"], {"version": 1, "reason": "We want to know first", "start_day": "", "start_time": ""})
    rule = Rule.objects.get(name="Deposits fail")
    assert (ChangeRequest.objects.get(pk=change.pk).state, rule.owner, rule.mail) == ("active", house.ines, True)
    assert Standing.objects.get(rule=rule).next_attempt_at is not None
    assert "Deposits fail" in client.get(reverse("alerts:rules")).content.decode()


def test_with_a_policy_somebody_else_has_to_agree_first(house):
    policy(kind="alerts.rule", roles=["owner"])
    client = signed_in(house.ines)
    made = client.post(reverse("approvals:propose-new", args=["alerts.rule"]), {**values(house.ines), "active": "on", "key": "k"})
    client.post(made["Location"], {"version": 1, "reason": "x", "start_day": "", "start_time": ""})
    assert ChangeRequest.objects.get(kind="alerts.rule").state == "review"
    assert Rule.objects.count() == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"measure": "players.registrations", "provider": "nordpay", "threshold": "1"}, "not counted by provider"),
        ({"provider": "nobody"}, "not one of the available choices"),
        ({"owner": ""}, "required"),
        ({"measure": "payments.webhook_lag", "brand": "nova"}, "not counted by brand"),
        ({"measure": "payments.webhook_lag", "per": "both"}, "cannot be told apart"),
        ({"threshold": "101"}, "at most 100"),
        ({"condition": "fall", "threshold": "101"}, "more than 100"),
        ({"condition": "below", "threshold": "0"}, "below zero"),
        ({"minutes": 4}, "greater than or equal to 5"),
        ({"minutes": 1441}, "less than or equal to 1440"),
        ({"measure": "no.such"}, "not one of the available choices"),
        ({"owner": "999999"}, "not one of the available choices"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(house, settings, more, words):
    settings.PAYMENT_PROVIDERS = {"nordpay": {}}
    with pytest.raises(Invalid, match=words):
        enact(kind="alerts.rule", values={**values(house.ines), **more}, reason="x", now=house.now)
    assert Rule.objects.count() == 0


def test_the_form_filled_with_a_rule_says_the_same_again(house, settings):
    settings.PAYMENT_PROVIDERS = {"nordpay": {}}
    rule = put_rule(house.ines, brand="nova", provider="nordpay", people=[str(house.ana.pk)], roles=["fraud"], mail=True, repeat_minutes=7)
    kind = registry.kind("alerts.rule")
    found = kind.current(str(rule.pk))
    form = kind.form.of(found, subject=str(rule.pk))
    assert (form.is_valid(), form.errors) == (True, {})
    assert form.values() == found


def test_the_preview_counts_beginnings_and_says_where_history_is_missing(house):
    now = timezone.now()
    rule = put_rule(house.ines, measure="payments.deposits", condition="rise", threshold="10.00", least=1, minutes=60, weeks=2)
    for _number in range(3):
        ended(house.player, house.card, well=True, at=now - timedelta(hours=5))
    seen = previewing.preview(evaluating.watch_of(rule), now=now)
    assert (seen.fired, seen.looks, seen.unknown, seen.latest) == (0, 336, 336, None)
    for week in (1, 2):
        ended(house.player, house.card, well=True, at=now - timedelta(hours=5, weeks=week))
    seen = previewing.preview(evaluating.watch_of(rule), now=now)
    assert (seen.fired, seen.unknown) == (1, 334)  # an hour's window is looked at every half hour
    assert now - timedelta(hours=5) < seen.latest <= now - timedelta(hours=4)


def test_what_cannot_be_counted_in_time_is_said_and_the_page_is_there(house, monkeypatch):
    from django.db import DatabaseError

    def slow(*_args, **_kwargs):
        raise DatabaseError

    monkeypatch.setattr(previewing, "preview", slow)
    said = registry.kind("alerts.rule").impact("", values(house.ines), timezone.now())
    assert said[0].startswith("The last 7 days could not be counted in time")


@pytest.mark.parametrize("minutes_ago", range(61, 76, 2))
def test_the_shortest_window_misses_no_five_bad_minutes(house, minutes_ago):
    now = timezone.now()
    rule = put_rule(house.ines, minutes=5)
    for _number in range(3):
        ended(house.player, house.card, well=False, at=now - timedelta(minutes=minutes_ago))
    assert previewing.preview(evaluating.watch_of(rule), now=now).fired == 1
