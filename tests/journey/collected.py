"""A programme of real files, pulled and landed as `cxloop run` does it, without a scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from connectors.extraction import extract
from connectors.landing import LandSummary, declare, lake_fingerprint, land
from ledger import Ledger
from programme import Settings, load_programme
from tests.journey.conftest import REPOSITORY

DAY = date(2020, 7, 5)


@dataclass
class Collected:
    """A programme whose sources were all pulled and landed once."""

    settings: Settings
    ledger: Ledger
    landed: dict[str, LandSummary]

    @classmethod
    def of(cls, name: str, data: Path, home: Path) -> Collected:
        settings = Settings.from_environment(
            {
                "CXLOOP_PROGRAMME": str(REPOSITORY / "tests" / "programmes" / name),
                "CXLOOP_HOME": str(home),
                "CXLOOP_DATA_ROOT": str(data),
            }
        )
        collected = cls(settings, Ledger.open(settings.ledger_url), {})
        collected.pull()
        declare(load_programme(settings.programme_dir), settings, as_of=DAY)
        return collected

    def pull(self) -> dict[str, int]:
        """Pull and land every source; rows read by each."""
        programme = load_programme(self.settings.programme_dir)
        read = {}
        for name in programme.sources:
            extracted = extract(programme, self.settings, name, load_date=DAY, run_id="test")
            read[name] = extracted.rows
            self.landed[name] = land(programme, self.settings, self.ledger, name, run_id="test")
        return read

    def require_reconciled(
        self, source: str, *, received: int, duplicate: int = 0, not_applicable: int = 0
    ) -> None:
        """Every row received is landed, duplicate or not applicable; the ledger says the same."""
        counts = self.landed[source].counts
        assert counts.reconciles
        assert (counts.received, counts.quarantined) == (received, 0)
        assert (counts.duplicate, counts.not_applicable) == (duplicate, not_applicable)
        (load,) = [load for load in self.ledger.loads() if load.source == source]
        assert (load.received, load.landed, load.duplicate) == (received, counts.landed, duplicate)

    def require_settled(self) -> None:
        """A second pull finds nothing new and writes nothing."""
        before, first = lake_fingerprint(self.settings), dict(self.landed)
        assert set(self.pull().values()) == {0}
        assert all(summary.rewritten == () for summary in self.landed.values())
        assert lake_fingerprint(self.settings) == before
        self.landed = first

    def ask(self, query: str, **sources: str) -> list[tuple[Any, ...]]:
        """Rows of a query in which ``{record}`` stands for raw rows of that record."""
        relations = {
            record: f"read_parquet('{self.settings.lake}/raw/{record}/source={source}/*/*.parquet')"
            for record, source in sources.items()
        }
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            rows: list[tuple[Any, ...]] = connection.execute(query.format(**relations)).fetchall()
            return rows


def published_rows(path: Path) -> str:
    """The file as published, every column as text, for DuckDB."""
    return f"read_csv('{path}', all_varchar = true, header = true)"
