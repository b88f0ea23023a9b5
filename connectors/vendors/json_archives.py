"""Downloaded JSON, in a zip archive or as it is, read element by element in bounded memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, Any, BinaryIO

from connectors.api.answers import parsed


class DamagedFileError(Exception):
    """A file that is not whole, or not what it should be; says what it is."""


def require_whole(file: BinaryIO) -> None:
    """Read an archive to its end once, so that damage shows before the first element is used.

    Raises:
        DamagedFileError: when it is neither JSON nor an undamaged archive of one file.
    """
    if not zipfile.is_zipfile(file):
        file.seek(0)
        if file.read(64).lstrip()[:1] not in (b"{", b"["):
            raise DamagedFileError("neither a zip archive nor JSON")
        return
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            damaged = archive.testzip()
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise DamagedFileError(f"a damaged archive: {error}") from None
    if damaged is not None:
        raise DamagedFileError(f"a damaged archive: {damaged} fails its checksum")
    if len(names) != 1:
        raise DamagedFileError(f"an archive of {len(names)} files instead of one")


def elements_of(file: BinaryIO, list_path: str) -> Iterator[Any]:
    """The elements of the list at ``list_path``, as parsed JSON.

    Raises:
        DamagedFileError: where the JSON breaks off, or holds no such list.
    """
    import ijson

    with _content_of(file) as content:
        is_empty = True
        try:
            for element in ijson.items(content, f"{list_path}.item"):
                is_empty = False
                yield _as_parsed(element)
            if is_empty:
                content.seek(0)
                _require_list(content, list_path)
        except ijson.JSONError as error:
            raise DamagedFileError(f"no JSON to its end: {error}") from None


@contextmanager
def _content_of(file: BinaryIO) -> Iterator[IO[bytes]]:
    if not zipfile.is_zipfile(file):
        file.seek(0)
        yield file
        return
    with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as content:
        yield content


def _require_list(content: IO[bytes], list_path: str) -> None:
    import ijson

    events = ((prefix, event) for prefix, event, _ in ijson.parse(content))
    if (list_path, "start_array") not in events:
        raise DamagedFileError(f"JSON without the list `{list_path}`")


def _as_parsed(value: Any) -> Any:
    """Numbers as the rest of the answers has them: a float where it says the same, else text."""
    if isinstance(value, Decimal):
        return parsed(str(value).encode())
    if isinstance(value, list):
        return [_as_parsed(element) for element in value]
    if isinstance(value, dict):
        return {key: _as_parsed(element) for key, element in value.items()}
    return value
