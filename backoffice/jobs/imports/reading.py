"""A file that somebody uploaded, as rows of cells. It is hostile until read: everything has a limit, and what cannot be read says why and where.

CSV with comma, semicolon or tab; UTF-8 with or without a byte-order mark, UTF-16 with one, else Windows-1252, which is said. XLSX through
openpyxl, row by row. Cells stay text: a number of a workbook becomes the digits that were typed, never a float.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _

from backoffice.jobs.exports.formats import harmless
from backoffice.jobs.imports.fields import Cell

CSV, XLSX = "csv", "xlsx"
MOST_BYTES = 40 << 20
MOST_UNPACKED = 150 << 20  # of a workbook; its shared texts are held in memory, so that they have a limit of their own
MOST_SHARED = 40 << 20
MOST_COLUMNS = 100
LONGEST_HEADING = 120
LONGEST_LINE = 100_000  # characters, line breaks inside of quotes included
SAMPLE = 5
FORMULA, FAULT, LONG_NUMBER, RAGGED, SAME = "formula", "fault", "long", "ragged", "same"
ROW = -1  # a mark about the row as a whole
_EXACT_DIGITS = 15  # of a workbook's number
_BLANK = re.compile(r"[\s\u00a0\ufeff]*")
_DECLARED = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")


class Unreadable(Exception):
    """The file cannot be read, in words: why, where, and what to do. Nothing of it is kept."""


@dataclass(frozen=True)
class Layout:
    """How a file is read. `sheet` and `others` are the names of a workbook's sheets; only the first is read."""

    form: str
    heads: list[str]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """One row: its line in the file, its cells under the headings, and what was strange: (column or ROW, what, more)."""

    number: int
    cells: list[Cell]
    marks: list[tuple[int, str, str]] = field(default_factory=list)


def layout(file: IO[bytes]) -> Layout:
    """Look at a file: what it is and which headings it has. Raises Unreadable."""
    file.seek(0, io.SEEK_END)
    size = file.tell()
    if not size:
        raise Unreadable(_("The file is empty."))
    if size > MOST_BYTES:
        raise Unreadable(_("The file has more than %(n)s MB. Split it.") % {"n": MOST_BYTES >> 20})
    file.seek(0)
    start = file.read(8)
    if start.startswith(_OLD_EXCEL):
        raise Unreadable(_("This is a workbook of the old format (.xls), or one with a password. Save it as .xlsx without a password, or as CSV."))
    if start.startswith(b"PK"):
        return _of_workbook(file)
    encoding = _encoding(file)
    lines = _Lines(file, encoding)
    first = lines.first()
    delimiter = _delimiter(first)
    heads = next((cells for _number, cells in _records(file, encoding, delimiter)), None)
    if heads is None:
        raise Unreadable(_("There is nothing but blank lines in it."))
    return Layout(CSV, _headings(heads), encoding, delimiter)


def rows(file: IO[bytes], shape: Layout) -> Iterator[Line]:
    """The rows under the headings; blank ones are passed over. Raises Unreadable."""
    found = _sheet_rows(file) if shape.form == XLSX else _csv_rows(file, shape)
    width = len(shape.heads)
    next(found, None)
    for line in found:
        filled = [bool(cell.text) for cell in line.cells]
        if not any(filled):
            continue
        marks = list(line.marks)
        if any(filled[width:]) or (shape.form == CSV and len(line.cells) < width):
            marks.append((ROW, RAGGED, str(len(line.cells))))
        cells = [*line.cells[:width], *[Cell("")] * (width - len(line.cells))]
        yield Line(line.number, cells, [mark for mark in marks if mark[0] < width])


def _headings(cells: Iterable[str]) -> list[str]:
    heads = [" ".join(cell.split()) for cell in cells]
    while heads and not heads[-1]:
        heads.pop()
    if len(heads) > MOST_COLUMNS:
        raise Unreadable(_("It has %(n)s columns; at most %(most)s are read.") % {"n": len(heads), "most": MOST_COLUMNS})
    seen: dict[str, int] = {}
    for number, head in enumerate(heads, 1):
        if not head:
            raise Unreadable(_("Column %(n)s has no heading. Give it one, or remove the column.") % {"n": number})
        if len(head) > LONGEST_HEADING:
            raise Unreadable(
                _("The heading of column %(n)s has more than %(most)s characters. Is the first line one of headings?") % {"n": number, "most": LONGEST_HEADING}
            )
        if head.casefold() in seen:
            words = {"head": head, "one": seen[head.casefold()], "other": number}
            raise Unreadable(_("Columns %(one)s and %(other)s are both called “%(head)s”. Rename one of them.") % words)
        seen[head.casefold()] = number
    return heads


# CSV


def _encoding(file: IO[bytes]) -> str:
    """Raises Unreadable for bytes that are no text."""
    file.seek(0)
    start = file.read(4)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig" if _decodes(file, "utf-8-sig") else _western(file)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if not _decodes(file, "utf-16"):
            raise Unreadable(_("It begins as UTF-16 and is not. Save it as CSV UTF-8."))
        return "utf-16"
    return "utf-8" if _decodes(file, "utf-8") else _western(file)


def _western(file: IO[bytes]) -> str:
    if not _decodes(file, "cp1252"):
        raise Unreadable(_("Its letters are in no encoding that is known here. Save it as CSV UTF-8."))
    return "cp1252"


def _decodes(file: IO[bytes], encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(1 << 16):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


class _Lines:
    """The lines of a text, each with its end, and none longer than it may be. `number` is the last one's."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        file.seek(0)
        self._text = codecs.getreader(encoding)(file)
        self._buffer = ""
        self.number = 0
        self.since = 0  # characters since the record began

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._line()
        if not line:
            raise StopIteration
        self.number += 1
        self.since += len(line)
        if "\0" in line:
            raise Unreadable(_("Line %(n)s holds NUL bytes: this is no text. Save it as CSV UTF-8 or XLSX.") % {"n": self.number})
        if self.since > LONGEST_LINE:
            raise Unreadable(
                _("The row that ends in line %(n)s has more than %(most)s characters. Is a quotation mark not closed?")
                % {"n": self.number, "most": f"{LONGEST_LINE:,}"}
            )
        return line

    def _line(self) -> str:
        """Up to a line feed, or a carriage return of its own, as old programs write; other ends of lines are part of a cell."""
        while True:
            end = re.search("\r\n|\n|\r(?!$)", self._buffer)
            if end or len(self._buffer) > LONGEST_LINE:
                cut = end.end() if end else len(self._buffer)
                line, self._buffer = self._buffer[:cut], self._buffer[cut:]
                return line
            block = self._text.read(1 << 14)
            if not block:
                line, self._buffer = self._buffer, ""
                return line
            self._buffer += block

    def first(self) -> str:
        """The first line that is not blank."""
        return next((line for line in self if not _BLANK.fullmatch(line)), "")


def _delimiter(line: str) -> str:
    """What parts the headings: the one of the three that stands most often outside of quotation marks."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(",;\t", key=bare.count)


def _records(file: IO[bytes], encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line where it begins, cells). Raises Unreadable."""
    lines = _Lines(file, encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        begins = lines.number + 1
        lines.since = 0
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as strange:
            raise Unreadable(
                _("Line %(n)s cannot be read: %(why)s. Quotation marks inside of a cell are doubled.") % {"n": begins, "why": strange}
            ) from strange
        if record and not all(_BLANK.fullmatch(cell) for cell in record):
            yield begins, record


def _csv_rows(file: IO[bytes], shape: Layout) -> Iterator[Line]:
    for number, record in _records(file, shape.encoding, shape.delimiter):
        cells = [Cell(_bare(cell)) for cell in record]
        yield Line(number, cells, [(place, FORMULA, "") for place, cell in enumerate(cells) if cell.text.startswith("=")])


def _bare(text: str) -> str:
    """Without blanks around it, and without the apostrophe that our own files put before what looks like a formula."""
    text = text.strip(" \t\r\n\u00a0\ufeff")
    return text[1:] if text.startswith("'") and harmless(text[1:]) == text and not text.startswith("'=") else text


# XLSX


def _of_workbook(file: IO[bytes]) -> Layout:
    _weigh(file)
    book = _book(file)
    try:
        sheet, *others = book.worksheets
        first = next((line for line in _lines_of(sheet) if any(cell.text for cell in line.cells)), None)
        if first is None:
            raise Unreadable(_("The sheet “%(name)s” is empty. Only the first sheet is read.") % {"name": sheet.title})
        return Layout(XLSX, _headings(cell.text for cell in first.cells), sheet=sheet.title, others=[one.title for one in others])
    finally:
        book.close()


def _weigh(file: IO[bytes]) -> None:
    """Refuse what would not fit when it is unpacked. What an archive says of its sizes holds: no more than that is unpacked."""
    try:
        with ZipFile(file) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise Unreadable(_("It has a password. Save it without one."))
            shared = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
            if sum(part.file_size for part in parts) > MOST_UNPACKED or shared > MOST_SHARED:
                raise Unreadable(_("Unpacked, the workbook is too large. Split it, or save it as CSV."))
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(part) as xml:
                        if _DECLARED.search(xml.read(4_096)):
                            raise Unreadable(_("The workbook declares entities, which no spreadsheet does."))
    except BadZipFile as strange:
        raise Unreadable(_("It is no workbook, or a damaged one.")) from strange


def _book(file: IO[bytes]) -> Any:
    from openpyxl import load_workbook

    file.seek(0)
    try:
        book = load_workbook(file, read_only=True)
    except Exception as strange:  # whatever a broken archive makes of it
        raise Unreadable(_("It is no workbook, or a damaged one.")) from strange
    if not book.worksheets:
        book.close()
        raise Unreadable(_("The workbook has no sheet with cells."))
    return book


def _sheet_rows(file: IO[bytes]) -> Iterator[Line]:
    _weigh(file)
    book = _book(file)
    try:
        yield from (line for line in _lines_of(book.worksheets[0]) if any(cell.text for cell in line.cells))
    finally:
        book.close()


def _lines_of(sheet: Any) -> Iterator[Line]:
    sheet.reset_dimensions()  # what a file says of its size need not be so
    try:
        for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), 1):
            cells, marks = [], []
            for place, one in enumerate(row):
                cell, mark = _cell(one)
                cells.append(cell)
                if mark:
                    marks.append((place, mark, ""))
            while cells and not cells[-1].text:
                cells.pop()
            yield Line(number, cells, marks)
    except Unreadable:
        raise
    except Exception as strange:  # whatever a broken sheet makes of it
        raise Unreadable(_("The sheet is damaged. Save it anew, or as CSV.")) from strange


def _cell(cell: Any) -> tuple[Cell, str]:
    value, kind = cell.value, cell.data_type
    if value is None:
        return Cell(""), ""
    if isinstance(value, bool):
        return Cell("yes" if value else "no"), ""
    if isinstance(value, int | float):
        # A workbook's numbers are doubles: fifteen of their digits are what was typed, the rest is noise.
        digits = Decimal(f"{value:.{_EXACT_DIGITS}g}")
        return Cell(format(digits, "f"), number=True), LONG_NUMBER if abs(digits) >= 10**_EXACT_DIGITS else ""
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return Cell(value.date().isoformat() if midnight else value.isoformat(sep=" ")), ""
    if isinstance(value, date | time):
        return Cell(value.isoformat()), ""
    text = _bare(str(value))
    if kind == "f" or text.startswith("="):
        return Cell(text), FORMULA
    return Cell(text), FAULT if kind == "e" else ""
