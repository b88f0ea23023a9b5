"""Reads every byte below the programme's home, decompressed, and counts where an id stands."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.conversion import as_text
from connectors.scrubbing import Tokens

_BLOCK_BYTES = 1 << 22
_ROWS_AT_ONCE = 50_000


@dataclass
class Searched:
    """What a search read and found.

    Attributes:
        files: Files read.
        size: Bytes read, decompressed; of parquet files their size on disk.
        hits: Path below the home -> how often an id stands in it.
        unread: Path -> why it could not be read to its end.
    """

    files: int = 0
    size: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def search(home: Path, tokens: Tokens, *, leave_out: Sequence[Path] = ()) -> Searched:
    """Look for the ids in the content and the name of every file below ``home``.

    ``leave_out`` are directories that are the sources' own. Locks hold nothing.
    """
    found = Searched()
    for path in sorted(home.rglob("*")):
        within = any(path.is_relative_to(place) for place in leave_out)
        if within or path.is_symlink() or not path.is_file() or path.suffix == ".lock":
            continue
        name = path.relative_to(home).as_posix()
        found.files += 1
        hits = tokens.in_text(name)
        try:
            for size, more in _hits(path, tokens):
                found.size += size
                hits += more
        except (OSError, pa.ArrowException, EOFError) as error:
            found.unread[name] = str(error).splitlines()[0]
        if hits:
            found.hits[name] = hits
    return found


def _hits(path: Path, tokens: Tokens) -> Iterator[tuple[int, int]]:
    """(bytes read, hits) of each part of the file."""
    if path.suffix == ".parquet":
        yield path.stat().st_size, _hits_in_parquet(path, tokens)
        return
    with _opened(path) as file:
        tail = b""
        while block := file.read(_BLOCK_BYTES):
            window = tail + block
            # what lies in the tail alone was counted before
            yield len(block), tokens.in_bytes(window) - tokens.in_bytes(tail)
            tail = window[-(tokens.longest_bytes + 4) :]


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".zst":
        stream = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
        return cast("BinaryIO", stream)
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path, "rb"))
    return path.open("rb")


def _hits_in_parquet(path: Path, tokens: Tokens) -> int:
    hits = 0
    with pq.ParquetFile(path) as file:
        hits += tokens.in_text(" ".join(file.schema_arrow.names))
        for part in file.iter_batches(batch_size=_ROWS_AT_ONCE):
            for column in part.columns:
                texts = _texts(column)
                places = np.flatnonzero(tokens.could_be_in(texts).to_numpy(zero_copy_only=False))
                for text in texts.take(pa.array(places, pa.int64())).to_pylist():
                    hits += max(tokens.in_text(text), tokens.in_bytes(text.encode()))
    return hits


def _texts(column: pa.Array) -> pa.Array:
    if pa.types.is_nested(column.type):
        values = [json.dumps(value, default=str) for value in column.to_pylist()]
        return pa.array(values, pa.string())
    return as_text(column)
