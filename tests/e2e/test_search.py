"""The palette in the browser: by keyboard alone, from inside a box, without moving money; and the page without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from backoffice.access.models import Staff
from payments.models import Withdrawal
from tests.casino import new_withdrawal
from tests.e2e.conftest import House
from tests.e2e.test_approvals import clean
from tests.people import code_of

pytestmark = pytest.mark.e2e


def selected(page: Any) -> str:
    """The option that the box points at, which is the one that looks chosen."""
    option = page.get_attribute("#q-pal", "aria-activedescendant")
    assert page.locator("#palette [aria-selected=true]").get_attribute("id") == option
    return page.inner_text(f"#{option} .words").replace("\n", " ")


def typed(page: Any, text: str) -> None:
    """Type it, and wait for the list that answers it."""
    page.fill("#q-pal", text)
    page.wait_for_selector(f"#palette-list[data-for='{text}']", state="attached")
    page.wait_for_selector("#q-pal[aria-activedescendant]")


def test_the_palette_is_worked_by_keyboard_and_decides_nothing(house: House, open_browser: Callable[..., Any]) -> None:
    withdrawal = new_withdrawal(house.brand, "40.00", now=timezone.now())
    page = open_browser(house.ana)
    page.goto(f"{house.url}/withdrawals/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q-top"
    page.focus("#f_q")
    page.keyboard.press("Control+k")  # also from inside a box
    assert page.evaluate("document.activeElement.id") == "q-pal"
    typed(page, withdrawal.name.lower())
    assert withdrawal.name in selected(page)
    clean(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/withdrawals/{withdrawal.pk}/")

    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette [role=option]")
    assert selected(page) == f"Approve: {withdrawal.name}"
    page.keyboard.press("ArrowDown")
    assert selected(page) == f"Reject: {withdrawal.name}"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert selected(page) == f"Claim: {withdrawal.name}"  # round the end
    typed(page, "reject")
    page.keyboard.press("Enter")
    page.wait_for_url("**outcome=rejected**")
    assert page.is_checked("input[name=outcome][value=rejected]")
    page.keyboard.press("Control+k")
    typed(page, "assign")
    page.keyboard.press("Enter")
    page.wait_for_selector("#take-it:focus")
    assert Withdrawal.objects.get(pk=withdrawal.pk).version == 1

    page.keyboard.press("Control+k")
    typed(page, "kowal")
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+Enter")
    assert opened.value.url == f"{house.url}/players/{withdrawal.player_id}/"
    opened.value.wait_for_load_state("networkidle")
    assert page.is_visible("#palette")
    page.wait_for_load_state("networkidle")  # nothing is under way when the window closes
    page.keyboard.press("Escape")
    assert not page.is_visible("#palette")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_and_the_palette_break_no_rule(house: House, open_browser: Callable[..., Any], scheme: str, width: int) -> None:
    withdrawal = new_withdrawal(house.brand, "40.00", now=timezone.now())
    page = open_browser(house.ana, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 860})
    for query in ("kowal", "colour:red", "", f"player:{withdrawal.player_id}"):
        page.goto(f"{house.url}/search?q={query}")
        clean(page)
    page.keyboard.press("Control+k")
    typed(page, f"player:{withdrawal.player_id}")
    clean(page)
    page.fill("#q-pal", "colour:red")
    page.wait_for_selector("#palette .banner")
    clean(page)


def test_searching_needs_no_javascript(house: House, browser: Any) -> None:
    withdrawal = new_withdrawal(house.brand, "40.00", now=timezone.now())
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, house, house.ana)
    page.fill("#q-top", "kowal")
    page.keyboard.press("Enter")
    assert page.inner_text("#players tbody td:last-child") == "name begins so"
    page.click("#players tbody a")
    page.wait_for_url(f"{house.url}/players/{withdrawal.player_id}/")
    page.click(f"main a:has-text('{withdrawal.name}') >> nth=0")
    assert page.url == f"{house.url}/withdrawals/{withdrawal.pk}/"
    context.close()


def sign_in(page: Any, house: House, person: Staff) -> None:
    page.goto(house.url + "/")
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", "a long enough secret")
    page.click("main button[type=submit], main form button")
    page.fill("input[name=code]", code_of(person))
    page.keyboard.press("Enter")
    page.wait_for_url(house.url + "/")
