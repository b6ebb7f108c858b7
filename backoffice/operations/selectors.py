"""What the pages of operations show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from backoffice.operations import probing, writing
from backoffice.operations.models import Change, Standing
from backoffice.runtime import probes
from backoffice.runtime.probes import OK, Probe, Text

PAGE = 50


@dataclass(frozen=True)
class Line:
    """One probe as a reader sees it."""

    probe: Probe
    row: Standing | None
    state: str
    stale: bool

    @property
    def word(self) -> Text:
        return writing.STATES[self.state]

    @property
    def tone(self) -> str:
        return writing.TONES[self.state][0]

    @property
    def pip(self) -> int:
        return writing.TONES[self.state][1]

    @property
    def value(self) -> str:
        return writing.value(self.row.value if self.row else None, self.probe.unit)

    @property
    def note(self) -> str:
        return writing.note(self.row.note, self.row.params) if self.row else ""

    @property
    def lines(self) -> str:
        return writing.lines(self.probe)

    @property
    def candidate(self) -> Text:
        return writing.STATES.get(self.row.candidate, "") if self.row and not self.stale else ""


def _line(probe: Probe, row: Standing | None, now: datetime) -> Line:
    stale = row is None or probing.stale(row, probe, now=now)
    return Line(probe, row, probing.shown_state(row, probe, now=now) if row else probes.UNKNOWN, stale)


def health(*, now: datetime) -> list[Line]:
    """Every registered probe, by group. One query."""
    rows = {row.code: row for row in Standing.objects.all()}
    return [_line(probe, rows.get(probe.code), now) for probe in probes.every()]


def line(probe: Probe, *, now: datetime) -> Line:
    return _line(probe, Standing.objects.filter(pk=probe.code).first(), now)


def unwell(lines: Iterable[Line]) -> list[Line]:
    """What is not well, the worst first."""
    return sorted((one for one in lines if one.state != OK), key=lambda one: probes.STATES.index(one.state))


def as_of(lines: Iterable[Line]) -> datetime | None:
    """When anything was last read."""
    return max((one.row.read_at for one in lines if one.row and one.row.read_at), default=None)


@dataclass(frozen=True)
class Changes:
    rows: list[Change]
    older: int  # the mark for the next page, 0 when there is none


def changes(code: str, *, after: int = 0) -> Changes:
    """How a probe changed, newest first, a page of it."""
    rows = Change.objects.filter(probe=code).order_by("-pk")
    found = list((rows.filter(pk__lt=after) if after else rows)[: PAGE + 1])
    return Changes(found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else 0)
