from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from analysis.journey import journey_levels
from analysis.levels import level
from analysis.results import Estimate, NoEstimate
from analysis.warehouse import JourneyRow
from analysis.waves import wave_cell

from .test_benchmark import benchmark
from .worlds import catalog, wave_row


def row(scores: np.ndarray, place: tuple[str, str, str], **changes: str) -> JourneyRow:
    """The scores of one place as the warehouse publishes them."""
    wave = wave_row(scores, np.ones(len(scores)), wave="2026H1", metric="nps")
    moments = {
        name: value
        for name, value in asdict(wave).items()
        if name not in ("segment_name", "segment_value")
    }
    stage, touchpoint, department = place
    own = {"journey_stage": stage, "touchpoint": touchpoint, "department": department}
    return JourneyRow(**{**moments, "breakdown": "touchpoint", **own, **changes})


SCORES = np.array([100.0, 0.0, -100.0, 100.0] * 20)


def test_places_come_in_the_order_of_the_journey() -> None:
    rows = [
        row(SCORES, ("unknown", "催事", "unknown")),
        row(SCORES, ("advocacy", "relationship", "cx")),
        row(SCORES, ("use", "support", "care")),
        row(SCORES, ("use", "app", "product")),
        row(SCORES, ("purchase", "shop", "sales")),
        row(SCORES, ("all", "all", "all"), breakdown="all"),
        row(SCORES, ("use", "app", "product"), wave="2025H2"),
        row(SCORES, ("use", "app", "product"), metric="nobody_knows"),
    ]
    found = journey_levels(
        rows, catalog().metrics, benchmark(), wave="2026H1", breakdown="touchpoint"
    )
    assert [place.touchpoint for place in found] == [
        "shop",
        "app",
        "support",
        "relationship",
        "催事",
    ]


def test_a_level_is_that_of_the_same_answers_in_a_wave() -> None:
    (found,) = journey_levels(
        [row(SCORES, ("use", "app", "product"))],
        catalog().metrics,
        benchmark(),
        wave="2026H1",
        breakdown="touchpoint",
    )
    whole = wave_row(SCORES, np.ones(len(SCORES)), wave="2026H1", metric="nps")
    scale = catalog().metrics["nps"].scale
    expected = level(wave_cell(whole), scale=scale, confidence=0.95, min_answers=30)
    assert isinstance(found.result, Estimate)
    assert found.result == expected
    shown = found.as_dict("touchpoint")
    assert shown["level"] == pytest.approx(25.0)
    assert shown["lower"] < 25 < shown["upper"]
    assert (shown["n"], shown["reason"]) == (80, None)
    assert list(found.as_dict("department"))[:2] == ["department", "metric"]


def test_too_few_answers_have_a_reason_and_no_number() -> None:
    (found,) = journey_levels(
        [row(SCORES[:8], ("use", "app", "product"))],
        catalog().metrics,
        benchmark(),
        wave="2026H1",
        breakdown="touchpoint",
    )
    assert found.result == NoEstimate("too_few_answers", 8)
    assert found.as_dict("touchpoint")["level"] is None
