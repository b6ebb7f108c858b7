"""Which process is which. A pid alone is not enough, since the kernel gives it to somebody else later.

A process is known by its pid and its start (field 22 of /proc/<pid>/stat, with the boot that it counts from). Where there
is no /proc, `ps` gives the start.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PROC = Path("/proc")
HAS_PROC = (PROC / "self" / "stat").exists()


@cache
def _boot() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the third on: the second, the name, may hold spaces and brackets."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def start_of(pid: int) -> str | None:
    """A text that only this run of `pid` has; None when it does not run (a zombie does not)."""
    if HAS_PROC:
        fields = _stat(pid)
        return None if fields is None or fields[0] in "ZX" else f"{_boot()}:{fields[19]}"
    asked = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, start = asked.stdout.strip().partition(" ")
    return start.strip() or None if state and not state.startswith("Z") else None


@dataclass(frozen=True)
class Identity:
    """One run of one process."""

    pid: int
    start: str

    @property
    def alive(self) -> bool:
        return self.start == start_of(self.pid)

    def as_dict(self) -> dict[str, Any]:
        return {"pid": self.pid, "start": self.start}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Identity":
        return cls(pid=int(values["pid"]), start=str(values["start"]))


def of(pid: int) -> Identity:
    """The identity of a process; one that is gone already gets a start that no process has."""
    return Identity(pid, start_of(pid) or "gone")


def _pids() -> Iterator[int]:
    if HAS_PROC:
        yield from (int(entry) for entry in os.listdir(PROC) if entry.isdigit())


def group_members(group: int) -> list[int]:
    """Live processes of a process group."""
    members = []
    for pid in _pids():
        fields = _stat(pid)
        if fields is not None and fields[0] not in "ZX" and int(fields[2]) == group:
            members.append(pid)
    return members


def working_in(folder: Path) -> list[int]:
    """Live processes whose current folder is `folder`, as far as we may look."""
    found = []
    for pid in _pids():
        try:
            if os.readlink(PROC / str(pid) / "cwd") == str(folder):
                found.append(pid)
        except OSError:
            continue
    return found


def has_variable(pid: int, assignment: str) -> bool:
    """Whether a process was started with this `NAME=value`; False when we may not know."""
    try:
        return assignment.encode() in (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def command_of(pid: int) -> str:
    """The command line, for people; empty when we may not know."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
