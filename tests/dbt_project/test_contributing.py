"""Whoever follows CONTRIBUTING.md to the letter has a metric, in fewer than ten lines."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from analysis.catalog import read_catalog
from tests.dbt_project import lake as lakes
from tests.dbt_project import world
from tests.dbt_project.lake import PROJECT, Build, Partition, run_dbt, write_lake

METRIC = "order_cancellation_rate"
_DATA_ONLY = ("--exclude-resource-type", "unit_test")
GUIDE = PROJECT.parent / "CONTRIBUTING.md"


def _written() -> dict[str, str]:
    """Language -> text of the fenced blocks of the section."""
    section = (
        GUIDE.read_text(encoding="utf-8").split("## Add a metric\n", 1)[1].split("\n## ", 1)[0]
    )
    return dict(re.findall(r"```(\w+)\n(.*?)```", section, flags=re.DOTALL))


def _insert(file: Path, before: str, text: str) -> None:
    """Put the lines before the line that holds ``before``, as far to the right as that one."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    (place,) = [number for number, line in enumerate(lines) if before in line]
    margin = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    lines[place:place] = [margin + line for line in text.splitlines(keepends=True)]
    file.write_text("".join(lines), encoding="utf-8")


def test_it_takes_fewer_than_ten_lines() -> None:
    blocks = _written()
    assert sorted(blocks) == ["jinja", "sql", "yaml"]
    assert sum(text.count("\n") for text in blocks.values()) < 10


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    blocks, home = _written(), tmp_path_factory.mktemp("contributing")
    project = home / "dbt_project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    fact = project / "models" / "facts" / "fct_orders.sql"
    _insert(fact, "followed.is_canceled,", blocks["sql"])
    _insert(project / "macros" / "metrics.sql", "'late_delivery_rate': ", blocks["jinja"])
    facts = project / "models" / "facts" / "_facts.yml"
    _insert(facts, "- name: late_delivery_rate_numerator", blocks["yaml"])
    ordered = datetime(2026, 6, 1, tzinfo=UTC)
    orders = [
        {
            "order_id": str(number),
            "ordered_at": ordered,
            "canceled_at": ordered if number < 3 else None,
        }
        for number in range(12)
    ]
    wave = {"wave": "2026H1", "starts_on": date(2026, 1, 1), "ends_before": date(2026, 7, 1)}
    lake = write_lake(
        home / "lake",
        partitions=[Partition("order", "shop", "2026-07-01", orders)],
        declared={
            "wave": [{"benchmark_id": "b", **wave}],
            "benchmark_metric": [{"benchmark_id": "b", "metric": METRIC}],
        },
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lakes, "PROJECT", project)
        selected = ("--select", "+wave_moments", "--indirect-selection", "buildable")
        return run_dbt(lake, "build", *selected, *_DATA_ONLY, as_of=world.AS_OF)


def test_the_metric_is_measured_and_passes_every_test(build: Build) -> None:
    assert build.returncode == 0, build.output
    passed = {name.split(".")[2] for name in build.statuses("pass")}
    assert {
        "assert_every_metric_has_both_columns",
        "assert_declared_names_are_known",
        "assert_scorecard_reconciles_to_staging",
    } <= passed
    (row,) = build.table("wave_moments").query("segment_name == 'all'").to_dict("records")
    assert (row["metric"], row["n_events"]) == (METRIC, 12)
    assert row["mean_numerator"] / row["mean_denominator"] == pytest.approx(3 / 12)


def test_the_catalogue_knows_it(build: Build) -> None:
    metric = read_catalog(build.target / "manifest.json").metrics[METRIC]
    assert (metric.fact, metric.unit, metric.direction) == ("fct_orders", "rate", "down")
    assert metric.label_ja == "注文キャンセル率"
