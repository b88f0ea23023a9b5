"""One cluster for all tests of this folder, or a clear word about what is missing for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis.engines import spark_child
from programme import Settings
from tests.dbt_project import world
from tests.dbt_project.lake import write_lake
from tests.spark import cluster as clusters

SettingsOf = Callable[..., Settings]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clusters.Cluster]:
    """A master, two workers and a driver, stopped at the end with everything they started."""
    if missing := clusters.why_absent():
        pytest.skip(missing)
    with clusters.running(tmp_path_factory.mktemp("spark")) as running:
        yield running
        spark_child.end_children()


@pytest.fixture(scope="session")
def seeded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a small company whose lake has been collected."""
    home = tmp_path_factory.mktemp("company")
    records = world.simulate(seed=20260705)
    write_lake(home / "lake", partitions=records.partitions(), declared=world.DECLARED)
    return home


@pytest.fixture(scope="session")
def settings_of(cluster: clusters.Cluster) -> SettingsOf:
    """Settings of a home in which the warehouse is that cluster, by Connect or by Thrift."""

    def settings(home: Path, *, target: str = "spark") -> Settings:
        url = cluster.thrift_url if target == "spark_thrift" else cluster.connect_url
        return Settings.from_environment(
            {
                "CXLOOP_HOME": str(home),
                "CXLOOP_DBT_TARGET": target,
                "CXLOOP_SPARK_URL": url,
                "CXLOOP_SPARK_TABLES": str(cluster.root / "tables"),
            }
        )

    return settings
