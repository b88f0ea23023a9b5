"""The journey scorecard against the same numbers recomputed in pandas, event by event."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.dbt_project import recomputed_funnel, recomputed_questions, world
from tests.dbt_project.lake import Build
from tests.dbt_project.recomputed_events import events_of, wave_of

PLACES = {row["touchpoint"]: row for row in world.DECLARED["touchpoint"]}
OF_METRIC = {row["metric"]: row["touchpoint"] for row in world.DECLARED["touchpoint_metric"]}
KEY = ["wave", "metric", "breakdown", "journey_stage", "touchpoint", "department"]


@pytest.fixture(scope="module")
def events(seeded_world: world.World) -> pd.DataFrame:
    """One row per event with its place; tickets name the touchpoint support, nothing else does."""
    tickets = {row["interaction_id"] for row in seeded_world.clean["interaction"]}
    about = {
        row["response_id"]: row.get("interaction_id") for row in seeded_world.clean["feedback"]
    }
    found = [
        *events_of(seeded_world),
        *recomputed_funnel.events_of(seeded_world),
        *recomputed_questions.events_of(seeded_world),
    ]
    rows = []
    for event in found:
        is_support = event.event_id in tickets or about.get(event.event_id) is not None
        place = "support" if is_support else OF_METRIC.get(event.metric, "unknown")
        owner = PLACES.get(place, {"journey_stage": "unknown", "department": "unknown"})
        rows.append(
            {
                "wave": wave_of(event.at),
                "metric": event.metric,
                "touchpoint": place,
                "journey_stage": owner["journey_stage"],
                "department": owner["department"],
                "unit": event.customer_id or f"event {event.event_id}",
                "numerator": event.weight * event.value,
                "denominator": event.weight,
            }
        )
    return pd.DataFrame(rows).dropna(subset="wave")


def test_the_scorecard_equals_a_recomputation(seeded_build: Build, events: pd.DataFrame) -> None:
    table = seeded_build.table("journey_scorecard")
    found = table[table["metric"].isin(events["metric"])].set_index(KEY).sort_index()
    kept = {
        "all": [],
        "journey_stage": ["journey_stage"],
        "department": ["department"],
        "touchpoint": ["journey_stage", "touchpoint", "department"],
    }
    seen = 0
    for breakdown, names in kept.items():
        part = events.assign(breakdown=breakdown)
        for name in {"journey_stage", "touchpoint", "department"} - set(names):
            part[name] = "all"
        units = part.groupby([*KEY, "unit"])[["numerator", "denominator"]].sum()
        cells = units.groupby(level=KEY)
        sizes, means, spread = cells.size(), cells.mean(), cells.var(ddof=1)
        counts = part.groupby(KEY).size()
        for key, n_units in sizes.items():
            row = found.loc[key]
            assert (row["n_units"], row["n_events"]) == (n_units, counts[key]), key
            for column in ("numerator", "denominator"):
                assert row[f"mean_{column}"] == pytest.approx(means.loc[key, column]), key
                expected = spread.loc[key, column]
                assert row[f"var_{column}"] == pytest.approx(expected, nan_ok=True), key
            seen += 1
    assert seen == len(found) > 150


def test_stages_of_the_world_differ(seeded_build: Build) -> None:
    found = seeded_build.table("journey_scorecard").query("breakdown == 'journey_stage'")
    assert set(found["journey_stage"]) == {"use", "purchase", "unknown"}
