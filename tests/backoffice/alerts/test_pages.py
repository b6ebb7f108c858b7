"""The pages of alerts: what they show to whom, without JavaScript, and what they cost."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.alerts import evaluating, selectors
from backoffice.alerts.models import Alert, Standing
from tests.backoffice.alerts.tools import ended, fired, put_rule
from tests.people import make_person, signed_in


def text(response):
    return response.content.decode()


@pytest.fixture
def alert(house):
    rule = put_rule(house.ines)
    for _number in range(3):
        ended(house.player, house.card, well=False, at=house.now)
    evaluating.evaluate(rule.pk, now=timezone.now() + timedelta(seconds=1))  # the window is past by now
    Standing.objects.update(next_attempt_at=house.now + timedelta(seconds=1), read_at=None)
    evaluating.evaluate(rule.pk, now=house.now + timedelta(seconds=1))
    return Alert.objects.get()


def test_the_list_leads_to_the_alert_and_the_rule_says_how_it_stands(house, alert):
    client = signed_in(house.ana)
    page = text(client.get(reverse("alerts:alerts")))
    assert f'href="/alerts/{alert.pk}/"' in page
    assert "Firing" in page
    assert "100 %" in page
    rules = text(client.get(reverse("alerts:rules")))
    assert "Deposits that failed, share above 20 %, over 15 m" in rules
    assert re.search(r"100 %</span> <small[^>]*>of 3, over the line", rules)
    assert "Ines Camilleri" in rules
    assert "New rule" not in rules
    assert "New rule" in text(signed_in(house.ines).get(reverse("alerts:rules")))


def test_an_alert_shows_its_chart_and_the_same_as_a_table(house, alert):
    page = text(signed_in(house.ana).get(reverse("alerts:alert", args=[alert.pk])))
    assert page.count('<svg class="ch wide"') == 1
    assert "line at 20 %" in page
    table = page.split("As a table")[1].split("</table>")[0]
    assert table.count("<tr>") == 49
    assert '<td class="num">100 %</td><td class="num">3</td>' in table
    assert '<td class="num t2">unknown</td><td class="num">0</td>' in table
    assert 'href="/live/?kind=failures"' in page


def test_looking_after_it_without_a_script(house, alert):
    client, address = signed_in(house.ana), reverse("alerts:acknowledge", args=[alert.pk])
    assert client.post(address, {"version": 1, "note": ""}).status_code == 422
    stale = client.post(address, {"version": 7, "note": "I typed this"})
    assert stale.status_code == 409
    assert "I typed this" in text(stale)
    assert client.post(address, {"version": 1, "note": "Asked Nordpay"})["Location"] == reverse("alerts:alert", args=[alert.pk])
    page = text(client.get(reverse("alerts:alert", args=[alert.pk])))
    assert "Asked Nordpay" in page
    assert "I look after it" not in page


def test_muting_and_unmuting_on_the_page(house, alert):
    client = signed_in(house.ana)
    client.post(reverse("alerts:mute", args=[alert.rule_id]), {"minutes": "30", "reason": ""})
    assert Standing.objects.get().muted_until is None
    client.post(reverse("alerts:mute", args=[alert.rule_id]), {"minutes": "30", "reason": "Nordpay told us"})
    page = text(client.get(reverse("alerts:rules")))
    assert "Muted" in page
    assert "Nordpay told us" in page
    client.post(reverse("alerts:unmute", args=[alert.rule_id]))
    assert Standing.objects.get().muted_until is None


def test_figures_that_one_may_not_see_have_no_alert_and_no_rule(house, alert):
    client = signed_in(make_person("games", brands=[house.nova]))  # may see alerts, not payments
    assert "Nothing fires" in text(client.get(reverse("alerts:alerts")))
    assert "Deposits fail" not in text(client.get(reverse("alerts:rules")))
    assert client.get(reverse("alerts:alert", args=[alert.pk])).status_code == 404


def test_filters_say_what_they_do(house, alert):
    client, here = signed_in(house.ana), reverse("alerts:alerts")
    assert "No alerts match" in text(client.get(here + "?severity=info"))
    assert alert.name in text(client.get(f"{here}?severity=critical&rule={alert.rule_id}&view=all"))
    assert "Not understood" in text(client.get(here + "?colour=blue"))
    assert "No rules match" in text(client.get(reverse("alerts:rules") + "?q=zzz"))
    Alert.objects.update(state="resolved", resolved_at=house.now)
    assert "Nothing fires" in text(client.get(here))
    assert alert.name in text(client.get(here + "?view=all"))


def test_pages_follow_each_other(house):
    rule = put_rule(house.ines)
    for number in range(53):
        Alert.objects.create(
            rule=rule, dimension=f"{number}", state="firing", severity="info", opened_at=house.now, value=1, volume=1, limit=1, last_at=house.now, worst=1
        )
    client, here = signed_in(house.ana), reverse("alerts:alerts")
    first = text(client.get(here))
    older = re.search(r'href="(\?[^"]*after=[^"]+)" rel="next"', first)[1].replace("&amp;", "&")
    second = text(client.get(here + older))
    seen = re.findall(r'href="/alerts/(\d+)/" data-row', first + second)
    assert seen == [str(pk) for pk in Alert.objects.order_by("-pk").values_list("pk", flat=True)]


def test_a_chart_that_takes_too_long_leaves_the_page_standing(house, alert, monkeypatch):
    def slow(*_args, **_kwargs):
        raise DatabaseError

    monkeypatch.setattr(selectors, "around", slow)
    page = text(signed_in(house.ana).get(reverse("alerts:alert", args=[alert.pk])))
    assert "too much around it" in page
    assert "I look after it" in page


def test_what_the_pages_cost_whatever_their_length(house):
    counted = {}
    one = fired(house.nova)
    client = signed_in(house.ines)
    for more in (0, 12):
        for _number in range(more):
            fired(house.nova)
        for name, args in (("alerts", []), ("rules", []), ("alert", [one.pk])):
            client.get(reverse(f"alerts:{name}", args=args))
            with CaptureQueriesContext(connection) as queries:
                assert client.get(reverse(f"alerts:{name}", args=args)).status_code == 200
            counted[name, more] = len(queries)
    assert {name: counted[name, 0] for name in ("alerts", "rules", "alert")} == {name: counted[name, 12] for name in ("alerts", "rules", "alert")}
    allowed = {"alerts": 8, "rules": 8, "alert": 8}
    assert {name: counted[name, 0] for name, most in allowed.items() if counted[name, 0] > most} == {}
