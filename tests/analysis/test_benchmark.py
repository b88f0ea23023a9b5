from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from analysis.benchmark import BenchmarkInputs, benchmark_edition
from analysis.canonical import canonical_json
from analysis.warehouse import WaveRow
from ledger import Load
from programme.benchmarks import Benchmark, HalfYear
from programme.surveys import Survey

from .test_drivers import driver_rows
from .worlds import break_row, catalog, wave_row

KEYS = {
    "edition_id", "kind", "subject", "wave", "previous_wave", "as_of", "state", "reasons",
    "code_version", "inputs_hash", "seed", "confidence", "title", "headline", "metrics",
    "segments", "rows", "drivers", "driver_fit", "breaks", "coverage",
}  # fmt: skip
ITEMS = ("price", "speed", "support")


def survey(**changes: Any) -> Survey:
    rating = {"kind": "rating", "scale_min": 1, "scale_max": 5, "is_high_good": True,
              "drives": "recommend"}  # fmt: skip
    questions: dict[str, Any] = {
        "recommend": {"kind": "nps", "scale_min": 0, "scale_max": 10, "is_high_good": True,
                      "wording": {"en": "Would you?", "ja": "推奨"}},
        **{name: {**rating, "wording": {"en": name, "ja": name}} for name in ITEMS},
    }  # fmt: skip
    standard: dict[str, Any] = {
        "title": {"en": "R", "ja": "R"}, "owner": "insights", "is_relational": True,
        "touchpoint": "relationship", "journey_stage": "use", "questions": questions,
    }  # fmt: skip
    return Survey.model_validate({**standard, **changes})


def benchmark(**changes: Any) -> Benchmark:
    standard: dict[str, Any] = {
        "title": {"en": "Half year", "ja": "半期"}, "owner": "cx", "first_wave": "2025H1",
        "metrics": ["nps", "late_delivery_rate"], "headline": "nps", "segments": ["plan"],
        "min_answers": 30, "drivers": {"survey": "relationship", "outcome": "recommend"},
    }  # fmt: skip
    return Benchmark.model_validate({**standard, **changes})


def answers(rng: np.random.Generator, n: int, promoters: float) -> np.ndarray:
    return rng.choice([100.0, 0.0, -100.0], n, p=[promoters, 0.8 - promoters, 0.2])


def wave_rows(rng: np.random.Generator) -> list[WaveRow]:
    found = []
    for wave, share in (("2025H1", 0.4), ("2025H2", 0.4), ("2026H1", 0.55)):
        scores, late = answers(rng, 800, share), rng.binomial(1, 0.1, 500).astype(float)
        plans = np.where(np.arange(800) % 4 == 0, "premium", "basic")
        found.append(wave_row(scores, np.ones(800), wave=wave, metric="nps"))
        found.append(wave_row(late, np.ones(500), wave=wave, metric="late_delivery_rate"))
        for value in ("premium", "basic"):
            part = scores[plans == value]
            found.append(
                wave_row(part, np.ones(len(part)), wave=wave, metric="nps", segment=("plan", value))
            )
    return found


def drivers(rng: np.random.Generator) -> list[Any]:
    items = rng.normal(3, 1, (700, 3))
    outcome = items @ [1.0, 0.2, 0.5] + rng.normal(size=700)
    names = ("recommend", *ITEMS)
    values = np.column_stack([outcome, items])
    return driver_rows(names, values, np.ones(700), rng.integers(0, 50, 700))


def load(source: str, day: date, landed: int) -> Load:
    return Load(source, day, "f", landed + 2, landed, 2, 0, datetime(2026, 1, 1, tzinfo=UTC))


def edition(rows: list[WaveRow], **changes: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        "benchmark_id": "half_yearly", "benchmark": benchmark(), "wave": HalfYear.parse("2026H1"),
        "as_of": date(2026, 7, 5), "catalog": catalog(), "surveys": {"relationship": survey()},
        "wave_rows": rows, "driver_rows": [],
        "loads": [load("crm", date(2026, 7, 4), 10), load("crm", date(2026, 7, 5), 5)],
    }  # fmt: skip
    found = benchmark_edition(BenchmarkInputs(**{**inputs, **changes}), code_version="0+test")
    return dict(json.loads(canonical_json(found)))


def rows_of(found: Mapping[str, Any], **wanted: Any) -> list[dict[str, Any]]:
    return [row for row in found["rows"] if all(row[key] == wanted[key] for key in wanted)]


def test_a_whole_wave(rng: np.random.Generator) -> None:
    rows = wave_rows(rng)
    found = edition(rows, driver_rows=drivers(rng))
    assert set(found) == KEYS
    assert (found["state"], found["reasons"]) == ("complete", [])
    assert found["edition_id"] == "benchmark/half_yearly/2026H1/r1"
    assert found["previous_wave"] == "2025H2"
    levels = rows_of(found, metric="nps", statistic="level", segment_name="all")
    assert [row["window"] for row in levels] == ["2025H1", "2025H2", "2026H1"]
    assert all(row["method"] == "linearised_t" for row in levels)
    late = rows_of(found, metric="late_delivery_rate", statistic="level")
    assert all(row["method"] == "wilson_effective_n" for row in late)
    (change,) = rows_of(found, metric="nps", statistic="change", segment_name="all")
    assert (change["window"], change["comparison"]) == ("2026H1", "2025H2")
    assert change["estimate"] == pytest.approx(levels[2]["estimate"] - levels[1]["estimate"])
    assert change["estimate"] > 0
    assert "waves_treated_as_independent" in change["flags"]
    assert found["coverage"] == [
        {"source": "crm", "landed": 15, "quarantined": 4, "load_date": "2026-07-05"}
    ]


def test_a_change_that_goes_down_is_negative(rng: np.random.Generator) -> None:
    rows = [wave_row(answers(rng, 900, share), np.ones(900), wave=wave, metric="nps")
            for wave, share in (("2025H2", 0.6), ("2026H1", 0.3))]  # fmt: skip
    found = edition(rows, benchmark=benchmark(metrics=["nps"]))
    (change,) = rows_of(found, statistic="change")
    assert change["upper"] < 0


def test_shares_of_a_segment_add_up(rng: np.random.Generator) -> None:
    found = edition(wave_rows(rng))
    for wave in ("2026H1", "2025H2"):
        shares = rows_of(found, metric="nps", statistic="share", window=wave)
        assert {row["segment_value"]: row["estimate"] for row in shares} == pytest.approx(
            {"premium": 0.25, "basic": 0.75}
        )


def test_drivers_are_ranked_and_labelled(rng: np.random.Generator) -> None:
    found = edition(wave_rows(rng), driver_rows=drivers(rng))
    assert [driver["item"] for driver in found["drivers"]] == ["price", "support", "speed"]
    assert set(found["drivers"][0]) >= {
        "item", "label_en", "label_ja", "importance", "lower", "upper", "rank", "rank_lower",
        "rank_upper", "mean", "n",
    }  # fmt: skip
    assert sum(driver["importance"] for driver in found["drivers"]) == pytest.approx(1.0)
    assert 0.5 < found["driver_fit"]["r_squared"] < 0.7  # 1.29 of 2.29 is explained


def test_no_drivers_say_why(rng: np.random.Generator) -> None:
    rows = wave_rows(rng)
    undeclared = edition(rows, benchmark=benchmark(drivers=None))
    assert (undeclared["drivers"], undeclared["driver_fit"]) == ([], {"reason": "not_declared"})
    assert edition(rows)["driver_fit"] == {"reason": "no_answers", "n": 0}
    older = [row for row in drivers(rng) if "support" not in (row.item_x, row.item_y)]
    found = edition(rows, driver_rows=older)
    assert found["driver_fit"] == {"reason": "not_measured", "n": 0}
    few = [replace(row, n=1) for row in drivers(rng) if row.bucket < 25]
    assert edition(rows, driver_rows=few)["driver_fit"]["reason"] == "too_few_answers"


def test_small_cells_have_reasons_and_make_the_edition_partial(rng: np.random.Generator) -> None:
    rows = [row for row in wave_rows(rng) if row.metric == "nps"]
    late = rng.binomial(1, 0.1, 29).astype(float)
    rows.append(wave_row(late, np.ones(29), wave="2026H1", metric="late_delivery_rate"))
    found = edition(rows)
    assert found["state"] == "partial"
    assert found["reasons"] == [
        {
            "code": "metric_no_estimate", "metric": "late_delivery_rate",
            "reason": "too_few_answers", "n": 29,
        }
    ]  # fmt: skip
    (change,) = rows_of(found, metric="late_delivery_rate", statistic="change")
    assert (change["estimate"], change["reason"]) == (None, "too_few_answers")


def test_a_headline_without_estimate_blocks(rng: np.random.Generator) -> None:
    rows = [row for row in wave_rows(rng) if row.metric != "nps"]
    found = edition(rows)
    assert found["state"] == "blocked"
    assert found["reasons"][0]["code"] == "headline_no_estimate"


def test_an_undefined_metric_is_named(rng: np.random.Generator) -> None:
    found = edition(wave_rows(rng), benchmark=benchmark(metrics=["nps", "delight"]))
    assert {"code": "metric_not_defined", "metric": "delight"} in found["reasons"]
    assert found["state"] == "partial"


def test_the_first_wave_has_no_change(rng: np.random.Generator) -> None:
    found = edition(wave_rows(rng), benchmark=benchmark(first_wave="2026H1"))
    changes = rows_of(found, statistic="change")
    assert {row["reason"] for row in changes} == {"no_previous_wave"}
    assert {row["window"] for row in found["rows"]} == {"2026H1"}


def test_a_break_between_the_waves_is_marked(rng: np.random.Generator) -> None:
    mark = break_row(broke_on=date(2026, 2, 1))
    earlier = break_row(wave="2025H2", break_id="mode", broke_on=date(2025, 8, 1), what="mode")
    found = edition(wave_rows(rng), breaks=[earlier, mark, replace(mark, metric="csat_mean")])
    first, entry = found["breaks"]
    assert (first["wave"], first["metrics"]) == ("2025H2", ["nps"])
    assert (entry["wave"], entry["what"], entry["note_en"]) == ("2026H1", "wording", "new wording")
    assert entry["metrics"] == ["csat_mean", "nps"]
    (nps,) = rows_of(found, metric="nps", statistic="change", segment_name="all")
    (late,) = rows_of(found, metric="late_delivery_rate", statistic="change")
    assert "break_in_series" in nps["flags"]
    assert "break_in_series" not in late["flags"]


def test_a_withheld_comparison_has_a_reason_and_no_number(rng: np.random.Generator) -> None:
    mark = break_row(broke_on=date(2026, 2, 1), comparison="withhold")
    found = edition(wave_rows(rng), breaks=[mark])
    changes = rows_of(found, metric="nps", statistic="change")
    assert len(changes) == 3
    assert {(row["estimate"], row["reason"]) for row in changes} == {(None, "break_in_series")}
    assert all(row["n"] > 0 for row in changes)
    levels = rows_of(found, metric="nps", statistic="level")
    assert all(row["estimate"] is not None for row in levels)


def test_a_break_of_an_earlier_comparison_leaves_this_one(rng: np.random.Generator) -> None:
    mark = break_row(wave="2025H2", broke_on=date(2025, 6, 1))
    (nps,) = rows_of(edition(wave_rows(rng), breaks=[mark]), metric="nps", statistic="change",
                     segment_name="all")  # fmt: skip
    assert "break_in_series" not in nps["flags"]


def test_unanimous_waves_change_by_zero_with_a_width() -> None:
    rows = [wave_row(np.full(60, 100.0), np.ones(60), wave=wave, metric="nps")
            for wave in ("2025H2", "2026H1")]  # fmt: skip
    (change,) = rows_of(edition(rows, benchmark=benchmark(metrics=["nps"])), statistic="change")
    assert change["estimate"] == 0
    assert change["lower"] < 0 < change["upper"]
    assert "degenerate_sample" in change["flags"]


def test_later_waves_and_the_order_of_rows_change_no_byte(rng: np.random.Generator) -> None:
    rows, items = wave_rows(rng), drivers(rng)
    later = wave_row(answers(rng, 50, 0.3), np.ones(50), wave="2026H2", metric="nps")
    first = canonical_json(edition(rows, driver_rows=items))
    assert canonical_json(edition([later, *reversed(rows)], driver_rows=items[::-1])) == first
