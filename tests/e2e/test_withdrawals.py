"""An operator's first hour, in a real browser: the queue cleared by keyboard, four eyes, undo, settlement, the record, and a forgery found."""

import re
import time

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from payments.models import Withdrawal
from tests.casino import new_withdrawal
from tests.e2e.conftest import House
from wallet.models import Entry, Transaction

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(280)]


def state_of(pk: int) -> str:
    return Withdrawal.objects.values_list("state", flat=True).get(pk=pk)


def wait_for_state(pk: int, *states: str, seconds: float = 60) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (state := state_of(pk)) in states:
            return state
        time.sleep(0.2)
    raise AssertionError(f"WD-{pk} is {state_of(pk)}, not {states}")


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def leave(page: Page, name: str) -> None:
    """Wait until the page shows another item, or the queue."""
    page.wait_for_function("name => document.querySelector('h1')?.textContent.trim() !== name", arg=name)


def test_an_operator_clears_the_queue_by_keyboard_alone(house: House, open_browser):
    now = timezone.now()
    for amount in ("120.00", "80.00", "2500.00", "40.00", "60.00", "300.00"):
        new_withdrawal(house.brand, amount, now=now)
    large = Withdrawal.objects.get(amount="2500.00")
    ana = open_browser(house.ana)
    press(ana, "g", "w") if ana.locator('[data-keys="g w"]').count() else ana.goto(house.url + "/withdrawals/")
    expect(ana.locator("h1")).to_have_text("Withdrawals")

    press(ana, "s")  # focuses Start reviewing; a letter alone never acts
    expect(ana.locator("h1")).to_have_text("Withdrawals")
    press(ana, "Enter")
    decided: list[str] = []
    for _each in range(5):
        ana.wait_for_selector("#decide form")
        name = heading(ana)
        if name == large.name:
            press(ana, "a", "Control+Enter")
        elif len(decided) == 1:
            press(ana, "r", "1", "Control+Enter")  # reject, first reason
        else:
            press(ana, "a", "Control+Enter")
        leave(ana, name)
        decided.append(name)
    assert len(set(decided)) == 5

    states = dict(Withdrawal.objects.values_list("pk", "state"))
    assert sorted(set(states.values()) - {"approved", "sent", "settled", "unknown"}) == ["awaiting_second", "rejected", "requested"]
    assert states[large.pk] == "awaiting_second"

    # Somebody else confirms the large one; who approved first is not asked.
    ana.goto(f"{house.url}/withdrawals/{large.pk}/")
    expect(ana.locator("#decide")).to_contain_text("Another approver must confirm")
    assert ana.locator("#decide button").count() == 0
    lars = open_browser(house.lars)
    lars.goto(f"{house.url}/withdrawals/{large.pk}/?view=second")
    press(lars, "a", "Control+Enter")
    leave(lars, large.name)
    assert state_of(large.pk) in {"approved", "sent", "settled"}


def test_an_approval_is_undone_and_another_settles_with_its_postings_and_facts(house: House, open_browser):
    first, second = new_withdrawal(house.brand, "75.00", now=timezone.now()), new_withdrawal(house.brand, "90.00", now=timezone.now())
    ana = open_browser(house.ana)
    ana.goto(f"{house.url}/withdrawals/{first.pk}/")
    press(ana, "a", "Control+Enter")
    leave(ana, first.name)
    ana.get_by_role("button", name=re.compile("Undo")).first.click()
    expect(ana.locator("h1")).to_have_text(first.name)
    assert state_of(first.pk) == "requested"

    ana.goto(f"{house.url}/withdrawals/{second.pk}/")
    press(ana, "a", "Control+Enter")
    leave(ana, second.name)
    assert wait_for_state(second.pk, "settled") == "settled"
    ana.goto(f"{house.url}/withdrawals/{second.pk}/")
    expect(ana.locator("#postings")).to_contain_text("Paid out")
    expect(ana.locator("#facts")).to_contain_text("Settled")

    time.sleep(3)  # the recorder seals every two seconds
    clean = house.manage("verify")
    assert (clean.returncode, "Clean" in clean.stdout) == (0, True), clean.stdout + clean.stderr

    # A superuser changes one entry with the triggers off. The ledger's row is named.
    paid = Transaction.objects.get(kind=13, reference_id=second.pk)
    entry = Entry.objects.filter(transaction=paid).order_by("leg").first()
    assert entry is not None
    with house.database.connect("super") as forger:
        forger.execute("SET session_replication_role = replica")
        forger.execute("UPDATE wallet_entry SET amount = amount - 1000 WHERE transaction_id = %s AND leg = 1", [paid.pk])
    forged = house.manage("verify")
    assert forged.returncode == 3
    assert f"altered: wallet_transaction:{paid.pk}" in forged.stdout


def test_who_decides_second_is_told_and_keeps_the_note(house: House, open_browser):
    withdrawal = new_withdrawal(house.brand, "55.00", now=timezone.now())
    ana, lars = open_browser(house.ana), open_browser(house.lars)
    for page in (ana, lars):
        page.goto(f"{house.url}/withdrawals/{withdrawal.pk}/")
    ana.fill("#id_note", "Called the player, all fine.")
    press(lars, "r", "1", "Control+Enter")
    leave(lars, withdrawal.name)

    ana.get_by_label("Approve").check()
    ana.locator("#decide button.primary").click()
    expect(ana.locator("#decide")).to_contain_text("Someone else decided this")
    expect(ana.locator("#decide")).to_contain_text("Lars Berg")
    assert ana.locator("#id_note").input_value() == "Called the player, all fine."
    assert state_of(withdrawal.pk) == "rejected"


def test_it_works_without_javascript(house: House, open_browser):
    new_withdrawal(house.brand, "15.00", now=timezone.now())
    page = open_browser(house.ana, java_script_enabled=False)
    page.goto(house.url + "/withdrawals/")
    page.get_by_role("button", name=re.compile("Start reviewing")).click()
    page.get_by_label("Reject").check()
    page.select_option("#id_reason_code", "NAME_MISMATCH")
    page.locator("#decide button.primary").click()
    expect(page.locator("h1")).to_have_text("Withdrawals")
    expect(page.locator("main")).to_contain_text("Queue clear")
    assert set(Withdrawal.objects.values_list("state", flat=True)) == {"rejected"}


def test_the_queue_is_light_and_accessible(house: House, open_browser):
    from axe_playwright_python.sync_playwright import Axe

    for number in range(50):
        new_withdrawal(house.brand, f"{10 + number}.00", now=timezone.now())
    signed_in = open_browser(house.ana).context.storage_state()
    page = open_browser(None, storage_state=signed_in)  # a browser that has nothing of ours in its cache
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    received: list[float] = []
    cdp.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(house.url + "/withdrawals/", wait_until="networkidle")
    rows = page.locator("tbody tr").count()
    assert (rows, len(received) <= 6, sum(received) <= 80_000) == (50, True, True), (rows, len(received), sum(received))

    page.emulate_media(reduced_motion="reduce")
    pages = ["/", "/withdrawals/", f"/withdrawals/{Withdrawal.objects.first().pk}/"]  # type: ignore[union-attr]
    for address in pages:
        page.goto(house.url + address, wait_until="networkidle")
        page.evaluate("document.getAnimations().forEach((one) => one.finish())")
        found = Axe().run(page)
        broken = [
            (violation["id"], [(node["target"], node["any"][0]["message"][:200] if node["any"] else "") for node in violation["nodes"]])
            for violation in found.response["violations"]
        ]
        assert broken == [], address
