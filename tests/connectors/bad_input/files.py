"""Files that are oddly written, packed or cut."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from tests.connectors.bad_input.cases import FIELDS, Case, unreadable, utc

HEADER = "id,note,amount,at\n"
ROWS = HEADER + "a,x,1.5,2026-07-01\nb,y,2,2026-07-02\n"
LANDED: dict[str, dict[str, Any]] = {
    "a": {"status": "x", "amount": 1.5, "promised_at": utc("2026-07-01")},
    "b": {"status": "y", "amount": 2.0, "promised_at": utc("2026-07-02")},
}
MARK = "\ufeff"
JAPANESE = "id,note,amount,at\n表,ソ能十①ｱ～,1,2026-07-01\n"
JAPANESE_LANDED = {"表": {"status": "ソ能十①ｱ～", "amount": 1.0}}
WESTERN = "id,note,amount,at\né,café “€5”,1,2026-07-01\n"
WESTERN_LANDED = {"é": {"status": "café “€5”", "amount": 1.0}}


ENCODINGS = [
    Case("UTF-8 with a mark", (MARK + ROWS).encode(), LANDED),
    Case(
        "UTF-16, declared", JAPANESE.encode("utf-16"), JAPANESE_LANDED, read={"encoding": "utf-16"}
    ),
    unreadable("UTF-16, not declared", JAPANESE.encode("utf-16"), "byte order mark of utf-16"),
    unreadable(
        "UTF-16 without a mark", ROWS.encode("utf-16-le"), "holds NUL characters, as UTF-16"
    ),
    unreadable(
        "UTF-8 declared as UTF-16", ROWS.encode(), "no zero byte", read={"encoding": "utf-16"}
    ),
    unreadable(
        "UTF-16 of an odd length",
        ROWS.encode("utf-16")[:-1],
        "is no utf-16",
        read={"encoding": "utf-16"},
    ),
    Case("CP932, declared", JAPANESE.encode("cp932"), JAPANESE_LANDED, read={"encoding": "cp932"}),
    unreadable("CP932, not declared", JAPANESE.encode("cp932"), r"byte 18 (95 5c 2c 83)"),
    unreadable(
        "UTF-8 declared as CP932",
        ("id,note\n" + "a,ごめんなさい\n" * 8).encode(),
        "reads as UTF-8 without a fault",
        read={"encoding": "cp932"},
    ),
    Case(
        "EUC-JP, declared",
        "id,note\n表,ソ能十\n".encode("euc_jp"),
        {"表": {"status": "ソ能十"}},
        read={"encoding": "euc_jp"},
    ),
    Case(
        "ISO-2022-JP, declared",
        "id,note\n表,ソ能十\n".encode("iso2022_jp"),
        {"表": {"status": "ソ能十"}},
        read={"encoding": "iso2022_jp"},
    ),
    Case("CP1252, declared", WESTERN.encode("cp1252"), WESTERN_LANDED, read={"encoding": "cp1252"}),
    unreadable("CP1252, not declared", WESTERN.encode("cp1252"), "byte 18 (e9"),
    unreadable(
        "UTF-8 declared as CP1252",
        WESTERN.encode(),
        "reads as UTF-8 without a fault",
        read={"encoding": "cp1252"},
    ),
    unreadable(
        "a mark before what is declared as CP1252",
        (MARK + WESTERN).encode(),
        "byte order mark of utf-8",
        read={"encoding": "cp1252"},
    ),
    unreadable(
        "one wrong byte at the end of many rows",
        lambda: HEADER.encode() + b"a,x,1,2026-07-01\n" * 1_200_000 + b"b,\xff,1,2026-07-01\n",
        "byte 20400020 (ff",
    ),
    unreadable("UTF-8 cut off in a character", JAPANESE.encode()[:20], "byte 18 (e8 a1)"),
    unreadable("half a character in UTF-8", HEADER.encode() + b"\xed\xa0\x80,x,1,\n", "(ed a0 80"),
    unreadable("UTF-8 in too many bytes", HEADER.encode() + b"\xc0\xaf,x,1,\n", "byte 18 (c0 af"),
    unreadable("an encoding that is none", ROWS.encode(), "`cp9321`", read={"encoding": "cp9321"}),
    Case(
        "marks where files were joined",
        (MARK + HEADER + "a,x,1.5,2026-07-01\n" + MARK + HEADER + "b,y,2,2026-07-02\n").encode(),
        LANDED,
        (("is_row", "repeats the header", "id,note,amount,at"),),
    ),
]

SHAPES = [
    unreadable("an empty file", b"", "empty, without a header"),
    unreadable("blank lines only", b"\n\r\n\n", "empty, without a header"),
    Case("a header only", HEADER.encode()),
    unreadable("a column named twice", b"id,note,amount,at,note\n", "names note more than once"),
    unreadable("a column of cxloop's own name", b"id,_row,amount,at\n", "which cxloop adds itself"),
    Case(
        "a column without a name",
        b",id,note,\n0,a,x,\n1,b,y,\n",
        {"a": {"status": "x"}, "b": {"status": "y"}},
    ),
    Case(
        "a column missing",
        b"note,amount,at\nx,1,2026-07-01\n",
        error=("SchemaDriftError", "`id`"),
    ),
    Case(
        "a column renamed",
        b"id ,note,amount,at\na,x,1,2026-07-01\n",
        error=("SchemaDriftError", "`id` (nearest: `id `)"),
    ),
    Case(
        "another delimiter",
        ROWS.replace(",", ";").encode(),
        error=("SchemaDriftError", "present: id;note;amount;at"),
    ),
    Case("semicolons", ROWS.replace(",", ";").encode(), LANDED, read={"delimiter": ";"}),
    Case("tabs", ROWS.replace(",", "\t").encode(), LANDED, read={"delimiter": "\t"}),
    Case("pipes", ROWS.replace(",", "|").encode(), LANDED, read={"delimiter": "|"}),
    Case("quotes of another kind", ROWS.replace("x", "'x'").encode(), LANDED, read={"quote": "'"}),
    Case(
        "no header",
        ROWS.removeprefix(HEADER).encode(),
        LANDED,
        read={"names": ["id", "note", "amount", "at"]},
    ),
    Case(
        "titles, units and totals",
        f"Report;;;\n\n{HEADER},,EUR,\n{ROWS.removeprefix(HEADER)}Total,,3.5,\nby us\n".encode(),
        LANDED,
        read={
            "header_row": 3,
            "skip_after_header": 1,
            "skip_pattern": "Total",
            "skip_footer": 1,
        },
        left_out=2,
    ),
    Case(
        "a header of two rows",
        b"key,order,,\nid,note,amount,at\na,x,1.5,2026-07-01\nb,y,2,2026-07-02\n",
        LANDED,
        read={"header_rows": 2},
        fields={
            **FIELDS,
            "order_id": "key id",
            "status": "order note",
            "amount": "order amount",
            "promised_at": "order at",
        },
    ),
    Case("line breaks of Windows", ROWS.replace("\n", "\r\n").encode(), LANDED),
    Case("line breaks of old Macs", ROWS.replace("\n", "\r").encode(), LANDED),
    Case(
        "line breaks mixed", ROWS.replace("\n", "\r\n", 1).replace("02\n", "02\r").encode(), LANDED
    ),
    Case(
        "line breaks in a value",
        (HEADER + '"a\nb","x\r\n""y""\n",1,2026-07-01\n').encode(),
        {"a\nb": {"status": 'x\r\n"y"\n', "amount": 1.0}},
    ),
    Case(
        "rows too short and too long",
        (ROWS + "c,z\nd,z,1,2026-07-01,,\n\n").encode(),
        LANDED,
        (
            ("is_row", "2 fields instead of 4", "c,z"),
            ("is_row", "6 fields instead of 4", "d,z,1,2026-07-01,,"),
        ),
    ),
    Case(
        "a thousands separator that splits a value",
        (ROWS + "c,z,1,000.5,2026-07-01\n").encode(),
        LANDED,
        (("is_row", "5 fields instead of 4", "c,z,1,000.5,2026-07-01"),),
    ),
    unreadable(
        "a quote that is never closed",
        (ROWS + 'c,"z,1,2026-07-01\nd,z,2,2026-07-02\n').encode(),
        "line 4 begins a quoted value that is never closed",
    ),
    Case(
        "a quote left open until the next one",
        (ROWS + 'c,"z,1,2026-07-01\nd,"z",2,2026-07-02\ne,w,3,2026-07-03\n').encode(),
        {**LANDED, "e": {"status": "w", "amount": 3.0}},
        (("is_row", "a quote closes a value in its middle", 'd,"z"'),),
    ),
    Case(
        "quotes in the middle of values",
        (
            HEADER + 'a,5" pipe,1,2026-07-01\nb,say ""hi"",2,2026-07-01\nc,"z"z,3,2026-07-01\n'
        ).encode(),
        {"a": {"status": '5" pipe'}, "b": {"status": 'say ""hi""'}},
        (("is_row", "a quote closes a value in its middle", 'c,"z"z,3'),),
    ),
    Case(
        "a NUL in a value",
        (ROWS + "c,z\0z,3,2026-07-01\nd\0,z,4\0,2026-07-01\n").encode(),
        LANDED,
        (("is_row", "holds a NUL", "c,z\0z"), ("is_row", "holds a NUL", "d\0")),
    ),
    Case(
        "NULs at the end, as from a disk that was full",
        ROWS.encode() + bytes(5000),
        LANDED,
        (("is_row", "holds a NUL", "\0"),),
    ),
    unreadable(
        "a line of 100 MB",
        lambda: ROWS.encode() + b"x" * 100_000_000,
        "line 4 begins a row of more than 67108864 bytes",
    ),
    unreadable(
        "a quoted value of 100 MB",
        lambda: ROWS.encode() + b'c,"' + b"line\n" * 20_000_000,
        "line 4 begins a quoted value that is never closed",
    ),
    Case(
        "a page of HTML",
        b"<!DOCTYPE html>\n<html>\n<p>Sign in</p>\n",
        error=("SchemaDriftError", "`id`"),
    ),
    unreadable("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "byte 0 (89"),
    Case("thousands of columns", lambda: _wide(3000), {"k": {"status": "v", "amount": 2.0}}),
]


def _wide(count: int) -> bytes:
    names = ",".join(f"c{n}" for n in range(count))
    return f"id,note,amount,at,{names}\nk,v,2,2026-07-01,{',' * (count - 1)}\n".encode()


def zipped(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return content.getvalue()


def locked() -> bytes:
    body = bytearray(zipped(a=ROWS.encode()))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(mark) + place] |= 1
    return bytes(body)


def zstd(body: bytes) -> bytes:
    return bytes(pa.compress(body, "zstd", asbytes=True))


MANY = HEADER.encode() + b"".join(b"%d,x,%d,2026-07-01\n" % (n, n * n) for n in range(9000))
PACKED = [
    Case("gzip", gzip.compress(ROWS.encode()), LANDED, file="in.csv.gz"),
    Case(
        "gzip of several members",
        gzip.compress(ROWS[:30].encode()) + gzip.compress(ROWS[30:].encode()),
        LANDED,
        file="in.csv.gz",
    ),
    unreadable(
        "gzip cut off", gzip.compress(MANY)[:-300], "cannot be decompressed", file="in.csv.gz"
    ),
    unreadable(
        "gzip with a wrong check sum",
        gzip.compress(MANY)[:-8] + bytes(8),
        "cannot be decompressed",
        file="in.csv.gz",
    ),
    unreadable("no gzip", ROWS.encode(), "cannot be decompressed", file="in.csv.gz"),
    unreadable("gzip without its name", gzip.compress(ROWS.encode()), "byte 1 (8b"),
    unreadable(
        "a bomb of gzip",
        lambda: gzip.compress(bytes(150_000_000), 1),
        "200 times its size",
        file="in.csv.gz",
    ),
    unreadable(
        "larger than declared",
        gzip.compress(MANY),
        "expands to more than 0.0001 GB",
        file="in.csv.gz",
        read={"max_expanded_gb": 1e-4},
    ),
    Case("zip", zipped(a=ROWS.encode()), LANDED, file="in.zip"),
    unreadable("zip of two files", zipped(a=b"1", b=b"2"), "holds 2 files", file="in.zip"),
    unreadable("zip with a password", locked(), "is encrypted", file="in.zip"),
    unreadable("zip cut off", zipped(a=MANY)[:-30], "cannot be decompressed", file="in.zip"),
    unreadable(
        "a bomb of zip",
        lambda: zipped(a=bytes(150_000_000)),
        "200 times its size",
        file="in.zip",
    ),
    Case(
        "zstd of two frames",
        zstd(ROWS[:30].encode()) + zstd(ROWS[30:].encode()),
        LANDED,
        file="in.zst",
    ),
    unreadable("zstd cut off", zstd(MANY)[:-300], "cannot be decompressed", file="in.zst"),
]

LINES = {"format": "jsonl"}
DOCUMENT = {"format": "json"}


def lines(*texts: str) -> bytes:
    return "\n".join(texts).encode()


DEEP = '{"id": "d", "note": ' + "[" * 100_000 + "]" * 100_000 + "}"
JSONS = [
    Case(
        "JSON with NaN, Infinity and 1e400",
        lines(
            '{"id": "a", "amount": NaN}',
            '{"id": "b", "amount": -Infinity}',
            '{"id": "c", "amount": 1e400}',
            '{"id": "d", "amount": 1.50}',
        ),
        {"d": {"amount": 1.5}},
        (
            ("is_number", "no finite number", '{"id": "a", "amount": NaN}'),
            ("is_number", "no finite number", "-Infinity"),
            ("is_number", "no finite number", "1e400"),
        ),
        read=LINES,
    ),
    Case(
        "JSON with a name twice",
        lines('{"id": "a", "amount": 1, "amount": 2}', '{"id": "b", "amount": 3}'),
        {"b": {"amount": 3.0}},
        (("is_row", "a name stands twice", '"amount": 1, "amount": 2'),),
        read=LINES,
    ),
    Case(
        "JSON nested 100,000 deep",
        lines(DEEP, '{"id": "a"}'),
        {"a": {"amount": None}},
        (("is_row", "nested more than 200 deep", "[[[["),),
        read=LINES,
    ),
    Case(
        "JSON lines that are no objects",
        lines('{"id": "a"', "[1]", "7", "null", '"x"', "id,note", "{'id': 'b'}", '{"id": "c"}'),
        {"c": {"amount": None}},
        tuple(
            ("is_row", "no JSON object", text)
            for text in ('{"id": "a"', "[1]", "7", "null", '"x"', "id,note", "{'id': 'b'}")
        ),
        read=LINES,
    ),
    Case(
        "JSON with half characters and NULs",
        lines(
            r'{"id": "a", "note": "\ud83d"}',
            r'{"id": "b", "note": "x\u0000y"}',
            r'{"id": "c", "note": "\ud83d\ude00"}',
        ),
        {"c": {"status": "😀"}},
        (
            ("is_row", "half a surrogate pair", r"\ud83d"),
            ("is_row", "holds a NUL", r"x\u0000y"),
        ),
        read=LINES,
    ),
    Case(
        "JSON of mixed types",
        lines(
            '{"id": 1, "amount": "5", "note": 5}',
            '{"id": "2", "amount": true, "note": true}',
            '{"id": 3.0, "amount": [5], "note": [1, "x"]}',
            '{"id": "4", "amount": {"value": 5}}',
            '{"id": "5", "amount": null, "note": {"a": null}}',
            '{"id": "6", "amount": ""}',
            '{"id": "7", "amount": "5,0"}',
        ),
        {
            "1": {"amount": 5.0, "status": "5"},
            "5": {"amount": None, "status": '{"a":null}'},
            "6": {"amount": None},
        },
        (
            ("is_number", "no finite number", '"amount": true'),
            ("is_number", "no finite number", '"amount": [5]'),
            ("is_number", "no finite number", '"value": 5'),
            ("is_number", "no finite number", "5,0"),
        ),
        read=LINES,
    ),
    Case(
        "JSON with very large numbers",
        lines(
            '{"id": 12345678901234567890123, "amount": 100000000000000000000}',
            '{"id": "b", "amount": 9007199254740993}',
            '{"id": "c", "amount": -0}',
        ),
        {"12345678901234567890123": {"amount": 1e20}, "c": {"amount": 0.0}},
        (("is_number", "a whole number that no double holds", "9007199254740993"),),
        read=LINES,
    ),
    Case(
        "JSON lines with a mark and breaks of Windows",
        (MARK + '{"id": "a"}\r\n\r\n' + MARK + '{"id": "b"}').encode(),
        {"a": {"amount": None}, "b": {"amount": None}},
        read=LINES,
    ),
    unreadable("JSON in CP932", '{"id": "表"}'.encode("cp932"), "byte 8 (95 5c", read=LINES),
    unreadable(
        "a JSON line of 100 MB",
        lambda: b'{"id": "a"}\n{"id": "' + b"x" * 100_000_000,
        "line 2 begins a row",
        read=LINES,
    ),
    Case(
        "a JSON document",
        b'{"data": [{"id": "a", "amount": 1.50}, 7, {"id": "b", "id": "c"}], "next": null}',
        {"a": {"amount": 1.5}},
        (("is_row", "no JSON object", "7"), ("is_row", "stands twice", '"id": "c"')),
        read={**DOCUMENT, "records_path": "data"},
    ),
    unreadable(
        "a JSON document cut off", b'[{"id": "a"}, {"id": "b', "is no JSON at", read=DOCUMENT
    ),
    unreadable(
        "a JSON document with more behind it", b'[{"id": "a"}] []', "more follows", read=DOCUMENT
    ),
    unreadable(
        "a JSON document without the list",
        b'{"rows": []}',
        "no `data`",
        read={**DOCUMENT, "records_path": "data"},
    ),
    unreadable("a JSON document nested too deep", b"[" * 100_000, "nested too deep", read=DOCUMENT),
    unreadable("HTML for JSON", b"<html><body>Sign in</body></html>", "has no list", read=DOCUMENT),
]


def workbook(rows: list[list[Any]], *, merge: str = "", error: bool = False) -> bytes:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("Data")
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, dt.datetime):
                sheet.write_datetime(row, column, cell.replace(tzinfo=None), day)
            elif isinstance(cell, str):
                sheet.write_string(row, column, cell)
            else:
                sheet.write(row, column, cell)
    if error:
        sheet.write_formula(1, 2, "=1/0", None, "#DIV/0!")
    if merge:
        sheet.merge_range(merge, "m")
    book.close()
    return content.getvalue()


NAMES = ["id", "note", "amount", "at"]
EXCEL = {"format": "excel"}
SHEET = [NAMES, ["a", "x", 1.5, utc("2026-07-01")], ["b", "y", 2, utc("2026-07-02")]]


def uncalculated() -> bytes:
    content, changed = io.BytesIO(workbook(SHEET)), io.BytesIO()
    with zipfile.ZipFile(content) as before, zipfile.ZipFile(changed, "w") as after:
        for part in before.namelist():
            body = before.read(part)
            after.writestr(part, body.replace(b"<v>1.5</v>", b"<f>1+0.5</f><v></v>"))
    return changed.getvalue()


def parquet(**columns: Any) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


BINARY = [
    Case("a workbook", workbook(SHEET), LANDED, file="in.xlsx", read=EXCEL),
    Case(
        "a workbook with an error in a cell",
        workbook(SHEET, error=True),
        {"b": LANDED["b"]},
        (("is_number", "no finite number", "#DIV/0!"),),
        file="in.xlsx",
        read=EXCEL,
    ),
    Case(
        "a workbook with formulas as text",
        workbook([NAMES, ["a", '=HYPERLINK("http://x","y")', 1, ""], ["b", "+1", "=1+1", ""]]),
        {"a": {"status": '=HYPERLINK("http://x","y")', "amount": 1.0}},
        (("is_number", "no finite number", "=1+1"),),
        file="in.xlsx",
        read=EXCEL,
    ),
    unreadable(
        "a workbook never calculated", uncalculated, "never calculated", file="in.xlsx", read=EXCEL
    ),
    Case(
        "a workbook with merged cells",
        workbook([*SHEET, ["", "z", 3, ""], ["", "w", 4, ""]], merge="A4:A5"),
        LANDED,
        (("is_row", "merged cell", "m\tz\t3"), ("is_row", "merged cell", "\tw\t4")),
        file="in.xlsx",
        read=EXCEL,
    ),
    unreadable("CSV named .xlsx", ROWS.encode(), "Excel workbook", file="in.xlsx", read=EXCEL),
    unreadable(
        "a workbook cut off", workbook(SHEET)[:-900], "Excel workbook", file="in.xlsx", read=EXCEL
    ),
    unreadable(
        "a bomb of a workbook",
        lambda: zipped(**{"xl/workbook.xml": bytes(150_000_000)}),
        "expands to 150000000 bytes",
        file="in.xlsx",
        read=EXCEL,
    ),
    Case(
        "Parquet of every type",
        parquet(
            id=pa.array([1, 2, 3], pa.int64()),
            note=pa.array(["x", "y\0", None]),
            amount=pa.array([Decimal("1.50"), Decimal("2.00"), None]),
            at=pa.array([1782864000123456789, 0, None], pa.timestamp("ns", "Asia/Tokyo")),
        ),
        {
            "1": {
                "status": "x",
                "amount": 1.5,
                "promised_at": utc("2026-07-01T00:00:00.123456"),
            },
            "3": {"status": None, "amount": None, "promised_at": None},
        },
        (("is_row", "holds a NUL", '"id": 2'),),
        file="in.parquet",
        read={"format": "parquet"},
    ),
    Case(
        "Parquet with NaN and large numbers",
        parquet(
            id=pa.array(["a", "b", "c", "d"]),
            amount=pa.array([float("nan"), float("inf"), 1e300, -0.0]),
        ),
        {"c": {"amount": 1e300}, "d": {"amount": 0.0}},
        (("is_number", "no finite number", "NaN"), ("is_number", "no finite number", "Infinity")),
        file="in.parquet",
        read={"format": "parquet"},
    ),
    unreadable(
        "Parquet cut off",
        parquet(id=pa.array(range(1000)))[:-10],
        "cannot be read as Parquet",
        file="in.parquet",
        read={"format": "parquet"},
    ),
    Case(
        "Parquet with instants beyond the calendar",
        parquet(
            id=pa.array(["a", "b"]),
            at=pa.array([253402300800, 1782864000], pa.timestamp("s", "UTC")),
        ),
        {"b": {"promised_at": utc("2026-07-01")}},
        (("is_row", "outside the years 1 to 9999", "10000-01-01"),),
        file="in.parquet",
        read={"format": "parquet"},
    ),
    unreadable(
        "Parquet with instants beyond microseconds",
        parquet(id=pa.array(["a"]), at=pa.array([2**52], pa.timestamp("s"))),
        "cannot be read as Parquet",
        file="in.parquet",
        read={"format": "parquet"},
    ),
]

CASES = [*ENCODINGS, *SHAPES, *PACKED, *JSONS, *BINARY]
