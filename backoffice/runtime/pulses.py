"""Signs of life of what runs beside the web: workers, beat, the recorder, and commands such as `backup` that somebody runs by the clock.

A lower room only says that something happened; who keeps it (`operations`) listens.
"""

import socket
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)
EVERY = 5.0  # seconds between two signs of one process that are passed on
WORKER, BEAT, RECORDER, BACKUP, VERIFY = "worker", "beat", "recorder", "backup", "verify"
Listener = Callable[[str, str, bool], None]

_listeners: list[Listener] = []
_passed_on: dict[tuple[str, str], float] = {}


def listen(listener: Listener) -> None:
    """Called with kind, name and whether it went well. It may fail: whoever gives the sign goes on."""
    if listener not in _listeners:
        _listeners.append(listener)


def give(kind: str, name: str = "", *, well: bool = True, always: bool = False) -> None:
    """Say that this process lives, or with `always` that something was done just now. Cheap to call often."""
    name, now = name or f"{kind}@{socket.gethostname()}", time.monotonic()
    if not always and now - _passed_on.get((kind, name), -EVERY) < EVERY:
        return
    _passed_on[kind, name] = now
    for listener in _listeners:
        try:
            listener(kind, name, well)
        except Exception as wrong:
            log.warning("pulse_not_kept", kind=kind, error=type(wrong).__name__)
