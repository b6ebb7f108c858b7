"""A change of a setting in the browser: proposed by one person, approved by another with the keyboard alone."""

from collections.abc import Callable
from typing import Any

import pytest

from backoffice.approvals.models import ChangeRequest
from payments.models import ReasonCode
from tests.e2e.conftest import House
from tests.e2e.rules import too_wide, violations
from tests.people import make_person

pytestmark = pytest.mark.e2e


def clean(page: Any) -> None:
    """No rule of accessibility is broken, and nothing is wider than the window."""
    assert violations(page) == []
    assert too_wide(page) <= 0


def test_one_proposes_and_another_approves_with_the_keyboard(house: House, open_browser: Callable[..., Any]) -> None:
    ines, dana = make_person("head-of-payments", name="Ines Camilleri"), make_person("owner", name="Dana Petrova")
    page = open_browser(ines)
    page.goto(house.url + "/settings/")
    clean(page)
    page.goto(house.url + "/settings/payments.reason/NAME_MISMATCH/propose")
    clean(page)
    page.fill("input[name=label]", "Account in another name")
    page.click("button:has-text('Review changes')")
    page.wait_for_url("**/review")
    clean(page)
    page.fill("textarea[name=reason]", "Support is asked what it means")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"{house.url}/changes/{ChangeRequest.objects.latest('pk').pk}/")
    assert page.locator("input[name=outcome]").count() == 0
    clean(page)

    page = open_browser(dana)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(house.url + "/")
    page.click("a:has-text('Review')")
    clean(page)
    page.click("a.id")
    page.wait_for_selector("input[name=outcome]")
    clean(page)
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/changes/")
    assert ReasonCode.objects.get(pk="NAME_MISMATCH").label == "Account in another name"
    page.goto(house.url + "/settings/payments.reason/NAME_MISMATCH/")
    clean(page)
