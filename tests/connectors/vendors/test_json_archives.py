"""Downloaded JSON: archives that are whole, and all the ways in which they are not."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from typing import Any

import pytest

from connectors.vendors.json_archives import DamagedFileError, elements_of, require_whole
from tests.emulators.qualtrics import zipped

DOCUMENT = json.dumps({"responses": [{"n": 1}, {"n": 2.5}, {"n": None}], "more": []}).encode()


def read(content: bytes, path: str = "responses") -> list[Any]:
    file = io.BytesIO(content)
    require_whole(file)
    return list(elements_of(file, path))


@pytest.mark.parametrize("content", [DOCUMENT, zipped(DOCUMENT), b"\n " + DOCUMENT])
def test_elements_come_from_an_archive_and_from_plain_json(content: bytes) -> None:
    assert read(content) == [{"n": 1}, {"n": 2.5}, {"n": None}]


def test_an_empty_list_is_no_damage() -> None:
    assert read(DOCUMENT, "more") == []


def corrupted() -> bytes:
    content = bytearray(zipped(DOCUMENT * 50))
    content[60] ^= 0xFF  # within the compressed data, where only the checksum tells
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "neither a zip archive nor JSON"),
        (b"<html>", "neither a zip archive nor JSON"),
        (zipped(DOCUMENT)[:-10], "neither a zip archive nor JSON"),
        (corrupted(), "a damaged archive"),
        (zipped(DOCUMENT, "a.json", "b.json"), "an archive of 2 files instead of one"),
        (DOCUMENT[:30], "no JSON to its end"),
        (zipped(DOCUMENT[:30]), "no JSON to its end"),
        (zipped(b'{"answers": []}'), "JSON without the list `responses`"),
        (b'{"responses": null}', "JSON without the list `responses`"),
    ],
)
def test_damage_is_named(content: bytes, what: str) -> None:
    with pytest.raises(DamagedFileError, match=what):
        read(content)


def test_numbers_that_no_float_holds_stay_text() -> None:
    text = b'{"responses": [{"a": 1e400, "b": 0.1, "c": 12345678901234567890.5}]}'
    assert read(text) == [{"a": "1E+400", "b": 0.1, "c": "12345678901234567890.5"}]


def test_memory_does_not_grow_with_the_file() -> None:
    row = {"values": {f"QID{n}": "x" * 50 for n in range(40)}}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.json", json.dumps({"responses": [row] * 3_000}))
    require_whole(file)
    tracemalloc.start()
    count = sum(1 for _ in elements_of(file, "responses"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3_000
    assert peak < 2_000_000  # of 9 MB
