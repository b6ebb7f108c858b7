"""Holding a file against its own watermark: what was hashed is everything after it.

CSV and JSON lines: the bytes after the first line. XLSX: its rows after the first, written as CSV lines; the heads that later sheets
repeat are left out.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backoffice.jobs.exports.formats import BOM, csv_text


class NotAnExport(Exception):
    """The file has no watermark of ours."""


@dataclass(frozen=True)
class Found:
    mark: dict[str, str]
    actual: str

    @property
    def stated(self) -> str:
        return self.mark["sha256"]

    @property
    def intact(self) -> bool:
        return self.stated == self.actual

    @property
    def job_id(self) -> int | None:
        number = self.mark.get("Countroom", "").partition(",")[0].removeprefix("JOB-")
        return int(number) if number.isdigit() else None


def verify(path: Path) -> Found:
    """Read a file and hash it again. Raises NotAnExport, OSError."""
    if path.suffix == ".xlsx":
        return _workbook(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        first = file.readline()
        while block := file.read(1 << 20):
            digest.update(block)
    return Found(_mark(first), digest.hexdigest())


def _mark(line: bytes) -> dict[str, str]:
    try:
        text = line.decode()
        if text.startswith("{"):
            return _complete(dict(json.loads(text)["export"]))
        return _of_cells(next(csv.reader(io.StringIO(text.removeprefix(BOM)))))
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, StopIteration) as strange:
        raise NotAnExport("The first line is no watermark of Countroom.") from strange


def _of_cells(cells: list[str]) -> dict[str, str]:
    return _complete(dict(pair for cell in cells if len(pair := cell.split(": ", 1)) == 2))  # noqa: PLR2004 (name and value)


def _complete(mark: dict[str, str]) -> dict[str, str]:
    if "Countroom" not in mark or "sha256" not in mark:
        raise NotAnExport("The first line is no watermark of Countroom.")
    return mark


def _workbook(path: Path) -> Found:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True)
    except Exception as strange:  # whatever a broken archive makes of it
        raise NotAnExport("It is no workbook.") from strange
    try:
        digest, mark, heads = hashlib.sha256(), {}, []
        for number, sheet in enumerate(book.worksheets):
            rows = sheet.iter_rows(values_only=True)
            if number == 0:
                mark = _of_cells([str(cell) for cell in next(rows, ()) if cell is not None])
                heads = [str(cell) for cell in next(rows, ()) if cell is not None]
                digest.update(csv_text([heads]))
            else:
                next(rows, None)
            for batch in _batches(rows, len(heads)):
                digest.update(csv_text(batch))
        return Found(mark, digest.hexdigest())
    finally:
        book.close()


def _batches(rows: Iterator[tuple[Any, ...]], width: int) -> Iterator[list[list[str]]]:
    batch: list[list[str]] = []
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row[:width]]
        batch.append([*cells, *[""] * (width - len(cells))])
        if len(batch) == 1_000:  # noqa: PLR2004
            yield batch
            batch = []
    yield batch
