"""What an Excel workbook holds besides values: cell errors, and formulas never calculated."""

from __future__ import annotations

import posixpath
import re
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from typing import BinaryIO

from connectors.reading.chunks import Place
from connectors.reading.compression import FREE_BYTES, MOST_TIMES

_PIECE_BYTES = 1 << 20
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_ERROR = re.compile(rb'<(?:\w+:)?c\s([^>]*\bt="e"[^>]*)>.*?<(?:\w+:)?v>([^<]*)<', re.DOTALL)
_UNCALCULATED = re.compile(
    rb"<(?:\w+:)?c\s(?![^>]*\bt=\"str\")[^>]*>"
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>"
)
_CELL = re.compile(rb'\br="([A-Z]+)(\d+)"')
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ET.ParseError,
    NotImplementedError,
    RuntimeError,
)
_AGAIN = "have the file sent again as .xlsx"


def require_sound(file: BinaryIO, place: Place, *, most_bytes: int) -> None:
    """Refuse a workbook before anything of it is expanded into memory.

    Sizes are summed first; reading every part then proves that they are true.

    Raises:
        UnreadableFileError: when it is no workbook, damaged or too large.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            compressed = sum(part.compress_size for part in archive.infolist())
            expanded = sum(part.file_size for part in archive.infolist())
            if expanded > min(most_bytes, max(FREE_BYTES, MOST_TIMES * compressed)):
                what = f"expands to {expanded} bytes, too many for its {compressed}"
                mend = "declare a larger `max_expanded_gb`, or have it sent as CSV"
                raise place.unreadable(what, mend)
            if archive.testzip() is not None:
                raise zipfile.BadZipFile("a part of it is damaged")
    except _BROKEN as error:
        raise place.unreadable(f"is no sound Excel workbook ({error})", _AGAIN) from None


def cell_errors(file: BinaryIO, sheet: str, place: Place) -> dict[int, dict[int, str]]:
    """Row -> column -> the error's word, such as ``#N/A``; both from 0.

    Raises:
        UnreadableFileError: when the sheet holds formulas whose values were never calculated.
    """
    found: dict[int, dict[int, str]] = defaultdict(dict)
    uncalculated = 0
    try:
        with zipfile.ZipFile(file) as archive:
            for part in _row_parts(archive, _part_of(archive, sheet)):
                uncalculated += len(_UNCALCULATED.findall(part))
                for row, column, word in _errors(part, place):
                    found[row][column] = word
    except _BROKEN as error:
        raise place.unreadable(f"is no sound Excel workbook ({error})", _AGAIN) from None
    if uncalculated:
        what = f"sheet `{sheet}` holds {uncalculated} formulas whose values were never calculated"
        raise place.unreadable(what, "open the file in Excel, save it and send it again")
    return found


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    workbook = _xml(archive, "xl/workbook.xml")
    found = [node for node in workbook.iter() if node.tag.endswith("}sheet")]
    relation = {node.get("name"): node.get(f"{_RELATIONS}id") for node in found}[sheet]
    relations = _xml(archive, "xl/_rels/workbook.xml.rels")
    target = {node.get("Id"): node.get("Target", "") for node in relations}[relation]
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def _xml(archive: zipfile.ZipFile, name: str) -> ET.Element:
    # expat bounds how far entities expand, and no part refers to anything outside
    return ET.fromstring(archive.read(name))  # noqa: S314


def _row_parts(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The sheet's XML in pieces that end where a row does."""
    rest = b""
    with archive.open(name) as part:
        while piece := part.read(_PIECE_BYTES):
            rest += piece
            end = rest.rfind(b"row>") + 4
            if end > 4:
                yield rest[:end]
                rest = rest[end:]
    yield rest


def _errors(part: bytes, place: Place) -> Iterator[tuple[int, int, str]]:
    for match in _ERROR.finditer(part):
        cell = _CELL.search(match[1])
        if cell is None:
            raise place.unreadable("holds cell errors that do not say where they are", _AGAIN)
        column = 0
        for letter in cell[1]:
            column = column * 26 + letter - 64
        yield int(cell[2]) - 1, column - 1, match[2].decode()
