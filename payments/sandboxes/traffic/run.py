"""The clock of the traffic: visits begin at random moments, their stories go on when they are due, and once a minute a line tells of it."""

from __future__ import annotations

import heapq
import itertools
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TextIO

import httpx

from .client import Client, Key, Refused, Stopped
from .pool import Pool
from .visits import Visit

SHARES = {"nova": 58, "fjord": 42}  # of a hundred visits
HANDS = 4  # requests at once
REPORT_EVERY = 60.0  # seconds
MOST_OPEN = 500  # visits under way; more wait outside, as when the server is away


@dataclass(frozen=True)
class Plan:
    """What to play: visits per second, the seed, how many seconds (0: until stopped)."""

    url: str
    rate: float = 0.5
    seed: str = "1"
    duration: float = 0.0


class Traffic:
    """One run."""

    def __init__(
        self,
        plan: Plan,
        keys: Mapping[str, Key],
        *,
        state: Path | None = None,
        out: TextIO = sys.stdout,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.plan, self.out = plan, out
        self.stopping = threading.Event()
        self.pool = Pool(state, seed=plan.seed)
        self.clients = {brand: Client(url=plan.url, key=key, stopping=self.stopping, transport=transport, note=self._note) for brand, key in keys.items()}
        self.draw = Random(f"{plan.seed}:{self.pool.visits}")  # noqa: S311  (plausible, not secret)
        self._guard = threading.Lock()
        self._happened: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()
        self._times: list[float] = []
        self._total: Counter[str] = Counter()
        self._agenda: list[tuple[float, int, Visit, Iterator[float]]] = []
        self._order = itertools.count()
        self._open = 0
        self._failed: set[str] = set()

    def run(self) -> Counter[str]:
        """Play until the duration is over or `stopping` is set. Returns what happened in all."""
        began = time.monotonic()
        ends = began + self.plan.duration if self.plan.duration else float("inf")
        next_visit, next_report = began, began + REPORT_EVERY
        with ThreadPoolExecutor(HANDS, thread_name_prefix="visit") as hands:
            while not self.stopping.is_set() and (now := time.monotonic()) < ends:
                while next_visit <= now:
                    if self._open < MOST_OPEN:
                        self._begin(now)
                    next_visit = max(next_visit, now - 5) + self.draw.expovariate(self.plan.rate)
                self._go_on(now, hands.submit)
                if now >= next_report:
                    self.report()
                    next_report += REPORT_EVERY
                self.stopping.wait(max(0.01, min(next_visit, next_report, self._next_due(), ends) - time.monotonic()))
            self.stopping.set()
        for client in self.clients.values():
            client.close()
        self.report()
        return self._total

    def _begin(self, now: float) -> None:
        brands = list(self.clients)
        brand = self.draw.choices(brands, weights=[SHARES.get(one, 50) for one in brands])[0]
        number = self.pool.next_visit()
        draw = Random(f"{self.plan.seed}:{brand}:{number}")  # noqa: S311
        visit = Visit(client=self.clients[brand], pool=self.pool, brand=brand, tag=f"t{self.plan.seed}-{number}", draw=draw)
        self._open += 1
        self._put(now, visit, visit.story())

    def _put(self, due: float, visit: Visit, story: Iterator[float]) -> None:
        with self._guard:
            heapq.heappush(self._agenda, (due, next(self._order), visit, story))

    def _next_due(self) -> float:
        with self._guard:
            return min(self._agenda[0][0], time.monotonic() + 0.25) if self._agenda else time.monotonic() + 0.25

    def _go_on(self, now: float, submit: Callable[..., object]) -> None:
        with self._guard:
            due = []
            while self._agenda and self._agenda[0][0] <= now:
                due.append(heapq.heappop(self._agenda))
        for _, _, visit, story in due:
            submit(self._step, visit, story)

    def _step(self, visit: Visit, story: Iterator[float]) -> None:
        """One stretch of a story, in one of the hands."""
        try:
            pause = next(story)
        except StopIteration:
            self._end(visit)
        except Stopped:
            self._end(visit, "stopped")
        except Refused as no:
            self._end(visit, f"unexpected_{no.code}", str(no))
        except Exception as wrong:
            self._end(visit, f"failed_{type(wrong).__name__}", str(wrong))
        else:
            self._put(time.monotonic() + pause, visit, story)

    def _end(self, visit: Visit, what: str = "", detail: str = "") -> None:
        with self._guard:
            self._open -= 1
            self._happened.update(["visits", *visit.done, *([what] if what else [])])
            new = bool(detail) and what not in self._failed
            self._failed.add(what)
        if new:  # each kind of surprise once in full
            self._say({"surprise": what, "detail": detail[:300], "visit": visit.tag})

    def _note(self, what: str, seconds: float) -> None:
        with self._guard:
            self._answers[what] += 1
            if len(self._times) < 10_000:
                self._times.append(seconds)

    def report(self) -> None:
        """What happened since the last line; the pool is kept."""
        with self._guard:
            happened, answers, times = self._happened, self._answers, sorted(self._times)
            self._happened, self._answers, self._times = Counter(), Counter(), []
            self._total.update(happened)
            under_way = self._open
        slow = round(times[int(len(times) * 0.95)] * 1000) if times else None
        self._say({"happened": dict(sorted(happened.items())), "answers": dict(sorted(answers.items())), "p95_ms": slow, "under_way": under_way})
        self.pool.save()

    def _say(self, values: dict[str, object]) -> None:
        self.out.write(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **values}) + "\n")
        self.out.flush()
