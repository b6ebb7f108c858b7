"""What stands in a file: cells that nothing runs, exact values, workbooks that other programs read."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from backoffice.jobs.exports import xlsx
from backoffice.jobs.exports.columns import Column, amount, mask_address, mask_end, mask_name, personal, plain, text
from backoffice.jobs.exports.formats import LONGEST_CELL, csv_lines, csv_text, harmless, json_lines, table_cell
from backoffice.jobs.exports.verify import verify


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+49 30",
        "-cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        " =1",
        "\u00a0@x",
        "\ufeff=1",
        "--5",
        "-5+1",
        "-",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell):
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-5", "-12.50", "12.50", "a=b", "", "Mia", "2026-11-20T14:05:10Z", "'=1", "·4141", "a-b"])
def test_numbers_and_words_stay_as_they_are(cell):
    assert harmless(cell) == cell


@given(st.text())
def test_whatever_is_typed_no_cell_begins_a_formula(typed):
    cell = table_cell(typed)
    first = cell.lstrip(" \u00a0\ufeff\u200b")[:1]
    assert first not in {"=", "+", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} or not first
    assert not cell.startswith("-") or cell[1:].replace(".", "", 1).isdecimal()
    assert len(cell) <= LONGEST_CELL


def test_values_are_exact_text():
    at = datetime(2026, 11, 20, 15, 5, 10, 250000, tzinfo=timezone(timedelta(hours=1)))
    assert plain(at) == "2026-11-20T14:05:10.250000Z"
    assert plain(datetime(2026, 11, 20, tzinfo=UTC)) == "2026-11-20T00:00:00Z"
    assert (plain(True), plain(7), plain(None), plain(["a", "b"])) == (True, 7, None, "a, b")
    with pytest.raises(TypeError, match="float"):
        plain(1.5)


@pytest.mark.parametrize(
    ("units", "currency", "written"), [("12.5", "EUR", "12.50"), ("-700", "JPY", "-700"), ("0.1", "KWD", "0.100"), ("0.05", "BTC", "0.05000000")]
)
def test_an_amount_is_text_with_its_exponent_beside_its_currency(nova, units, currency, written):
    column = Column("amount", "Amount", amount(lambda row: row))
    assert [key for key, _label, _kind in column.heads()] == ["amount", "amount_currency"]
    assert tuple(column.cells((Decimal(units), currency), masked=True)) == (written, currency)
    assert tuple(column.cells(None, masked=True)) == ("", "")


def test_masks_keep_rows_apart_and_give_nothing_away():
    assert mask_name("Mia Kowalska") == "M••• K•••"
    assert mask_address("mia@mail.example") == "m•••@mail.example"
    assert (mask_end("DE89370400440532013000"), mask_end("4141")) == ("•••3000", "•••")
    column = Column("ip", "Address", personal(lambda row: row))
    assert (tuple(column.cells("192.0.2.7", masked=True)), tuple(column.cells("192.0.2.7", masked=False))) == (("•••",), ("192.0.2.7",))


def test_json_lines_keep_numbers_and_nothing():
    rows = [[1, None, "=1", True]]
    assert json_lines(["id", "note", "text", "ok"], rows) == b'{"id":1,"note":null,"text":"=1","ok":true}\n'
    assert csv_lines(rows) == b"1,,'=1,yes\r\n"


def workbook(rows, kinds, *, most_rows=xlsx.MOST_ROWS, mark=("Countroom: JOB-1, Test", "sha256: x")):
    out = io.BytesIO()
    sheets = xlsx.write(out, mark, io.StringIO(csv_lines(rows).decode(), newline="\n"), kinds, most_rows=most_rows)
    out.seek(0)
    return sheets, out


def test_a_workbook_is_read_back_as_it_was_written():
    rows = [["id", "text"], [1, 'a&b <c> "d"\r\n\u2028é'], [2, None], [1234567890123456789, "=1"], [None, " spaces "]]
    sheets, file = workbook(rows, [True, False])
    read = [list(row) for row in load_workbook(file).active.iter_rows(values_only=True)]

    assert sheets == 1
    assert read == [
        ["Countroom: JOB-1, Test", "sha256: x"], ["id", "text"], [1, "a&b <c> \"d\"\r\n\u2028é"], [2, None],
        ["1234567890123456789", "'=1"],  # more digits than a spreadsheet keeps
        [None, " spaces "],
    ]  # fmt: skip


def test_a_full_sheet_is_followed_by_another_under_the_same_heads():
    rows = [["id"], *([n] for n in range(1, 11))]
    sheets, file = workbook(rows, [True], most_rows=5)
    read = [[row[0] for row in sheet.iter_rows(values_only=True)] for sheet in load_workbook(file).worksheets]

    assert sheets == 3
    assert read == [["Countroom: JOB-1, Test", "id", 1, 2, 3], ["id", 4, 5, 6, 7], ["id", 8, 9, 10]]


def test_a_sheet_that_is_exactly_full_has_no_empty_one_after_it():
    sheets, file = workbook([["id"], [1], [2], [3]], [True], most_rows=5)
    assert (sheets, len(load_workbook(file).worksheets)) == (1, 1)


def test_the_same_lines_give_the_same_bytes():
    rows = [["id", "text"], *([n, f"row {n}"] for n in range(5_000))]
    assert workbook(rows, [True, False])[1].getvalue() == workbook(rows, [True, False])[1].getvalue()


@given(st.lists(st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=20)), min_size=3, max_size=3), max_size=20))
def test_a_workbook_of_anything_has_the_checksum_of_its_csv(rows):
    import hashlib
    import tempfile
    from pathlib import Path

    lines = csv_lines([["a", "b", "c"], *rows])
    digest = hashlib.sha256(lines).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.xlsx"
        with path.open("wb") as out:
            xlsx.write(out, ["Countroom: JOB-1, Test", f"sha256: {digest}"], io.StringIO(lines.decode(), newline="\n"), [False, True, False], most_rows=9)
        assert verify(path).intact


def test_lines_are_read_back_as_they_were_written():
    rows = [["a,b", 'c"d', "e\nf"], ["", "g\rh", "\u2028"]]
    assert list(csv.reader(io.StringIO(csv_text(rows).decode(), newline="\n"))) == rows
    assert text(str).read(5) == "5"
