"""How rows become bytes. A part of a file is a whole number of lines, so that parts are put together by copying."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from backoffice.jobs.exports.columns import Cell

# What a spreadsheet takes for the beginning of a formula, also in full width, and the characters that it skips before it.
_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_SKIPPED = " \u00a0\ufeff\u200b"
_NEGATIVE = re.compile(r"-\d+(\.\d+)?")
# What XML 1.0, and so a spreadsheet, cannot hold.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST_CELL = 32_767  # characters; a spreadsheet refuses a file with a longer one
BOM = "\ufeff"  # tells spreadsheets that the file is UTF-8


def harmless(cell: str) -> str:
    """A text that no spreadsheet runs: what looks like a formula gets an apostrophe before it. Negative numbers stay numbers."""
    start = cell.lstrip(_SKIPPED)[:1]
    if start and start in _STARTS and not _NEGATIVE.fullmatch(cell):
        return f"'{cell}"
    return cell


def table_cell(cell: Cell) -> str:
    """A cell of CSV and XLSX."""
    if isinstance(cell, str):
        text = _UNWRITABLE.sub("\ufffd", cell)
        return harmless(text if len(text) < LONGEST_CELL else f"{text[: LONGEST_CELL - 2]}…")
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)


def csv_text(rows: Iterable[Iterable[str]]) -> bytes:
    """Cells that are as they shall be, as CSV. Lines end as RFC 4180 says; that is also what makes a bare carriage return be quoted."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def csv_lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    return csv_text([table_cell(cell) for cell in row] for row in rows)


def json_lines(keys: Sequence[str], rows: Iterable[Iterable[Cell]]) -> bytes:
    return "".join(json.dumps(dict(zip(keys, row, strict=True)), ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


def csv_watermark(mark: Mapping[str, str]) -> bytes:
    cells = [harmless(_one_line(f"{name}: {value}")) for name, value in mark.items()]
    return BOM.encode() + csv_lines([cells])


def json_watermark(mark: Mapping[str, str]) -> bytes:
    return json.dumps({"export": dict(mark)}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True)
class Format:
    """`tabular`: its lines are CSV under a line of heads; JSON lines name each value instead."""

    code: str
    label: str | Promise
    suffix: str
    content_type: str
    tabular: bool
    watermark: Callable[[Mapping[str, str]], bytes]


CSV = Format("csv", "CSV", "csv", "text/csv; charset=utf-8", True, csv_watermark)
XLSX = Format("xlsx", "XLSX", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", True, csv_watermark)
JSONL = Format("jsonl", gettext_lazy("JSON lines"), "jsonl", "application/x-ndjson", False, json_watermark)
FORMATS = {one.code: one for one in (CSV, XLSX, JSONL)}
