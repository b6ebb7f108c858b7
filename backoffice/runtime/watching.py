"""What has to go on when no worker does: beat and the recorder do it too, in a thread beside their own work.

Otherwise nobody would be left to say that the workers are gone. Each function finds what is due in committed rows, so that several
processes may call it at once.
"""

import threading
import time
from collections.abc import Callable

import structlog
from django.db import close_old_connections, connections

log = structlog.get_logger(__name__)
EVERY = 10.0  # seconds

_functions: list[Callable[[], object]] = []


def register(function: Callable[[], object]) -> None:
    """Call it every ten seconds in beat and in the recorder."""
    if function not in _functions:
        _functions.append(function)


def start() -> threading.Thread:
    """Begin in a thread that ends with the process."""
    thread = threading.Thread(target=_watch, name="watch", daemon=True)
    thread.start()
    return thread


def _watch() -> None:
    while True:
        once()
        time.sleep(EVERY)


def once() -> None:
    """All of them; one that goes wrong does not keep the others."""
    close_old_connections()
    for function in _functions:
        try:
            function()
        except Exception as wrong:
            log.warning("watch_failed", function=function.__qualname__, error=type(wrong).__name__)
            connections["default"].close()
