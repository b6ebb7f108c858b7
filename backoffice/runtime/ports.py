"""Ports: the one that people open in a browser, which they choose, and those between our processes, which nobody sees."""

import errno
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from backoffice.runtime.errors import PortTaken
from backoffice.runtime.home import Home
from backoffice.runtime.identity import command_of

DEFAULT_WEB_PORT = 8000
HOST = "127.0.0.1"
STATE = "ports.json"


def bind_error(port: int) -> int | None:
    """The errno that using this port would meet, or None when it is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended do not count
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as failed:
            return failed.errno or errno.EADDRINUSE
    return None


def is_free(port: int) -> bool:
    return bind_error(port) is None


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def kept_port(home: Home, name: str) -> int:
    """The port remembered under `name`, or another free one when it is taken now."""
    port = home.read(STATE).get(name)
    if not isinstance(port, int) or not is_free(port):
        port = free_port()
        home.remember(STATE, **{name: port})
    return port


def web_port(environ: Mapping[str, str], command: str = "make demo") -> int:
    """The port for the browser, from PORT. Raises PortTaken, naming who has it and the variable that changes it."""
    text = environ.get("PORT", "").strip() or str(DEFAULT_WEB_PORT)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise PortTaken(f"PORT must be a number from 1 to 65535, and is “{text}”. Example: PORT={DEFAULT_WEB_PORT} {command}")
    port = int(text)
    problem = bind_error(port)
    if problem is None:
        return port
    if problem == errno.EACCES:
        raise PortTaken(f"Port {port} is not for this user. Choose another: PORT={_next_free(8000)} {command}")
    by = who_listens(port)
    raise PortTaken(f"Port {port} is taken{f' by {by}' if by else ''}. Choose another: PORT={_next_free(port + 1)} {command}")


def who_listens(port: int) -> str:
    """Who listens on `port`, for a message; empty when the machine does not say."""
    inodes = _listening_inodes(port)
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            if any(os.readlink(handle.path) in wanted for handle in os.scandir(f"/proc/{entry}/fd")):
                command = command_of(int(entry))
                return f"process {entry} ({command[:77] + '...' if len(command) > 80 else command})"
        except OSError:
            continue
    return "a process of another user"


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found


def _next_free(port: int) -> int:
    """The next port to suggest."""
    return next((candidate for candidate in range(max(port, 1024), min(port + 200, 65536)) if is_free(candidate)), 8765)
