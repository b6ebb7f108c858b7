"""The work of an import: read the file once, judge every row, and, when somebody has confirmed it, commit the good ones.

1. **Reading.** The file becomes parts of some hundred rows each, as they are. A kill begins it again; nothing depends on it yet.
2. **Checking**, the dry run. A part of rows becomes a part of problems.
3. **Committing.** Each row is one transaction: the job moves on by a row, the service does it, its result is kept. All of it or none, so that
   no row is done twice, whoever dies or comes late.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.jobs import files
from backoffice.jobs.imports import reading
from backoffice.jobs.imports.declared import ImportKind, Problem, Refused, Scope, Values, imports
from backoffice.jobs.imports.fields import Cell, Wrong
from backoffice.jobs.imports.reading import Layout, Line, Unreadable
from backoffice.jobs.kinds import Impossible
from backoffice.jobs.models import Import, Job, Part, RowResult
from backoffice.jobs.permissions import IMPORT
from backoffice.jobs.runner import Slice

PART_ROWS = 250
PATIENCE = timedelta(days=7)  # how long one waits for its columns to be named, or to be confirmed
LOADED_ROWS = 25  # looked up together when they are committed
UPLOAD, ROWS, CHECKED = "upload", "rows", "checked"


@dataclass(frozen=True)
class Judged:
    """A row with what it says and what is wrong with it."""

    line: Line
    values: Values
    problems: list[Problem]


@dataclass
class Work:
    """An import with what it speaks of."""

    job: Job
    content: Import
    kind: ImportKind
    scope: Scope

    @classmethod
    def of(cls, job: Job) -> Work:
        """With the rights that its requester has now. Raises Impossible when they no longer cover it."""
        if job.code not in imports:
            raise Impossible(_("This can no longer be imported."))
        kind, staff = imports.get(job.code), Staff.objects.with_roles().get(pk=job.requested_by_id)
        staff.narrowed_to = job.brand_id
        if not (staff.is_active and staff.may(kind.permission) and staff.may(IMPORT)) or not set(job.brands) <= {brand.pk for brand in staff.brands}:
            raise Impossible(_("Rights of who asked for it no longer cover it."))
        brand = next((one for one in staff.brands if one.pk == job.brand_id), None) if kind.of_brand else None
        content = Import.objects.get(job=job)
        if not set(content.columns) <= {field.key for field in kind.fields}:
            raise Impossible(_("Its fields have changed. Upload it anew."))
        if not set(content.columns) <= {field.key for field in kind.fields_for(staff)}:
            raise Impossible(_("Rights of who asked for it no longer cover it."))
        return cls(job, content, kind, Scope(staff, brand))

    @property
    def layout(self) -> Layout:
        content = self.content
        return Layout(content.form, content.heads, content.encoding, content.delimiter, content.sheet, content.others)

    def judge(self, lines: Sequence[Line]) -> tuple[list[Judged], Any]:
        """Each row, and what was loaded to judge them."""
        read = [self._read(line) for line in lines]
        loaded = self.kind.load([one.values for one in read if not one.problems], self.scope)
        return [one if one.problems else Judged(one.line, one.values, list(self.kind.check(one.values, loaded))) for one in read], loaded

    def _read(self, line: Line) -> Judged:
        used = {place: key for key, place in self.content.columns.items()}
        problems = [Problem(used.get(place, ""), *_strange(mark, more)) for place, mark, more in line.marks if place == reading.ROW or place in used]
        marked = {problem.field for problem in problems}
        values: Values = {}
        for field in self.kind.fields:
            place = self.content.columns.get(field.key)
            cell = line.cells[place] if place is not None else Cell("")
            values[field.key] = None
            if field.key in marked:
                continue
            if not cell.text:
                if field.required:
                    problems.append(Problem(field.key, _("It is empty."), _("Fill it in; it is needed.")))
                continue
            try:
                values[field.key] = field.type.read(cell, self.content.decimal)
            except Wrong as why:
                problems.append(Problem(field.key, why.what, why.how))
        return Judged(line, values, problems)


def _strange(mark: str, more: str) -> tuple[str, str]:
    """What a mark of the reader means, and what to do."""
    return {
        reading.FORMULA: (_("It holds a formula."), _("Copy the column and paste it as values.")),
        reading.FAULT: (_("The spreadsheet shows an error here."), _("Mend the cell, then save the file anew.")),
        reading.LONG_NUMBER: (_("The spreadsheet keeps no more than 15 digits of a number."), _("Format the column as text and type it anew.")),
        reading.RAGGED: (_("It has %(n)s cells, other than the headings.") % {"n": more}, _("Put text that holds the separator into quotation marks.")),
        reading.SAME: (_("The same stands in line %(n)s.") % {"n": more}, _("Remove one of them.")),
    }[mark]


def step(slice_: Slice) -> bool:
    """One piece of an import. Raises Impossible, Lost."""
    work = Work.of(slice_.job)
    staff = work.scope.staff
    with timezone.override(staff.zone), translation.override(staff.language):
        try:
            if slice_.job.phase in {"", "reading"}:
                return _read(slice_, work)
            return _check(slice_, work) if slice_.job.phase == "checking" else _commit(slice_, work)
        except (files.Damaged, FileNotFoundError) as gone:
            raise Impossible(_("What was uploaded is gone from the storage, or not what it was. Upload it anew.")) from gone


def _packed(lines: Sequence[Line]) -> bytes:
    return json.dumps([asdict(line) for line in lines], ensure_ascii=False).encode()


def unpacked(content: bytes) -> list[Line]:
    return [
        Line(one["number"], [Cell(**cell) for cell in one["cells"]], [(place, mark, more) for place, mark, more in one["marks"]]) for one in json.loads(content)
    ]


def _read(slice_: Slice, work: Work) -> bool:
    job = slice_.job
    files.discard_parts(job, ROWS, CHECKED)
    seen: dict[bytes, int] = {}
    total, number = 0, 0
    batch: list[Line] = []

    def keep(*, last: bool) -> None:
        nonlocal number
        name, digest = files.write_part(job, _packed(batch))
        with transaction.atomic():
            Part.objects.create(job=job, kind=ROWS, number=number, name=name, rows=len(batch), sha256=digest)
            slice_.keep(
                **({"phase": "checking", "total": total, "done": 0, "progress": {"since": timezone.now().isoformat()}} if last else {"phase": "reading"})
            )
        number += 1
        batch.clear()

    upload = Part.objects.get(job=job, kind=UPLOAD)
    try:
        with files.storage().open(upload.name, "rb") as file:
            for line in reading.rows(file, work.layout):
                total += 1
                if total > work.kind.most_rows:
                    raise Impossible(_("It has more than %(n)s rows. Split it.") % {"n": f"{work.kind.most_rows:,}"})
                alike = hashlib.blake2b("\0".join(cell.text for cell in line.cells).encode(), digest_size=16).digest()
                first = seen.setdefault(alike, line.number)
                again = [(reading.ROW, reading.SAME, str(first))] if first != line.number else list(_again(work, line, seen))
                batch.append(Line(line.number, line.cells, [*line.marks, *again]) if again else line)
                if len(batch) == PART_ROWS:
                    keep(last=False)
    except Unreadable as why:
        raise Impossible(str(why)) from why
    if not total:
        raise Impossible(_("There is no row under the headings."))
    keep(last=True)
    return True


def _again(work: Work, line: Line, seen: dict[bytes, int]) -> Iterator[tuple[int, str, str]]:
    """Marks of values that may stand in one row of the file only and stood in an earlier one."""
    columns = work.content.columns
    for group in work.kind.once:
        places = [columns[key] for key in group if key in columns]
        if group[-1] in columns and line.cells[places[-1]].text:
            said = "\0".join([*group, *(line.cells[place].text.strip().casefold() for place in places)])
            first = seen.setdefault(hashlib.blake2b(said.encode(), digest_size=17).digest(), line.number)
            if first != line.number:
                yield places[-1], reading.SAME, str(first)


def lines_of(job: Job, number: int) -> list[Line]:
    """The rows of a part, none after the last."""
    part = Part.objects.filter(job=job, kind=ROWS, number=number).first()
    return unpacked(files.read_part(part)) if part else []


def _check(slice_: Slice, work: Work) -> bool:
    job = slice_.job
    number = Part.objects.filter(job=job, kind=CHECKED).count()
    part = Part.objects.filter(job=job, kind=ROWS, number=number).first()
    if part is None:
        content = Import.objects.get(job=job)
        evidence = {"rows": job.total, "right": content.right, "wrong": content.wrong}
        slice_.move("checked", phase="", finished_at=None, expires_at=timezone.now() + PATIENCE, evidence=evidence)
        return False
    judged, loaded = work.judge(unpacked(files.read_part(part)))
    wrong = [one for one in judged if one.problems]
    found = {str(one.line.number): [asdict(problem) for problem in one.problems] for one in wrong}
    name, digest = files.write_part(job, json.dumps(found, ensure_ascii=False).encode())
    with transaction.atomic():
        Part.objects.create(job=job, kind=CHECKED, number=number, name=name, rows=len(wrong), sha256=digest)
        slice_.keep(done=job.done + len(judged))
        content = Import.objects.get(job=job)
        sums = {key: Decimal(total) for key, total in content.tally.items()}
        for one in judged:
            for key, amount in work.kind.tally(one.values, loaded).items() if not one.problems else ():
                sums[key] = sums.get(key, Decimal(0)) + amount
        content.tally = {key: format(total, "f") for key, total in sums.items()}
        content.right, content.wrong = content.right + len(judged) - len(wrong), content.wrong + len(wrong)
        content.save(update_fields=["right", "wrong", "tally"])
    return True


def problems_of(job: Job, number: int) -> dict[int, list[Problem]]:
    """By line, what the dry run found in a part."""
    part = Part.objects.filter(job=job, kind=CHECKED, number=number).first()
    return {int(line): [Problem(**one) for one in found] for line, found in json.loads(files.read_part(part)).items()} if part else {}


def _commit(slice_: Slice, work: Work) -> bool:
    """The next rows, each in a transaction of its own; a kill or a cancel comes between two of them."""
    job = slice_.job
    part, row = job.progress.get("part", 0), job.progress.get("row", 0)
    since = job.progress.get("since") or timezone.now().isoformat()
    lines = lines_of(job, part)
    if not lines:
        content = Import.objects.get(job=job)
        slice_.move("done", phase="", evidence={"done": job.done - content.refused, "refused": content.refused, "left_out": content.wrong})
        return False
    left_out = problems_of(job, part)
    chosen = lines[row : row + LOADED_ROWS]
    judged, loaded = work.judge([line for line in chosen if line.number not in left_out])
    for place, one in _placed(judged, chosen, row):
        with transaction.atomic():
            slice_.keep(done=job.done + 1, progress={"since": since, "part": part, "row": place + 1})
            outcome, words = _one(work, one, loaded)
            RowResult.objects.create(job=job, line=one.line.number, outcome=outcome, words=words[:400])
            if outcome == "refused":
                Import.objects.filter(job=job).update(refused=F("refused") + 1)
    ended = row + len(chosen) >= len(lines)
    slice_.keep(progress={"since": since, "part": part + ended, "row": 0 if ended else row + len(chosen)})
    return True


def _placed(judged: Sequence[Judged], chosen: Sequence[Line], row: int) -> Iterator[tuple[int, Judged]]:
    """With each row's place in its part."""
    places = {line.number: row + n for n, line in enumerate(chosen)}
    for one in judged:
        yield places[one.line.number], one


def _one(work: Work, one: Judged, loaded: Any) -> tuple[str, str]:
    """What became of a row. What was good in the dry run may not be so any more: then it is refused like the service would."""
    if one.problems:
        return "refused", " ".join(f"{problem.what} {problem.how}" for problem in one.problems)
    try:
        with transaction.atomic():
            key = f"import:{work.job.pk}:{one.line.number}"
            return "done", work.kind.commit(one.values, loaded, by=work.scope.staff, now=timezone.now(), key=key)
    except Refused as why:
        return "refused", str(why)
