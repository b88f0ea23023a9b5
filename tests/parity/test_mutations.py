"""A dialect bug shows in the tables: the models on Postgres are then not those on DuckDB."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.dbt_build import PROJECT
from analysis.engines import engine_of
from analysis.parity import compare
from connectors.postgres_copy import copy_lake
from programme import Settings
from tests.parity import twenty_days
from tests.parity.mutated import MUTATIONS, UNSEEN, Mutation, copied_project, run_models
from tests.parity.stages import Tables

DAY = twenty_days.DAY_14


@pytest.fixture(scope="module")
def by_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    place = tmp_path_factory.mktemp("unmutated")
    settings = Settings.from_environment({"CXLOOP_HOME": str(place / "home")})
    twenty_days.write(settings.lake, until=DAY)
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    return run_models(settings, copied_project(place / "project", None), as_of=DAY).tables


@pytest.fixture(scope="module")
def copied(postgres_settings: Settings) -> Settings:
    """Postgres with the same lake copied, and nothing built."""
    engine_of(postgres_settings).drop()
    twenty_days.write(postgres_settings.lake, until=DAY)
    copy_lake(postgres_settings)
    return postgres_settings


def differing(one: Tables, other: Tables) -> dict[str, str]:
    """Table -> the first thing in which it differs."""
    return {
        each.relation.partition(".")[2]: each.differences[0]
        for each in compare(one, other)
        if not each.is_same
    }


@pytest.mark.parametrize("mutation", [None, *MUTATIONS])
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_mutated_dialect_changes_tables(
    mutation: str | None, by_duckdb: Tables, copied: Settings, tmp_path: Path
) -> None:
    mutated: Mutation | None = MUTATIONS[mutation] if mutation else None
    models = run_models(copied, copied_project(tmp_path / "project", mutated), as_of=DAY)
    found = models.refused or differing(by_duckdb, models.tables)
    print(f"\n{mutation}: {len(found)} of {len(by_duckdb)} tables differ or are refused")
    for table, difference in found.items():
        print(f"  {table}: {difference[:140]}")
    if mutated is None:
        assert not found
    else:
        assert mutated.seen_in <= set(found)


@pytest.mark.parametrize("bug", UNSEEN)
def test_what_no_table_can_show_no_model_asks_for(bug: str) -> None:
    models = sorted((PROJECT / "models").rglob("*.sql"))
    macros = [file for file in (PROJECT / "macros").glob("*.sql") if file.name != "dialect.sql"]
    assert len(models) > 60
    for file in (*models, *macros):
        text = file.read_text(encoding="utf-8")
        assert not [word for word in UNSEEN[bug] if word in text], file.name
