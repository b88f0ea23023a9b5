"""Reads the rows that were refused: by which rule, for which reason, and what was received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from programme import Settings


@dataclass(frozen=True)
class RefusedGroup:
    """Rows of one record, source and load date that one rule refused."""

    record: str
    source: str
    load_date: str
    entity: str
    rule: str
    reason: str
    column: str | None
    rows: int


def refused_groups(settings: Settings, *, source: str | None = None) -> list[RefusedGroup]:
    """How many rows each rule refused (of one source), by record, source and load date."""
    names = ("entity", "rule", "reason", "column")
    found = []
    for path in _files(settings, source):
        rows = pq.ParquetFile(path).read(columns=list(names)).to_pylist()
        counts = Counter(tuple(row[name] for name in names) for row in rows)
        for (entity, rule, reason, column), number in sorted(counts.items(), key=str):
            found.append(RefusedGroup(*_place(path), entity, rule, reason, column, number))
    return found


def refused_rows(
    settings: Settings, record: str, *, source: str | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    """The first rows of a record that were refused, each with what was received as ``payload``."""
    found: list[dict[str, Any]] = []
    for path in _files(settings, source):
        name, from_source, load_date = _place(path)
        if name == record and len(found) < limit:
            table = pq.ParquetFile(path).read().slice(0, limit - len(found))
            place = {"record": name, "source": from_source, "load_date": load_date}
            found += [{**place, **row} for row in table.to_pylist()]
    return found


def _files(settings: Settings, source: str | None) -> Iterator[Path]:
    folder = f"source={source}" if source else "source=*"
    yield from sorted(settings.lake.glob(f"quarantine/*/{folder}/load_date=*/part-0.parquet"))


def _place(path: Path) -> tuple[str, str, str]:
    source, load_date = (part.partition("=")[2] for part in path.parts[-3:-1])
    return path.parts[-4], source, load_date
