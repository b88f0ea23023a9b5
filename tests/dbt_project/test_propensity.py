"""Features before a wave and outcomes within it, once more in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time

import pandas as pd
import pytest

from tests.dbt_project import world
from tests.dbt_project.lake import Build
from tests.dbt_project.recomputed_events import Measured, events_of

METRICS = ("nps", "ces_mean", "resolution_calendar_minutes", "late_delivery_rate", "renewal_rate")
HALF_YEAR_BEFORE = {"2025H1": date(2024, 7, 1), "2025H2": date(2025, 1, 1)}
HALF_YEAR_BEFORE |= {"2026H1": date(2025, 7, 1), "2026H2": date(2026, 1, 1)}


@pytest.fixture(scope="module")
def found(seeded_build: Build) -> pd.DataFrame:
    table = seeded_build.table("propensity_customers")
    assert not table.duplicated(["benchmark_id", "wave", "customer_id"]).any()
    return table.set_index(["wave", "customer_id"])


def test_members_and_outcomes_equal_a_recomputation(
    found: pd.DataFrame, seeded_world: world.World
) -> None:
    expected = {}
    for wave, (start, end) in world.WAVES.items():
        begins, ends = _midnight(start), _midnight(end)
        for customer, rows in Measured(seeded_world).history.items():
            joined, churned = rows[-1]["joined_at"], rows[-1]["churned_at"]
            if churned is not None and churned >= world.END:
                churned = None
            if joined < begins and (churned is None or churned >= begins):
                gone = float(churned is not None and churned < ends)
                expected[wave, customer] = gone if ends <= world.END else None
    assert set(found.index) == set(expected)
    assert {0.0, 1.0, None} == set(expected.values())
    churned = found["has_churned"].astype(object).where(found["has_churned"].notna(), None)
    assert churned.to_dict() == expected


@pytest.mark.parametrize("metric", METRICS)
def test_features_equal_a_recomputation(
    found: pd.DataFrame, seeded_world: world.World, metric: str
) -> None:
    totals: dict[tuple[str, str | None], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for event in events_of(seeded_world):
        for wave, since in HALF_YEAR_BEFORE.items():
            is_before = since <= event.at.date() < world.WAVES[wave][0]
            if event.metric == metric and is_before:
                totals[wave, event.customer_id][0] += event.value
                totals[wave, event.customer_id][1] += 1
    assert found[f"{metric}_den"].sum() > 10
    for key, row in found.iterrows():
        assert row[f"{metric}_num"] == pytest.approx(totals[key][0], rel=1e-9, abs=1e-9), key
        assert row[f"{metric}_den"] == totals[key][1], key


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
