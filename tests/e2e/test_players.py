"""A player's page in the browser: accessible in every variant, personal data in a dialog, comments in the stream."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from backoffice.audit.models import Event
from tests.casino import new_withdrawal
from tests.e2e.conftest import House
from tests.e2e.test_approvals import clean
from tests.people import make_person

pytestmark = pytest.mark.e2e


def test_the_page_and_its_tabs_break_no_rule_in_any_variant(house: House, open_browser: Callable[..., Any]) -> None:
    player = new_withdrawal(house.brand, "55.00", now=timezone.now() - timedelta(days=2)).player
    page = open_browser(make_person("owner", name="Dana Petrova"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for address in ("", "?tab=payments", "?tab=timeline", "?tab=timeline&tl=looks", "reveal/email"):
                page.goto(f"{house.url}/players/{player.pk}/{address}", wait_until="networkidle")
                clean(page)


def test_a_value_is_revealed_in_a_dialog_and_on_a_page_without_a_script(house: House, open_browser: Callable[..., Any]) -> None:
    player = new_withdrawal(house.brand, "55.00", now=timezone.now()).player
    page = open_browser(make_person("support", brands=[house.brand], name="Sofia Marin"))
    page.goto(f"{house.url}/players/{player.pk}/", wait_until="networkidle")
    link = page.locator(f"a[href='/players/{player.pk}/reveal/email']")
    link.click()
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    clean(page)
    dialog.locator("[name=reason]").fill("Ticket 8112")
    page.keyboard.press("Control+Enter")
    expect(dialog.locator("#revealed")).to_have_text(player.email)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    plain = open_browser(None, storage_state=page.context.storage_state(), java_script_enabled=False)
    plain.goto(f"{house.url}/players/{player.pk}/")
    expect(plain.locator("#revealed")).to_have_count(0)
    plain.click(f"a[href='/players/{player.pk}/reveal/email']")
    plain.fill("#reveal [name=reason]", "Ticket 8113")
    plain.click("#reveal button")
    expect(plain.locator("#revealed")).to_have_text(player.email)
    assert list(Event.objects.filter(type="player.revealed").order_by("pk").values_list("reason", flat=True)) == ["Ticket 8112", "Ticket 8113"]


def test_a_comment_of_the_timeline_stands_in_it(house: House, open_browser: Callable[..., Any]) -> None:
    player = new_withdrawal(house.brand, "55.00", now=timezone.now()).player
    page = open_browser(make_person("support", brands=[house.brand], name="Sofia Marin"))
    page.goto(f"{house.url}/players/{player.pk}/?tab=timeline", wait_until="networkidle")
    page.fill("#note-text", "They called at noon.")
    page.get_by_role("button", name="Add note").click()
    page.wait_for_url("**/?tab=timeline#note-*")
    entry = page.locator("#timeline li", has=page.locator("article.note"))
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text("They called at noon.")
    clean(page)
