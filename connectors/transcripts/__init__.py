"""Transcripts of calls: one file or JSON object becomes one payload with turns and times."""

from __future__ import annotations

import json
from collections.abc import Iterator

from connectors.reading.chunks import Chunk, Opener, Place
from connectors.rows import JsonRows, Refusal
from connectors.transcripts.files import Payload, payloads
from programme.systems import FileRead

__all__ = ["payloads", "read_transcripts"]

_CHUNK_CHARACTERS = 1 << 22  # parsed JSON takes some ten times its text


def read_transcripts(
    open_: Opener, read: FileRead, place: Place, *, withhold: bool
) -> Iterator[Chunk]:
    """The calls of one file, some megabytes of text at a time.

    Raises:
        UnreadableFileError: as ``payloads`` does.
        UnusableDeclarationError: as ``payloads`` does.
    """
    calls: list[Payload] = []
    texts: list[str] = []
    refused: list[Refusal] = []
    held = 0
    for found in payloads(open_, read, place, withhold=withhold):
        if isinstance(found, Refusal):
            refused.append(found)
            held += len(found.payload)
        else:
            calls.append(found[0])
            texts.append(json.dumps(found[0], ensure_ascii=False, separators=(",", ":")))
            held += len(texts[-1])
        if held > _CHUNK_CHARACTERS:
            yield _chunk(calls, texts, refused)
            calls, texts, refused, held = [], [], [], 0
    if calls or refused:
        yield _chunk(calls, texts, refused)


def _chunk(calls: list[Payload], texts: list[str], refused: list[Refusal]) -> Chunk:
    rows = JsonRows(tuple(calls), tuple(texts), tuple(range(len(calls))))
    return Chunk(rows, tuple(refused))
