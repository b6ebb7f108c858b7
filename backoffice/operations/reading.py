"""Reading probes one after the other beside the caller, so that one that hangs or raises costs its own line and nothing else.

A thread works through the probes with a database connection of its own. When one does not come back within its patience, the thread is
left to it and another takes the rest; while it still hangs, that probe is not asked again.
"""

import queue
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection, connections
from django.utils.translation import gettext_noop

from backoffice.runtime import probes
from backoffice.runtime.probes import FAILING, UNKNOWN, Fails, NotKnown, Params, Probe

CLOSING = 1.0  # seconds to close a connection, once every answer is there

_hanging: dict[str, threading.Thread] = {}


@dataclass(frozen=True)
class Reading:
    """A probe's state with its value, if it has one, and the words that explain it."""

    state: str
    value: float | None = None
    note: str = ""
    params: Params = field(default_factory=dict)


def read(probe: Probe) -> Reading:
    """Ask one probe here and now; whatever it raises is a reading too. Messages of exceptions may hold anything, so only their kind is kept."""
    try:
        found = probe.read()
    except NotKnown as unknown:
        return Reading(UNKNOWN, note=unknown.note, params=unknown.params)
    except Fails as failed:
        return Reading(FAILING, note=failed.note, params=failed.params)
    except Exception as surprise:
        return Reading(UNKNOWN, note=gettext_noop("It could not be read: %(error)s."), params={"error": type(surprise).__name__})
    return Reading(probe.judge(found.value), found.value, found.note, found.params)


def run(asked: Iterable[Probe]) -> dict[str, Reading]:
    """Ask each within its patience. Gives a reading for every probe."""
    readings: dict[str, Reading] = {}
    waiting = []
    for probe in asked:
        thread = _hanging.get(probe.code)
        if thread is not None and thread.is_alive():
            readings[probe.code] = Reading(UNKNOWN, note=gettext_noop("It still hangs since it was asked before."))
        else:
            _hanging.pop(probe.code, None)
            waiting.append(probe)
    while waiting:
        answers: queue.SimpleQueue[Reading] = queue.SimpleQueue()
        thread = threading.Thread(target=_lane, args=(tuple(waiting), answers), name="probes", daemon=True)
        thread.start()
        while waiting:
            probe = waiting.pop(0)
            try:
                readings[probe.code] = answers.get(timeout=probe.patience)
            except queue.Empty:
                note = gettext_noop("It did not answer within %(seconds)s s.")
                readings[probe.code] = Reading(UNKNOWN, note=note, params={"seconds": f"{probe.patience:g}"})
                _hanging[probe.code] = thread
                break
        else:
            thread.join(CLOSING)
    return readings


def _lane(asked: Sequence[Probe], answers: "queue.SimpleQueue[Reading]") -> None:
    try:
        for probe in asked:
            _limit(probe.patience)
            answers.put(read(probe))
            if _hanging.get(probe.code) is threading.current_thread():
                return  # it was given up: the rest is with another thread
            if not connection.is_usable():
                connection.close()
    finally:
        connections.close_all()


def _limit(seconds: float) -> None:
    """Let the server end a query that takes longer, where it can be reached."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [int(seconds * 1000)])
    except Exception:
        connection.close()


def essential() -> bool:
    """Whether everything answers without which a web server cannot work."""
    return all(reading.state not in {probes.FAILING, probes.UNKNOWN} for reading in run(probes.essential()).values())
