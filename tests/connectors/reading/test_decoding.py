"""Encodings: decoded as declared, refused with the byte where they are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.errors import UnreadableFileError
from tests.connectors.reading.conftest import Read

TEXT = "顧客,業種\n表示ソ能,小売\n①ｱｲ,飲食\n"
ROWS = {1: ("表示ソ能", "小売"), 2: ("①ｱｲ", "飲食")}
ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp932",
    "ms_kanji",
    "euc_jis_2004",
    "gb18030",
]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [1, 3, 16, 1 << 20])
def test_what_is_declared_is_read(
    encoding: str, size: int, small_blocks: Callable[[int], None]
) -> None:
    small_blocks(size if "utf-16" not in encoding and "utf-32" not in encoding else size + 16)
    read = Read(TEXT.encode(encoding), encoding=encoding)
    assert (read.header, read.rows) == (["顧客", "業種"], ROWS)


@pytest.mark.parametrize(
    ("content", "encoding", "problem"),
    [
        (TEXT.encode("cp932"), "utf-8", r"byte 0 \(8c da 8b 71\) is no utf-8"),
        ("id\ncafé\n".encode("cp1252"), "utf-8-sig", r"byte 6 \(e9 0a\) is no utf-8-sig"),
        (b"\xef\xbb\xbfid\nok\n\xff\n", "utf-8-sig", r"byte 9 \(ff 0a\)"),
        (b"\xef\xbb\xbfid\nok\n\xff\n", "utf-8", r"byte 9 \(ff 0a\)"),
        (TEXT.encode(), "cp932", "reads as UTF-8 without a fault, and cp932 is declared"),
        ("id\ncafé\n".encode(), "cp1252", "reads as UTF-8 without a fault"),
        ("id\ncafé\n".encode("utf-8-sig"), "cp1252", "byte order mark of utf-8"),
        (TEXT.encode("utf-16"), "utf-8-sig", "byte order mark of utf-16, and utf-8-sig"),
        (TEXT.encode("utf-16"), "cp932", "declare `encoding: utf-16`"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-le", "byte order mark of utf-16"),
        (TEXT.encode("utf-32"), "utf-16", "byte order mark of utf-32"),
        (b"id,x\na,1\n", "utf-16", "holds no zero byte"),
        (TEXT.encode("utf-16")[:-1], "utf-16", r"byte \d+ .* is no utf-16"),
        (TEXT.encode("cp932") + b"\x81", "cp932", r"byte 34 \(81\) is no cp932"),
        (b"id\n\x81\n", "cp1252", r"byte 3 \(81 0a\) is no cp1252"),
        (b"id\n", "klingon", "`klingon` is no encoding"),
        (b"id\n", "hex", "`hex` is no encoding"),
    ],
)
def test_what_is_not_declared_is_refused(content: bytes, encoding: str, problem: str) -> None:
    with pytest.raises(UnreadableFileError, match=problem):
        Read(content, encoding=encoding)


def test_a_few_characters_may_be_utf_8_by_chance() -> None:
    for word, encoding in (("ﾄｳﾃｲ", "cp932"), ("某", "gbk")):
        assert word.encode(encoding).decode("utf-8")
        assert Read(f"id\n{word}\n".encode(encoding), encoding=encoding).rows == {1: (word,)}


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_the_byte_is_right_wherever_blocks_end(
    size: int, small_blocks: Callable[[int], None]
) -> None:
    small_blocks(size)
    content = TEXT.encode("cp932") + b"ok,1\n\x81,2\n"
    with pytest.raises(UnreadableFileError, match=rf"byte {len(TEXT.encode('cp932')) + 5} \(81 2c"):
        Read(content, encoding="cp932")
