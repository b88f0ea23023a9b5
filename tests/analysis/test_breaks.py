from __future__ import annotations

import pytest

from analysis.breaks import break_entries, is_whole, marked, touches
from analysis.results import Estimate, NoEstimate

from .worlds import break_row

CHANGE = Estimate(1.0, 0.5, 0.0, 2.0, 100, "linearised_t")
SCOPED = {"segment_name": "channel", "segment_value": "phone"}


@pytest.mark.parametrize(
    ("scope", "segment", "touched", "whole"),
    [
        ({}, ("all", "all"), True, True),
        ({}, ("plan", "basic"), True, True),
        (SCOPED, ("channel", "phone"), True, True),
        (SCOPED, ("channel", "email"), False, False),
        (SCOPED, ("all", "all"), True, False),
        (SCOPED, ("plan", "basic"), True, False),
    ],
)
def test_a_scoped_break_reaches_what_may_contain_it(scope, segment, touched, whole) -> None:
    mark = break_row(**scope)
    assert (touches(mark, segment), is_whole(mark, segment)) == (touched, whole)


@pytest.mark.parametrize(
    ("comparison", "segment", "expected"),
    [
        ("flag", ("channel", "phone"), "flagged"),
        ("withhold", ("channel", "phone"), "withheld"),
        ("withhold", ("all", "all"), "flagged"),
        ("withhold", ("channel", "email"), "left alone"),
    ],
)
def test_only_what_is_broken_whole_is_withheld(comparison, segment, expected) -> None:
    found = marked(CHANGE, [break_row(**SCOPED, comparison=comparison)], segment)
    if expected == "withheld":
        assert found == NoEstimate("break_in_series", 100)
    else:
        assert isinstance(found, Estimate)
        assert (found.flags == ("break_in_series",)) == (expected == "flagged")


def test_one_of_several_breaks_is_enough_to_withhold() -> None:
    marks = [break_row(), break_row(break_id="b", comparison="withhold")]
    assert isinstance(marked(CHANGE, marks, ("all", "all")), NoEstimate)
    assert marked(CHANGE, [], ("all", "all")) == CHANGE


def test_why_there_was_no_estimate_before_stays_the_reason() -> None:
    found = marked(
        NoEstimate("too_few_answers", 3), [break_row(comparison="withhold")], ("all",) * 2
    )
    assert found == NoEstimate("too_few_answers", 3)


def test_a_break_seen_from_two_waves_is_listed_once() -> None:
    marks = [break_row(), break_row(wave="2026H2"), break_row(**SCOPED)]
    found = break_entries(marks, ["2025H2", "2026H1"])
    assert [(entry["segment_value"], entry["metrics"]) for entry in found] == [
        ("all", ["nps"]),
        ("phone", ["nps"]),
    ]
    assert break_entries(marks, ["2025H2"]) == []
