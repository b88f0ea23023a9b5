"""The generated systems through the real connectors: quarantine and repetitions are the truth's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from cli.demo.company import CompanyFiles
from connectors.extraction import extract
from connectors.landing import land
from ledger import Ledger
from programme import Settings, load_programme
from tests.demo import systems

SOURCES = (
    *("back_office", "crm", "experimentation", "helpdesk", "service_line"),
    *("survey_exports", "survey_stream"),
)


@pytest.mark.parametrize("source", SOURCES)
def test_quarantine_and_repetitions_are_those_planted(
    source: str,
    small: CompanyFiles,
    helpdesk_url: str,
    programme_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CXLOOP_HASH_KEY", "a key for tests only")
    monkeypatch.setenv("CXLOOP_HELPDESK_URL", helpdesk_url)
    monkeypatch.setenv("CXLOOP_HELPDESK_TOKEN", "t")
    settings = Settings.from_environment(
        {
            "CXLOOP_PROGRAMME": str(programme_dir),
            "CXLOOP_HOME": str(tmp_path),
            "CXLOOP_DATA_ROOT": str(small.directory),
        }
    )
    programme = load_programme(settings.programme_dir)
    ledger = Ledger.open(settings.ledger_url)
    extract(programme, settings, source, load_date=date(2026, 7, 5), run_id="test")
    counts = land(programme, settings, ledger, source, run_id="test").counts
    truth = small.truth()
    assert counts.reconciles
    assert counts.landed > 2_000
    assert counts.quarantined == truth["quarantined"][source]
    assert counts.duplicate == truth["duplicates"].get(source, 0)
    if source == "experimentation":
        assert_first_exposures(settings, small)


def assert_first_exposures(settings: Settings, files: CompanyFiles) -> None:
    """A later visit repeats the exposure; the first one counts."""
    parts = sorted((settings.lake / "raw" / "exposure").glob("source=experimentation/*/*.parquet"))
    landed = pd.concat(pq.read_table(part, partitioning=None).to_pandas() for part in parts)
    for experiment in landed["experiment_id"].unique():
        mine = landed[landed["experiment_id"] == experiment].set_index(["unit_id", "variant"])
        logged = systems.exposures(files, experiment)
        logged["variant"] = logged["arm"].map({"A": "control", "B": "treatment"})
        first = logged.set_index(["subject", "variant"])["exposed_at"]
        assert (mine["exposed_at"] == first.loc[mine.index]).all()
        assert len(mine) == len(first) > 200
