"""Postgres holds what DuckDB holds after every stage, and the same however it got there."""

from __future__ import annotations

import pytest

from tests.parity.stages import (
    FULL_AT_14,
    NOTHING_NEW,
    REFRESHED,
    STAGES,
    TO_20,
    Passage,
    different,
    lasting,
)

pytestmark = pytest.mark.timeout(1800)


def test_the_scenario_has_something_to_show(on_duckdb: Passage) -> None:
    tables = on_duckdb.tables
    assert len(tables[REFRESHED]) >= 50
    assert sum(len(table.rows) for table in tables[REFRESHED].values()) > 200_000
    empty = [name for name, table in lasting(tables[REFRESHED]).items() if not table.rows]
    assert not empty, f"nothing is compared in {empty}"
    assert different(tables[FULL_AT_14], tables[TO_20]), "six days of data changed nothing"


@pytest.mark.parametrize("stage", STAGES)
def test_postgres_holds_what_duckdb_holds(
    stage: str, on_duckdb: Passage, on_postgres: Passage
) -> None:
    found = different(on_duckdb.tables[stage], on_postgres.tables[stage])
    assert not found, "\n".join(found)


@pytest.mark.parametrize("stage", [NOTHING_NEW, REFRESHED])
@pytest.mark.parametrize("warehouse", ["on_duckdb", "on_postgres"])
def test_no_way_to_day_20_gives_another_number(
    warehouse: str, stage: str, request: pytest.FixtureRequest
) -> None:
    passage: Passage = request.getfixturevalue(warehouse)
    found = different(lasting(passage.tables[TO_20]), lasting(passage.tables[stage]))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("warehouse", ["on_duckdb", "on_postgres"])
def test_day_20_is_reached_by_building_what_has_changed(
    warehouse: str, request: pytest.FixtureRequest
) -> None:
    said = request.getfixturevalue(warehouse).said
    assert "built in part" in said[TO_20], said
    assert "built in part: 0 new partitions" in said[NOTHING_NEW], said
    assert "built in part" not in said[FULL_AT_14] + said[REFRESHED], said


def test_postgres_is_given_what_is_new_and_nothing_else(on_postgres: Passage) -> None:
    first, second, third, fourth = (on_postgres.copied[stage] for stage in STAGES)
    assert first is not None
    assert second is not None
    assert first.copied > 300
    assert first.rows > 50_000
    # the partitions of six days, and no other
    assert 50 < second.copied < 200
    assert 3_000 < second.rows < 10_000
    assert second.standing == first.copied
    for idle in (third, fourth):
        assert idle is not None
        assert (idle.copied, idle.removed) == (0, 0)
