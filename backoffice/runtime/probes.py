"""What is looked at to say whether an installation is well. Rooms register their probes from `AppConfig.ready()`; `operations` reads them.

A probe measures one thing and gives a value. Its thresholds make a state of the value; `Fails` and `NotKnown` say it without one.
Words travel as the English sentence and its parameters, and are put into the reader's language when they are read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

Text = str | Promise
OK, WARNING, FAILING, UNKNOWN = "ok", "warning", "failing", "unknown"
STATES = (FAILING, UNKNOWN, WARNING, OK)  # the worst first
SECONDS, PERCENT, COUNT, DAYS, MONTHS = "seconds", "percent", "count", "days", "months"
GROUPS: dict[str, Text] = {
    "database": _("Database"), "processes": _("Processes"), "queues": _("Queues"), "record": _("The record"), "outside": _("Outside"),
    "machine": _("Machine"), "safety": _("Backups and modes"),
}  # fmt: skip
CODE = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")
COUNTED = 1_000  # rows that wait are counted up to here

Params = Mapping[str, str | int]


class Fails(Exception):  # noqa: N818  (what happened, as the code that raises it reads)
    """It does not work, whatever its value. `note` is an English sentence with %(name)s for each parameter."""

    def __init__(self, note: str, **params: str | int) -> None:
        super().__init__(note)
        self.note, self.params = note, params


class NotKnown(Fails):
    """Nothing can be said, which is not the same as good or bad."""


@dataclass(frozen=True)
class Found:
    """What a probe measured, in its unit. Moments among the parameters end in `_at` and are ISO texts."""

    value: float
    note: str = ""
    params: Params = field(default_factory=dict)


@dataclass(frozen=True)
class Probe:
    """One thing that is looked at. `read` may raise anything: what is neither Found nor Fails is unknown.

    The state is warning from `warning` on and failing from `failing` on; with `below`, from there down. `every` and `patience` are seconds.
    """

    code: str
    label: Text
    group: str
    unit: str
    read: Callable[[], Found]
    means: Text
    advice: Text
    warning: float | None = None
    failing: float | None = None
    below: bool = False
    every: float = 10.0
    patience: float = 5.0
    essential: bool = False  # a web server without it cannot answer anything, so a load balancer should not ask it

    def __post_init__(self) -> None:
        if not CODE.fullmatch(self.code):
            raise ValueError(f"{self.code!r} is not a probe's code. Write thing.what in small letters.")
        if self.group not in GROUPS:
            raise ValueError(f"{self.group} is not a group of probes. Groups are {', '.join(GROUPS)}.")

    def judge(self, value: float) -> str:
        for state, line in ((FAILING, self.failing), (WARNING, self.warning)):
            if line is not None and (value <= line if self.below else value >= line):
                return state
        return OK


_probes: dict[str, Probe] = {}


def register(*probes: Probe) -> None:
    """Registering the same code again replaces it, so that reloading stays harmless."""
    for probe in probes:
        _probes[probe.code] = probe


def get(code: str) -> Probe | None:
    return _probes.get(code)


def every() -> list[Probe]:
    """By group and name of the code."""
    return sorted(_probes.values(), key=lambda one: (list(GROUPS).index(one.group), one.code))


def essential() -> Iterator[Probe]:
    return (one for one in every() if one.essential)


def queue(code: str, label: Text, *, table: str, due: str = "next_attempt_at", where: str = "TRUE", warning: float = 60, failing: float = 300) -> None:
    """Register how long the oldest row of a table has been due: `due` is the column that says when, `where` which rows wait at all. Seconds."""
    waiting = f"FROM {table} WHERE {where} AND {due} <= clock_timestamp()"
    statement = (
        f"SELECT coalesce(extract(epoch FROM clock_timestamp() - (SELECT min({due}) {waiting})), 0),"
        f" (SELECT count(*) FROM (SELECT 1 {waiting} LIMIT {COUNTED + 1}) counted)"
    )

    def read() -> Found:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            age, count = cursor.fetchone()
        if not count:
            return Found(float(age), gettext_noop("Nothing waits."))
        return Found(float(age), gettext_noop("%(count)s wait."), {"count": f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"})

    register(
        Probe(
            code, label, "queues", SECONDS, read, _("How long the oldest row that is due has waited. The row is the truth: nothing of it is lost."),
            _("Look at the workers first. If they run, their log names the row that cannot be worked on, or the provider that does not answer."),
            warning, failing,
        )
    )  # fmt: skip


def moment(at: datetime) -> str:
    """A moment as a parameter of a note."""
    return at.isoformat()
