"""Answers about the relationship and answers about one event, which no number may mix."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from tests.dbt_project import world
from tests.dbt_project.lake import Build, Partition, run_dbt, write_lake

GUARD = "assert_relational_and_transactional_answers_are_never_pooled"
_DATA_ONLY = ("--exclude-resource-type", "unit_test")
_SCALES = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0)}
_SCORES = {"nps": (9, 3, 10), "csat": (4, 2, 5), "ces": (7, 1, 6)}


def _answers() -> list[dict[str, Any]]:
    """Three answers of every kind per population; the relational ones on a reversed scale."""
    rows = []
    for kind, (low, high) in _SCALES.items():
        for number, score in enumerate(_SCORES[kind]):
            for is_relational in (True, False):
                turned = is_relational and kind != "nps"
                rows.append(
                    {
                        "response_id": f"{kind}{number}{is_relational}",
                        "question_id": kind,
                        "kind": kind,
                        "scale_min": low,
                        "scale_max": high,
                        "is_high_good": not turned,
                        "score": float(low + high - score if turned else score - is_relational),
                        "is_relational": is_relational,
                        "responded_at": datetime(2026, 6, 1 + number, tzinfo=UTC),
                    }
                )
    return rows


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    named = {
        "apart": world.POPULATION_METRICS,
        "mixed": ("nps", "ces_mean"),
    }
    period = {"wave": "2026H1", "starts_on": date(2026, 1, 1), "ends_before": date(2026, 7, 1)}
    lake = write_lake(
        tmp_path_factory.mktemp("populations") / "lake",
        partitions=[Partition("feedback", "a", "2026-07-01", _answers())],
        declared={
            "wave": [{"benchmark_id": name, **period} for name in named],
            "benchmark_metric": [
                {"benchmark_id": name, "metric": metric}
                for name, metrics in named.items()
                for metric in metrics
            ],
        },
    )
    selected = ("--select", "+wave_moments", "--indirect-selection", "buildable")
    return run_dbt(lake, "build", *selected, *_DATA_ONLY, as_of=world.AS_OF)


def test_each_population_has_its_own_score(build: Build) -> None:
    answers = pd.DataFrame(_answers())
    turned = answers["scale_min"] + answers["scale_max"] - answers["score"]
    answers["oriented"] = answers["score"].where(answers["is_high_good"], turned)
    found = build.table("wave_moments").query("benchmark_id == 'apart'").set_index("metric")
    assert sorted(found.index) == sorted(world.POPULATION_METRICS)
    for (kind, is_relational), part in answers.groupby(["kind", "is_relational"]):
        population = "relational" if is_relational else "transactional"
        for metric, values in _values(str(kind), part["oriented"]).items():
            row = found.loc[f"{population}_{metric}"]
            assert row["n_events"] == len(part) == 3
            assert row["mean_numerator"] / row["mean_denominator"] == pytest.approx(values.mean())
            assert row["var_numerator"] == pytest.approx(values.var(ddof=1))


def _values(kind: str, score: pd.Series[float]) -> dict[str, pd.Series[float]]:
    if kind == "nps":
        return {"nps": score.map(lambda s: 100.0 if s > 8.5 else -100.0 if s < 6.5 else 0.0)}
    if kind == "csat":
        return {"csat_top_two_rate": score.isin([4, 5]).astype(float), "csat_mean": score}
    return {"ces_mean": score}


def test_a_benchmark_that_would_pool_them_stops_the_build(build: Build) -> None:
    assert build.returncode != 0
    (failed,) = build.statuses("fail")
    assert failed.split(".")[2] == GUARD
    assert "Got 2 results, configured to fail if != 0" in build.output
