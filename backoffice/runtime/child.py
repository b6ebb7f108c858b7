"""One process that we started: its log, its pid file, its end.

Each child leads a session and process group of its own, so that Ctrl-C in the terminal reaches only us and we end the
children in order. Its pid file lets the next start find and end it if we are killed.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backoffice.runtime import identity
from backoffice.runtime.errors import RuntimeProblem
from backoffice.runtime.home import Home, write_private
from backoffice.runtime.ready import ReadyCheck

LOG_LIMIT = 5 * 1024 * 1024
RUN_VARIABLE = "COUNTROOM_PROCESS"
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class ProcessSpec:
    """What to start, and how to know that it works and how to end it."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    user: tuple[int, int] | None = None  # uid and gid to work as; None: as ourselves
    ready: ReadyCheck | None = None
    order: int = 50  # started from low to high, ended from high to low
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    max_restarts: int = 5  # after a crash, before it is left alone
    start_tries: int = 1  # more where the first try can meet the remains of a kill


def nothing() -> None:
    """The check that finds no reason to leave."""


def wait_until(done: Callable[[], bool], seconds: float, check: Callable[[], None] = nothing) -> bool:
    """Wait for `done`, calling `check` (which may raise) between looks. False when the time is over."""
    end = time.monotonic() + seconds
    while not done():
        check()
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, indented, for a message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


class Child:
    """A process from its spec, started at most once at a time."""

    def __init__(self, spec: ProcessSpec, home: Home) -> None:
        self.spec = spec
        self.home = home
        self.log = home.logs / f"{spec.name}.log"
        self.pid_file = home.run / f"{spec.name}.json"
        self._process: subprocess.Popen[bytes] | None = None
        self._token = ""
        self._log_from = 0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start it; what it says goes to its log. Raises RuntimeProblem."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            os.replace(self.log, self.log.with_suffix(".log.1"))
        self._token = secrets.token_hex(8)
        uid, gid = self.spec.user or (None, None)
        with self.log.open("ab") as log:
            self._log_from = log.tell()
            try:
                self._process = subprocess.Popen(
                    list(self.spec.argv),
                    env={**self.spec.env, RUN_VARIABLE: self._token},
                    cwd=self.spec.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    user=uid,
                    group=gid,
                    extra_groups=None if uid is None else [],
                )
            except OSError as failed:
                raise RuntimeProblem(f"{self.spec.name} cannot be started ({self.spec.argv[0]}): {failed.strerror}.") from failed
        record = {**identity.of(self._process.pid).as_dict(), "token": self._token, "order": self.spec.order}
        record |= {"signal": int(self.spec.stop_signal), "seconds": self.spec.stop_seconds}
        write_private(self.pid_file, json.dumps(record))

    def log_since_start(self) -> str:
        with self.log.open("rb") as file:
            file.seek(self._log_from)
            return file.read().decode(errors="replace")

    def is_ready(self) -> bool:
        return self.spec.ready is None or (self.alive and self.spec.ready(self))

    def wait_ready(self, check: Callable[[], None] = nothing) -> None:
        """Wait until the ready check says yes. Raises RuntimeProblem with the end of the log when that never comes."""
        seconds = self.spec.ready.timeout if self.spec.ready else 0.0
        if wait_until(lambda: not self.alive or self.is_ready(), seconds, check) and self.alive:
            return
        why = f"was not ready after {seconds:g} s" if self.alive else f"ended with code {self.exit_code}"
        raise RuntimeProblem(f"{self.spec.name} {why}. The end of {self.log}:\n{tail(self.log)}")

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> bool:
        """End it and what it started: its signal, wait, then KILL for its group. False if it had to be killed."""
        if self._process is None:
            return True
        if self.alive:
            self._process.send_signal(self.spec.stop_signal)
        clean = wait_until(lambda: not self.alive or hurry(), self.spec.stop_seconds) and not self.alive
        if not clean:
            self._process.kill()
        self._process.wait()
        end_group(self._process.pid, self._token)
        self.pid_file.unlink(missing_ok=True)
        self._process = None
        return clean


def end_group(group: int, token: str) -> bool:
    """Kill what a leader of ours left in its process group; say whether there was anything.

    Its number can be somebody else's by now, so a process is touched only if it carries the leader's token.
    """

    def left() -> list[int]:
        return [pid for pid in identity.group_members(group) if identity.has_variable(pid, f"{RUN_VARIABLE}={token}")]

    if not left():
        return False
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
        for pid in left():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        if wait_until(lambda: not left(), 2):
            break
    return True


def end_leftover(pid_file: Path) -> str | None:
    """End the process that a pid file of an earlier run names, if exactly that one still runs; say what was ended.

    When only its children are left, they are ended if they carry the token that we gave that process.
    """
    try:
        record = json.loads(pid_file.read_text())
        leader = identity.Identity.from_dict(record)
        token, number, seconds = str(record["token"]), int(record["signal"]), float(record["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        pid_file.unlink(missing_ok=True)
        return None

    ended = None
    if leader.alive:
        ended = f"{pid_file.stem} (process {leader.pid})"
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader.pid, number)
        if not wait_until(lambda: not leader.alive, seconds):
            with contextlib.suppress(ProcessLookupError):
                os.kill(leader.pid, signal.SIGKILL)
            wait_until(lambda: not leader.alive, 5)

    if end_group(leader.pid, token):
        ended = ended or f"{pid_file.stem} (children of process {leader.pid})"
    pid_file.unlink(missing_ok=True)
    return ended


def leftovers(home: Home) -> list[Path]:
    """Pid files of earlier runs, in the order in which their processes have to end."""

    def order(path: Path) -> tuple[int, str]:
        try:
            return -int(json.loads(path.read_text())["order"]), path.name
        except (OSError, ValueError, KeyError, TypeError):
            return 0, path.name

    return sorted(home.run.glob("*.json"), key=order) if home.run.is_dir() else []


def running(home: Home, name: str) -> bool:
    """Whether the process called `name` of this home runs now, whoever started it."""
    try:
        return identity.Identity.from_dict(json.loads((home.run / f"{name}.json").read_text())).alive
    except (OSError, ValueError, KeyError, TypeError):
        return False
