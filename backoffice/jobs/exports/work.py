"""The work of an export: choose the rows once, write them in parts, put the parts together.

1. **Choosing.** The keys that match at `started_at` are kept, in their order. A range of ids is one statement: up to a million ids are one
   snapshot of the database, and larger tables are asked in ranges that fit into a short transaction.
2. **Writing.** Rows are read by key, a few thousand at a time, and kept as a part: lines of the file, written once, with their checksum.
3. **Putting together.** The parts are hashed, and copied behind the watermark. The same parts give the same bytes, whoever does it.

A part counts when its row is committed, together with the job's lease. A kill loses at most one part's work.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import IO, Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import Max, Sum
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.jobs import files, services
from backoffice.jobs.exports import asking, xlsx
from backoffice.jobs.exports.columns import WHOLE, Column
from backoffice.jobs.exports.formats import FORMATS, XLSX, Format, csv_lines, harmless, json_lines
from backoffice.jobs.exports.sources import Source, sources
from backoffice.jobs.kinds import Impossible
from backoffice.jobs.models import Job, Part
from backoffice.jobs.permissions import EXPORT, UNMASKED
from backoffice.jobs.runner import Slice, TooSlow, brief
from backoffice.scope.models import Brand

PART_ROWS = 4_000
RANGE = 1_000_000  # ids asked for at once
LEAST_RANGE = 500
KEYS, ROWS = "keys", "rows"


@dataclass
class Export:
    """A job with what it speaks of."""

    job: Job
    staff: Staff
    source: Source
    columns: tuple[Column, ...]
    format: Format

    @classmethod
    def of(cls, job: Job) -> Export:
        """With the rights that its requester has now. Raises Impossible when they no longer cover it."""
        spec = job.spec
        if job.code not in sources:
            raise Impossible(_("This list can no longer be exported."))
        staff = Staff.objects.with_roles().get(pk=job.requested_by_id)
        staff.narrowed_to = spec["narrowed_to"]
        source = sources.get(job.code)
        export = cls(job, staff, source, source.chosen(spec["columns"]), FORMATS[spec["format"]])
        allowed = staff.is_active and staff.may(source.permission) and staff.may(EXPORT) and (spec["masked"] or staff.may(UNMASKED))
        if not allowed or not set(job.brands) <= {brand.pk for brand in staff.brands}:
            raise Impossible(_("Rights of who asked for it no longer cover it."))
        if [column.key for column in export.columns] != spec["columns"]:
            raise Impossible(_("Its columns have changed. Export it anew."))
        return export

    @property
    def now(self) -> datetime:
        assert self.job.started_at is not None  # noqa: S101
        return self.job.started_at

    @cached_property
    def heads(self) -> list[tuple[str, str, str]]:
        return [head for column in self.columns for head in column.heads()]

    def lines(self, rows: Any) -> bytes:
        masked = self.job.spec["masked"]
        cells = ([cell for column in self.columns for cell in column.cells(row, masked=masked)] for row in rows)
        return csv_lines(cells) if self.format.tabular else json_lines([key for key, _label, _kind in self.heads], cells)


def step(slice_: Slice) -> bool:
    """One piece of an export. Raises Impossible, Lost."""
    job = slice_.job
    export = Export.of(job)
    with timezone.override(export.staff.zone), translation.override(export.staff.language):
        try:
            if job.phase in {"", "choosing"}:
                return _choose(slice_, export)
            if job.phase == "writing":
                return _write(slice_, export)
            return _assemble(slice_, export)
        except files.Damaged:
            slice_.begin_again()
            return True


def _choose(slice_: Slice, export: Export) -> bool:
    job, source = slice_.job, export.source
    query = QueryDict(job.spec["query"])
    matching = source.matching(export.staff, query, export.now)
    if job.spec["scope"] == asking.PAGE:
        return _chosen(slice_, export, array("q", sorted(matching.filter(pk__in=job.spec["ids"]).values_list(source.pk, flat=True))), last=True)
    stand = job.progress or {"after": 0, "range": RANGE, "top": _top(source, export.staff)}
    after, width, top = stand["after"], stand["range"], stand["top"]
    try:
        with brief():
            found = matching.filter(**{f"{source.pk}__gt": after, f"{source.pk}__lte": min(after + width, top)})
            keys = array("q", found.order_by(source.pk).values_list(source.pk, flat=True).iterator(chunk_size=10_000))
    except TooSlow:
        if width <= LEAST_RANGE:
            raise
        slice_.keep(phase="choosing", progress={**stand, "range": max(width // 4, LEAST_RANGE)})
        return True
    job.progress = {**stand, "after": after + width}
    return _chosen(slice_, export, keys, last=after + width >= top)


def _top(source: Source, staff: Staff) -> int:
    """The newest row's id: what comes later is not in the file."""
    return source.rows(staff).order_by().aggregate(top=Max(source.pk))["top"] or 0


def _chosen(slice_: Slice, export: Export, keys: array[int], *, last: bool) -> bool:
    """Keep a range's keys, each once."""
    job = slice_.job
    once = array("q", dict.fromkeys(keys))
    total = (job.total or 0) + len(once)
    if total > asking.MOST_WITHOUT_APPROVAL and not job.needed and (needed := services.rule(asking.KIND, fresh=True).needed):
        slice_.move("awaiting_approval", needed=needed, finished_at=None, expires_at=timezone.now() + services.PATIENCE, phase="", progress={}, total=None)
        files.discard_parts(job)
        return False
    name, digest = files.write_part(job, once.tobytes()) if once else ("", "")
    with transaction.atomic():
        if once:
            number = Part.objects.filter(job=job, kind=KEYS).count()
            Part.objects.create(job=job, kind=KEYS, number=number, name=name, rows=len(once), sha256=digest)
        progress = {**job.progress, "since": timezone.now().isoformat()} if last else job.progress
        slice_.keep(phase="writing" if last else "choosing", total=total, progress=progress)
    return True


def _keys(job: Job, first: int, count: int) -> list[int]:
    """Keys by their place in what was chosen."""
    found: list[int] = []
    start = 0
    for part in Part.objects.filter(job=job, kind=KEYS):
        if start + part.rows > first and start < first + count:
            keys = array("q")
            keys.frombytes(_key_bytes(part))
            found.extend(keys[max(0, first - start) : first + count - start])
        start += part.rows
    return found


_last_keys: tuple[str, bytes] = ("", b"")


def _key_bytes(part: Part) -> bytes:
    """A worker writes part after part of the same keys: they are read once."""
    global _last_keys  # noqa: PLW0603
    if _last_keys[0] != part.name:
        _last_keys = (part.name, files.read_part(part))
    return _last_keys[1]


def _write(slice_: Slice, export: Export) -> bool:
    job = slice_.job
    number = Part.objects.filter(job=job, kind=ROWS).count()
    keys = _keys(job, number * PART_ROWS, PART_ROWS)
    if not keys and number:
        slice_.keep(phase="assembling")
        return True
    with brief():
        rows = list(export.source.rows(export.staff).filter(**{f"{export.source.pk}__in": keys}).order_by(export.source.pk)) if keys else []
        content = export.lines(export.source.prepare(rows, export.now)) if rows else b""
    if not number and export.format.tabular:
        content = csv_lines([[label for _key, label, _kind in export.heads]]) + content
    name, digest = files.write_part(job, content)
    with transaction.atomic():
        Part.objects.create(job=job, kind=ROWS, number=number, name=name, rows=len(rows), sha256=digest)
        slice_.keep(done=min((number + 1) * PART_ROWS, job.total or 0))
    return True


def _parts(job: Job) -> Iterator[bytes]:
    for part in Part.objects.filter(job=job, kind=ROWS).iterator():
        yield files.read_part(part)


def _text_lines(job: Job) -> Iterator[str]:
    """Lines of CSV, ended by line feeds alone: whatever else ends a line somewhere stands inside a cell."""
    for content in _parts(job):
        yield from io.StringIO(content.decode(), newline="\n")


def _assemble(slice_: Slice, export: Export) -> bool:
    job = slice_.job
    digest = hashlib.sha256()
    for content in _parts(job):
        digest.update(content)
        slice_.keep()
    rows = Part.objects.filter(job=job, kind=ROWS).aggregate(rows=Sum("rows"))["rows"] or 0
    mark = watermark(export, rows=rows, checksum=digest.hexdigest())
    with tempfile.TemporaryFile() as whole:
        _fill(whole, slice_, export, mark)
        size = whole.tell()
        whole.seek(0)
        name = files.keep(job, File(whole), export.format.suffix)
    now = timezone.now()
    try:
        slice_.move(
            "ready", file=name, size=size, sha256=digest.hexdigest(), done=rows, total=rows, expires_at=now + services.KEPT, phase="",
            evidence={"rows": rows, "sha256": digest.hexdigest(), "size": size},
        )  # fmt: skip
    except BaseException:
        files.discard(name)
        raise
    files.discard_parts(job)
    return False


def _fill(whole: IO[bytes], slice_: Slice, export: Export, mark: dict[str, str]) -> None:
    if export.format is XLSX:
        kinds = [kind == WHOLE for _key, _label, kind in export.heads]
        cells = [harmless(f"{name}: {value}") for name, value in mark.items()]
        xlsx.write(whole, cells, _text_lines(slice_.job), kinds, every=lambda _rows: slice_.keep())
        return
    whole.write(export.format.watermark(mark))
    for content in _parts(slice_.job):
        whole.write(content)
        slice_.keep()


def watermark(export: Export, *, rows: int, checksum: str) -> dict[str, str]:
    """The first row: what this is, who took it, when, of what, and the checksum of all that follows."""
    job = export.job
    brands = Brand.objects.filter(pk__in=job.brands).order_by("name").values_list("name", flat=True)
    return {
        "Countroom": f"{job.name}, {job.title}", "for": f"{export.staff.name} <{export.staff.email}>", "at": f"{export.now:%Y-%m-%d %H:%M:%S%z}",
        "time zone": export.staff.timezone, "brands": ", ".join(brands), "filter": words(job.spec["filters"]), "rows": f"{rows}",
        "personal data": "none" if not job.spec["personal"] else "masked" if job.spec["masked"] else "in clear", "reason": job.reason, "sha256": checksum,
    }  # fmt: skip


def words(filters: list[list[str]]) -> str:
    return "; ".join(f"{label}: {value}" for label, value in filters) or "none"
