"""Alerts, notices and webhooks in the browser: an alert is looked after from the bell, and no page breaks a rule of accessibility."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from backoffice.alerts.models import Alert
from backoffice.bell.models import Notice
from tests.backoffice.alerts.tools import delivered, fired, put_rule
from tests.e2e.conftest import House
from tests.e2e.test_approvals import clean
from tests.people import make_person

pytestmark = pytest.mark.e2e


def test_from_the_bell_to_looking_after_an_alert(house: House, open_browser: Callable[..., Any]) -> None:
    owner = make_person("owner", name="Dana Petrova")
    alert, delivery = fired(house.brand), delivered(house.brand)
    rule = put_rule(
        owner, subject=str(alert.rule_id), name="Nobody registers", measure="players.registrations", condition="below", threshold="1000.00", least=0
    )
    Alert.objects.filter(pk=alert.pk).update(acknowledged_by=None)
    from backoffice.alerts import telling

    telling.tell(rule, Alert.objects.select_related("brand").get(pk=alert.pk), "still", now=timezone.now())
    page = open_browser(owner)
    for address in (
        "/alerts/", "/alerts/?view=all&severity=info", "/alerts/rules/", f"/alerts/{alert.pk}/", "/settings/alerts.rule/new", "/notices/settings",
        "/webhooks/", "/webhooks/add", f"/webhooks/{delivery.endpoint_id}/", f"/webhooks/deliveries/{delivery.pk}/",
    ):  # fmt: skip
        page.goto(house.url + address)
        clean(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(house.url + "/")
    page.click("a[title=Notices]")
    clean(page)
    page.locator("li", has_text="Nobody registers").get_by_role("button", name="Open").click()
    page.wait_for_url(f"{house.url}/alerts/{alert.pk}/")
    clean(page)
    page.fill("textarea[name=note]", "Asked marketing")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=Asked marketing")
    clean(page)
    assert Alert.objects.get(pk=alert.pk).state == "acknowledged"
    assert Notice.objects.filter(staff=owner, kind__startswith="alerts.", seen_at=None).count() == 0
    page.goto(house.url + "/notices/")
    clean(page)
