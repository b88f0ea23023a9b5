"""Takes a person out of what is neither row nor payload: received deliveries, notes and logs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.erasing_outputs import refused_rows
from connectors.lake import UNFINISHED, writing
from connectors.persons import Who
from connectors.scrubbing import Tokens
from connectors.webhooks.erasure import erase_deliveries
from connectors.webhooks.segments import Segments, read_line
from programme import Programme

# below the home: what is written for people to read, and holds values only by quoting them
_NOTES = ("lake/manifests", "lake/held", "lake/released", "dbt", "logs", "airflow/logs")
_NOTE_SUFFIXES = (".json", ".log", ".sql", ".txt", ".jsonl", ".csv", ".yml", ".html")


class DeliverySearch:
    """The deliveries that a webhook source has received, searched for persons."""

    def __init__(
        self, programme: Programme, home: Path, source: str, who: Who, tokens: Tokens
    ) -> None:
        self.programme = programme
        self.home = home
        self.source = source
        self.who = who
        self.tokens = tokens

    def places(self) -> Iterator[tuple[Path, int]]:
        """(segment, deliveries of theirs in it)."""
        segments = Segments.of(self.home, self.source)
        active = segments.active()
        for path in [*segments.closed(), *([active] if active else [])]:
            with path.open("rb") as file:
                lines = [line for raw in file if (line := read_line(raw)) is not None]
            theirs = sum(self.is_theirs(line) for line in lines if not line.get("is_erased"))
            if theirs:
                yield path, theirs

    def erase(self) -> int:
        """Remove event and body of their deliveries; how many.

        Raises:
            LakeWriteError: when a segment cannot be replaced; it is then as it was.
        """
        return erase_deliveries(self.home, self.source, self.is_theirs)

    def is_theirs(self, line: Mapping[str, Any]) -> bool:
        """Whether a delivery is about them, by the mapping or because their id stands in it."""
        body = line.get("body")
        if body is None:
            return self.tokens.in_bytes(json.dumps(line).encode()) > 0
        if self.tokens.in_text(body) or self.tokens.in_bytes(body.encode()):
            return True
        try:
            delivery = {**line, "body": json.loads(body)}
        except ValueError:
            return False
        payload = [json.dumps(delivery, ensure_ascii=False)]
        return any(
            refused_rows(self.programme, self.source, entity, payload, self.who).any()
            for entity in self.programme.sources[self.source].entities
        )


def notes_with(home: Path, tokens: Tokens) -> list[tuple[Path, int]]:
    """(file, how often an id stands in it) of manifests, notes and logs."""
    found = []
    for folder in _NOTES:
        for path in sorted((home / folder).rglob("*")):
            if path.suffix in _NOTE_SUFFIXES and path.is_file() and not path.is_symlink():
                hits = tokens.in_bytes(path.read_bytes())
                if hits:
                    found.append((path, hits))
    return found


def scrub_note(path: Path, tokens: Tokens) -> None:
    """Put a mark in the place of every id in a text file.

    Raises:
        LakeWriteError: when the disk is full; the file is then as it was.
    """
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    clean = _clean_json(text, tokens) if path.suffix == ".json" else tokens.without(text)
    unfinished = path.with_name(path.name + UNFINISHED)
    with writing(path, "privacy"):
        unfinished.write_bytes(clean.encode("utf-8", "surrogateescape"))
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)


def _clean_json(text: str, tokens: Tokens) -> str:
    try:
        node = json.loads(text)
    except ValueError:
        return tokens.without(text)
    clean = tokens.without_in_json(node)
    return json.dumps(clean, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
