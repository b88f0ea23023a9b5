from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest

from analysis.canonical import canonical_json, sha256
from analysis.experiment import ExperimentInputs, experiment_edition
from analysis.registration import plan_text
from analysis.warehouse import ArmRow
from ledger import Registration
from programme.experiments import Experiment

from .worlds import arm_row, catalog, plan, unit_counts

KEYS = {
    "edition_id", "kind", "subject", "as_of", "state", "reasons", "code_version", "inputs_hash",
    "seed", "plan", "plan_hash", "registered_on", "deviations", "metrics", "segments", "arms",
    "checks", "rows", "verdict",
}  # fmt: skip
CSAT, MINUTES, DAYS = "csat_top_two_rate", "resolution_calendar_minutes", "monthly_active_days"


def world(
    rng: np.random.Generator, *, n: int = 3000, lift: float = 0.12, premium_only: bool = False
) -> list[ArmRow]:
    """Two arms, three metrics, two plans; CSAT rises by ``lift`` in the treatment."""
    found = []
    for variant in ("usual", "callback"):
        premium = rng.random(n) < 0.4
        gain = np.where(premium | (not premium_only), lift, 0.0) * (variant == "callback")
        answers = rng.binomial(2, 0.5, n)
        tickets = rng.poisson(1.5, n)
        units: dict[str, dict[str, np.ndarray]] = {
            CSAT: {"num": rng.binomial(answers, 0.6 + gain), "den": answers,
                   "pre_num": rng.binomial(1, 0.6, n), "pre_den": np.ones(n)},
            MINUTES: {"num": tickets * rng.gamma(2, 100, n), "den": tickets,
                      "pre_num": rng.gamma(2, 100, n), "pre_den": np.ones(n)},
            DAYS: {"num": rng.poisson(9, n), "den": np.ones(n),
                   "pre_num": rng.poisson(9, n), "pre_den": np.ones(n)},
        }  # fmt: skip
        for name, columns in units.items():
            found.append(arm_row(columns, variant=variant, metric=name))
            for value, inside in (("premium", premium), ("basic", ~premium)):
                part = {key: column[inside] for key, column in columns.items()}
                segment = ("plan", value)
                found.append(arm_row(part, variant=variant, metric=name, segment=segment))
    return found


def registered(locked: Experiment, day: date = date(2025, 12, 20)) -> Registration:
    text = plan_text(locked)
    return Registration("callback", sha256(text.encode()), text, day)


def edition(rows: list[ArmRow], **changes: Any) -> dict[str, Any]:
    declared = changes.pop("declared", plan())
    inputs: dict[str, Any] = {
        "experiment_id": "callback",
        "declared": declared,
        "registration": registered(declared),
        "as_of": date(2026, 7, 5),
        "catalog": catalog(),
        "unit_counts": unit_counts({"usual": 3000, "callback": 3000}),
        "n_multiple": 4,
        "arm_rows": rows,
    }
    found = experiment_edition(ExperimentInputs(**{**inputs, **changes}), code_version="0+test")
    return dict(json.loads(canonical_json(found)))


def rows_of(found: Mapping[str, Any], **wanted: Any) -> list[dict[str, Any]]:
    return [row for row in found["rows"] if all(row[key] == wanted[key] for key in wanted)]


def test_a_clean_experiment_ships(rng: np.random.Generator) -> None:
    found = edition(world(rng))
    assert set(found) == KEYS
    assert found["state"] == "complete"
    assert found["reasons"] == []
    assert found["verdict"]["decision"] == "ship"
    assert [check["name"] for check in found["checks"]] == [
        "sample_ratio", "multiple_exposure", "pre_period_balance", "missing_outcome",
    ]  # fmt: skip
    assert found["arms"][0] == {
        "variant": "usual", "share": 0.5, "n_units": 3000, "is_control": True,
        "description_en": "x", "description_ja": "あ",
    }  # fmt: skip
    (effect,) = rows_of(found, metric=CSAT, statistic="difference", segment_name="all")
    assert effect["lower"] < 0.12 < effect["upper"]
    assert effect["comparison"] == "callback-usual"
    levels = rows_of(found, metric=CSAT, statistic="level")
    assert [row["comparison"] for row in levels] == ["usual", "callback"]
    assert len(rows_of(found, statistic="non_inferiority")) == 1


def test_the_numbers_are_those_of_the_rows(rng: np.random.Generator) -> None:
    # brute force: Welch on unit-level days, denominators 1, no covariates
    usual, treated = rng.poisson(9, 400), rng.poisson(10, 500)
    rows = [
        arm_row(
            {"num": values, "den": np.ones(n), "pre_num": np.zeros(n), "pre_den": np.zeros(n)},
            variant=variant,
            metric=DAYS,
        )
        for variant, values, n in (("usual", usual, 400), ("callback", treated, 500))
    ]
    declared = plan(
        success=[{"metric": DAYS, "alternative": "increase", "minimum_effect": 0.5}],
        guardrails=[], secondary=[], variants={
            "usual": {"share": 4 / 9, "is_control": True, "description": {"en": "x", "ja": "x"}},
            "callback": {"share": 5 / 9, "description": {"en": "x", "ja": "x"}},
        },
    )  # fmt: skip
    counts = unit_counts({"usual": 400, "callback": 500})
    found = edition(rows, declared=declared, unit_counts=counts)
    (row,) = rows_of(found, statistic="difference")
    from scipy import stats

    peer = stats.ttest_ind(treated, usual, equal_var=False)
    assert row["estimate"] == pytest.approx(treated.mean() - usual.mean(), rel=1e-12)
    assert row["p_value"] == pytest.approx(peer.pvalue, rel=1e-9)
    interval = peer.confidence_interval(0.95)
    assert [row["lower"], row["upper"]] == pytest.approx([interval.low, interval.high], rel=1e-9)


def test_a_mismatch_leaves_counts_and_reasons_only(rng: np.random.Generator) -> None:
    counts = unit_counts({"usual": 3000, "callback": 2600})
    found = edition(world(rng), unit_counts=counts)
    assert found["verdict"] == {
        "decision": "no_verdict", "reason": "check_failed", "values": {"checks": ["sample_ratio"]},
    }  # fmt: skip
    assert found["state"] == "blocked"
    assert {row["statistic"] for row in found["rows"]} == {"level", "difference"}
    for row in found["rows"]:
        assert row["estimate"] is None
        assert row["reason"] == "check_failed:sample_ratio"
    assert {row["n"] for row in rows_of(found, statistic="level")} == {3000, 2600}


def test_answers_withheld_by_one_arm_leave_no_effects(rng: np.random.Generator) -> None:
    rows = world(rng)
    n = 3000
    answers = rng.binomial(2, 0.62, n)
    biased = {"num": rng.binomial(answers, 0.72), "den": answers,
              "pre_num": rng.binomial(1, 0.6, n), "pre_den": np.ones(n)}  # fmt: skip
    rows = [
        arm_row(biased, variant="callback", metric=CSAT)
        if (row.metric, row.variant, row.segment_name) == (CSAT, "callback", "all")
        else row
        for row in rows
    ]
    found = edition(rows)
    assert found["verdict"]["values"] == {"checks": ["missing_outcome"]}
    assert {row["reason"] for row in found["rows"]} == {"check_failed:missing_outcome"}


def test_a_tempting_segment_does_not_move_the_verdict(rng: np.random.Generator) -> None:
    # the treatment works for premium customers only; overall the plan's minimum is ruled out
    declared = plan(
        success=[{"metric": CSAT, "alternative": "increase", "minimum_effect": 0.12}], segments=[]
    )
    rows = world(rng, n=3000, lift=0.06, premium_only=True)
    everyone = edition([row for row in rows if row.segment_name == "all"], declared=declared)
    found = edition(rows, declared=declared)
    assert found["verdict"] == everyone["verdict"]
    segments = [row for row in found["rows"] if row["segment_name"] == "plan"]
    assert segments
    assert all("exploratory" in row["flags"] for row in segments)
    (test,) = rows_of(found, metric=CSAT, statistic="interaction")
    assert test["method"] == "cochran_q"
    assert test["df"] == 1


def test_declared_segments_are_not_exploratory(rng: np.random.Generator) -> None:
    found = edition(world(rng))
    segments = [row for row in found["rows"] if row["segment_name"] == "plan"]
    assert len({row["segment_value"] for row in segments}) == 3
    assert not any("exploratory" in row["flags"] for row in segments)
    assert found["segments"] == {"plan": {"label_en": "Plan", "label_ja": "プラン"}}


def test_the_registered_plan_decides_and_edits_show(rng: np.random.Generator) -> None:
    lenient = plan(
        success=[{"metric": CSAT, "alternative": "increase", "minimum_effect": 0.01}],
        secondary=[DAYS, "late_delivery_rate"],
    )
    found = edition(world(rng), declared=lenient, registration=registered(plan()))
    assert found["verdict"]["values"]["success"][0]["minimum_effect"] == 0.05
    paths = {item["path"]: (item["registered"], item["now"]) for item in found["deviations"]}
    assert paths["secondary"] == ([DAYS], [DAYS, "late_delivery_rate"])
    assert "success" in paths
    added = rows_of(found, metric="late_delivery_rate", statistic="difference")
    assert all("exploratory" in row["flags"] for row in added)


def test_a_longer_window_than_registered_has_no_verdict(rng: np.random.Generator) -> None:
    found = edition(world(rng), declared=plan(window_days=60), registration=registered(plan()))
    assert found["verdict"]["reason"] == "plan_changed"
    assert found["verdict"]["values"] == {"paths": ["window_days"]}


def test_late_registration_is_said_and_changes_nothing_else(rng: np.random.Generator) -> None:
    found = edition(world(rng), registration=registered(plan(), date(2026, 7, 5)))
    assert [reason["code"] for reason in found["reasons"]] == ["registered_after_start"]
    assert found["state"] == "complete"


def test_a_metric_without_data_makes_the_edition_partial(rng: np.random.Generator) -> None:
    rows = [row for row in world(rng) if row.metric != DAYS]
    found = edition(rows)
    assert found["state"] == "partial"
    assert found["reasons"] == [
        {"code": "metric_no_estimate", "metric": DAYS, "reason": "no_answers"}
    ]
    assert found["verdict"]["decision"] == "ship"


def test_nobody_exposed_has_no_verdict() -> None:
    found = edition([], unit_counts=[], n_multiple=0)
    assert found["verdict"]["values"] == {"checks": ["sample_ratio"]}
    assert [arm["n_units"] for arm in found["arms"]] == [0, 0]


def test_the_order_of_the_rows_changes_no_byte(rng: np.random.Generator) -> None:
    rows = world(rng)
    assert canonical_json(edition(rows)) == canonical_json(edition(list(reversed(rows))))
