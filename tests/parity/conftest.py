"""DuckDB and Postgres, each taken once through the scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from analysis.engines import engine_of
from programme import Settings
from tests.parity import postgres
from tests.parity.stages import Passage, passage


@pytest.fixture(scope="session")
def duckdb_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own, with the default warehouse."""
    home = tmp_path_factory.mktemp("on_duckdb")
    return Settings.from_environment({"CXLOOP_HOME": str(home)})


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty database of a server that thinks in Tokyo's time and English letters."""
    if absent := postgres.why_absent():
        pytest.skip(absent)
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_settings(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own, with Postgres as its warehouse."""
    home = tmp_path_factory.mktemp("on_postgres")
    settings = Settings.from_environment({"CXLOOP_HOME": str(home)})
    return replace(settings, dbt_target="postgres", postgres_url=postgres_url)


@pytest.fixture(scope="session")
def on_duckdb(duckdb_settings: Settings) -> Passage:
    """What DuckDB held after each stage."""
    return passage(duckdb_settings)


@pytest.fixture(scope="session")
def on_postgres(postgres_settings: Settings) -> Passage:
    """What Postgres held after each stage; from nothing, whatever other tests left in it."""
    engine_of(postgres_settings).drop()
    return passage(postgres_settings)
