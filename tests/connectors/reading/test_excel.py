"""Excel: values as text, what is no value said."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter

from connectors.errors import UnreadableFileError
from tests.connectors.reading.conftest import Read


def workbook(fill: Callable[[Any, dict[str, Any]], None], **options: Any) -> bytes:
    """One workbook with the sheets `Data`, filled by the test, and `Other`."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, options)
    forms = {
        name: book.add_format({"num_format": form})
        for name, form in {
            "day": "yyyy-mm-dd",
            "instant": "yyyy-mm-dd hh:mm:ss",
            "clock": "hh:mm",
            "duration": "[h]:mm:ss",
            "share": "0.0%",
        }.items()
    }
    fill(book.add_worksheet("Data"), forms)
    book.add_worksheet("Other").write_row(0, 0, ["k"])
    book.close()
    return content.getvalue()


def excel(fill: Callable[[Any, dict[str, Any]], None], **declared: Any) -> Read:
    return Read(workbook(fill), format="excel", **declared)


@pytest.mark.parametrize("since_1904", [False, True])
def test_values_are_text(since_1904: bool) -> None:
    def fill(sheet: Any, forms: dict[str, Any]) -> None:
        sheet.write_row(0, 0, ["a", "b", "c"])
        sheet.write_datetime(
            1, 0, dt.datetime.fromisoformat("2026-07-01T09:59:59.999"), forms["instant"]
        )
        sheet.write_datetime(1, 1, dt.datetime.fromisoformat("2026-07-01"), forms["day"])
        sheet.write_number(1, 2, 10 / 24, forms["clock"])
        sheet.write_number(2, 0, 1.5, forms["duration"])
        sheet.write_number(2, 1, 0.125, forms["share"])
        sheet.write_number(2, 2, 1 / 3)
        sheet.write_formula(3, 0, "=6*7", None, 42)
        sheet.write_formula(3, 1, '=""', None, "nothing")
        sheet.write_boolean(3, 2, True)
        sheet.write_number(4, 0, 5.0)
        sheet.write_number(4, 1, 1e300)
        sheet.write_number(4, 2, -0.0)
        sheet.write_string(5, 0, "007 ")
        sheet.write_string(5, 1, "=HYPERLINK(1)")
        sheet.write_string(5, 2, "日本\nа😀")

    content = workbook(fill, date_1904=since_1904)
    content = changed_part(content, "xl/worksheets/sheet1.xml", b"<v>nothing</v>", b"<v></v>")
    read = Read(content, format="excel")
    assert read.rows == {
        1: ("2026-07-01T09:59:59.999000", "2026-07-01", "10:00:00"),
        2: ("36:00:00", "0.125", "0.3333333333333333"),
        3: ("42", "", "true"),
        4: ("5", "1e+300", "0"),
        5: ("007 ", "=HYPERLINK(1)", "日本\nа😀"),
    }


def test_an_error_is_its_word_and_never_an_empty_cell() -> None:
    words = ["#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"]

    def fill(sheet: Any, _: dict[str, Any]) -> None:
        sheet.write_row(3, 2, ["a", "b"])
        for row, word in enumerate(words, start=4):
            sheet.write_formula(row, 2, "=NA()", None, word)
            sheet.write_number(row, 3, row)

    read = excel(fill, header_row=4)
    assert read.header == ["column_1", "column_2", "a", "b"]
    assert [(row[2], row[3]) for row in read.rows.values()] == [
        (word, str(number)) for number, word in enumerate(words, start=4)
    ]


def test_formulas_never_calculated_are_refused() -> None:
    def fill(sheet: Any, _: dict[str, Any]) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_formula(1, 0, "=1+1", None, 2)

    whole = workbook(fill)
    assert Read(whole, format="excel").rows == {1: ("2", "")}
    for empty in ("<v></v>", "<v/>", ""):
        changed = changed_part(whole, "xl/worksheets/sheet1.xml", b"<v>2</v>", empty.encode())
        with pytest.raises(UnreadableFileError, match=r"holds 1 formulas.*never calculated"):
            Read(changed, format="excel")


def changed_part(content: bytes, name: str, old: bytes, new: bytes) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(changed, "w") as after:
        for part in before.namelist():
            body = before.read(part)
            if part == name:
                assert old in body
                body = body.replace(old, new)
            after.writestr(part, body)
    return changed.getvalue()


def test_merged_cells_name_columns_and_are_no_data() -> None:
    def fill(sheet: Any, _: dict[str, Any]) -> None:
        sheet.merge_range("A1:A2", "Shop")
        sheet.merge_range("B1:C1", "Score")
        sheet.write_row(0, 3, ["", "Note"])
        sheet.write_row(1, 1, ["Q1", "Q2", "Town"])
        sheet.write_row(2, 0, ["a", 1, 2, "Tokyo", "x"])
        sheet.merge_range("A4:A5", "b")
        sheet.write_row(3, 1, [3, 4])
        sheet.write_row(4, 1, [5, 6])
        sheet.write_row(5, 0, ["c", 7, 8])

    read = excel(fill, header_rows=2)
    assert read.header == ["Shop", "Score Q1", "Score Q2", "Town", "Note"]
    assert read.rows == {1: ("a", "1", "2", "Tokyo", "x"), 4: ("c", "7", "8", "", "")}
    reason = "stands in a merged cell, whose value belongs to no single row and column"
    assert read.refused == [(reason, "b\t3\t4"), (reason, "\t5\t6")]


def test_sheets_by_name_and_number() -> None:
    def fill(sheet: Any, _: dict[str, Any]) -> None:
        sheet.write_row(0, 0, ["a"])

    content = workbook(fill)
    assert Read(content, format="excel").header == ["a"]
    assert Read(content, format="excel", sheet=2).header == ["k"]
    assert Read(content, format="excel", sheet="Other").header == ["k"]
    for sheet in (3, "data"):
        with pytest.raises(UnreadableFileError, match=f"no sheet `{sheet}`; .* are Data, Other"):
            Read(content, format="excel", sheet=sheet)


def test_titles_blank_rows_totals_and_values_beyond_the_header() -> None:
    def fill(sheet: Any, _: dict[str, Any]) -> None:
        sheet.write(0, 0, "Report")
        sheet.write_row(2, 0, ["id", "x"])
        sheet.write_row(3, 0, ["unit", "EUR"])
        sheet.write_row(5, 0, ["a", 1])
        sheet.write_row(6, 0, ["Total", 1])
        sheet.write_row(8, 0, ["b", 2, "", "note"])
        sheet.write_row(9, 0, ["c", 3])
        sheet.write_row(11, 0, ["made by us"])

    read = excel(fill, header_row=3, skip_after_header=1, skip_pattern="Total", skip_footer=1)
    assert read.rows == {1: ("a", "1"), 3: ("c", "3")}
    assert read.refused == [("has a value beyond the last named column", "b\t2\t\tnote")]
    assert read.left_out == 2


def test_names_and_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.reading.excel._CHUNK_ROWS", 2)

    def fill(sheet: Any, _: dict[str, Any]) -> None:
        for row in range(5):
            sheet.write_row(row, 0, [f"r{row}", row])

    read = excel(fill, names=["id", "x", "more"])
    assert read.rows == {row + 1: (f"r{row}", str(row), "") for row in range(5)}
    assert len(read.chunks) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"id,x\na,1\n",
        b"PK\x03\x04 and no more",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    ],
)
def test_what_is_no_workbook(content: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="Excel workbook"):
        Read(content, format="excel")


def test_a_damaged_workbook_and_a_bomb() -> None:
    def fill(sheet: Any, _: dict[str, Any]) -> None:
        for row in range(500):
            sheet.write_row(row, 0, [f"word {row * row}", row])

    whole = workbook(fill)
    with pytest.raises(UnreadableFileError, match="no sound Excel workbook"):
        Read(whole[:-400], format="excel")
    place = whole.index(b"xl/worksheets/sheet1.xml") + 200
    with pytest.raises(UnreadableFileError, match="no sound Excel workbook"):
        Read(whole[:place] + bytes(30) + whole[place + 30 :], format="excel")
    with pytest.raises(UnreadableFileError, match=r"expands to \d+ bytes"):
        Read(whole, format="excel", max_expanded_gb=1e-6)
    other = changed_part(whole, "xl/workbook.xml", b"<sheets>", b"<shoots>")
    with pytest.raises(UnreadableFileError, match="Excel workbook"):
        Read(other, format="excel")


def test_an_empty_sheet_has_no_header() -> None:
    with pytest.raises(UnreadableFileError, match="empty, without a header"):
        excel(lambda sheet, forms: None)
    with pytest.raises(UnreadableFileError, match="names id more than once"):
        excel(lambda sheet, forms: sheet.write_row(0, 0, ["id", "x", "id"]))
