"""JSON lines and JSON documents: objects exactly as written, or told why not."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from connectors.errors import UnreadableFileError
from connectors.payloads import DEEPEST
from tests.connectors.reading.conftest import Read

SIZES = (1, 2, 5, 64, 1 << 20)
DEEP = '{"a":' + "[" * DEEPEST + "]" * DEEPEST + "}"
REFUSED = [
    ("a name stands twice in one object", '{"a": 1, "a": 2}'),
    ("a name stands twice in one object", '{"a": {"b": 1, "b": 1}}'),
    ("no JSON object", "[1]"),
    ("no JSON object", "7"),
    ("no JSON object", '{"a": 1'),
    ("no JSON object", '{"a": 01}'),
    ("no JSON object", '{"a": "\tb"}'),
    ("holds half a surrogate pair, which is no character", r'{"a": "\ud83d"}'),
    ("holds a NUL character", r'{"a": "b\u0000"}'),
    ("holds a NUL character", r'{"\u0000": 1}'),
    (f"nested more than {DEEPEST} deep", DEEP),
    (f"nested more than {DEEPEST} deep", "[" * 100_000),
]
TAKEN: list[tuple[str, Any]] = [
    ('{"a": 1}', {"a": 1}),
    (
        '{"a":  1.50, "b": 1e400, "c": -0, "d": 1E5}',
        {"a": "1.50", "b": "1e400", "c": 0, "d": "1E5"},
    ),
    ('{"a": NaN, "b": -Infinity}', {"a": "NaN", "b": "-Infinity"}),
    ('{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
    (r'{"a": "\ud83d\ude00", "b": "😀", "c": "\\u0000"}', {"a": "😀", "b": "😀", "c": r"\u0000"}),
    ('{"a": "x\u2028y"}', {"a": "x\u2028y"}),
    ('{"a": [{"b": 1}, {"b": 2}], "b": 3}', {"a": [{"b": 1}, {"b": 2}], "b": 3}),
    (DEEP.replace("[", "", 1).replace("]", "", 1), None),
]


@pytest.mark.parametrize("size", SIZES)
def test_lines(size: int, small_blocks: Callable[[int], None]) -> None:
    small_blocks(size)
    taken, refused = [text for text, _ in TAKEN], [text for _, text in REFUSED]
    lines = ["", *taken, " ", *refused, ""]
    for line_break in ("\n", "\r\n"):
        content = line_break.join(lines).encode("utf-8-sig")
        read = Read(content, format="jsonl")
        assert read.texts == taken
        for payload, (_, expected) in zip(read.payloads, TAKEN, strict=True):
            assert expected is None or payload == expected
        assert read.refused == REFUSED


def test_lines_that_may_be_personal_are_withheld() -> None:
    read = Read(b'{"mail": "me@example.com"\n', format="jsonl", withhold=True)
    assert read.refused == [("no JSON object", "25 characters, withheld because of `personal`")]


def test_lines_in_another_encoding() -> None:
    assert Read('{"a": "表"}\n'.encode("cp932"), format="jsonl", encoding="cp932").payloads == [
        {"a": "表"}
    ]
    with pytest.raises(UnreadableFileError, match=r"byte 16 \(95 5c"):
        Read('{"a": 1}\n{"a": "表"}\n'.encode("cp932"), format="jsonl")


def test_a_number_of_five_thousand_digits_is_refused() -> None:
    (refused,) = Read(b'{"a": ' + b"1" * 5000 + b"}", format="jsonl").refused
    assert refused[0] == "no JSON object"


def test_a_header_is_not_expected() -> None:
    for content, form in ((b"", "jsonl"), (b"[]", "json")):
        read = Read(content, format=form)
        assert (read.header, len(read.chunks), read.texts) == (None, 1, [])


# documents -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("indent", [None, 2])
def test_documents(size: int, indent: int | None, small_blocks: Callable[[int], None]) -> None:
    small_blocks(size)
    items = [{"id": n, "t": 'é"[,]{"', "deep": {"x": [1, {"y": None}]}} for n in range(20)]
    whole = json.dumps(items, indent=indent, ensure_ascii=False)
    assert Read(whole.encode("utf-8-sig"), format="json").payloads == items
    around = json.dumps(
        {"meta": [1, {"items": []}], "data": {"next": None, "items": items, "n": 1.5}, "end": {}},
        indent=indent,
    )
    read = Read(f"\n {around} \n".encode(), format="json", records_path="data.items")
    assert read.payloads == items


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_a_number_may_go_on_in_the_next_piece(
    size: int, small_blocks: Callable[[int], None]
) -> None:
    small_blocks(size)
    for blanks in range(6):
        text = f'{{{" " * blanks}"n": -12.5e-3, "data": [12, 345 ,1.25,-0.5E+1, null], "m":1.5}}'
        read = Read(text.encode(), format="json", records_path="data")
        found = [payload for _, payload in read.refused]
        assert found == ["12", "345", "1.25", "-0.5E+1", "null"]


def test_elements_stand_as_written_and_others_are_refused() -> None:
    refused = [(why, text) for why, text in REFUSED if text.count("[") < 9 and _is_json(text)]
    assert len(refused) == 7
    texts = [text for text, _ in TAKEN]
    content = f"[{' , '.join([*texts, *(text for _, text in refused)])}]"
    read = Read(content.encode(), format="json")
    assert read.texts == texts
    assert read.refused == refused


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("content", "path", "problem"),
    [
        ("", "", "has no list in the document"),
        ('{"a": 1}', "", "has no list in the document.*records_path"),
        ('{"a": 1}', "b", "has no `b` in the document; the names there are a"),
        ('{"a": {"c": 1}}', "a.b", "has no `b` in `a`; the names there are c"),
        ('{"a": 1}', "a", "has no list in `a`"),
        ('{"a": [1]}', "a.b", "has no list in `a`"),
        ('{"a": [], "a": []}', "a", "`a` stands twice in one object"),
        ('[{"a": 1}, {"a"', "", "is no JSON at character 11"),
        ('[{"a": 1},', "", "is no JSON at character 10"),
        ('[{"a": 1}', "", "is no JSON at character 9: `,` or `]` is expected"),
        ('[{"a": 1} {"a": 2}]', "", "`,` or `]` is expected"),
        ('[{"a": 1}] [', "", "more follows after its end"),
        ('[{"a": 1},]', "", "is no JSON at character 10"),
        ('{"a": [], b: 1}', "a", "a name is expected"),
        ('{"a": [], "b" 1}', "a", "`:` is expected"),
        ('{"a": [] "b": 1}', "a", "`,` or `}` is expected"),
        ('[{"a": tru}, ' + '{"b": 1}, ' * 20 + "{}]", "", "is no JSON at character 1"),
        ("[" * 100_000, "", "nested too deep"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_documents_that_are_not_whole(
    content: str, path: str, problem: str, size: int, small_blocks: Callable[[int], None]
) -> None:
    small_blocks(size if len(content) < 1000 else 1000)
    with pytest.raises(UnreadableFileError, match=problem):
        Read(content.encode(), format="json", records_path=path)


@pytest.mark.parametrize("seed", range(20))
def test_a_document_cut_off_anywhere_is_never_whole(seed: int) -> None:
    rng = random.Random(seed)
    items = [{"id": n, "s": 'a\u00e9\\"' * rng.randint(0, 3), "f": n / 7} for n in range(5)]
    whole = json.dumps({"data": items, "next": [None, True]}).encode()
    assert Read(whole, format="json", records_path="data").texts
    with pytest.raises(UnreadableFileError):
        Read(whole[: rng.randrange(len(whole))], format="json", records_path="data")


def test_an_element_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.reading.json_document.LONGEST_ROW_BYTES", 1000)
    monkeypatch.setattr("connectors.reading.json_document._PIECE_BYTES", 100)
    with pytest.raises(UnreadableFileError, match="longer than 1000 characters"):
        Read(b'[{"a": "' + b"x" * 5000 + b'"}]', format="json")
