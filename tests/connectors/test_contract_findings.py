"""What counts as a finding: size and significance, shared over all comparisons, said once."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.contract_findings import Comparison, outcomes_of
from connectors.contract_outcomes import Outcome, hold_or_pass
from connectors.errors import HeldBatchError
from programme.contracts import BatchSeverity, Check

SEVERITIES: dict[str, BatchSeverity] = {
    "distribution": "warn",
    "flipped_scale": "hold",
    "mean_shift": "warn",
    "new_codes": "warn",
}
SHIFT = {"psi": 0.5, "limit": 0.2}


def judged(*parts: Comparison, alpha: float = 0.002) -> list[tuple[str, list[str], bool]]:
    outcomes = outcomes_of(parts, "feedback", SEVERITIES, alpha=alpha)
    return [
        (outcome.check.expectation, outcome.check.kwargs["column_list"], outcome.passed)
        for outcome in outcomes
    ]


def shifted(column: str, p_value: float | None, *, is_large: bool = True) -> Comparison:
    return Comparison("distribution", column, 400, is_large, p_value, SHIFT)


@pytest.mark.parametrize(
    ("is_large", "p_value", "passed"),
    [(True, 0.0015, False), (True, 0.0025, True), (False, 1e-9, True), (True, None, False)],
)
def test_a_finding_takes_size_and_significance(
    is_large: bool, p_value: float | None, passed: bool
) -> None:
    assert judged(shifted("channel", p_value, is_large=is_large)) == [
        ("distribution", ["channel"], passed)
    ]


def test_the_chance_of_a_false_alarm_is_shared_by_all_columns() -> None:
    assert judged(shifted("channel", 0.0015), shifted("topic", 0.5)) == [
        ("distribution", ["channel", "topic"], True)
    ]
    assert judged(shifted("channel", 0.0009), shifted("topic", 0.5)) == [
        ("distribution", ["channel"], False)
    ]


def test_what_follows_from_another_finding_is_not_said_again() -> None:
    flipped = Comparison(
        "flipped_scale", "score", 400, True, None, {"now": 2.0, "before": 4.0, "mirrored": 2.0}
    )
    moved = Comparison(
        "mean_shift",
        "score",
        400,
        True,
        0.0,
        {"now": 2.0, "before": 4.0, "sds": -2.0, "limit": 0.3},
    )
    assert judged(shifted("score", 0.0), moved, flipped, shifted("channel", 0.0)) == [
        ("flipped_scale", ["score"], False),
        ("distribution", ["channel"], False),
    ]
    codes = {"codes": ["thai"], "share": 0.5, "limit": 0.005}
    script = Comparison("new_codes", "comment.script", 400, True, 0.0, codes)
    assert judged(shifted("comment.script", 0.0), script) == [
        ("new_codes", ["comment.script"], False)
    ]
    elsewhere = Comparison(**{**vars(flipped), "group": "another.question"})
    assert len(judged(shifted("score", 0.0), elsewhere)) == 2


def test_passing_comparisons_are_one_result_with_the_widest_one_observed() -> None:
    parts = [shifted("channel", 0.4, is_large=False), shifted("topic", 0.5, is_large=False)]
    wider = Comparison(**{**vars(parts[1]), "facts": {"psi": 0.7, "limit": 0.2}})
    (outcome,) = outcomes_of([parts[0], wider], "feedback", SEVERITIES, alpha=0.002)
    assert outcome.observed.startswith("population stability index 0.70")
    assert outcome.facts["column"] == "topic"


def test_at_most_some_new_codes_are_named() -> None:
    facts = {"codes": ["a", "b"], "more": 3, "share": 0.1, "limit": 0.005}
    part = Comparison("new_codes", "channel", 400, True, 0.0, facts)
    (outcome,) = outcomes_of([part], "feedback", SEVERITIES, alpha=0.002)
    assert outcome.observed == "10.0% of rows have codes never seen before: a, b and 3 more"


def outcome_of(severity: Any, *, passed: bool = False, error: str = "", failed: int = 0) -> Outcome:
    check = Check(
        record="feedback", expectation="flipped_scale", kwargs={"column": "score"}, severity="warn"
    ).model_copy(update={"severity": severity})
    rows = tuple(range(failed))
    return Outcome(check, 9, passed, rows, (None,) * failed, error, "seen", group="a.b")


@pytest.mark.parametrize(
    ("outcome", "is_held"),
    [
        (outcome_of("hold"), True),
        (outcome_of("hold", passed=True), False),
        (outcome_of("warn"), False),
        (outcome_of("warn", error="odd"), False),
        (outcome_of("quarantine", failed=2), False),
        (outcome_of("quarantine"), True),
        (outcome_of("quarantine", failed=2, error="odd"), True),
    ],
)
def test_what_holds_a_batch(outcome: Outcome, is_held: bool) -> None:
    others = [outcome_of("warn"), outcome_of("hold", passed=True)]
    if not is_held:
        hold_or_pass([*others, outcome], source="s", entity="e", where="w")
        return
    with pytest.raises(
        HeldBatchError, match=r"flipped_scale\(score\) on feedback of a\.b"
    ) as caught:
        hold_or_pass([*others, outcome], source="s", entity="e", where="w")
    assert [part["severity"] for part in caught.value.checks] == [
        "warn",
        "hold",
        outcome.check.severity,
    ]


def test_a_summary_holds_bounds_and_no_value_of_a_row() -> None:
    check = Check(
        record="order",
        expectation="expect_column_values_to_be_in_set",
        kwargs={"column": "kind", "value_set": ["a", "b"], "mostly": 0.5, "regex_list": ["x"]},
        severity="warn",
        reason="known kinds",
    )
    outcome = Outcome(check, 10, False, (3, 4), ("secret one", "secret two"))
    assert outcome.summary("orders") == {
        "entity": "orders",
        "record": "order",
        "group": "",
        "expectation": "expect_column_values_to_be_in_set",
        "columns": ["kind"],
        "severity": "warn",
        "passed": False,
        "evaluated": 10,
        "failed": 2,
        "observed": "",
        "error": "",
        "reason": "known kinds",
        "facts": {"value_set": ["a", "b"], "mostly": 0.5},
    }
