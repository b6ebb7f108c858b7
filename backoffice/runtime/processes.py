"""The supervisor: starts named processes in order, restarts one that crashes, ends them all in the opposite order.

It holds the home's lock, so there is one supervisor a home. Signals only set a flag, looked at between steps: an
exception in the middle of starting a process would lose track of it.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from backoffice.runtime.child import Child, ProcessSpec, end_leftover, leftovers, tail
from backoffice.runtime.errors import RuntimeProblem, StopRequested
from backoffice.runtime.home import Home, Lock

STEADY_SECONDS = 60.0  # a process that ran this long starts with a clean sheet after a crash
FIRST_DELAY, LONGEST_DELAY = 0.5, 15.0


def say(text: str) -> None:
    """Print a line now; a terminal that has gone away is no reason to fail."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        # What waits in the buffer would fail again when Python ends: let it go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Supervised:
    """A child with what its crashes have taught us."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.restarts = 0
        self.started_at = 0.0
        self.start_again_at: float | None = None
        self.given_up = False


class Supervisor:
    """Used as a context: on leaving, however that happens, everything it started is ended."""

    def __init__(self, home: Home, what: str = "Countroom", tell: Callable[[str], None] = say) -> None:
        self.home = home
        self.what = what
        self.tell = tell
        self._lock = Lock(home)
        self._all: list[Supervised] = []
        self._signals = 0
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Supervisor":
        self.home.make()
        self._lock.acquire(self.what)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._previous[number] = signal.signal(number, self._on_signal)
        for pid_file in leftovers(self.home):
            ended = end_leftover(pid_file)
            if ended:
                self.tell(f"Ended what an earlier run left behind: {ended}.")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            for number, handler in self._previous.items():
                signal.signal(number, handler)
            self._lock.release()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def check(self) -> None:
        """Raise StopRequested once somebody has asked us to stop."""
        if self._signals:
            raise StopRequested

    def start(self, spec: ProcessSpec) -> None:
        """Start a process without waiting for it."""
        self.check()
        self._begin(spec)

    def wait_ready(self) -> None:
        """Wait until every process is ready; one that ends before that is started again if its spec allows.

        Raises RuntimeProblem when one never gets there, StopRequested when asked to stop.
        """
        for entry in self._all:
            while True:
                try:
                    entry.child.wait_ready(self.check)
                    break
                except RuntimeProblem:
                    if entry.child.alive or entry.restarts + 1 >= entry.child.spec.start_tries:
                        raise
                    self._pause(self._delay(entry))
                    entry.restarts += 1
                    self._launch(entry)
            entry.restarts = 0

    def run(self, name: str, spec: ProcessSpec, *, stream: bool = False) -> None:
        """Run a command to its end. `stream` tells its lines as they come. Raises RuntimeProblem when it fails."""
        self.check()
        entry = self._begin(spec)
        told = 0
        try:
            while True:
                alive = entry.child.alive
                if stream:
                    lines = entry.child.log_since_start().split("\n")
                    for line in lines[told : len(lines) - 1]:
                        self.tell(f"    {line}")
                    told = max(told, len(lines) - 1)
                if not alive:
                    break
                self.check()
                self.watch_once(spare=entry)
                time.sleep(0.1)
            code = entry.child.exit_code
            if code:
                raise RuntimeProblem(f"{name} failed (code {code}). The end of {entry.child.log}:\n{tail(entry.child.log, 30)}")
        finally:
            entry.child.stop()
            self._all.remove(entry)

    def watch(self) -> None:
        """Keep everything running until asked to stop, then raise StopRequested."""
        while True:
            self.check()
            self.watch_once()
            time.sleep(0.2)

    def watch_once(self, spare: Supervised | None = None) -> None:
        """Look at each process once: note a crash, and start again what has waited long enough."""
        now = time.monotonic()
        for entry in self._all:
            if entry is spare or entry.given_up:
                continue
            if entry.start_again_at is not None:
                if now >= entry.start_again_at:
                    entry.start_again_at = None
                    self._launch(entry)
            elif not entry.child.alive:
                self._on_crash(entry, now)

    def stop(self) -> None:
        """End everything, last started first. A second signal meanwhile shortens the waiting."""
        asked = self._signals
        for entry in sorted(self._all, key=lambda entry: -entry.child.spec.order):
            if not entry.child.stop(hurry=lambda: self._signals > max(asked, 1)):
                self.tell(f"{entry.child.spec.name} did not end by itself and was killed.")
        self._all.clear()

    def _begin(self, spec: ProcessSpec) -> Supervised:
        entry = Supervised(Child(spec, self.home))
        self._all.append(entry)
        entry.started_at = time.monotonic()
        entry.child.start()
        return entry

    def _launch(self, entry: Supervised) -> None:
        entry.child.stop()  # what a crashed leader left in its group would hold its port
        entry.started_at = time.monotonic()
        entry.child.start()

    def _delay(self, entry: Supervised) -> float:
        return float(min(FIRST_DELAY * 2**entry.restarts, LONGEST_DELAY))

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.check()
            time.sleep(0.05)

    def _on_crash(self, entry: Supervised, now: float) -> None:
        spec = entry.child.spec
        if now - entry.started_at > STEADY_SECONDS:
            entry.restarts = 0
        if entry.restarts >= spec.max_restarts:
            entry.given_up = True
            self.tell(f"{spec.name} ended {entry.restarts + 1} times and is left alone now. The end of {entry.child.log}:")
            self.tell(tail(entry.child.log))
            return
        delay = self._delay(entry)
        entry.restarts += 1
        entry.start_again_at = now + delay
        self.tell(f"{spec.name} ended with code {entry.child.exit_code}; starting it again in {delay:g} s (see {entry.child.log}).")
