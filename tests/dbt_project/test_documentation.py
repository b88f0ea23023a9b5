"""What the documentation says of columns, against where it comes from and what is built."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from analysis.dbt_build import write_docs
from connectors.records import RECORDS
from programme import Settings
from tests.dbt_project.lake import PROJECT, Build

BLOCKS = PROJECT / "models" / "staging" / "canonical.md"


@pytest.fixture(scope="module")
def models(empty_build: Build) -> dict[str, dict[str, Any]]:
    manifest = json.loads((empty_build.target / "manifest.json").read_text(encoding="utf-8"))
    nodes = manifest["nodes"].values()
    return {node["name"]: node for node in nodes if node["resource_type"] == "model"}


def test_canonical_columns_are_documented_once() -> None:
    """The records are the origin; the doc blocks hold the same words."""
    text = BLOCKS.read_text(encoding="utf-8")
    found = dict(re.findall(r"\{% docs (\w+) %\}(.*?)\{% enddocs %\}", text))
    expected = {
        f"{name}__{field.name}": f"{field.meaning}."
        for name, record in RECORDS.items()
        for field in record.fields
    }
    assert len(expected) > 150
    assert found == {
        **expected,
        "record__source": "The declared source that delivered the row.",
    }


def test_every_column_of_staging_is_described(
    empty_build: Build, models: dict[str, dict[str, Any]]
) -> None:
    staging = [name for name in models if name.startswith("stg_")]
    assert len(staging) >= 15
    bare = {
        f"{name}.{column}"
        for name in staging
        for column in empty_build.table(name).columns
        if not models[name]["columns"].get(column, {}).get("description")
    }
    assert bare == set()


def test_no_column_is_described_that_does_not_exist(
    empty_build: Build, models: dict[str, dict[str, Any]]
) -> None:
    seen = 0
    for name, node in models.items():
        built = set(empty_build.table(name).columns)
        seen += len(node["columns"])
        assert set(node["columns"]) <= built, name
    assert seen > 300


def test_every_public_column_is_described(models: dict[str, dict[str, Any]]) -> None:
    public = [node for node in models.values() if node["config"]["access"] == "public"]
    assert len(public) >= 10
    for node in public:
        assert all(column["description"] for column in node["columns"].values()), node["name"]


def test_dbt_writes_its_own_pages_as_one_file(empty_build: Build, tmp_path: Path) -> None:
    """Tables, their columns as built, and the lineage to the mails; nothing is fetched."""
    settings = Settings.from_environment({"CXLOOP_HOME": str(tmp_path)})
    settings.warehouse.parent.mkdir(parents=True)
    shutil.copy(empty_build.warehouse, settings.warehouse)
    shutil.copytree(empty_build.warehouse.parent / "lake", settings.lake)
    page = write_docs(settings).read_text(encoding="utf-8")
    for name in ("journey_scorecard", "semiannual_benchmark_mail", "var_numerator"):
        assert name in page
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=.?https?:", page)
