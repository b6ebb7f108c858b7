"""What several tests of the runtime need."""

import json
import subprocess
import time
from collections.abc import Callable

from backoffice.runtime import identity
from backoffice.runtime.home import Home

SLEEP = "import time; time.sleep(600)"


def wait_for(done: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is so; fail when it never is."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.02)


def pid_of(home: Home, name: str) -> int:
    return int(json.loads((home.run / f"{name}.json").read_text())["pid"])


def alive(pid: int) -> bool:
    return identity.start_of(pid) is not None


def read_until(process: "subprocess.Popen[str]", word: str) -> list[str]:
    """The lines that a program says, up to the one that holds `word`; fails when it ends without it."""
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if word in line:
            return lines
    raise AssertionError("\n".join(lines))
