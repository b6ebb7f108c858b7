"""Measure everything, run the tests that hold the rest, write docs/ui-scorecard.md. ITEM=9 for some of it: then nothing is written."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scorecard.board import BOARD, MISSED, NOT_YET, PASS, Part
from tests.e2e.scorecard.items import ITEMS, WEIGHTS, Item

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "ui-scorecard.md"
HERE = Path(__file__).parent.relative_to(ROOT)
MOST_DETAILS = 40


class Results:
    """Outcomes of the tests, and what measures could not measure."""

    def __init__(self, wanted: set[int]) -> None:
        self.failed: set[str] = set()
        self.passed: set[str] = set()
        self._wanted = wanted

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "measures(*items): the items of the scorecard that a measure speaks about")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [one for one in items if not (mark := one.get_closest_marker("measures")) or self._wanted & set(mark.args)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        mark = item.get_closest_marker("measures")
        if mark and report.failed:
            what = "measured" if report.when == "call" else f"measured without complaint ({report.when})"
            why = str(call.excinfo.value).strip().splitlines() if call.excinfo else []
            for number in mark.args:
                BOARD.put(number, "all of it", what, "not measured to its end", ok=False, details=[f"{item.name}: {why[0][:200]}" if why else item.name])
        return report


def held(item: Item, results: Results) -> list[Part]:
    """What tests say: a file, or one test with all its parameters."""
    parts = []
    for what, node in item.tests:
        is_of = lambda one: one == node or one.startswith((f"{node}::", f"{node}["))  # noqa: E731,B023
        failed, passed = (sum(map(is_of, found)) for found in (results.failed, results.passed))
        found = f"{passed} passed" + (f", {failed} failed" if failed else "")
        parts.append(Part(item.number, f"{what} (`{node}`)", "pass", found, PASS if passed and not failed else MISSED))
    return parts


def share(parts: list[Part]) -> float:
    """What passed, of all parts. What is not yet there has not passed."""
    return sum(part.verdict == PASS for part in parts) / len(parts) if parts else 0.0


def commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + (", with changes on top" if git("status", "--porcelain", "--untracked-files=no") else "")


def lines(by_item: dict[int, list[Part]]) -> list[str]:
    about = ("cpus", "cpu", "memory_gb", "system", "python", "postgresql", "load_before")
    cpus, cpu, memory, system, python, postgresql, load = (BOARD.machine[one] for one in about)
    written = [
        "# UI scorecard", "",
        "Written by `make scorecard`; not by hand. Gates are those of the design; a gate that is missed says so. What is \"not yet\" waits for what brings it,",
        "and counts as not passed. Times are medians of their runs, with the range.", "",
        f"{datetime.now(UTC):%d %B %Y}, commit {commit()}. {cpus} processors ({cpu}), {memory} GB, {system}, Python {python}, PostgreSQL {postgresql},"
        f" load {load} before.",
        "One house is on this machine: server, worker, recorder, browser and the load. 60 withdrawals wait; rows by the million: `make bench NAME=queue`.", "",
    ]  # fmt: skip
    points = {}
    for group in WEIGHTS:
        shares = [share(by_item[one.number]) for one in ITEMS if one.group == group]
        points[group] = 100 * sum(shares) / len(shares)
    written += ["## Score", "", "| group | weight | passed |", "|---|---|---|"]
    written += [f"| {group} | {weight} | {points[group]:.0f} % |" for group, weight in WEIGHTS.items()]
    written += [f"| **together** | 100 | **{sum(weight * points[group] / 100 for group, weight in WEIGHTS.items()):.0f} of 100** |", ""]
    written += ["An item passes by the share of its parts that pass; a group by the mean of its items.", ""]
    everything = [part for parts in by_item.values() for part in parts]
    written += [", ".join(f"{sum(part.verdict == verdict for part in everything)} {verdict}" for verdict in (PASS, MISSED, NOT_YET)) + ".", ""]
    for item in ITEMS:
        written += [f"## {item.number}. {item.name}", "", "| measured | gate | found | |", "|---|---|---|---|"]
        written += [f"| {part.what} | {part.gate} | {part.found} | {bold(part.verdict)} |" for part in by_item[item.number]]
        written.append("")
        for part in by_item[item.number]:
            if part.details:
                written += [f"{part.what[0].upper()}{part.what[1:]}:", "", *(f"- {escape(one)}" for one in part.details[:MOST_DETAILS])]
                written += [f"- and {len(part.details) - MOST_DETAILS} more"] if len(part.details) > MOST_DETAILS else []
                written.append("")
    return written


def bold(verdict: str) -> str:
    return f"**{verdict}**" if verdict == MISSED else verdict


def escape(text: str) -> str:
    """HTML outside of code stays words."""
    return text if "`" in text else text.replace("<", "&lt;")


def main() -> int:
    wanted = {int(one) for one in re.findall(r"\d+", os.environ.get("ITEM", ""))} or {one.number for one in ITEMS}
    results = Results(wanted)
    tests = [node for one in ITEMS if one.number in wanted for _, node in one.tests]
    measures = sorted(str(path.relative_to(ROOT)) for path in (ROOT / HERE).glob("measure_*.py"))
    options = ["-q", "-s", "--no-header", "-o", "python_functions=test_* measure_*", "-o", "python_files=test_*.py measure_*.py"]
    pytest.main([*options, *measures, *dict.fromkeys(tests)], plugins=[results])
    by_item = {one.number: [*(part for part in BOARD.parts if part.item == one.number), *held(one, results)] for one in ITEMS if one.number in wanted}
    for item in ITEMS:
        for part in held(item, results) if item.number in wanted else ():
            print(f"{part.item:>3} {part.verdict:8} {part.what}: {part.found}")
    if len(by_item) == len(ITEMS):
        DOCUMENT.write_text("\n".join(lines(by_item)).rstrip() + "\n")
        print(f"Written: {DOCUMENT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
