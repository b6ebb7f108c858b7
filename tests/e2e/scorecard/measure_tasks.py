"""What work costs: keys, clicks, pages; the same without JavaScript; what others do, and a large import, as somebody watches."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from backoffice.jobs import services as jobs
from backoffice.jobs.imports import asking
from backoffice.jobs.models import Import, Job
from payments.models import Withdrawal
from payments.services.withdrawals import reject_withdrawal
from tests.casino import new_withdrawal
from tests.e2e.conftest import House
from tests.e2e.scorecard.board import BOARD, measures
from tests.people import PASSWORD, code_of, make_person, signed_in

# Whether whoever presses keys sees where they are: an outline, or a shadow that the focus brings.
FOCUS_SEEN = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return false;
  return [here, here.closest('label')].filter(Boolean).some((one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 || style.boxShadow !== 'none';
  });
}"""

# A question that the brief asks about a withdrawal, what on the decision page answers it, and who brings it where nothing does yet.
QUESTIONS = (
    ("Is the account in order, and whose is the instrument?", "ACC-01", ""),
    ("Was the identity verified?", "KYC-", "issue 8"),
    ("Does the money look laundered?", "AML-01", ""),
    ("What came in and went out before?", "#flows-title", ""),
    ("Does a bonus stand against it?", "BON-", "the issue on bonuses"),
    ("What was played?", "GAM-", "issue 6"),
    ("Is the device or the country new, and what was decided before?", "DEV-01", ""),
)


@contextmanager
def attempt(item: int, what: str) -> Iterator[None]:
    """One thing that has to work; what goes wrong with it is what was found."""
    try:
        yield
    except Exception as wrong:  # noqa: BLE001
        BOARD.put(item, what, "works", "failed", ok=False, details=[str(wrong).strip().splitlines()[0][:200]])
    else:
        BOARD.put(item, what, "works", "works", ok=True)


def heading(page: Any) -> str:
    return str(page.locator("h1").inner_text())


def another(page: Any, name: str) -> None:
    """Wait until the page shows another item."""
    page.wait_for_function("name => document.querySelector('h1')?.textContent.trim() !== name", arg=name)
    page.wait_for_selector("#decide form")


@measures(11)
def measure_keys(house: House, full_queue: list[Withdrawal], open_browser: Callable[..., Any]) -> None:
    page = open_browser(house.ana)
    page.goto(house.url + "/withdrawals/")
    unseen: list[str] = []

    def press(*keys: str) -> int:
        for key in keys:
            page.keyboard.press(key)
            if key != "Control+Enter" and not page.evaluate(FOCUS_SEEN):
                unseen.append(f"{heading(page)}, after {key}")
        return len(keys)

    press("s")
    page.keyboard.press("Enter")
    page.wait_for_selector("#decide form")
    counts: dict[str, int] = {}
    for outcome, keys in (("approve", ("a", "Control+Enter")), ("reject", ("r", "1", "Control+Enter"))) * 2 + (("approve", ("a", "Control+Enter")),):
        name = heading(page)
        counts[outcome] = press(*keys)
        another(page, name)
    states = sorted(Withdrawal.objects.exclude(state="requested").values_list("state", flat=True))
    assert (len(states), states.count("rejected")) == (5, 2), states
    BOARD.put(11, "keystrokes to approve", "2 or fewer", counts["approve"], counts["approve"] <= 2)
    BOARD.put(11, "keystrokes to reject with a reason", "4 or fewer", counts["reject"], counts["reject"] <= 4)
    BOARD.count(11, "steps after which the focus could not be seen", unseen)


@measures(12, 24)
def measure_clicks(house: House, full_queue: list[Withdrawal], open_browser: Callable[..., Any]) -> None:
    page = open_browser(house.ana)
    clicks = 0

    def click(locator: Any) -> None:
        nonlocal clicks
        locator.click()
        clicks += 1

    def approve() -> None:
        name = heading(page)
        if not page.get_by_label("Approve").is_checked():
            click(page.get_by_label("Approve"))
        click(page.locator("#decide button.primary"))
        another(page, name)

    click(page.locator("main a[href^='/withdrawals/']").first)
    if "Start reviewing" in page.inner_text("main"):
        click(page.get_by_role("button", name=re.compile("Start reviewing")))
    page.wait_for_selector("#decide form")
    approve()
    assert Withdrawal.objects.exclude(state="requested").count() == 1
    BOARD.put(24, "from Home after signing in", "4 or fewer", clicks, clicks <= 4)
    clicks = 0
    approve()
    assert Withdrawal.objects.exclude(state="requested").count() == 2
    BOARD.put(12, "approve a small one", "2 or fewer", clicks, clicks <= 2)


@measures(13)
def measure_questions(house: House, open_browser: Callable[..., Any]) -> None:
    withdrawal = new_withdrawal(house.brand, "75.00", now=timezone.now())
    page = open_browser(house.ana)
    page.goto(f"{house.url}/withdrawals/{withdrawal.pk}/?checks=all")
    said = page.inner_text("main")
    for question, sign, brings in QUESTIONS:
        answered = page.locator(sign).count() > 0 if sign.startswith("#") else sign in said
        if answered:
            BOARD.put(13, question, "1 page", "1 page", ok=True)
        else:
            BOARD.later(13, question, "1 page", f"{brings} brings it" if brings else "nothing on the page answers it")


@measures(14)
@pytest.mark.timeout(400)
def measure_without_javascript(house: House, browser: Any) -> None:
    one, _other = (new_withdrawal(house.brand, f"{amount}.00", now=timezone.now()) for amount in (15, 16))
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(15_000)
    with house.running("jobs", [sys.executable, "-m", "celery", "-A", "backoffice", "worker", "-c", "1", "--loglevel", "WARNING"]):
        with attempt(14, "sign in"):
            page.goto(house.url + "/")
            page.fill("input[name=login]", house.ana.email)
            page.fill("input[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.fill("input[name=code]", code_of(house.ana))
            page.keyboard.press("Enter")
            page.wait_for_url(house.url + "/")
        with attempt(14, "filter"):
            page.goto(house.url + "/withdrawals/")
            page.fill("#f_least", "15.50")
            page.click("form.filters button:has-text('Filter')")
            page.wait_for_url("**least=15.50**")
            expect(page.locator("tbody tr")).to_have_count(1)
        with attempt(14, "decide"):
            page.goto(f"{house.url}/withdrawals/{one.pk}/")
            page.get_by_label("Approve").check()
            page.locator("#decide button.primary").click()
            page.wait_for_load_state()
            assert Withdrawal.objects.get(pk=one.pk).state == "approved"
        with attempt(14, "undo"):
            page.get_by_role("button", name=re.compile("Undo")).first.click()
            expect(page.locator("h1")).to_have_text(one.name)
            assert Withdrawal.objects.get(pk=one.pk).state == "requested"
        with attempt(14, "export"):
            page.goto(house.url + "/withdrawals/")
            page.click("a[data-in=dialog]")
            page.locator("[name=reason]").fill("Asked by finance")
            page.get_by_role("button", name=re.compile("^Export")).click()
            page.wait_for_url(re.compile(r"/jobs/\d+/$"))
            until(page, "button:has-text('Download')")
            with page.expect_download() as download:
                page.click("button:has-text('Download')")
            assert one.player.last_name[:1] in Path(download.value.path()).read_text("utf-8-sig")
        with attempt(14, "import"):
            page.goto(house.url + reverse("jobs:import", args=["payments.withdrawal.tags"]))
            page.set_input_files("input[type=file]", {"name": "tags.csv", "mimeType": "text/csv", "buffer": f"Number,Tags\n{one.pk},vip\n".encode()})
            page.click("main form button.primary")
            page.wait_for_url("**/columns")
            page.click("button:has-text('Check the rows')")
            until(page, "button:has-text('Import 1 row')")
            page.click("button:has-text('Import 1 row')")
            until(page, "text=1 row was imported")
            page.goto(house.url + "/withdrawals/?tag=vip")
            expect(page.locator("tbody tr")).to_have_count(1)
    context.close()


def until(page: Any, selector: str, seconds: float = 60) -> None:
    """Load the page again until something is on it, as somebody without a script does."""
    deadline = time.monotonic() + seconds
    while not page.locator(selector).count():
        if time.monotonic() > deadline:
            raise AssertionError(f"{selector} did not come: {page.inner_text('main')[:150]}")
        time.sleep(0.5)
        page.reload()


@measures(22)
def measure_what_others_do(house: House, open_browser: Callable[..., Any]) -> None:
    waiting = [new_withdrawal(house.brand, f"{amount}.00", now=timezone.now() - timedelta(minutes=60 - amount)) for amount in range(20, 25)]
    page = open_browser(house.ana)
    page.goto(house.url + "/withdrawals/", wait_until="networkidle")
    taken = []
    for number, one in enumerate(waiting[1:4], start=1):
        reject_withdrawal(withdrawal_id=one.pk, version=1, key=f"live-{number}", by=house.lars, note="", reason_code="NAME_MISMATCH", now=timezone.now())
        began = time.perf_counter()
        expect(page.locator("#fresh")).to_contain_text(re.compile(rf"\b{number} of these (was|were) decided"), timeout=60_000)
        taken.append(time.perf_counter() - began)
    slowest = max(taken)
    BOARD.put(22, "slowest of three decisions", "15 s or less", f"{slowest:.1f} s ({', '.join(f'{one:.1f}' for one in taken)})", slowest <= 15)


ROWS, WRONG = 12_000, 120


@measures(23)
@pytest.mark.timeout(900)
def measure_a_large_import(house: House, open_browser: Callable[..., Any]) -> None:
    player = new_withdrawal(house.brand, "15.00", now=timezone.now()).player
    dana = make_person("compliance", brands=[house.brand], name="Dana Fischer")
    wrong = {2 + number * (ROWS // WRONG) for number in range(WRONG)}  # lines of the file
    lines = ["Player,Note", *(f"{'x' if line in wrong else player.pk},Called {line}" for line in range(2, ROWS + 2))]
    job = asking.upload(
        code="players.note", file=BytesIO("\n".join(lines).encode()), filename="calls.csv", brand=house.brand, by=house.ana, key="large", now=timezone.now()
    )
    page = open_browser(house.ana)
    with house.running("jobs", [sys.executable, "-m", "celery", "-A", "backoffice", "worker", "-c", "1", "--loglevel", "WARNING"]):
        page.goto(f"{house.url}{reverse('jobs:import-columns', args=[job.pk])}")
        page.click("button:has-text('Check the rows')")
        watched(page, job, "dry run", {"checked"}, 120)
        job.refresh_from_db()
        answer: Any = signed_in(house.ana).post(reverse("jobs:import-rows", args=[job.pk, "problems"]))
        told = b"".join(answer.streaming_content).decode("utf-8-sig")
        located = {int(line.split(",")[2]) for line in told.splitlines()[1:] if "Player: " in line}
        found = f"{100 * len(located & wrong) / WRONG:.0f} %"
        BOARD.put(23, f"problems located by line and column in the file to download, of {WRONG}", "100 %", found, located == wrong)

        asking.confirm(job_id=job.pk, version=job.version, by=house.ana, now=timezone.now())
        job.refresh_from_db()
        jobs.decide(job_id=job.pk, version=job.version, verdict="approved", reason="", by=dana, now=timezone.now())
        page.reload()
        watched(page, job, "writing the rows", {"done", "failed", "cancelled"}, 45)


def watched(page: Any, job: Job, what: str, ends: set[str], seconds: float) -> None:
    """How often the words of the progress change before the eyes of whoever watches, until the job leaves this phase or the time is over."""
    began, changes, last, first_change = time.perf_counter(), 0, None, None
    while time.perf_counter() - began < seconds and Job.objects.values_list("state", flat=True).get(pk=job.pk) not in ends:
        words = page.locator("#progress .fld .between").first
        now = words.inner_text() if words.count() else None
        if now and now != last:
            changes, last = changes + 1, now
            first_change = first_change or time.perf_counter()
        page.wait_for_timeout(100)
    took = time.perf_counter() - (first_change or began)
    rate = changes / took if took else 0
    done = Import.objects.get(job=job).job.done
    BOARD.put(23, f"{what}: changes of the progress shown, {done:,} rows in {took:.0f} s", "1 a second or more", f"{rate:.2f} a second", rate >= 1)
