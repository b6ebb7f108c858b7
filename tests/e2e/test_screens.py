"""Screens in the browser: the style guide in four variants, Home, and pages that come into a drawer or a dialog."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from backoffice.jobs.models import Job
from payments.services.withdrawals import reject_withdrawal
from tests.casino import new_withdrawal
from tests.e2e.conftest import House
from tests.e2e.test_approvals import clean
from tests.people import make_person

pytestmark = pytest.mark.e2e


def test_the_style_guide_and_home_break_no_rule_in_any_variant(house: House, open_browser: Callable[..., Any]) -> None:
    new_withdrawal(house.brand, "55.00", now=timezone.now() - timedelta(days=2))
    page = open_browser(make_person("owner", name="Dana Petrova"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for address in ("/styleguide/", "/"):
                page.goto(house.url + address, wait_until="networkidle")
                page.evaluate("document.querySelectorAll('figure details').forEach((one) => { one.open = true })")
                clean(page)
                shown = page.evaluate("[...document.querySelectorAll('figure > svg.ch')].filter((one) => one.getClientRects().length).length")
                assert shown == page.locator("figure:has(> svg.ch)").count(), (address, width)


def test_a_fact_opens_in_a_drawer_keeps_the_focus_and_gives_it_back(house: House, open_browser: Callable[..., Any]) -> None:
    new_withdrawal(house.brand, "55.00", now=timezone.now())
    page = open_browser(make_person("auditor", brands=[house.brand], name="Henrik Dahl"))
    page.goto(house.url + "/audit/?type=withdrawal.requested", wait_until="networkidle")
    link = page.locator("a[data-in=drawer]").first
    link.focus()
    page.keyboard.press("Enter")
    drawer = page.locator("#drawer")
    expect(drawer).to_be_visible()
    expect(drawer.locator("h2").first).to_have_text("withdrawal.requested")
    expect(drawer).to_contain_text("About it")
    assert drawer.locator("[data-page]").get_attribute("href") == page.evaluate("document.querySelector('a[data-in=drawer]').href")
    clean(page)
    for _each in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('#drawer')")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    assert page.evaluate("document.activeElement === document.querySelector('a[data-in=drawer]')")
    with page.context.expect_page() as opened:  # a new tab stays a new tab
        link.click(modifiers=["Control"])
    assert re.search(r"/audit/\d+/$", opened.value.url) or opened.value.wait_for_url(re.compile(r"/audit/\d+/$")) is None
    expect(drawer).to_be_hidden()


def test_an_export_is_asked_for_in_a_dialog_and_on_a_page_without_a_script(house: House, open_browser: Callable[..., Any]) -> None:
    new_withdrawal(house.brand, "55.00", now=timezone.now())
    page = open_browser(house.ana)
    page.goto(house.url + "/withdrawals/", wait_until="networkidle")
    page.click("a[data-in=dialog]")
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    clean(page)
    dialog.locator("[name=reason]").fill("Asked by finance")
    dialog.get_by_role("button", name=re.compile("^Export")).click()
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    assert Job.objects.count() == 1
    plain = open_browser(None, storage_state=page.context.storage_state(), java_script_enabled=False)
    plain.goto(house.url + "/withdrawals/")
    plain.click("a[data-in=dialog]")
    plain.locator("[name=reason]").fill("Asked by finance again")
    plain.get_by_role("button", name=re.compile("^Export")).click()
    plain.wait_for_url(re.compile(r"/jobs/\d+/$"))
    assert Job.objects.count() == 2


def test_a_bar_of_home_opens_exactly_what_it_counts(house: House, open_browser: Callable[..., Any]) -> None:
    late = new_withdrawal(house.brand, "55.00", now=timezone.now() - timedelta(days=2))
    new_withdrawal(house.brand, "56.00", now=timezone.now())
    page = open_browser(house.ana)
    bar = page.locator("svg.ch a").first
    assert bar.get_attribute("aria-label") == "Withdrawals, Late: 1"
    bar.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/withdrawals/?view=open&due=*")
    assert page.locator("tbody tr").count() == 1
    expect(page.locator("tbody")).to_contain_text(str(late.player_id))
    clean(page)


def test_what_somebody_else_decides_is_told_without_moving_a_row(house: House, open_browser: Callable[..., Any]) -> None:
    waiting = [new_withdrawal(house.brand, f"{amount}.00", now=timezone.now() - timedelta(minutes=60 - amount)) for amount in range(20, 26)]
    page = open_browser(house.ana)
    page.goto(house.url + "/withdrawals/", wait_until="networkidle")
    before = page.eval_on_selector_all("tbody tr", "rows => rows.map((one) => one.id)")
    assert before == [f"row-{one.pk}" for one in waiting]
    rejected = reject_withdrawal(withdrawal_id=waiting[2].pk, version=1, key="live", by=house.lars, note="", reason_code="NAME_MISMATCH", now=timezone.now())
    expect(page.locator("#fresh")).to_contain_text("1 of these was decided or moved on", timeout=60_000)
    assert (rejected.state, page.eval_on_selector_all("tbody tr", "rows => rows.map((one) => one.id)")) == ("rejected", before)
    page.reload()
    assert page.eval_on_selector_all("tbody tr", "rows => rows.map((one) => one.id)") == [one for one in before if one != f"row-{rejected.pk}"]
