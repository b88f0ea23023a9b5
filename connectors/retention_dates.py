"""Load dates whose payloads, refused rows, comments or rows are older than they may be."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.batches import SUFFIXES, Batch, committed, read_manifest, write_manifest
from connectors.expiry import any_expired
from connectors.fingerprints import landing_fingerprint
from connectors.lake import UNFINISHED, Lake, read_json, sha256_of, write_json, writing
from connectors.masking import TEXTS
from connectors.records import RECORDS
from programme import Programme
from programme.privacy import Retention

Layer = Literal["landing", "quarantine", "comments", "raw", "webhooks"]
Place = Callable[[str, date], Path]
_ROWS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Letting:
    """Something of one load date that is, or would be, let go.

    Attributes:
        source: The source.
        load_date: The partition.
        layer: What of it.
        amount: Batches, files, texts or deliveries.
        kept_because: Why it stays nevertheless; empty where it goes.
    """

    source: str
    load_date: date
    layer: Layer
    amount: int
    kept_because: str = ""

    def __str__(self) -> str:
        what = f"{self.source} {self.load_date}: {self.amount} of {self.layer}"
        return f"{what} kept, {self.kept_because}" if self.kept_because else f"{what} let go"


class OldLoadDates:
    """The load dates of one source, looked at on one day."""

    def __init__(
        self, programme: Programme, lake: Lake, periods: Retention, as_of: date, *, dry_run: bool
    ) -> None:
        self.lake = lake
        self.periods = periods
        self.as_of = as_of
        self.dry_run = dry_run
        self.batches: dict[date, dict[str, list[Batch]]] = {}
        self.entities = list(programme.sources[lake.source].entities)
        newest: dict[str, date] = {}
        for name in self.entities:
            for batch in committed(lake, name):
                self.batches.setdefault(batch.load_date, {}).setdefault(name, []).append(batch)
                newest[name] = max(batch.load_date, newest.get(name, batch.load_date))
        # a table that has not changed for years is still the current one
        self.current = set(newest.values())

    def let_go(self) -> Iterator[Letting]:
        """Every load date, oldest first."""
        manifests = self.lake.manifest(date.min).parent.glob("*.json")
        days = {date.fromisoformat(path.stem) for path in manifests} | set(self.batches)
        yield from self._withdrawn()
        for day in sorted(days):
            if self._is_over(day, self.periods.landing_days):
                yield from self._landing(day)
            if self._is_over(day, self.periods.quarantine_days):
                yield from self._files(day, "quarantine", self.lake.quarantine)
            if self._is_over(day, self.periods.raw_days):
                yield from self._raw(day)
            elif self._is_over(day, self.periods.comments_days):
                yield from self._comments(day)

    def _is_over(self, day: date, days: int | None) -> bool:
        return days is not None and (self.as_of - day).days > days

    def _landing(self, day: date) -> Iterator[Letting]:
        parts = self.batches.get(day, {})
        left = {
            name: [b for b in part if not b.expired or self._data(name, b).exists()]
            for name, part in parts.items()
        }
        amount = sum(map(len, left.values()))
        if not amount:
            return
        path = self.lake.manifest(day)
        made = path.exists() and read_json(path)["landing_fingerprint"]
        if made != landing_fingerprint(parts) and not any_expired(chain(*parts.values())):
            why = "because it has not been landed: mend or withdraw it"
            yield Letting(self.lake.source, day, "landing", amount, why)
            return
        for name, batches in left.items():
            for batch in batches if not self.dry_run else ():
                # the manifest first: from then on nobody looks for the data
                write_manifest(self.lake, name, replace(batch, expired=True))
                self._data(name, batch).unlink(missing_ok=True)
        yield Letting(self.lake.source, day, "landing", amount)

    def _withdrawn(self) -> Iterator[Letting]:
        """Batches that were taken back go like any other."""
        for name in self.entities:
            for path in sorted((self.lake.landing(name) / "withdrawn").glob("*.json")):
                if path.name.endswith(".reason.json"):
                    continue
                batch = read_manifest(path)
                if self._is_over(batch.load_date, self.periods.landing_days):
                    for suffix in (".reason.json", SUFFIXES[batch.form], ".json"):
                        if not self.dry_run:
                            path.with_name(f"{batch.name}{suffix}").unlink(missing_ok=True)
                    yield Letting(self.lake.source, batch.load_date, "landing", 1)

    def _data(self, entity: str, batch: Batch) -> Path:
        folder = self.lake.landing(entity) / f"load_date={batch.load_date}"
        return folder / f"{batch.name}{SUFFIXES[batch.form]}"

    def _raw(self, day: date) -> Iterator[Letting]:
        if day in self.current:
            amount = len(self._paths(day, self.lake.raw))
            why = "because it holds the newest rows of an entity"
            yield from [Letting(self.lake.source, day, "raw", amount, why)] if amount else []
            yield from self._comments(day)
            return
        yield from self._files(day, "raw", self.lake.raw)

    def _files(self, day: date, layer: Layer, place: Place) -> Iterator[Letting]:
        paths = self._paths(day, place)
        if not paths or not self.lake.manifest(day).exists():
            return  # without its manifest the load date is unfinished, and made anew
        if not self.dry_run:
            self._note(day, layer, {})
            for path in paths:
                path.unlink()
                path.parent.rmdir()
        yield Letting(self.lake.source, day, layer, len(paths))

    def _paths(self, day: date, place: Place) -> list[Path]:
        return [path for record in RECORDS if (path := place(record, day)).exists()]

    def _comments(self, day: date) -> Iterator[Letting]:
        path = self.lake.manifest(day)
        if not path.exists() or "comments" in read_json(path).get("expired", {}):
            return
        paths = {record: file for record in TEXTS if (file := self.lake.raw(record, day)).exists()}
        amount = sum(_texts_in(file, TEXTS[record]) for record, file in paths.items())
        if not self.dry_run:
            for record, file in paths.items():
                self._blank(file, TEXTS[record])
            outputs = {
                record: {"rows": _rows_in(file), "sha256": sha256_of(file)}
                for record, file in paths.items()
            }
            self._note(day, "comments", outputs)
        if amount:
            yield Letting(self.lake.source, day, "comments", amount)

    def _blank(self, path: Path, columns: tuple[str, ...]) -> None:
        unfinished = path.with_name(path.name + UNFINISHED)
        with writing(path, self.lake.source):
            try:
                with pq.ParquetFile(path) as file:
                    writer = pq.ParquetWriter(unfinished, file.schema_arrow, compression="zstd")
                    for part in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                        writer.write_table(_without(pa.Table.from_batches([part]), columns))
                    writer.close()
                with unfinished.open("rb") as written:
                    os.fsync(written.fileno())
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)

    def _note(self, day: date, layer: Layer, outputs: Mapping[str, Any]) -> None:
        """Write into the load date's manifest that it is as it is by the rule."""
        path = self.lake.manifest(day)
        manifest = read_json(path)
        if layer == "comments":
            manifest["outputs"].setdefault("raw", {}).update(outputs)
        else:
            manifest["outputs"].pop(layer, None)
        manifest["expired"] = manifest.get("expired", {}) | {layer: str(self.as_of)}
        seal = json.dumps([manifest["landing_fingerprint"], manifest["mapping_hash"]])
        seal += json.dumps([manifest["outputs"], sorted(manifest["expired"])], sort_keys=True)
        manifest["fingerprint"] = hashlib.sha256(seal.encode()).hexdigest()
        write_json(path, manifest, source=self.lake.source)


def _texts_in(path: Path, columns: tuple[str, ...]) -> int:
    with pq.ParquetFile(path) as file:
        return sum(
            len(column) - column.null_count
            for part in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(columns))
            for column in part.columns
        )


def _rows_in(path: Path) -> int:
    with pq.ParquetFile(path) as file:
        return int(file.metadata.num_rows)


def _without(table: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    for name in columns:
        position = table.column_names.index(name)
        field = table.schema.field(position)
        table = table.set_column(position, field, pa.nulls(table.num_rows, field.type))
    return table
