"""What pages weigh: bytes and requests as the browser counts them, nodes, queries."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from payments.models import Withdrawal
from tests.e2e.conftest import House
from tests.e2e.scorecard.board import BOARD, measures
from tests.e2e.scorecard.conftest import ROWS
from tests.people import signed_in


class Traffic:
    """What came over the wire of a page, from `begin` on. What the browser had already is no request."""

    def __init__(self, page: Any) -> None:
        self.begin()
        cdp = page.context.new_cdp_session(page)
        cdp.send("Network.enable")
        cdp.on("Network.responseReceived", self._answered)
        cdp.on("Network.loadingFinished", self._finished)
        cdp.on("Network.requestServedFromCache", lambda event: self._kept.add(event["requestId"]))

    def begin(self) -> None:
        self._kept: set[str] = set()
        self._of: dict[str, str] = {}
        self.received: dict[str, float] = {}

    def _answered(self, event: dict[str, Any]) -> None:
        self._of[event["requestId"]] = event["type"]
        if event["response"].get("fromDiskCache"):
            self._kept.add(event["requestId"])

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self._kept:
            self.received[event["requestId"]] = event["encodedDataLength"]

    @property
    def requests(self) -> int:
        return len(self.received)

    @property
    def kilobytes(self) -> float:
        return sum(self.received.values()) / 1000

    def by_type(self) -> str:
        sums: dict[str, float] = {}
        for request, size in self.received.items():
            sums[self._of.get(request, "Other")] = sums.get(self._of.get(request, "Other"), 0) + size / 1000
        return ", ".join(f"{name.lower()} {sums[name]:.1f}" for name in sorted(sums))


@measures(3, 4, 5, 10)
def measure_the_queue(house: House, full_queue: list[Withdrawal], seen_by: Callable[..., Any], open_browser: Callable[..., Any]) -> None:
    page = open_browser(None, storage_state=seen_by(house.ana))
    traffic = Traffic(page)
    page.goto(house.url + "/withdrawals/", wait_until="networkidle")
    assert page.locator("tbody tr").count() == ROWS
    BOARD.put(3, f"cold, {ROWS} rows", "80 kB or less", f"{traffic.kilobytes:.1f} kB ({traffic.by_type()})", traffic.kilobytes <= 80)
    BOARD.put(5, "cold", "6 or fewer", traffic.requests, traffic.requests <= 6)
    nodes = page.evaluate("document.querySelectorAll('*').length")
    BOARD.put(10, "elements", "2500 or fewer", nodes, nodes <= 2_500)

    page.goto(house.url + "/", wait_until="networkidle")
    traffic.begin()
    page.click("nav.side a[href='/withdrawals/']")
    page.wait_for_load_state("networkidle")
    assert page.locator("tbody tr").count() == ROWS
    BOARD.put(4, "from Home back to the queue", "25 kB or less", f"{traffic.kilobytes:.1f} kB", traffic.kilobytes <= 25)
    BOARD.put(5, "warm", "2 or fewer", traffic.requests, traffic.requests <= 2)

    traffic.begin()
    page.select_option("#f_kind", "bank")
    page.click("form.filters button:has-text('Filter')")
    page.wait_for_url("**kind=bank**")
    page.wait_for_load_state("networkidle")
    assert page.locator("tbody tr").count() == ROWS
    BOARD.put(4, f"a filter that leaves {ROWS} rows", "15 kB or less", f"{traffic.kilobytes:.1f} kB", traffic.kilobytes <= 15)


@measures(8)
def measure_queries(house: House, full_queue: list[Withdrawal]) -> None:
    client, one = signed_in(house.ana), full_queue[0]
    sent = {"outcome": "approved", "reason_code": "CHECKS_OK", "version": 1, "key": "scorecard", "note": ""}
    asked = [
        ("queue", 8, lambda: client.get("/withdrawals/")), ("decision page", 18, lambda: client.get(f"/withdrawals/{one.pk}/")),
        ("player page", 20, lambda: client.get(f"/players/{one.player_id}/")), ("deciding", 18, lambda: client.post(f"/withdrawals/{one.pk}/decide", sent)),
    ]  # fmt: skip
    for what, most, call in asked:
        if what != "deciding":
            call()  # what a process remembers for a while
        with CaptureQueriesContext(connection) as queries:
            assert call().status_code in {200, 303}
        BOARD.put(8, what, f"{most} or fewer", len(queries), len(queries) <= most)
