"""Tables of money that are no moments, against the clean records."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import pytest

from tests.dbt_project.lake import Build
from tests.dbt_project.recomputed_events import Event, Measured, events_of, wave_of
from tests.dbt_project.recomputed_value import contact_costs, in_yen
from tests.dbt_project.world import World
from tests.dbt_project.world_value import END


def test_every_amount_booked_is_allocated_or_says_why_not(
    seeded_build: Build, seeded_world: World
) -> None:
    table = seeded_build.table("fct_costs").set_index("cost_id")
    booked = [row for row in seeded_world.clean["cost"] if row["cost_date"] < END.date()]
    assert set(table.index) == {row["cost_id"] for row in booked}
    states = table["allocation_state"].value_counts()
    assert {"allocated", "no_rule", "unvalued", "no_units", "month_lasts"} <= set(states.index)
    assert states["allocated"] > 80
    for row in booked:
        worth = in_yen(row["amount"], row["currency"], row["cost_date"])
        expected = float("nan") if worth is None else worth
        assert table.loc[row["cost_id"], "cost"] == pytest.approx(expected, nan_ok=True)
        if row["kind"] == "other":
            assert table.loc[row["cost_id"], "allocation_state"] == "no_rule"
        if row["team"] == "night" and worth is not None and row["cost_date"].month != 7:
            assert table.loc[row["cost_id"], "allocation_state"] == "no_units"


def test_parts_of_contacts_add_up_to_what_was_booked(
    seeded_build: Build, seeded_world: World
) -> None:
    """Whole months of support whose every amount has a rate, straight from the booked rows."""
    opened = {row["interaction_id"]: row for row in seeded_world.clean["interaction"]}
    carried: dict[tuple[int, int], float] = defaultdict(float)
    table = seeded_build.table("fct_contact_costs").dropna(subset=["cost"])
    for contact, cost in zip(table["interaction_id"], table["cost"], strict=True):
        at = opened[contact]["opened_at"]
        carried[at.year, at.month] += cost
    months: dict[tuple[int, int], list[float | None]] = defaultdict(list)
    for row in seeded_world.clean["cost"]:
        day = row["cost_date"]
        if (
            row["kind"] == "support"
            and row["team"] != "night"
            and (day.year, day.month) < (2026, 7)
        ):
            months[day.year, day.month].append(in_yen(row["amount"], row["currency"], day))
    whole = {month: sum(filter(None, all_)) for month, all_ in months.items() if None not in all_}
    compared = [month for month in whole if month >= (2025, 1)]
    assert len(compared) > 8
    for month in compared:
        assert carried[month] == pytest.approx(whole[month], rel=1e-9)


def test_savings_equal_a_recomputation(seeded_build: Build, seeded_world: World) -> None:
    found = seeded_build.table("contact_savings").set_index("wave")
    waves: dict[str, list[Event]] = defaultdict(list)
    for event in events_of(seeded_world):
        wave = wave_of(event.at)
        if event.metric == "repeat_contact_cost" and wave:
            waves[wave].append(event)
    assert set(found.index) == set(waves)
    costs = contact_costs(Measured(seeded_world))
    shares = {
        wave: sum(event.value > 0 for event in rows if costs[event.event_id] > 0) / len(rows)
        for wave, rows in waves.items()
    }
    ordered = sorted(waves)
    for before, wave in pairwise(ordered):
        rows = waves[wave]
        per_contact = sum(costs[event.event_id] for event in rows) / len(rows)
        saving = (shares[before] - shares[wave]) * len(rows) * per_contact
        assert found.loc[wave, "contact_count"] == len(rows)
        assert found.loc[wave, "cost_per_contact"] == pytest.approx(per_contact)
        assert found.loc[wave, "saving"] == pytest.approx(saving)
    assert len(ordered) >= 3
