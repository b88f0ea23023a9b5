"""A vendor's template from the emulator to raw, through the lake, as a run does it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from connectors.extraction import ExtractSummary, extract
from connectors.landing import LandSummary, land
from ledger import open_workplace
from programme import Settings
from tests.emulators.pulls import template


class TemplateLake:
    """The template's programme, its lake and its runs; ``base_url`` where it is written out."""

    def __init__(self, kind: str, root: Path, *, base_url: str | None = None) -> None:
        self.kind = kind
        self.programme = template(kind, root / "programme")
        if base_url is not None:
            source = self.programme.sources[kind]
            system = source.system.model_copy(update={"base_url": base_url})
            sources = {kind: source.model_copy(update={"system": system})}
            self.programme = replace(self.programme, sources=sources)
        self.settings = Settings.from_environment(
            {"CXLOOP_PROGRAMME": str(root / "programme"), "CXLOOP_HOME": str(root / "home")}
        )
        _, _, self.ledger = open_workplace(self.settings)

    def extract(self, day: date) -> ExtractSummary:
        return extract(self.programme, self.settings, self.kind, load_date=day, run_id="run")

    def run(self, day: date) -> LandSummary:
        self.extract(day)
        return land(self.programme, self.settings, self.ledger, self.kind, run_id="run")

    def raw(self, record: str, day: date) -> list[dict[str, Any]]:
        return self._rows("raw", record, day)

    def quarantine(self, record: str, day: date) -> list[dict[str, Any]]:
        return self._rows("quarantine", record, day)

    def everything(self) -> bytes:
        """All that stands in the lake, for a search for what must not."""
        files = [path for path in sorted(self.settings.lake.rglob("*")) if path.is_file()]
        return b"".join(
            str(pq.ParquetFile(path).read().to_pylist()).encode()
            if path.suffix == ".parquet"
            else path.read_bytes()
            for path in files
        )

    def _rows(self, layer: str, record: str, day: date) -> list[dict[str, Any]]:
        folder = self.settings.lake / layer / record / f"source={self.kind}" / f"load_date={day}"
        rows: list[dict[str, Any]] = []
        for path in sorted(folder.glob("*.parquet")):
            rows += pq.ParquetFile(path).read().to_pylist()
        return rows
