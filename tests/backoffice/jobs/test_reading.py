"""Files that people upload: every encoding, separator and oddity that is read, and a clear sentence for what is not."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import Workbook

from backoffice.jobs.exports.formats import csv_lines
from backoffice.jobs.imports import fields, reading
from backoffice.jobs.imports.fields import Cell, Wrong
from backoffice.jobs.imports.reading import Unreadable


def read(content: bytes) -> tuple[reading.Layout, list[tuple[int, list[str]]]]:
    file = io.BytesIO(content)
    shape = reading.layout(file)
    return shape, [(line.number, [cell.text for cell in line.cells]) for line in reading.rows(file, shape)]


def marks(content: bytes) -> list[tuple[int, str, str]]:
    file = io.BytesIO(content)
    return [mark for line in reading.rows(file, reading.layout(file)) for mark in line.marks]


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as why:
        read(content)
    return str(why.value)


def workbook(*rows, sheets=()) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for name in sheets:
        book.create_sheet(name)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(content: bytes, **parts: bytes) -> bytes:
    """A workbook in which some parts are others, named by the end of their path."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.infolist():
            new.writestr(one.filename, parts.get(one.filename.rpartition("/")[2].removesuffix(".xml"), old.read(one)))
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_text_is_read_in_every_encoding_with_every_separator_and_end_of_line(separator, encoding, end):
    lines = [("Player", "Note"), ("17", "Grüße; hello, café"), ("18", "x")]
    text = "".join(separator.join(f'"{cell}"' for cell in line) + end for line in lines)
    shape, found = read(text.encode(encoding))
    assert (shape.encoding, shape.delimiter, shape.heads) == (encoding, separator, ["Player", "Note"])
    assert found == [(2, ["17", "Grüße; hello, café"]), (3, ["18", "x"])]


def test_lines_are_counted_as_an_editor_counts_them():
    _shape, found = read(b'\n"a","b"\n1,"two\nlines"\n\n ,\n3,4\n')
    assert found == [(3, ["1", "two\nlines"]), (7, ["3", "4"])]


def test_one_column_needs_no_separator():
    assert read(b"Player\n17\n18")[1] == [(2, ["17"]), (3, ["18"])]


def test_what_cannot_be_read_is_said_with_its_place():
    assert refusal(b"") == "The file is empty."
    assert refusal(b"\n \n") == "There is nothing but blank lines in it."
    assert refusal(b"a,b,A\n1,2,3\n") == "Columns 1 and 3 are both called “A”. Rename one of them."
    assert refusal(b"a,,c\n1,2,3\n") == "Column 2 has no heading. Give it one, or remove the column."
    assert refusal(b"a,b\n1,2\n3,\0\n") == "Line 3 holds NUL bytes: this is no text. Save it as CSV UTF-8 or XLSX."
    assert refusal(b'a,b\n1,2\n3,"x"y\n').startswith("Line 3 cannot be read: ")
    assert refusal(b"a,b\n1," + b"x" * 100_001).startswith("The row that ends in line 2 has more than 100,000 characters.")
    assert refusal(b'a,b\n1,"open\n' + b"y\n" * 60_000).startswith("The row that ends in line ")
    assert refusal(b"x" * 121 + b"\n1\n").startswith("The heading of column 1 has more than 120 characters.")
    assert refusal(",".join(f"c{n}" for n in range(101)).encode()) == "It has 101 columns; at most 100 are read."
    assert refusal(b"\xff\xfea") == "It begins as UTF-16 and is not. Save it as CSV UTF-8."
    assert refusal(b"a\n\x81\n") == "Its letters are in no encoding that is known here. Save it as CSV UTF-8."
    assert refusal(bytes.fromhex("d0cf11e0a1b11ae1") + b"x").startswith("This is a workbook of the old format")
    assert refusal(b"PK\x03\x04rubbish") == "It is no workbook, or a damaged one."


def test_a_file_above_the_limit_is_not_looked_at(monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 1 << 20)
    assert refusal(b"a\n" + b"1\n" * 600_000) == "The file has more than 1 MB. Split it."


def test_ragged_rows_and_formulas_are_marked_where_they_are():
    content = b"a,b\n1\n1,2,3\n1,2,,\n=1+1,2\n1,'=2\n-5,+49 170\n"
    assert marks(content) == [(-1, "ragged", "1"), (-1, "ragged", "3"), (0, "formula", "")]


def test_cells_that_our_own_files_neutralised_come_back_as_they_were():
    rows = [["+49 170 1", "-x", "@home", "'quoted'"]]
    assert read(csv_lines([["a", "b", "c", "d"], *rows]))[1] == [(2, rows[0])]


def test_a_workbook_gives_what_was_typed():
    content = workbook(
        ["Player", "Rate", "Day", "Yes", "Note"], [4711, 1.1, date(2026, 11, 20), True, "it"], [], [12.0, 0.1 + 0.2, None, False, "  x "],
        sheets=["Other"],
    )  # fmt: skip
    shape, found = read(content)
    assert (shape.form, shape.sheet, shape.others) == ("xlsx", "Sheet", ["Other"])
    assert found == [(2, ["4711", "1.1", "2026-11-20", "yes", "it"]), (4, ["12", "0.3", "", "no", "x"])]


def test_formulas_faults_and_long_numbers_of_a_workbook_are_marked():
    content = workbook(["a", "b", "c", "d"], ["=SUM(A1)", "#N/A", 4276123412341234567, "x"])
    assert marks(content) == [(0, "formula", ""), (1, "fault", ""), (2, "long", "")]


def test_a_workbook_that_would_unpack_to_too_much_or_declares_entities_is_refused(monkeypatch):
    plain = workbook(["a"], ["x"])
    bomb = repacked(plain, sheet1=b"<worksheet>" + b" " * (reading.MOST_UNPACKED + 1) + b"</worksheet>")
    assert len(bomb) < 1 << 20
    assert refusal(bomb) == "Unpacked, the workbook is too large. Split it, or save it as CSV."
    laughs = repacked(plain, sheet1=b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet/>')
    assert refusal(laughs) == "The workbook declares entities, which no spreadsheet does."
    assert refusal(repacked(plain, workbook=b"<no")) == "It is no workbook, or a damaged one."
    many = workbook(["a"], *([n] for n in range(2_000)))
    cut = zipfile.ZipFile(io.BytesIO(many)).read("xl/worksheets/sheet1.xml")[:-90]
    assert refusal(repacked(many, sheet1=cut)) == "The sheet is damaged. Save it anew, or as CSV."
    assert refusal(workbook()) == "The sheet “Sheet” is empty. Only the first sheet is read."


def test_a_cell_far_away_makes_no_columns():
    content = workbook(["a", "b"], [1, 2])
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b"</sheetData>", b'<row r="90000"><c r="XFD90000"><v>1</v></c></row></sheetData>')
    assert read(repacked(content, sheet1=far))[1] == [(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("sign", "text", "value"),
    [
        (".", "0.1", "0.1"), (".", "1,234,567.89", "1234567.89"), (".", "-5", "-5"), (".", "\u2212 5.50", "-5.50"), (",", "0,1", "0.1"), (",", "1.234", "1234"),
        (",", "1.234.567,89", "1234567.89"), (".", "1 234.5", "1234.5"), (",", "1'234,5", "1234.5"),
        (".", "12345678901234567890.123456789", "12345678901234567890.123456789"),
    ],
)  # fmt: skip
def test_decimals_are_exact_and_read_by_the_sign_that_was_named(sign, text, value):
    found = fields.decimal().read(Cell(text), sign)
    assert (type(found), str(found)) == (Decimal, value)


@pytest.mark.parametrize(
    ("sign", "text"), [(".", "1.234,56"), (",", "1,234.56"), (".", "12,34.5"), (".", "1e5"), (".", "NaN"), (",", "0.10"), (".", "€ 5"), (".", "\u0661")]
)
def test_what_is_no_decimal_is_not_guessed(sign, text):
    with pytest.raises(Wrong):
        fields.decimal().read(Cell(text), sign)


def test_a_workbooks_own_number_has_a_point_whatever_sign_was_named():
    assert fields.decimal().read(Cell("1.234", number=True), ",") == Decimal("1.234")


def test_fields_say_what_is_wrong_and_what_to_do():
    for one, text, what in (
        (fields.whole(), "12a", "It is no whole number."), (fields.whole(), "1" * 19, "It is no whole number."),
        (fields.text(3), "abcd", "It has 4 characters."),
        (fields.text(9), "a\x07", "It holds control characters."), (fields.day(), "20.11.2026", "It is no day."),
        (fields.choice({"add": "Add"}), "plus", "It is none of the words that are known."),
    ):  # fmt: skip
        with pytest.raises(Wrong) as why:
            one.read(Cell(text), ".")
        assert why.value.what == what
        assert why.value.how
    assert fields.whole().read(Cell("#4711"), ".") == 4711
    assert fields.choice({"add": "Hinzu"}).read(Cell("hinzu"), ".") == "add"
    assert fields.day().read(Cell("2026-11-20"), ".") == date(2026, 11, 20)
