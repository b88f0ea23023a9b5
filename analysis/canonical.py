"""Bytes that are equal iff the content is: canonical JSON, hashes, atomic files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from datetime import date
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from programme.settings import REPOSITORY

_SOURCES = ("analysis", "dbt_project")
_ENDINGS = {".py", ".sql", ".yml", ".yaml", ".csv"}
_GENERATED = {"target", "logs", "dbt_packages", "__pycache__"}


def canonical_json(content: Any) -> bytes:
    """Sorted keys, shortest exact floats, UTF-8, one newline at the end.

    Raises:
        ValueError: a nan or an infinity, which no reader of JSON agrees on.
    """
    text = json.dumps(
        content, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1, default=_plain
    )
    return (text + "\n").encode()


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def rows_hash(rows: Iterable[Any]) -> str:
    """Hash of rows (dataclasses) read, whatever order they came in."""
    lines = sorted(
        json.dumps(asdict(row), sort_keys=True, default=_plain, ensure_ascii=False) for row in rows
    )
    return sha256("\n".join(lines).encode())


def seed_of(name: str) -> int:
    """A seed that follows from a name alone, 0 up to 2**32 - 1."""
    return int(sha256(name.encode())[:8], 16)


def write_atomically(file: Path, content: bytes) -> None:
    """Write beside, flush to disk, rename: a reader sees the old file or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)


@lru_cache(maxsize=1)
def code_version() -> str:
    """``<package version>+<hash>`` of the sources that make a number: ``analysis`` and dbt."""
    try:
        version = metadata.version("cxloop")
    except metadata.PackageNotFoundError:
        version = "0"
    return f"{version}+{sources_hash(*_SOURCES)[:12]}"


def sources_hash(*folders: str) -> str:
    """SHA-256 over path and content of every source file in the repository's folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted((REPOSITORY / folder).rglob("*")):
            inside = file.relative_to(REPOSITORY)
            if file.suffix in _ENDINGS and not _GENERATED & set(inside.parts):
                digest.update(f"{inside.as_posix()}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _plain(value: object) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
