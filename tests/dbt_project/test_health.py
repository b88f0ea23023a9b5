"""Health scores against the same ones recomputed in plain Python."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.dbt_project import recomputed_health, world
from tests.dbt_project.declared_health import UNITS
from tests.dbt_project.lake import Build
from tests.dbt_project.recomputed_events import events_of


def _nearly(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("health_id", UNITS)
def test_scores_equal_a_recomputation(
    seeded_build: Build, seeded_world: world.World, health_id: str
) -> None:
    expected = recomputed_health.scores(seeded_world, events_of(seeded_world), health_id)
    table = seeded_build.table("health_scores").query("health_id == @health_id")
    found = table.astype(object).where(table.notna(), None).set_index("unit_id")
    assert set(found.index) == set(expected["now"])
    assert len(found) > 10
    for unit, score in expected["now"].items():
        row = found.loc[unit]
        assert (row["level"], row["cap"]) == (score.level, score.cap), unit
        assert row["known_share"] == pytest.approx(score.known)
        assert row["score"] == _nearly(score.score)
        assert row["uncapped_score"] == _nearly(score.uncapped)
        assert (row["missing_reason"] is None) == (score.score is not None)
        past = expected["before"].get(unit)
        assert row["previous_score"] == _nearly(past.score if past else None)
        assert row["previous_level"] == (past.level if past else None)
        both = past is not None and past.score is not None and score.score is not None
        assert row["movement"] == _nearly(score.score - past.score if both else None)


def test_the_company_has_every_kind_of_score(seeded_build: Build) -> None:
    table = seeded_build.table("health_scores")
    assert set(table["level"].dropna()) == {"risk", "watch", "well"}
    assert {"voice_1", "voice_2"} <= set(table["cap"].dropna())
    assert table["missing_reason"].notna().sum() >= 3
    assert (table["movement"] > 1).sum() > 5
    assert (table["movement"] < -1).sum() > 5
    assert table["previous_score"].isna().any()


@pytest.mark.parametrize("health_id", UNITS)
def test_contributions_add_up_to_the_score_before_caps(
    seeded_build: Build, seeded_world: world.World, health_id: str
) -> None:
    expected = recomputed_health.scores(seeded_world, events_of(seeded_world), health_id)
    parts = seeded_build.table("health_components").query("health_id == @health_id")
    for (unit, reference), rows in parts.groupby(["unit_id", "reference"]):
        score = expected[reference][unit]
        points = dict(zip(rows["component"], rows["points"], strict=True))
        assert set(points) == set(score.points)
        for component, earned in score.points.items():
            if earned is None:
                assert pd.isna(points[component])
            else:
                assert points[component] == pytest.approx(earned, rel=1e-9, abs=1e-9)
        if score.uncapped is not None:
            assert rows["contribution"].sum() == pytest.approx(score.uncapped)
