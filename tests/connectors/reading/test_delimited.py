"""CSV: right values and right row numbers, however it is written and wherever it is cut."""

from __future__ import annotations

import csv
import io
import json
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from connectors.errors import UnreadableFileError
from connectors.reading import Place, read_chunks
from connectors.rows import TableRows
from programme.systems import FileRead
from tests.connectors.reading.conftest import PLACE, Read

SIZES = (1, 2, 3, 7, 64, 1 << 20)


def test_values_stay_text_and_rows_have_their_numbers() -> None:
    read = Read(b'id,amount\n007,1.50\n\n"a\nb","1 ""x"", 2"\n,\n')
    assert read.header == ["id", "amount"]
    assert read.rows == {1: ("007", "1.50"), 2: ("a\nb", '1 "x", 2'), 3: ("", "")}
    assert not read.refused


MESSY = (
    b'id,x\na,1\nb,2,3\n"c\nd",4\n\ne\n"f",5" pipe\ng,"6"7\nh,8\0\nid,x\n'
    b'"i, ""j""",9\r\nk,"l\r\nm"\n"n"\n'
)
MESSY_ROWS = {
    1: ("a", "1"),
    3: ("c\nd", "4"),
    5: ("f", '5" pipe'),
    9: ('i, "j"', "9"),
    10: ("k", "l\r\nm"),
}
MESSY_REFUSED = [
    ("3 fields instead of 2", "b,2,3"),
    ("1 fields instead of 2", "e"),
    ("a quote closes a value in its middle", 'g,"6"7'),
    ("holds a NUL character", "h,8\0"),
    ("repeats the header", "id,x"),
    ("1 fields instead of 2", '"n"'),
]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_no_row_is_told_with_its_text_wherever_blocks_end(
    size: int, small_blocks: Callable[[int], None]
) -> None:
    small_blocks(size)
    read = Read(MESSY)
    assert read.rows == MESSY_ROWS
    assert read.refused == MESSY_REFUSED


def test_what_may_be_personal_is_withheld() -> None:
    read = Read(b"id,mail\na,me@example.com,x\n", withhold=True)
    assert read.refused == [
        ("3 fields instead of 2", "18 characters, withheld because of `personal`")
    ]


def test_a_quote_left_open_swallows_no_row_unsaid() -> None:
    # the second quote looks as if it opened a value, and closes the first one
    read = Read(b'id,x,y\n1,"abc,5\n2,"def,6\n3,ghi,7\n')
    assert read.rows == {2: ("3", "ghi", "7")}
    assert read.refused == [("a quote closes a value in its middle", '1,"abc,5\n2,"def,6')]
    for line_break in (b"\n", b"\r\n", b"\r"):
        text = b'id,x\na,1\nb,"2\nc,""3\n'.replace(b"\n", line_break)
        with pytest.raises(UnreadableFileError, match=r"line 3 begins a quoted value.*never"):
            Read(text)


def test_a_row_that_never_ends_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.reading.framing.LONGEST_ROW_BYTES", 1000)
    monkeypatch.setattr("connectors.reading.delimited.BLOCK_BYTES", 100)
    long = b"id,x\na," + b"1" * 900 + b"\nb,"
    with pytest.raises(UnreadableFileError, match="line 3 begins a row of more than 1000 bytes"):
        Read(long + b"2" * 2000 + b"\n")
    assert len(Read(long + b"2" * 900).rows) == 2
    with pytest.raises(UnreadableFileError, match="line 3 begins a quoted value"):
        Read(long + b'"2\n' + b"c,d\n" * 600 + b'"\n')


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", SIZES)
def test_line_breaks_of_every_kind(
    line_break: str, size: int, small_blocks: Callable[[int], None]
) -> None:
    small_blocks(size)
    text = line_break.join(["id,x", "a,1", "", 'b,"2', '3"', "c,4"])
    assert Read(text.encode()).rows == {1: ("a", "1"), 2: ("b", f"2{line_break}3"), 3: ("c", "4")}


def test_line_breaks_mixed() -> None:
    rows = Read(b"id,x\r\na,1\nb,2\rc,3\r\n\r\nd,4\n\r").rows
    assert rows == {1: ("a", "1"), 2: ("b", "2"), 3: ("c", "3"), 4: ("d", "4")}


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (b"id;x\na;1,5\n", {"delimiter": ";"}),
        (b"id\tx\na\t1,5\n", {"delimiter": "\t"}),
        (b"id|x\na|1,5\n", {"delimiter": "|"}),
        (b"id,x\na,'1,5'\n", {"quote": "'"}),
        (b'id;x\na;1,5\n"', {"delimiter": ";", "quote": "", "skip_pattern": '^"'}),
    ],
)
def test_delimiters_and_quotes(content: bytes, declared: dict[str, str]) -> None:
    assert Read(content, **declared).rows == {1: ("a", "1,5")}


def test_quotes_that_are_text() -> None:
    assert Read(b'id,x\na,"1\nb,2"\n', quote="").rows == {1: ("a", '"1'), 2: ("b", '2"')}


# headers and footers -------------------------------------------------------------------------


def test_a_file_without_a_header() -> None:
    read = Read(b"a,1\nb,2", names=["id", "x"])
    assert (read.header, read.rows) == (["id", "x"], {1: ("a", "1"), 2: ("b", "2")})
    assert Read(b"", names=["id", "x"]).rows == {}
    read = Read(b"Kennung,Wert\na,1\n", names=["id", "x"], skip_after_header=1)
    assert read.rows == {1: ("a", "1")}


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", SIZES)
def test_titles_units_and_totals(
    size: int, line_break: bytes, small_blocks: Callable[[int], None]
) -> None:
    small_blocks(size)
    text = b'Report "A"\n\nid,x\n"unit\nof",EUR\na,1\nTotal,3\nb,2\nTotal,3\nmade by\nus\n\n'
    text = text.replace(b"\n", line_break)
    read = Read(text, header_row=3, skip_after_header=1, skip_pattern="Total", skip_footer=2)
    assert read.header == ["id", "x"]
    assert read.rows == {1: ("a", "1"), 2: ("b", "2")}
    assert (read.refused, read.left_out) == ([], 4)


@pytest.mark.parametrize("size", SIZES)
def test_a_footer_longer_than_the_data(size: int, small_blocks: Callable[[int], None]) -> None:
    small_blocks(size)
    for rows, kept in ((0, 0), (2, 0), (3, 0), (5, 2)):
        text = b"id,x\n" + b"".join(b'%d,"a\n"\n\n' % n for n in range(rows))
        read = Read(text, skip_footer=3)
        assert read.header == ["id", "x"]
        assert (len(read.rows), read.left_out) == (kept, rows - kept)


def test_comments_before_the_header_do_not_count() -> None:
    read = Read(b"# a\n# b\nid,x\na,1\n#c\nb,2\n", skip_pattern="#")
    assert read.rows == {1: ("a", "1"), 2: ("b", "2")}


def test_several_header_rows_are_joined() -> None:
    read = Read(b"Shop,Score,,Town\nid,Q1,Q2,Town\na,1,2,b\n", header_rows=2)
    assert read.header == ["Shop id", "Score Q1", "Score Q2", "Town"]
    assert read.rows == {1: ("a", "1", "2", "b")}


def test_a_column_without_a_name_is_named_by_its_place() -> None:
    read = Read(b",amount,\n0,1,\n")
    assert (read.header, read.rows) == (["column_1", "amount", "column_3"], {1: ("0", "1", "")})


@pytest.mark.parametrize(
    ("content", "declared", "problem"),
    [
        (b"", {}, "empty, without a header"),
        (b"\n\n", {}, "empty, without a header"),
        (b"id\n", {"header_row": 3}, "header should end in row 3.*only 1 rows"),
        (b"id\n\n\na\n", {"header_row": 3}, "no header in row 3"),
        (b"id,x,id\n", {}, "names id more than once"),
        (b"id,_row\n", {}, "names _row, which cxloop adds itself"),
        (b"i\0d\0\n", {}, "NUL characters, as UTF-16"),
    ],
)
def test_headers_that_are_none(content: bytes, declared: dict[str, int], problem: str) -> None:
    with pytest.raises(UnreadableFileError, match=problem):
        Read(content, **declared)


def test_a_header_alone_is_no_row_and_still_has_columns() -> None:
    for content in (b"id,x", b"id,x\n", b"id,x\n\n"):
        (chunk,) = Read(content).chunks
        assert (len(chunk.rows), chunk.rows.names()) == (0, ["id", "x"])


def test_joined_files_lose_their_marks() -> None:
    mark = b"\xef\xbb\xbf"
    read = Read(mark + b"id,x\na,1\n" + mark + b'"b",2\n' + mark + b"id,x\nc,3" + mark)
    assert read.rows == {1: ("a", "1"), 2: ("b", "2"), 4: ("c", "3\ufeff")}
    assert read.refused == [("repeats the header", "id,x")]


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ({"delimiter": ",,"}, "`delimiter` is one ASCII character"),
        ({"delimiter": "、"}, "`delimiter` is one ASCII character"),
        ({"delimiter": "\n"}, "`delimiter` is one ASCII character"),
        ({"quote": "«"}, "`quote` is one ASCII character or empty"),
        ({"quote": ","}, "are the same character"),
        ({"names": ["id"], "header_row": 2}, "`names` are for a file without a header"),
        ({"skip_pattern": "("}, "is no regular expression"),
        ({"header_row": 0}, "greater than or equal to 1"),
        ({"max_expanded_gb": 0}, "greater than 0"),
    ],
)
def test_declarations_that_cannot_be_meant(declared: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        FileRead(pattern="*", **declared)


def test_columns_nobody_wants_are_read_when_they_are_asked_for() -> None:
    content = b"id,a,b,c\n" + b"".join(b"%d,a%d,b%d,c%d\n" % (n, n, n, n) for n in range(9))
    (chunk,) = Read(content, columns=["b"]).chunks
    assert isinstance(chunk.rows, TableRows)
    assert chunk.rows.table.column_names == ["id", "b", "_file", "_row"]
    rows = chunk.rows.take(np.array([7, 2, 5])).take(np.array([0, 2]))
    assert rows.names() == ["id", "a", "b", "c"]
    assert rows.column("a").to_pylist() == ["a7", "a5"]
    assert rows.column("b").to_pylist() == ["b7", "b5"]
    assert not rows.has("d")
    payload = {"id": "5", "a": "a5", "b": "b5", "c": "c5", "_file": PLACE.label, "_row": 6}
    assert json.loads(rows.payload(1)) == payload


# against another reader ----------------------------------------------------------------------

WORDS = ["", "a", "1.5", "é日", 'say "x"', "a,b", "a\nb", "a\r\nb", ' "', '""', "x'y", "  "]


@pytest.mark.parametrize("seed", range(40))
def test_python_reads_the_same(seed: int, small_blocks: Callable[[int], None]) -> None:
    rng = random.Random(seed)
    width = rng.randint(2, 4)
    rows = [tuple(rng.choice(WORDS) for _ in range(width)) for _ in range(rng.randint(0, 60))]
    text = io.StringIO()
    writer = csv.writer(
        text,
        quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator=rng.choice(["\n", "\r\n"]),
    )
    writer.writerow([f"c{place}" for place in range(width)])
    writer.writerows(rows)
    small_blocks(rng.choice(SIZES))
    read = Read(text.getvalue().encode(), columns=rng.choice([None, [], ["c1"]]))
    assert read.rows == dict(enumerate(rows, start=1))
    assert not read.refused


@pytest.mark.parametrize("seed", range(60))
def test_noise_reads_the_same_in_blocks_of_every_size(
    seed: int, small_blocks: Callable[[int], None]
) -> None:
    rng = random.Random(seed)
    parts = [b"a", b"1", b",", b",", b'"', b'""', b"\n", b"\r\n", b"\r", b" ", b"\0", b"\xc3\xa9"]
    noise = b"x,y\n" + b"".join(rng.choice(parts) for _ in range(rng.randint(1, 120)))
    outcomes = []
    for size in (*SIZES, 5, 11):
        small_blocks(size)
        try:
            read = Read(noise, columns=rng.choice([None, ["x"], ["y"]]))
            outcomes.append((read.rows, read.refused))
            numbers = len(read.rows) + len(read.refused)
            assert not read.rows or max(read.rows) <= numbers
        except UnreadableFileError as error:
            outcomes.append(({}, [(str(error), "")]))
    assert all(outcome == outcomes[0] for outcome in outcomes)


# speed and memory ----------------------------------------------------------------------------


def test_memory_is_bounded_and_rows_are_many(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("big") / "big.csv"
    line = b'%d,customer %d,"a comment, with ""quotes""",2026-07-01T10:00:00Z,4\n'
    with path.open("wb") as file:
        file.write(b"id,customer,comment,at,score\n")
        for start in range(0, 1_200_000, 10_000):
            file.write(b"".join(line % (n, n) for n in range(start, start + 10_000)))
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    rows = most = 0
    place = Place("src", "answers", "big.csv")
    for chunk in read_chunks(lambda: path.open("rb"), FileRead(pattern="*"), place):
        rows += len(chunk.rows)
        most = max(most, pa.total_allocated_bytes() - before)
    python_most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 1_200_000
    assert path.stat().st_size > 80_000_000
    assert most < 100_000_000
    assert python_most < 300_000_000
    path.unlink()


def test_place_says_where() -> None:
    error = PLACE.unreadable("is no file", "send it")
    assert str(error) == "src.answers: a.csv: is no file. Mend: send it"
