"""How fast pages are: the server under a steady load, and the browser on a slow processor."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from bench.harness import percentile
from payments.models import Withdrawal
from tests.e2e.conftest import House, free_port, wait, web
from tests.e2e.scorecard.board import BOARD, measures

PER_SECOND, SECONDS, ROUNDS, RUNS = 20, 12, 3, 5
SLOWER = 4


@measures(7)
@pytest.mark.timeout(600)
def measure_first_byte(house: House, full_queue: list[Withdrawal], seen_by: Callable[..., Any]) -> None:
    """Requests leave on a clock, however long the answers take, and are timed from when they were due."""
    cookies = {one["name"]: one["value"] for one in seen_by(house.ana)["cookies"]}
    port = free_port()
    with house.running("loaded", web(port, "--workers", "2", "--blocking-threads", "4")):  # as the demo starts it
        wait(f"http://127.0.0.1:{port}/healthz")
        one = full_queue[0]
        pages = [("queue", 200, "/withdrawals/"), ("decision", 250, f"/withdrawals/{one.pk}/"), ("player page", 300, f"/players/{one.player_id}/")]
        taken: dict[str, list[float]] = {name: [] for name, _, _ in pages}
        answered: dict[str, list[float]] = {name: [] for name, _, _ in pages}
        for number in range(ROUNDS + 1):  # the first round warms both workers up
            for name, _, path in pages:
                began = time.perf_counter()
                times = first_bytes(f"http://127.0.0.1:{port}{path}", cookies, SECONDS if number else 3)
                if number:
                    answered[name].append(len(times) / (time.perf_counter() - began))
                    taken[name].append(percentile(times, 0.95) * 1000)
    for name, most, _ in pages:
        rate = f"answered a second: {min(answered[name]):.1f} to {max(answered[name]):.1f}"
        BOARD.spread(7, f"{name}, p95 at {PER_SECOND} a second, the load from the same processors", taken[name], most, "ms", details=[rate])


def first_bytes(url: str, cookies: dict[str, str], seconds: float) -> list[float]:
    """Seconds from when each request was due to the first byte of its answer, sorted."""
    with httpx.Client(cookies=cookies, timeout=60, limits=httpx.Limits(max_connections=None)) as client, ThreadPoolExecutor(64) as pool:
        began = time.perf_counter() + 0.1

        def ask(number: int) -> float:
            due = began + number / PER_SECOND
            time.sleep(max(0, due - time.perf_counter()))
            with client.stream("GET", url) as answer:
                took = time.perf_counter() - due
                assert answer.status_code == 200, answer.status_code
                answer.read()
            return took

        return sorted(pool.map(ask, range(int(seconds * PER_SECOND))))


OBSERVE = """window.seen = { fcp: 0, lcp: 0, cls: 0, inp: 0, inputs: 0 };
const observe = (type, each, more = {}) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true, ...more });
observe('paint', (one) => { if (one.name === 'first-contentful-paint') seen.fcp = one.startTime; });
observe('largest-contentful-paint', (one) => { seen.lcp = one.startTime; });
observe('layout-shift', (one) => { if (!one.hadRecentInput) seen.cls += one.value; });
observe('event', (one) => { if (one.interactionId) { seen.inp = Math.max(seen.inp, one.duration); seen.inputs += 1; } }, { durationThreshold: 16 });"""


@measures(9)
@pytest.mark.timeout(600)
def measure_vitals(house: House, full_queue: list[Withdrawal], seen_by: Callable[..., Any], open_browser: Callable[..., Any]) -> None:
    state = seen_by(house.ana)
    for name, path, act in (("queue", "/withdrawals/", on_the_queue), ("decision", f"/withdrawals/{full_queue[0].pk}/", on_the_decision)):
        runs = []
        for _ in range(RUNS):
            page = open_browser(None, storage_state=state)
            page.add_init_script(OBSERVE)
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            page.goto(house.url + path, wait_until="networkidle")
            page.wait_for_function("seen.fcp > 0 && seen.lcp > 0")
            page.wait_for_timeout(500)
            act(page)
            page.wait_for_timeout(500)
            runs.append(page.evaluate("window.seen"))
            page.context.close()
        for key, most, unit, digits in (("fcp", 800, "ms", 0), ("lcp", 1_200, "ms", 0), ("cls", 0.02, "", 3), ("inp", 100, "ms", 0)):
            BOARD.spread(9, f"{name}, {key.upper()}", [run[key] for run in runs], most, unit, digits)


def on_the_queue(page: Any) -> None:
    for key in ("j", "j", "x", "j", "x"):
        page.keyboard.press(key)
    page.click("tbody tr:nth-child(3) label")
    page.click("button[popovertarget=keep-view]")
    page.keyboard.type("Large ones")
    page.keyboard.press("Escape")


def on_the_decision(page: Any) -> None:
    for key in ("a", "r", "1", "n"):
        page.keyboard.press(key)
    page.keyboard.type("Name does not match")
    page.get_by_label("Approve").click()
    page.keyboard.press("Escape")
