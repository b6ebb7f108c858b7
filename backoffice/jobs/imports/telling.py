"""What an import says about its rows: on its page, and as files to mend and to keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from backoffice.jobs.exports.formats import BOM, csv_lines
from backoffice.jobs.imports import work
from backoffice.jobs.imports.declared import ImportKind, Problem
from backoffice.jobs.imports.reading import Line
from backoffice.jobs.models import Import, Job, Part, RowResult

PROBLEMS, RESULTS = "problems", "results"
SHOWN = 50


@dataclass(frozen=True)
class Shown:
    """A problem as the page shows it."""

    line: int
    column: str
    value: str
    what: str
    how: str


def problems(job: Job, kind: ImportKind, content: Import) -> Iterator[Shown]:
    """Every problem that the dry run found, by line."""
    for lines, found in _parts_with_problems(job):
        by_number = {line.number: line for line in lines}
        for number in sorted(found):
            for problem in found[number]:
                place = content.columns.get(problem.field)
                label = content.heads[place] if place is not None else str(kind.field(problem.field).label) if problem.field else ""
                yield Shown(number, label, by_number[number].cells[place].text[:120] if place is not None else "", problem.what, problem.how)


def _parts_with_problems(job: Job) -> Iterator[tuple[list[Line], dict[int, list[Problem]]]]:
    for number in Part.objects.filter(job=job, kind=work.CHECKED, rows__gt=0).order_by("number").values_list("number", flat=True):
        yield work.lines_of(job, number), work.problems_of(job, number)


def file_of(job: Job, which: str, kind: ImportKind, content: Import) -> Iterator[bytes]:
    """CSV with the file's own columns and, behind them, what is said of each row: the bad ones to mend and upload again, or what became of all."""
    yield BOM.encode() + csv_lines([[*content.heads, _("Line"), *([_("Problem")] if which == PROBLEMS else [_("Result"), _("More")])]])
    for number in range(Part.objects.filter(job=job, kind=work.ROWS).count()):
        lines, found = work.lines_of(job, number), work.problems_of(job, number)
        if which == PROBLEMS:
            yield csv_lines([*_cells(line), line.number, _said(found[line.number], kind)] for line in lines if line.number in found)
            continue
        numbers = [line.number for line in lines]
        results = {one.line: one for one in RowResult.objects.filter(job=job, line__in=numbers)}
        yield csv_lines([*_cells(line), line.number, *_became(line, found, results, kind)] for line in lines)


def _cells(line: Line) -> list[str]:
    return [cell.text for cell in line.cells]


def _said(problems_: list[Problem], kind: ImportKind) -> str:
    return " ".join(f"{kind.field(one.field).label}: {one.what} {one.how}" if one.field else f"{one.what} {one.how}" for one in problems_)


def _became(line: Line, found: dict[int, list[Problem]], results: dict[int, RowResult], kind: ImportKind) -> tuple[str, str]:
    if line.number in found:
        return _("left out"), _said(found[line.number], kind)
    result = results.get(line.number)
    if result is None:
        return _("not done"), ""
    return (_("done") if result.outcome == "done" else _("refused")), result.words
