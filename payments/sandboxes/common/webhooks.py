"""Webhooks: signed afresh for each try, tried until a 2xx, remembered over restarts."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from . import behaviour as behaviours
from . import plans
from .engine import Engine
from .moves import now_us

WORKERS = 4
TIMEOUT = 10  # seconds for one try

# An event goes out once the earlier ones of its payment have been tried, unless one of them is held back on purpose.
DUE = """
SELECT d.id, d.event_id, d.payment_id, d.attempts, e.body
FROM deliveries d JOIN events e ON e.id = d.event_id
WHERE d.delivered_at IS NULL AND d.next_at <= :now AND NOT EXISTS (
    SELECT 1 FROM deliveries b
    WHERE b.payment_id = d.payment_id AND b.delivered_at IS NULL AND b.id < d.id AND b.attempts = 0 AND b.held = 0 AND b.copy = 0
)
ORDER BY d.next_at, d.id LIMIT 100
"""


class Deliverer(threading.Thread):
    """Sends what is due, a few at a time, until stopped."""

    def __init__(self, engine: Engine, *, sign: Callable[[bytes], tuple[dict[str, str], bytes]]) -> None:
        """`sign` gives the headers that sign a body, and the body, in which a company may put its signature too."""
        super().__init__(name="webhooks", daemon=True)
        self.engine = engine
        self._sign = sign
        self._stopping = threading.Event()
        self._bell = engine.store.bell()
        self._busy: set[int] = set()
        self._guard = threading.Lock()
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=False)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="webhook")

    def run(self) -> None:
        """Deliver until `stop`."""
        while not self._stopping.is_set():
            self._bell.clear()
            url = self.engine.store.get_meta("webhook_url")
            if not isinstance(url, str) or not url:
                self._bell.wait()
                continue
            looked_at = now_us()  # one moment for both questions, so that nothing falls due between them unseen
            for row in self._due(looked_at):
                self._pool.submit(self._deliver, row, url)
            self._bell.wait(self._pause(looked_at))

    def stop(self) -> None:
        """End without waiting for tries under way; whatever they were about is tried again after the next start."""
        self._stopping.set()
        self._bell.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _due(self, now: int) -> list[sqlite3.Row]:
        with self._guard, self.engine.store.read() as db:
            rows = [row for row in db.execute(DUE, {"now": now}).fetchall() if row["id"] not in self._busy]
            self._busy.update(row["id"] for row in rows)
        return rows

    def _pause(self, now: int) -> float | None:
        with self.engine.store.read() as db:
            due = db.execute("SELECT min(next_at) FROM deliveries WHERE delivered_at IS NULL AND next_at > ?", (now,)).fetchone()[0]
        return None if due is None else max(due - now_us(), 1000) / 1_000_000

    def _deliver(self, row: sqlite3.Row, url: str) -> None:
        signed, body = self._sign(str(row["body"]).encode())
        headers = {"Content-Type": "application/json", **signed}
        try:
            response = self._client.post(url, content=body, headers=headers)
            answer, done = str(response.status_code), response.is_success
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            answer, done = type(error).__name__, False
        if self._stopping.is_set():
            return
        try:
            self._note(row, answer=answer, done=done)
        finally:
            with self._guard:
                self._busy.discard(row["id"])
            self._bell.set()

    def _note(self, row: sqlite3.Row, *, answer: str, done: bool) -> None:
        at = now_us()
        with self.engine.store.write() as db:
            db.execute("UPDATE deliveries SET attempts = attempts + 1, last_answer = ? WHERE id = ?", (answer, row["id"]))
            if not done:
                db.execute("UPDATE deliveries SET next_at = ? WHERE id = ?", (at + self._backoff(row), row["id"]))
                return
            db.execute("UPDATE deliveries SET delivered_at = ? WHERE id = ?", (at, row["id"]))
            release = "UPDATE deliveries SET held = 0, next_at = ? WHERE payment_id = ? AND held = 1 AND id < ?"
            db.execute(release, (at, row["payment_id"], row["id"]))

    def _backoff(self, row: sqlite3.Row) -> int:
        """Microseconds until the next try: doubling up to the cap, less up to a half by the draw."""
        behaviour = self.engine.behaviour
        doubled = plans.micros(behaviour.webhook_backoff) << min(int(row["attempts"]), 20)
        wait = min(doubled, plans.micros(behaviour.webhook_backoff_cap))
        about = f"backoff:{row['event_id']}:{row['attempts']}"
        return wait // 2 if behaviours.hits(behaviours.HALF, seed=self.engine.seed, about=about) else wait


class Clockwork(threading.Thread):
    """Takes planned steps when they are due, until stopped."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="clockwork", daemon=True)
        self.engine = engine
        self._stopping = threading.Event()
        self._bell = engine.store.bell()

    def run(self) -> None:
        """Move payments along until `stop`."""
        while not self._stopping.is_set():
            self._bell.clear()
            self.engine.run_due()
            due = self.engine.next_due()
            self._bell.wait(None if due is None else max(due - now_us(), 1000) / 1_000_000)

    def stop(self) -> None:
        """End after the step under way."""
        self._stopping.set()
        self._bell.set()
