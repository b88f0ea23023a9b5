"""The project as text and as a graph: what it promises, and what it must never hold."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.dbt_project import world
from tests.dbt_project.lake import PROJECT, Build, run_dbt, write_lake

MODELS = sorted((PROJECT / "models").rglob("*.sql"))
CHECKS = sorted((PROJECT / "tests").rglob("*.sql"))
MACROS = sorted((PROJECT / "macros").glob("*.sql"))
THRESHOLDS = PROJECT / "macros" / "thresholds.sql"
CLOCK = r"\b(now|current_date|current_timestamp|localtimestamp|getdate|today|run_started_at)\b"


def _sql(path: Path) -> str:
    """The file's text without comments and quoted texts."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"--.*", "", text)
    return re.sub(r"'[^'\n]*'", "''", text)


def test_there_is_something_to_look_at() -> None:
    assert len(MODELS) >= 27
    assert len(CHECKS) >= 8
    assert len(MACROS) >= 6


@pytest.mark.parametrize("path", [*MODELS, *MACROS, *CHECKS], ids=lambda path: path.stem)
def test_nothing_reads_the_clock(path: Path) -> None:
    assert not re.findall(CLOCK, _sql(path), flags=re.IGNORECASE)


def test_a_clock_is_caught() -> None:
    assert re.findall(CLOCK, "where responded_at < current_timestamp")


def test_thresholds_stand_in_one_file() -> None:
    """A score, a box or a window compared with a number anywhere else is a copy."""
    rule = re.compile(
        r"(score|points|minutes|days|scale_\w+)\w*\s*(>=|<=|=|<|>|between)\s*\d"
        r"|(>=|<=|<|>)\s*(6|7|8|9|10|90)\b"
        r"|interval\s+'?\d|add_days\([^)]*,\s*'?-?\d"
    )
    assert rule.search(_sql(THRESHOLDS))
    others = [path for path in (*MODELS, *MACROS) if path != THRESHOLDS]
    assert not {path.name: rule.findall(_sql(path)) for path in others if rule.search(_sql(path))}


def test_every_model_ends_with_its_final_select() -> None:
    assert all(path.read_text().rstrip().endswith("select * from final") for path in MODELS)


def test_everything_builds_on_a_lake_without_a_row(empty_build: Build) -> None:
    assert empty_build.returncode == 0, empty_build.output
    assert not [*empty_build.statuses("warn"), *empty_build.statuses("skipped")]
    passed = empty_build.statuses("pass")
    assert len([name for name in passed if name.startswith("unit_test.")]) >= 26
    assert len(empty_build.statuses("success")) == len(MODELS)
    for table in ("wave_moments", "driver_moments", "experiment_moments"):
        assert empty_build.table(table).empty


def test_a_build_without_as_of_stops_and_says_what_to_pass(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lake = write_lake(tmp_path_factory.mktemp("undated") / "lake")
    build = run_dbt(lake, "run", "--select", "stg_usage", as_of=None)
    assert build.returncode != 0
    assert 'as_of: "2026-07-05"' in build.output


@pytest.fixture(scope="module")
def manifest(empty_build: Build) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((empty_build.target / "manifest.json").read_text())
    return content


def _meta(manifest: dict[str, Any], key: str) -> dict[str, tuple[str, dict[str, Any]]]:
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for node in manifest["nodes"].values():
        for name, column in node.get("columns", {}).items():
            meta = column["config"]["meta"]
            if key in meta:
                assert meta[key] not in found, f"{meta[key]} is described twice"
                found[meta[key]] = (name, meta)
    return found


def test_every_metric_is_described_whole_in_both_languages(manifest: dict[str, Any]) -> None:
    metrics = _meta(manifest, "metric")
    assert sorted(metrics) == sorted((*world.METRICS, *world.POPULATION_METRICS))
    for metric, (column, meta) in metrics.items():
        assert column == f"{metric}_numerator"
        assert list(meta) == [
            *("metric", "kind", "unit", "direction", "can_be_negative", "minimum", "maximum"),
            *("owner", "version", "valid_from"),
            *("label_en", "label_ja", "description_en", "description_ja"),
        ]
        assert meta["kind"] in ("mean", "proportion", "score", "duration")
        assert meta["unit"] in (
            *("points", "rate", "score_1_5", "score_1_7", "minutes", "days", "count", "currency"),
        )
        assert meta["direction"] in ("up", "down")
        assert meta["can_be_negative"] is (meta["minimum"] < 0)
        assert meta["maximum"] is None or meta["minimum"] < meta["maximum"]
        assert date.fromisoformat(meta["valid_from"])
        assert meta["kind"] != "proportion" or (meta["minimum"], meta["maximum"]) == (0, 1)
        assert meta["unit"] != "rate" or meta["minimum"] == 0
        assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", meta["label_ja"])
        assert meta["description_ja"].endswith("。")
        assert "。 " not in meta["description_ja"]
        assert meta["description_en"].endswith(".")


def test_every_segment_has_labels(manifest: dict[str, Any]) -> None:
    segments = _meta(manifest, "segment")
    assert sorted(segments) == sorted(
        [
            *("country", "region", "plan", "industry", "size_band", "acquisition_channel"),
            *("channel", "touchpoint", "business_unit", "delivery_punctuality"),
        ]
    )
    for segment, (column, meta) in segments.items():
        assert column == segment
        assert meta["label_en"]
        assert meta["label_ja"]


def test_every_fact_carries_every_segment(empty_build: Build, manifest: dict[str, Any]) -> None:
    segments = set(_meta(manifest, "segment"))
    facts = [path.stem for path in MODELS if path.stem.startswith("fct_")]
    assert len(facts) >= 8
    for fact in facts:
        assert segments <= set(empty_build.table(fact).columns), fact


def test_published_tables_are_under_contract(manifest: dict[str, Any]) -> None:
    enforced = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["contract"]["enforced"]
    }
    public = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"].get("access") == "public"
    }
    assert public == enforced
    assert enforced == {
        "source_freshness",
        "wave_moments",
        "wave_breaks",
        "journey_scorecard",
        "driver_moments",
        "health_components",
        "health_levels",
        "health_scores",
        "experiment_moments",
        "experiment_cluster_moments",
        "experiment_unit_counts",
        "experiment_multiple_exposures",
    }


def test_every_model_and_its_published_columns_are_described(manifest: dict[str, Any]) -> None:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert len(models) == len(MODELS)
    assert not [node["name"] for node in models if not node["description"]]
    for node in models:
        assert not [name for name, column in node["columns"].items() if not column["description"]]


def test_every_table_has_an_owner(manifest: dict[str, Any]) -> None:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    owners = {group["name"]: group["owner"]["name"] for group in manifest["groups"].values()}
    assert not [node["name"] for node in models if not owners.get(node["config"]["group"])]


def test_every_table_that_is_mailed_is_public(manifest: dict[str, Any]) -> None:
    mails = [node for node in manifest["exposures"].values() if node["type"] == "application"]
    assert len(mails) == 2
    read = {name for node in mails for name in node["depends_on"]["nodes"]}
    assert all(manifest["nodes"][name]["config"]["access"] == "public" for name in read)
    assert all(node["owner"]["name"] for node in manifest["exposures"].values())


def test_every_report_is_an_exposure(manifest: dict[str, Any]) -> None:
    names = {node["name"] for node in manifest["exposures"].values()}
    assert names == {
        "semiannual_benchmark",
        "experiment_readout",
        "semiannual_benchmark_mail",
        "experiment_readout_mail",
    }
