"""Takes a person out of ``raw`` and ``quarantine`` where they stand, and counts it in the manifest.

Load dates whose landing still stands are made anew by ``land`` afterwards. This holds for those
that cannot be: whose landing has expired, or which are held.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.lake import UNFINISHED, Lake, read_json, sha256_of, write_json, writing
from connectors.mapping import Context
from connectors.partition import Counts
from connectors.persons import Flags, RowSearch, Who, links_of, rows_of
from connectors.rows import json_rows
from connectors.scrubbing import Tokens
from programme import Programme

_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class OutputPlace:
    """One file of ``raw`` or ``quarantine`` that holds something of the person.

    Attributes:
        layer: raw or quarantine.
        record: The canonical record.
        load_date: The partition.
        path: The file.
        rows: Rows that are theirs.
        changed: Other rows in which something of theirs stands.
    """

    layer: str
    record: str
    load_date: date
    path: Path
    rows: int
    changed: int


class OutputSearch:
    """``raw`` and ``quarantine`` of one source, searched for persons."""

    def __init__(self, programme: Programme, lake: Lake, who: Who, tokens: Tokens) -> None:
        self.programme = programme
        self.lake = lake
        self.who = who
        self.tokens = tokens
        self.links: dict[str, set[str]] = {}

    def places(self) -> list[OutputPlace]:
        """Every file that holds something of theirs. Fills ``links``."""
        found = []
        for layer in ("raw", "quarantine"):
            pattern = f"{layer}/*/source={self.lake.source}/load_date=*/part-0.parquet"
            for path in sorted(self.lake.root.glob(pattern)):
                rows = changed = 0
                for before, after, more in self._cleaned(layer, path):
                    rows += before.num_rows - after.num_rows
                    changed += more
                if rows or changed:
                    day = date.fromisoformat(path.parent.name.partition("=")[2])
                    found.append(OutputPlace(layer, path.parts[-4], day, path, rows, changed))
        return found

    def rewrite(self, place: OutputPlace) -> None:
        """Put the file in place without what is theirs, then its counts into the manifest.

        Raises:
            LakeWriteError: when the disk is full; the file is then as it was.
        """
        unfinished = place.path.with_name(place.path.name + UNFINISHED)
        entities: list[str] = []
        with writing(place.path, self.lake.source):
            try:
                with pq.ParquetFile(place.path) as file:
                    writer = pq.ParquetWriter(unfinished, file.schema_arrow, compression="zstd")
                for before, after, _ in self._cleaned(place.layer, place.path):
                    writer.write_table(after.cast(writer.schema))
                    entities += _lost_entities(before, after)
                writer.close()
                with unfinished.open("rb") as written:
                    os.fsync(written.fileno())
                unfinished.replace(place.path)
            finally:
                unfinished.unlink(missing_ok=True)
        self._count(place, entities)

    def _cleaned(self, layer: str, path: Path) -> Iterator[tuple[pa.Table, pa.Table, int]]:
        """Each part of the file before and after, and how many of its rows were changed."""
        with pq.ParquetFile(path) as file:
            for part in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                before = pa.Table.from_batches([part])
                theirs = self._theirs(layer, path.parts[-4], before)
                after = before.filter(pa.array(~theirs)) if theirs.any() else before
                yield before, *self.tokens.without_in_table(after)

    def _theirs(self, layer: str, record: str, table: pa.Table) -> Flags:
        if layer == "raw":
            for name, ids in links_of(table, record, self.who).items():
                self.links.setdefault(name, set()).update(ids)
            return rows_of(table, self.who)
        theirs = np.zeros(table.num_rows, dtype=bool)
        names, texts = table.column("entity").to_pylist(), table.column("payload").to_pylist()
        for name in sorted(set(names)):
            places = [place for place, other in enumerate(names) if other == name]
            found = self.refused(name, [texts[place] or "" for place in places])
            theirs[np.array(places)[found]] = True
        return theirs

    def refused(self, entity: str, payloads: Sequence[str]) -> Flags:
        """Which refused rows of an entity are theirs, by what was received."""
        return refused_rows(self.programme, self.lake.source, entity, payloads, self.who) | [
            self.tokens.in_text(text) > 0 for text in payloads
        ]

    def _count(self, place: OutputPlace, entities: list[str]) -> None:
        path = self.lake.manifest(place.load_date)
        if not path.exists():
            return  # the load date is unfinished, and landed anew by the next run
        manifest = read_json(path)
        with pq.ParquetFile(place.path) as file:
            rows = file.metadata.num_rows
        output = {"rows": rows, "sha256": sha256_of(place.path)}
        manifest["outputs"][place.layer][place.record] = output
        kind = "landed" if place.layer == "raw" else "quarantined"
        left = place.rows
        for entity, records in manifest["counts"].items():
            wanted = entities.count(entity) if entities else left
            counts = Counts(**records.get(place.record, {}))
            gone = min(wanted, getattr(counts, kind), left)
            if gone:
                counts += Counts(**{kind: -gone, "erased": gone})
                records[place.record] = counts.__dict__
                left -= gone
        seal = f"{manifest['fingerprint']} {json.dumps(output, sort_keys=True)}"
        manifest["fingerprint"] = hashlib.sha256(seal.encode()).hexdigest()
        write_json(path, manifest, source=self.lake.source)


def refused_rows(
    programme: Programme, source: str, entity: str, payloads: Sequence[str], who: Who
) -> Flags:
    """Which rows that never became records are theirs, by what was received."""
    theirs = np.zeros(len(payloads), dtype=bool)
    declared = programme.sources[source].entities.get(entity)
    if declared is None:
        return theirs
    rows, reasons = json_rows(payloads)
    context = Context(
        source=source,
        entity=entity,
        where="quarantine",
        timezone=programme.sources[source].timezone,
        surveys=programme.surveys,
    )
    found = RowSearch(declared, context).find(rows, who)
    places = np.delete(np.arange(len(payloads)), sorted(reasons))
    theirs[places[found.rows]] = True
    # a row of theirs among elements of several persons was refused as a whole
    theirs[places[list(found.payloads)]] = True
    return theirs


def _lost_entities(before: pa.Table, after: pa.Table) -> list[str]:
    """The entity of each refused row that is gone; empty for canonical rows, which do not say."""
    if "entity" not in before.column_names or "payload" not in before.column_names:
        return []
    lost = Counter(before.column("entity").to_pylist())
    lost.subtract(after.column("entity").to_pylist())
    return list(lost.elements())
