"""Two warehouses, each built once: on a lake without a row, and on a small seeded one."""

from __future__ import annotations

import pytest

from tests.dbt_project import world
from tests.dbt_project.lake import Build, run_dbt, write_lake


@pytest.fixture(scope="session")
def empty_build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Everything, unit tests included, on a lake without a row."""
    lake = write_lake(tmp_path_factory.mktemp("empty") / "lake")
    return run_dbt(lake, "build", as_of=world.AS_OF)


@pytest.fixture(scope="session")
def seeded_world() -> world.World:
    """The clean records of a small company, and the noise around them."""
    return world.simulate(seed=20260705)


@pytest.fixture(scope="session")
def seeded_build(seeded_world: world.World, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A build as it runs on schedule, on that company's lake."""
    lake = tmp_path_factory.mktemp("seeded") / "lake"
    write_lake(lake, partitions=seeded_world.partitions(), declared=world.DECLARED)
    return run_dbt(lake, "build", "--exclude-resource-type", "unit_test", as_of=world.AS_OF)
