"""The names of the time zones that this machine knows."""

from functools import cache
from zoneinfo import available_timezones


@cache
def known() -> frozenset[str]:
    """Asked once in a process: Python opens each of some six hundred files to answer, and the answer changes with an update of the machine alone."""
    return frozenset(available_timezones())
