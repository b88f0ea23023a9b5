"""The published tables against the same numbers recomputed in plain Python."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from tests.dbt_project import (
    recomputed_clusters,
    recomputed_funnel,
    recomputed_moments,
    recomputed_questions,
    recomputed_service,
    world,
)
from tests.dbt_project.lake import Build, Partition, run_dbt, write_lake
from tests.dbt_project.recomputed_events import Event, Measured, events_of, wave_of

WAVE_COLUMNS = [
    "benchmark_id",
    "wave",
    "metric",
    "segment_name",
    "segment_value",
    "n_units",
    "n_events",
    "sum_weight",
    "sum_weight_squared",
    "mean_numerator",
    "mean_denominator",
    "var_numerator",
    "var_denominator",
    "cov_numerator_denominator",
]
TOTALS = ("num", "den", "pre_num", "pre_den")
CLUSTER_TOTALS = ("size", *TOTALS)
COVARIANCES = [f"cov_{x}_{y}" for i, x in enumerate(TOTALS) for y in TOTALS[i:]]
COLUMNS = {
    "wave_moments": WAVE_COLUMNS,
    "driver_moments": [
        *("benchmark_id", "wave", "outcome", "item_x", "item_y", "bucket"),
        *("n", "sum_weight", "mean_x", "mean_y", "cross_moment"),
    ],
    "experiment_unit_counts": ["experiment_id", "variant", "exposed_date", "n_units"],
    "experiment_multiple_exposures": ["experiment_id", "n_units"],
    "experiment_moments": [
        *("experiment_id", "variant", "metric", "segment_name", "segment_value"),
        *("n_units", "n_events"),
        *(f"mean_{total}" for total in TOTALS),
        *COVARIANCES,
    ],
    "experiment_cluster_moments": [
        *("experiment_id", "variant", "metric", "segment_name", "segment_value"),
        *("n_clusters", "n_units", "n_events"),
        *(f"mean_{name}" for name in CLUSTER_TOTALS),
        *(f"cov_{x}_{y}" for i, x in enumerate(CLUSTER_TOTALS) for y in CLUSTER_TOTALS[i:]),
    ],
}
OF_CUSTOMERS = "experiment_id == 'callback'"


WARNINGS = (
    "assert_answers_lie_on_their_scale",
    "assert_declared_names_are_known",
    "assert_keys_belong_to_one_source",
)


@pytest.fixture(scope="module")
def events(seeded_world: world.World) -> list[Event]:
    found = [
        *events_of(seeded_world),
        *recomputed_funnel.events_of(seeded_world),
        *recomputed_questions.events_of(seeded_world),
        *recomputed_service.events_of(seeded_world),
    ]
    assert {event.metric for event in found} == {*world.METRICS, *world.QUESTION_METRICS}
    return found


def test_the_build_warns_of_nothing_but_the_source_that_is_late(seeded_build: Build) -> None:
    assert seeded_build.returncode == 0, seeded_build.output
    warned = [name.split(".")[2] for name in seeded_build.statuses("warn")]
    assert warned == ["assert_sources_are_as_fresh_as_their_contracts_say"]
    assert not seeded_build.statuses("skipped")


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_are_those_of_the_contract(seeded_build: Build, table: str) -> None:
    found = seeded_build.table(table)
    assert list(found.columns) == COLUMNS[table]
    assert len(found) > 0


def test_wave_moments_equal_a_recomputation(seeded_build: Build, events: list[Event]) -> None:
    expected = recomputed_moments.wave_moments(events)
    found = seeded_build.table("wave_moments").set_index(WAVE_COLUMNS[1:5])
    assert set(found.index) == set(expected)
    assert len(found) > 300
    for key, numbers in expected.items():
        row = found.loc[key]
        for column, number in numbers.items():
            assert row[column] == pytest.approx(number, rel=1e-9, abs=1e-9, nan_ok=True), key


def test_weights_of_answers_differ_and_exceed_one(events: list[Event]) -> None:
    weights = {event.weight for event in events if event.metric == "nps"}
    assert len(weights) > 20
    assert max(weights) > 2


@pytest.mark.parametrize("segment_name", ["all", "plan"])
def test_experiment_moments_equal_a_recomputation(
    seeded_build: Build, seeded_world: world.World, events: list[Event], segment_name: str
) -> None:
    measured = Measured(seeded_world)
    expected = recomputed_moments.experiment_moments(
        seeded_world,
        events,
        lambda unit, at: "all" if segment_name == "all" else measured.segments(unit, at)["plan"],
    )
    table = seeded_build.table("experiment_moments").query(OF_CUSTOMERS)
    table = table.query("segment_name == @segment_name")
    found = table.set_index(["variant", "metric", "segment_value"])
    assert set(found.index) == set(expected)
    for key, numbers in expected.items():
        for column, number in numbers.items():
            value = found.loc[key][column]
            assert value == pytest.approx(number, rel=1e-9, abs=1e-9, nan_ok=True), (key, column)


def test_every_metric_has_events_after_exposure(seeded_build: Build) -> None:
    table = seeded_build.table("experiment_moments").query(OF_CUSTOMERS)
    table = table[table["segment_name"] == "all"]
    assert (table["n_events"] > 0).all()
    assert (table["mean_pre_den"] > 0).all()


def test_units_are_counted_by_their_first_exposure(
    seeded_build: Build, seeded_world: world.World
) -> None:
    kept, several = recomputed_moments.first_exposures(seeded_world)
    counts = seeded_build.table("experiment_unit_counts").query(OF_CUSTOMERS)
    expected: dict[tuple[str, object], int] = defaultdict(int)
    for variant, exposed in kept.values():
        expected[(variant, exposed.date())] += 1
    days = pd.to_datetime(counts["exposed_date"]).dt.date
    found = dict(zip(zip(counts["variant"], days, strict=True), counts["n_units"], strict=True))
    assert found == expected
    assert several > 3
    multiple = seeded_build.table("experiment_multiple_exposures").set_index("experiment_id")
    assert multiple["n_units"].to_dict() == {"callback": several, "account_care": 1}


@pytest.mark.parametrize("by_plan", [False, True])
def test_cluster_moments_equal_a_recomputation(
    seeded_build: Build, seeded_world: world.World, events: list[Event], by_plan: bool
) -> None:
    expected = recomputed_clusters.cluster_moments(seeded_world, events, by_plan=by_plan)
    table = seeded_build.table("experiment_cluster_moments")
    assert set(table["experiment_id"]) == {"account_care"}
    of_segment = table["segment_name"] == ("plan" if by_plan else "all")
    found = table[of_segment].set_index(["variant", "metric", "segment_value"])
    assert set(found.index) == set(expected)
    assert (found["n_units"] > found["n_clusters"]).any()
    for key, numbers in expected.items():
        for column, number in numbers.items():
            value = found.loc[key][column]
            assert value == pytest.approx(number, rel=1e-9, abs=1e-9, nan_ok=True), (key, column)


def test_unit_metrics_are_null_only_where_a_plan_does_not_ask(seeded_build: Build) -> None:
    """Both plans name every metric of theirs: the wide table is full, one row per customer."""
    table = seeded_build.table("experiment_unit_metrics")
    columns = [f"{metric}_{total}" for metric in world.EXPERIMENT_METRICS for total in TOTALS]
    assert table[columns].notna().all().all()
    assert not table.duplicated(["experiment_id", "unit_id"]).any()
    clustered = table["experiment_id"] == "account_care"
    assert table.loc[clustered, "cluster_id"].notna().all()
    assert table.loc[~clustered, "cluster_id"].isna().all()


def test_driver_moments_merge_to_the_moments_of_all_complete_answers(
    seeded_build: Build, seeded_world: world.World
) -> None:
    wave, items = "2025H2", ("recommend", "ease", "price")
    scores, weights, buckets = _complete_answers(seeded_world, wave, items)
    assert len(scores) > 40
    table = seeded_build.table("driver_moments").query("wave == @wave")
    assert set(table["outcome"]) == {"recommend"}
    assert set(table["bucket"]) == set(buckets)
    assert (table["item_x"] <= table["item_y"]).all()
    for (x, y), rows in table.groupby(["item_x", "item_y"]):
        i, j = items.index(x), items.index(y)
        whole = rows["sum_weight"].sum()
        assert rows["n"].sum() == len(scores)
        assert whole == pytest.approx(weights.sum())
        mean_x = np.average(scores[:, i], weights=weights)
        mean_y = np.average(scores[:, j], weights=weights)
        assert np.average(rows["mean_x"], weights=rows["sum_weight"]) == pytest.approx(mean_x)
        between = rows["sum_weight"] * (rows["mean_x"] - mean_x) * (rows["mean_y"] - mean_y)
        cross = (weights * (scores[:, i] - mean_x) * (scores[:, j] - mean_y)).sum()
        assert (rows["cross_moment"] + between).sum() == pytest.approx(cross)


def _complete_answers(
    company: world.World, wave: str, items: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    measured = Measured(company)
    by_response: dict[str, dict[str, world.Record]] = defaultdict(dict)
    for row in company.clean["feedback"]:
        if wave_of(row["responded_at"]) == wave and row["score"] is not None:
            by_response[row["response_id"]][row["question_id"]] = row
    complete = [found for found in by_response.values() if set(items) <= set(found)]
    scores = np.array(
        [
            [
                row["score"] if row["is_high_good"] else row["scale_max"] + 1 - row["score"]
                for row in (found[item] for item in items)
            ]
            for found in complete
        ]
    )
    firsts = [found[items[0]] for found in complete]
    weights = [measured.design_weight(row) * measured.nonresponse_weight(row) for row in firsts]
    digests = [hashlib.md5(row["customer_id"].encode()).hexdigest() for row in firsts]
    return scores, np.array(weights), [int(digest[:8], 16) % 50 for digest in digests]


def test_a_second_build_is_equal_to_the_last_bit(
    seeded_build: Build, seeded_world: world.World
) -> None:
    before = {table: seeded_build.table(table) for table in COLUMNS}
    lake = seeded_build.warehouse.parent / "lake"
    again = run_dbt(
        lake,
        "run",
        "--quiet",
        as_of=world.AS_OF,
        warehouse=seeded_build.warehouse.parent / "b.duckdb",
    )
    assert again.returncode == 0, again.output
    for table, first in before.items():
        keys = [name for name in COLUMNS[table] if not pd.api.types.is_float_dtype(first[name])]
        second = again.table(table).sort_values(keys, ignore_index=True)
        pd.testing.assert_frame_equal(
            first.sort_values(keys, ignore_index=True), second, check_exact=True
        )


def test_what_contradicts_itself_is_warned_about(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Scores off their scale, keys of two sources and unknown names do not pass in silence."""
    answer = {
        "response_id": "r",
        "question_id": "q",
        "kind": "nps",
        "scale_min": 0.0,
        "scale_max": 10.0,
        "is_high_good": True,
        "score": 11.0,
        "responded_at": datetime(2026, 6, 1, tzinfo=UTC),
    }
    partitions = [Partition("feedback", source, "2026-07-01", [answer]) for source in ("a", "b")]
    declared = {**world.DECLARED, "benchmark_metric": [{"benchmark_id": "b", "metric": "npss"}]}
    lake = write_lake(
        tmp_path_factory.mktemp("odd") / "lake", partitions=partitions, declared=declared
    )
    tests = [f"+{name}" for name in WARNINGS]
    build = run_dbt(
        lake, "build", "--select", *tests, "--indirect-selection", "empty", as_of=world.AS_OF
    )
    assert build.returncode == 0, build.output
    assert sorted(name.split(".")[2] for name in build.statuses("warn")) == sorted(WARNINGS)
