"""Circuit breakers: leave a provider alone that keeps failing, and try it again with care.

closed     calls pass; enough failures in the window open it
open       calls are turned away without a byte sent, until the cool-off is over
half_open  one call at a time may try; enough successes close it, one failure opens it again

State lives in a `Store`, so that processes can share it. Changes are compare-and-set: whoever loses reads again.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

from .protocol import OutcomeUnknown, ProviderRefused, ProviderUnavailable


class CircuitOpen(ProviderUnavailable):
    """Turned away by the breaker: definitely not taken."""


class BreakerState(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of one circuit. Times are seconds since the epoch; `version` grows by one with every change."""

    version: int = 0
    state: BreakerState = BreakerState.CLOSED
    window_started: float = 0
    calls: int = 0
    failures: int = 0
    successes: int = 0  # while half open
    opened_at: float = 0
    probe_until: float = 0  # one call is trying until then
    last_error: str = ""


class Store(Protocol):
    """Where records live. Must be safe between threads, and between processes if they share it."""

    def load(self, key: str) -> Record:
        """The record of `key`, a fresh one when there is none."""

    def swap(self, key: str, *, expected: int, new: Record) -> bool:
        """Put `new` there if the version is still `expected` (0: none yet). Tells whether it did."""


class MemoryStore:
    """Records of this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}

    def load(self, key: str) -> Record:
        """The record of `key`, a fresh one when there is none."""
        with self._lock:
            return self._records.get(key, Record())

    def swap(self, key: str, *, expected: int, new: Record) -> bool:
        """Put `new` there if the version is still `expected`."""
        with self._lock:
            if self._records.get(key, Record()).version != expected:
                return False
            self._records[key] = new
            return True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A circuit for the health page. `retry_at` is seconds since the epoch, 0 unless open."""

    key: str
    state: BreakerState
    calls: int
    failures: int
    retry_at: float
    last_error: str


class Breaker:
    """One circuit, for one provider and operation. Times in seconds."""

    def __init__(
        self,
        *,
        key: str,
        store: Store,
        failures: int = 5,
        percent: int = 50,
        window: float = 60,
        cool_off: float = 30,
        successes: int = 2,
        probe_lease: float = 60,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open after `failures` within `window` if they are at least `percent` of its calls.

        A trying call that never reports back (its process died) holds the half-open circuit for `probe_lease`.
        Raises ValueError for a threshold below one or a percentage outside 1 to 100.
        """
        if failures < 1 or successes < 1 or not 1 <= percent <= 100:
            raise ValueError("thresholds start at 1, percent lies between 1 and 100")
        self.key = key
        self._store = store
        self._failures = failures
        self._percent = percent
        self._window = window
        self._cool_off = cool_off
        self._successes = successes
        self._probe_lease = probe_lease
        self._clock = clock

    @contextmanager
    def call(self) -> Iterator[None]:
        """Wrap one call. Raises CircuitOpen instead of letting it pass.

        ProviderUnavailable and OutcomeUnknown count as failures. A refusal is an answer, so it counts as success; any other
        exception is no news of the provider.
        """
        self.enter()
        try:
            yield
        except (ProviderUnavailable, OutcomeUnknown) as error:
            self.failed(type(error).__name__)
            raise
        except ProviderRefused:
            self.succeeded()
            raise
        except BaseException:
            self._change(_without_probe)
            raise
        self.succeeded()

    def enter(self) -> None:
        """Ask to pass. Raises CircuitOpen. Whoever passes reports `succeeded` or `failed`."""
        refused: list[bool] = []

        def step(record: Record) -> Record:
            refused.clear()
            now = self._clock()
            match self._now(record, now):
                case BreakerState.CLOSED:
                    return record
                case BreakerState.HALF_OPEN if record.probe_until <= now:
                    successes = record.successes if record.state is BreakerState.HALF_OPEN else 0
                    return dataclasses.replace(record, state=BreakerState.HALF_OPEN, successes=successes, probe_until=now + self._probe_lease)
            refused.append(True)
            return record

        self._change(step)
        if refused:
            raise CircuitOpen(f"{self.key} is left alone after repeated failures")

    def succeeded(self) -> None:
        """A call was answered."""

        def step(record: Record) -> Record:
            match record.state:
                case BreakerState.CLOSED:
                    record = self._windowed(record)
                    return dataclasses.replace(record, calls=record.calls + 1)
                case BreakerState.HALF_OPEN if record.successes + 1 >= self._successes:
                    return Record(version=record.version)
                case BreakerState.HALF_OPEN:
                    return dataclasses.replace(record, successes=record.successes + 1, probe_until=0)
            return record  # a late answer to a call from before it opened

        self._change(step)

    def failed(self, error: str = "") -> None:
        """A call was not answered. `error` is a short name for the health page."""

        def step(record: Record) -> Record:
            now = self._clock()
            if record.state is BreakerState.OPEN:
                return record
            if record.state is BreakerState.CLOSED:
                record = self._windowed(record)
                record = dataclasses.replace(record, calls=record.calls + 1, failures=record.failures + 1, last_error=error)
                if record.failures < self._failures or record.failures * 100 < record.calls * self._percent:
                    return record
            return dataclasses.replace(record, state=BreakerState.OPEN, opened_at=now, probe_until=0, successes=0, last_error=error)

        self._change(step)

    def state(self) -> Health:
        """How the circuit stands now."""
        record = self._store.load(self.key)
        now = self._clock()
        state = self._now(record, now)
        stale = state is BreakerState.CLOSED and now - record.window_started >= self._window
        return Health(
            key=self.key,
            state=state,
            calls=0 if stale else record.calls,
            failures=0 if stale else record.failures,
            retry_at=record.opened_at + self._cool_off if state is BreakerState.OPEN else 0,
            last_error=record.last_error,
        )

    def _now(self, record: Record, now: float) -> BreakerState:
        """The state, with the cool-off taken into account."""
        if record.state is BreakerState.OPEN and now - record.opened_at >= self._cool_off:
            return BreakerState.HALF_OPEN
        return record.state

    def _windowed(self, record: Record) -> Record:
        now = self._clock()
        if now - record.window_started < self._window:
            return record
        return dataclasses.replace(record, window_started=now, calls=0, failures=0)

    def _change(self, step: Callable[[Record], Record]) -> None:
        while True:
            record = self._store.load(self.key)
            new = step(record)
            if new is record or self._store.swap(self.key, expected=record.version, new=dataclasses.replace(new, version=record.version + 1)):
                return


def _without_probe(record: Record) -> Record:
    return dataclasses.replace(record, probe_until=0) if record.probe_until else record
