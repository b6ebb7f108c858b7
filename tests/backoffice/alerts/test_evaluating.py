"""The life of an alert: it begins once, is told, goes on, is looked after, muted, and ends by itself."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from backoffice.alerts import evaluating, measures, services
from backoffice.alerts.models import Alert, Standing
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.bell import services as bell
from backoffice.bell.models import Notice
from tests.backoffice.alerts.tools import ended, put_rule
from tests.casino import new_player, new_withdrawal
from tests.people import make_person
from tests.races import race

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def fail(house, count, *, ok=0, at=None, player=None, card=None):
    at = at or house.now - MINUTE
    for number in range(count + ok):
        ended(player or house.player, card or house.card, well=number >= count, at=at)


def look(rule, at):
    Standing.objects.filter(pk=rule.pk).update(next_attempt_at=at)
    return evaluating.evaluate(rule.pk, now=at)


def facts(alert):
    return list(Event.objects.filter(subject_type="alerts.alert", subject_id=alert.pk).order_by("id").values_list("type", flat=True))


def told(person):
    return [one.text for one in Notice.objects.filter(staff=person).order_by("pk")]


def test_it_fires_once_and_tells_the_owner_by_bell_and_e_mail(house):
    rule = put_rule(house.ines, mail=True)
    fail(house, 3, ok=1)
    for step in range(3):
        assert look(rule, house.now + step * SECOND)

    alert = Alert.objects.get()
    assert (alert.state, alert.value, alert.volume, alert.limit) == ("firing", Decimal(75), 4, Decimal(20))
    assert told(house.ines) == ["Deposits fail: 75 % (line at 20 %)"]
    assert told(house.ana) == []
    bell.send_due()
    assert [one.to for one in mail.outbox] == [[house.ines.email]]
    assert facts(alert) == ["alert.firing"]
    fact = Event.objects.get(type="alert.firing")
    assert (fact.actor_kind, fact.happened_at) == ("system", house.now)


def test_one_of_one_failing_does_not_fire(house):
    rule = put_rule(house.ines)
    fail(house, 1)
    look(rule, house.now)
    assert Alert.objects.count() == 0
    assert Standing.objects.get().readings[0]["word"] == "few"


def test_facts_count_when_they_happened_and_the_window_ends_now(house):
    rule = put_rule(house.ines)
    fail(house, 3, at=house.now - timedelta(minutes=15) - SECOND)  # before the window
    fail(house, 3, at=house.now)  # not within it
    look(rule, house.now)
    assert Alert.objects.count() == 0
    fail(house, 3, at=house.now - timedelta(minutes=15))  # its first moment
    look(rule, house.now + SECOND / 1000)
    assert Alert.objects.count() == 1


def test_test_players_stand_in_no_figure(house):
    rule = put_rule(house.ines)
    tester = new_player(house.nova, is_test=True)
    from tests.casino import new_instrument

    fail(house, 5, player=tester, card=new_instrument(tester))
    look(rule, house.now)
    assert Alert.objects.count() == 0


def test_each_brand_is_judged_apart_and_has_an_alert_of_its_own(house):
    rule = put_rule(house.ines, per="brand")
    fail(house, 3)
    fail(house, 1, ok=9, player=house.other, card=house.other_card)
    look(rule, house.now)
    assert [(one.brand, one.value) for one in Alert.objects.all()] == [(house.nova, Decimal(100))]
    assert told(house.ines) == ["Deposits fail: 100 % · Nova (line at 20 %)"]
    fail(house, 9, player=house.other, card=house.other_card)
    look(rule, house.now + SECOND)
    assert sorted(Alert.objects.values_list("brand__code", flat=True)) == ["fjord", "nova"]


def test_a_rule_of_one_brand_counts_that_brand_alone(house):
    rule = put_rule(house.ines, brand="fjord")
    fail(house, 5)
    look(rule, house.now)
    assert Alert.objects.count() == 0


def test_each_provider_is_judged_apart_even_one_from_which_nothing_comes(house, settings):
    settings.PAYMENT_PROVIDERS = {"nordpay": {}, "silent": {}}
    rule = put_rule(house.ines, measure="payments.deposits", per="provider", condition="below", threshold="2.00")
    fail(house, 0, ok=3)
    look(rule, house.now)
    assert [(one.provider, one.value) for one in Alert.objects.all()] == [("silent", Decimal(0))]


def test_the_database_allows_one_open_alert_per_rule_and_dimension(house):
    rule = put_rule(house.ines)
    fail(house, 3)
    look(rule, house.now)
    first = Alert.objects.get()
    with pytest.raises(IntegrityError, match="alerts_alert_one_open"), transaction.atomic():
        Alert.objects.create(
            rule=rule, dimension=first.dimension, state="firing", severity="info", opened_at=house.now, value=1, volume=1, limit=1, last_at=house.now, worst=1
        )


def test_it_ends_by_itself_after_a_calm_while_and_tells_that_it_did(house):
    rule = put_rule(house.ines)
    fail(house, 3)
    look(rule, house.now)
    later = house.now + timedelta(minutes=5)
    fail(house, 0, ok=20, at=later - MINUTE)  # 3 of 23 is 13 %: calm
    look(rule, later)
    assert (Alert.objects.get().state, Alert.objects.get().calm_since) == ("firing", later)
    look(rule, later + timedelta(seconds=89))
    assert Alert.objects.get().state == "firing"
    look(rule, later + timedelta(seconds=90))  # a tenth of the window
    alert = Alert.objects.get()
    assert (alert.state, alert.resolved_at, alert.worst) == ("resolved", later + timedelta(seconds=90), Decimal(100))
    assert told(house.ines)[1:] == ["Over: Deposits fail"]
    assert facts(alert) == ["alert.firing", "alert.resolved"]

    fail(house, 40, at=later + timedelta(seconds=100))
    look(rule, later + timedelta(seconds=120))
    assert Alert.objects.exclude(state="resolved").count() == 1  # the next one is another


def test_a_value_near_the_line_does_not_flap(house):
    rule = put_rule(house.ines)
    fail(house, 3)
    look(rule, house.now)
    later = house.now + timedelta(minutes=5)
    fail(house, 0, ok=13, at=later - MINUTE)  # 3 of 16 is 18.75 %: below the line, not a tenth below
    look(rule, later)
    look(rule, later + timedelta(minutes=5))
    assert (Alert.objects.get().state, Alert.objects.get().calm_since) == ("firing", None)


def test_it_says_again_until_somebody_looks_after_it(house):
    rule = put_rule(house.ines, repeat_minutes=5)
    fail(house, 3)
    look(rule, house.now)
    look(rule, house.now + timedelta(minutes=4))
    assert len(told(house.ines)) == 1
    look(rule, house.now + timedelta(minutes=5))
    look(rule, house.now + timedelta(minutes=6))
    assert told(house.ines)[1:] == ["Still: Deposits fail: 100 % (line at 20 %)"]

    alert = Alert.objects.get()
    services.acknowledge(alert_id=alert.pk, version=alert.version, note="Asked Nordpay", by=house.ana, now=house.now)
    look(rule, house.now + timedelta(minutes=11))
    assert len(told(house.ines)) == 2
    assert facts(alert) == ["alert.firing", "alert.acknowledged"]


def test_looking_after_needs_the_right_the_version_and_a_note(house):
    rule = put_rule(house.ines)
    fail(house, 3)
    look(rule, house.now)
    alert, auditor = Alert.objects.get(), make_person("auditor")
    with pytest.raises(NotAllowed):
        services.acknowledge(alert_id=alert.pk, version=1, note="x", by=auditor, now=house.now)
    with pytest.raises(services.NotPossible):
        services.acknowledge(alert_id=alert.pk, version=1, note=" ", by=house.ana, now=house.now)
    with pytest.raises(services.StaleAlert):
        services.acknowledge(alert_id=alert.pk, version=2, note="x", by=house.ana, now=house.now)
    assert facts(alert) == ["alert.firing"]
    services.acknowledge(alert_id=alert.pk, version=1, note="x", by=house.ana, now=house.now)
    services.acknowledge(alert_id=alert.pk, version=1, note="x", by=house.ana, now=house.now)  # again: nothing new
    assert facts(alert) == ["alert.firing", "alert.acknowledged"]


def test_mute_tells_nobody_keeps_what_it_finds_and_ends_by_itself(house):
    rule = put_rule(house.ines)
    services.mute(rule_id=rule.pk, until=house.now + timedelta(hours=1), reason="Nordpay told us", by=house.ana, now=house.now)
    fail(house, 3, at=house.now + timedelta(minutes=55))
    look(rule, house.now + timedelta(minutes=59))
    alert = Alert.objects.get()
    assert (alert.state, told(house.ines)) == ("muted", [])
    look(rule, house.now + timedelta(minutes=61))
    assert Alert.objects.get().state == "firing"
    assert len(told(house.ines)) == 1
    assert facts(alert) == ["alert.muted", "alert.firing"]
    assert list(Event.objects.filter(subject_type="alerts.rule").values_list("type", "reason")) == [("alert_rule.muted", "Nordpay told us")]


@pytest.mark.parametrize(("hours", "reason", "words"), [(-1, "x", "to come"), (24 * 8, "x", "7 days"), (1, " ", "why")])
def test_mute_needs_an_end_and_a_reason(house, hours, reason, words):
    rule = put_rule(house.ines)
    with pytest.raises(services.NotPossible, match=words):
        services.mute(rule_id=rule.pk, until=house.now + timedelta(hours=hours), reason=reason, by=house.ana, now=house.now)
    assert Standing.objects.get().muted_until is None


def test_muting_quiets_what_fires_and_unmuting_lets_it_speak_again(house):
    rule = put_rule(house.ines)
    fail(house, 3)
    look(rule, house.now)
    services.mute(rule_id=rule.pk, until=house.now + timedelta(hours=1), reason="Known", by=house.ana, now=house.now)
    assert Alert.objects.get().state == "muted"
    services.unmute(rule_id=rule.pk, by=house.ana, now=house.now + SECOND)
    services.unmute(rule_id=rule.pk, by=house.ana, now=house.now + SECOND)
    assert evaluating.evaluate(rule.pk, now=house.now + SECOND)
    assert Alert.objects.get().state == "firing"
    assert len(told(house.ines)) == 2


def test_one_that_is_looked_after_may_be_muted_and_looked_after_again_and_ends_by_itself(house):
    rule = put_rule(house.ines)
    fail(house, 3)
    look(rule, house.now)

    def look_after(note):
        alert = Alert.objects.get()
        return services.acknowledge(alert_id=alert.pk, version=alert.version, note=note, by=house.ana, now=house.now).state

    assert look_after("Asked the provider") == "acknowledged"
    services.mute(rule_id=rule.pk, until=house.now + timedelta(minutes=1), reason="Known", by=house.ana, now=house.now)
    assert Alert.objects.get().state == "muted"
    assert look_after("They answered") == "acknowledged"
    for minutes in (30, 33):  # the window is empty
        look(rule, house.now + timedelta(minutes=minutes))
    alert = Alert.objects.get()
    assert (alert.state, facts(alert)) == ("resolved", ["alert.firing", "alert.acknowledged", "alert.muted", "alert.acknowledged", "alert.resolved"])


def test_a_muted_alert_that_is_over_is_over_in_silence(house):
    rule = put_rule(house.ines)
    services.mute(rule_id=rule.pk, until=house.now + timedelta(hours=5), reason="Known", by=house.ana, now=house.now)
    fail(house, 3)
    look(rule, house.now)
    for minutes in (30, 33):  # the window is empty
        look(rule, house.now + timedelta(minutes=minutes))
    assert (Alert.objects.get().state, told(house.ines)) == ("resolved", [])


def test_a_change_against_past_weeks_fires_only_with_history(house):
    rule = put_rule(house.ines, measure="payments.deposits", condition="rise", threshold="100.00", least=2)
    fail(house, 0, ok=5)
    look(rule, house.now)
    assert Standing.objects.get().readings[0]["word"] == "no_history"
    for week in (1, 2):
        fail(house, 0, ok=2, at=house.now - timedelta(weeks=week) - MINUTE)
    look(rule, house.now + SECOND)
    alert = Alert.objects.get()
    assert (alert.value, alert.baseline, alert.limit) == (5, 2, 4)


def test_who_may_not_see_the_figure_or_the_brand_is_not_told(house):
    games, elsewhere = make_person("games", brands=[house.nova], name="Jonas"), make_person("payments-l1", brands=[house.fjord], name="Emil")
    rule = put_rule(house.ines, brand="nova", people=[str(games.pk), str(elsewhere.pk)], roles=["payments-l1"])
    fail(house, 3)
    look(rule, house.now)
    assert [len(told(one)) for one in (house.ines, house.ana, games, elsewhere)] == [1, 1, 0, 0]


def test_what_cannot_be_read_fires_nothing_and_is_tried_again_later(house, monkeypatch):
    rule = put_rule(house.ines)
    fail(house, 3)
    look(rule, house.now)

    def broken(*_args, **_kwargs):
        raise DatabaseError("canceling statement")

    monkeypatch.setattr(measures, "read", broken)
    later = house.now + timedelta(hours=1)
    assert look(rule, later)
    standing = Standing.objects.get()
    assert (standing.error, standing.next_attempt_at, standing.read_at) == ("canceling statement", later + MINUTE, house.now)
    assert Alert.objects.get().state == "firing"


def test_a_rule_that_is_changed_or_switched_off_ends_what_it_no_longer_watches(house):
    rule = put_rule(house.ines)
    fail(house, 3)
    look(rule, house.now)
    put_rule(house.ines, subject=str(rule.pk), per="brand", now=house.now)
    look(rule, house.now + SECOND)
    assert [(one.state, one.brand) for one in Alert.objects.order_by("pk")] == [("resolved", None), ("firing", house.nova)]
    put_rule(house.ines, subject=str(rule.pk), per="brand", active=False, now=house.now + MINUTE)
    assert set(Alert.objects.values_list("state", flat=True)) == {"resolved"}
    assert Standing.objects.get().next_attempt_at is None
    assert evaluating.sweep(now=house.now + timedelta(hours=1)) == 0


def test_each_rule_is_due_at_its_own_time(house):
    short, long = put_rule(house.ines, minutes=5), put_rule(house.ines, name="Long", minutes=1440)
    now = timezone.now() + SECOND
    assert evaluating.sweep(now=now) == 2
    assert evaluating.sweep(now=now + 9 * SECOND) == 0
    assert evaluating.sweep(now=now + 10 * SECOND) == 1
    assert evaluating.sweep(now=now + 60 * SECOND) == 2
    assert Standing.objects.get(pk=long.pk).read_at == Standing.objects.get(pk=short.pk).read_at


def test_two_workers_at_once_begin_one_alert_and_tell_once(committed_db):
    from tests.backoffice.alerts.conftest import build

    house = build()
    rule = put_rule(house.ines, now=house.now)
    fail(house, 3)
    now = house.now + SECOND
    race(*[lambda: evaluating.sweep(now=now)] * 4)
    assert Alert.objects.count() == 1
    assert Notice.objects.count() == 1
    assert rule.alerts.get().told == 1


@pytest.mark.django_db
def test_every_measure_reads_many_windows_in_one_query_in_every_dimension():
    from backoffice.alerts.measures import Window
    from tests.backoffice.alerts.conftest import build

    house = build()
    fail(house, 1, ok=2)
    withdrawal = new_withdrawal(house.nova, now=house.now - timedelta(hours=3))
    windows = [Window(house.now - timedelta(hours=hours + 1), house.now - timedelta(hours=hours)) for hours in range(3)]
    found = {}
    for one in measures.every():
        with _counted() as queries:
            found[one.code] = measures.read(one, windows, per=one.dimensions)
        assert len(queries) == 1
        assert len(found[one.code]) == 3
    nordpay = measures.Key(house.nova.pk, "nordpay")
    assert found["payments.deposit_failures"][0] == {nordpay: measures.Reading(Decimal("33.3333"), 3)}
    assert found["payments.deposits"][0] == {nordpay: measures.Reading(Decimal(2), 2)}
    assert found["payments.deposit_failures_count"][0] == {nordpay: measures.Reading(Decimal(1), 1)}
    assert [one[nordpay].value for one in found["payments.queue_age"]] == [180, 120, 60]
    assert [one[nordpay].value for one in found["payments.open_withdrawals"]] == [1, 1, 1]
    assert found["payments.chargebacks"] == [{}, {}, {}]
    assert withdrawal.state == "requested"


def _counted():
    from django.test.utils import CaptureQueriesContext

    return CaptureQueriesContext(connection)
