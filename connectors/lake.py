"""The lake's places and how they are written: whole or not at all, one writer per source."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from connectors.errors import LakeBusyError, LakeWriteError

LOCK_SECONDS = 600.0
UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class Lake:
    """Where everything of one source lies under ``root``."""

    root: Path
    source: str

    def landing(self, entity: str) -> Path:
        """Batches of the entity as received."""
        return self.root / "landing" / self.source / entity

    def visit(self, load_date: date) -> Path:
        """The note that the source was asked on that date, with or without anything new."""
        return self.root / "landing" / self.source / "_visits" / f"{load_date}.json"

    def raw(self, record: str, load_date: date) -> Path:
        """The one file of canonical rows of that load date."""
        return self._partition("raw", record, load_date)

    def quarantine(self, record: str, load_date: date) -> Path:
        """The one file of refused rows of that load date."""
        return self._partition("quarantine", record, load_date)

    def manifest(self, load_date: date) -> Path:
        """What the load date's files were made from; they count only while it stands."""
        return self.root / "manifests" / self.source / f"{load_date}.json"

    def held(self, load_date: date) -> Path:
        """Why the load date could not be landed; absent where it could."""
        return self.root / "held" / self.source / f"{load_date}.json"

    @property
    def released(self) -> Path:
        """Rows that a person let through although a declared check refuses them."""
        return self.root / "released" / f"{self.source}.json"

    def _partition(self, layer: str, record: str, load_date: date) -> Path:
        folder = self.root / layer / record / f"source={self.source}" / f"load_date={load_date}"
        return folder / "part-0.parquet"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the source's lock; the operating system releases it when the process dies.

        Raises:
            LakeBusyError: when another run holds it for longer than ten minutes.
        """
        path = self.root / "locks" / f"{self.source}.lock"
        with writing(path, self.source):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path, timeout=LOCK_SECONDS):
                yield
        except Timeout:
            what = f"another run has held {path} for {LOCK_SECONDS:.0f} seconds"
            mend = "wait for that run to end; two runs of one source never write at once"
            raise LakeBusyError(what, source=self.source, mend=mend) from None


def write_parquet(path: Path, table: pa.Table, *, source: str) -> str:
    """Write ``table`` to ``path`` by rename and return the sha256 of the file.

    The same table always gives the same bytes.

    Raises:
        LakeWriteError: when the disk is full or not writable; ``path`` is then as it was.
    """
    with writing(path, source), _replacing(path) as unfinished:
        pq.write_table(table, unfinished, compression="zstd")
        return sha256_of(unfinished)


def write_json(path: Path, content: dict[str, Any], *, source: str) -> None:
    """Write ``content`` as sorted JSON by rename.

    Raises:
        LakeWriteError: when the disk is full or not writable; ``path`` is then as it was.
    """
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    with writing(path, source), _replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def remove_unfinished(folder: Path) -> None:
    """Delete what a killed run left half-written in ``folder``."""
    for path in sorted(folder.glob(f"*{UNFINISHED}")):
        path.unlink()


def sha256_of(path: Path) -> str:
    """Hex sha256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint_of(content: object) -> str:
    """Hex sha256 of ``content`` as canonical JSON."""
    text = json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def writing(path: Path, source: str) -> Iterator[None]:
    """Turn a failure to write ``path`` into an error that says how to go on.

    Raises:
        LakeWriteError: when the disk is full or not writable.
    """
    try:
        yield
    except OSError as error:
        raise LakeWriteError.of(error, path, source) from error


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
