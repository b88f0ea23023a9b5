"""Journey, breaks and freshness against the same facts recomputed in pandas, event by event."""

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
                "denominator": event.weight * event.denominator,
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


def test_breaks_stand_where_the_waves_say(seeded_build: Build) -> None:
    expected = set()
    waves = list(world.WAVES.items())
    for mark in world.DECLARED["metric_break"]:
        if mark["metric"] not in world.METRICS:
            continue
        for number, (wave, (start, end)) in enumerate(waves):
            since = waves[number - 1][1][0] if number else start
            if since < mark["broke_on"] < end:
                expected.add((wave, mark["metric"], mark["break_id"], mark["segment_value"]))
    table = seeded_build.table("wave_breaks")
    columns = ["wave", "metric", "break_id", "segment_value"]
    assert set(table[columns].itertuples(index=False, name=None)) == expected
    assert len(expected) == len(table) == 5


def test_freshness_is_measured_from_the_end_of_the_as_of_day(
    seeded_build: Build, seeded_world: world.World
) -> None:
    found = seeded_build.table("source_freshness").set_index(["source", "record"])
    assert set(found.index) == {
        ("main", "order"),
        ("main", "usage"),
        ("main", "feedback"),
        ("gone", "order"),
    }
    end = pd.Timestamp(world.END)
    for record, at in (("order", "ordered_at"), ("feedback", "responded_at")):
        times = pd.to_datetime(pd.Series([row[at] for row in seeded_world.clean[record]]), utc=True)
        newest = times[times < end].max()
        row = found.loc[("main", record)]
        assert row["hours_behind"] == pytest.approx((end - newest) / pd.Timedelta(hours=1))
        assert row["row_count"] == (times < end).sum()
    assert bool(found.loc[("main", "order"), "is_fresh"])
    assert not bool(found.loc[("main", "usage"), "is_fresh"])
    assert pd.isna(found.loc[("main", "feedback"), "is_fresh"])
    assert found.loc[("gone", "order"), "row_count"] == 0
