"""CSV lines become a workbook, in one pass and with the memory of one row.

Ours, because the lines that are hashed are exactly the cells that are written, because the same lines give the same bytes, and
because it takes a quarter of the time of the libraries (docs/decisions/0006-exports-are-made-of-parts.md). Nothing but texts and whole numbers.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MOST_ROWS = 1_048_576  # of a sheet
_WHOLE = re.compile("0|-?[1-9][0-9]{0,14}")  # a spreadsheet keeps numbers as floats, exact up to 15 digits; the rest is text
BATCH = 2_000
_LEVEL = 3  # twice as fast as the default and a tenth larger
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_ENTITIES = {"\r": "&#13;"}  # a bare one would be read as a line feed


def letters(number: int) -> str:
    """The name of a column, from 0: A, Z, AA."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def _text(text: str) -> str:
    return escape(text, _ENTITIES) if "&" in text or "<" in text or ">" in text or "\r" in text else text


def _row(number: int, cells: Sequence[str], names: Sequence[str], whole: Sequence[bool]) -> str:
    written = [
        f'<c r="{name}{number}"><v>{cell}</v></c>'
        if is_whole and _WHOLE.fullmatch(cell)
        else f'<c r="{name}{number}" t="inlineStr"><is><t xml:space="preserve">{_text(cell)}</t></is></c>'
        for name, cell, is_whole in zip(names, cells, whole, strict=False)
        if cell
    ]
    return f'<row r="{number}">{"".join(written)}</row>'


def _info(name: str) -> ZipInfo:
    """An entry without the time of day, so that the same rows give the same file."""
    info = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = ZIP_DEFLATED
    info._compresslevel = _LEVEL  # type: ignore[attr-defined]  # ZipFile.open takes it from nowhere else before Python 3.13
    return info


def write(
    out: IO[bytes],
    mark: Sequence[str],
    lines: Iterable[str],
    kinds: Sequence[bool],
    *,
    most_rows: int = MOST_ROWS,
    every: Callable[[int], None] = lambda _rows: None,
) -> int:
    """Write a workbook: the watermark's cells, then the lines (the first one the heads). `kinds` says which columns are whole numbers.

    A sheet that is full is followed by another one under the same heads. `every` is called now and then with the rows so far; what it
    raises ends the work. Returns the number of sheets.
    """
    rows = csv.reader(lines)
    heads = next(rows, [])
    width = max(len(heads), len(mark), 1)
    names = [letters(number) for number in range(width)]
    texts = [False] * width
    whole = [*kinds, *texts][:width]
    sheets, done, more = 0, 0, True
    with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        ahead: list[list[str]] = []

        def following() -> Iterator[list[str]]:
            while ahead:
                yield ahead.pop()
            yield from rows

        while more:
            sheets += 1
            with archive.open(_info(f"xl/worksheets/sheet{sheets}.xml"), "w", force_zip64=True) as sheet:
                sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
                number = 0
                if sheets == 1:
                    number += 1
                    sheet.write(_row(number, mark, names, texts).encode())
                number += 1
                sheet.write(_row(number, heads, names, texts).encode())
                more = False
                batch: list[str] = []
                for cells in following():
                    if number == most_rows:
                        ahead.append(cells)
                        more = True
                        break
                    number += 1
                    done += 1
                    batch.append(_row(number, cells, names, whole))
                    if len(batch) == BATCH:
                        sheet.write("".join(batch).encode())
                        batch.clear()
                        every(done)
                sheet.write("".join(batch).encode())
                sheet.write(b"</sheetData></worksheet>")
        for name, text in _frame(sheets):
            archive.writestr(_info(name), _XML + text)
    return sheets


def _frame(sheets: int) -> Iterator[tuple[str, str]]:
    """What makes sheets a workbook."""
    numbers = range(1, sheets + 1)
    yield (
        "[Content_Types].xml",
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        + "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers)
        + "</Types>",
    )
    yield (
        "_rels/.rels",
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        + "".join(f'<sheet name="Sheet {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
        + "</sheets></workbook>",
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers)
        + "</Relationships>",
    )
