from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analysis.increments import Increment, Standing, Whole, plan_build

LAST = Standing(date(2026, 7, 4), "models", {"crm/2026-07-03": "a", "help/2026-07-04": "b"})
NOW = Standing(
    date(2026, 7, 5), "models", {**LAST.partitions, "help/2026-07-05": "c", "crm/2026-07-05": "d"}
)


def planned(last: Standing | None = LAST, now: Standing = NOW, **other: Any) -> Increment | Whole:
    given = {"raw_bytes": 10, "least_bytes": 10, **other}
    return plan_build(last, now, **given)


def test_new_partitions_are_an_increment() -> None:
    plan = planned()
    assert plan == Increment(date(2026, 7, 4), (("crm", "2026-07-05"), ("help", "2026-07-05")))
    assert plan.variables == {
        "increment": {
            "as_of": "2026-07-04",
            "partitions": [["crm", "2026-07-05"], ["help", "2026-07-05"]],
        }
    }


def test_a_day_that_passes_without_a_row_is_an_increment() -> None:
    assert planned(now=replace(LAST, as_of=date(2026, 7, 5))) == Increment(date(2026, 7, 4), ())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"last": None}, "no earlier build"),
        ({"raw_bytes": 9}, "small"),
        ({"now": replace(NOW, meaning="other models")}, "have changed"),
        ({"now": replace(NOW, as_of=date(2026, 7, 3))}, "went back"),
        ({"now": replace(NOW, partitions={"crm/2026-07-03": "a"})}, "help/2026-07-04 is gone"),
        (
            {"now": replace(NOW, partitions={**NOW.partitions, "crm/2026-07-03": "z"})},
            "crm/2026-07-03 is rewritten",
        ),
        (
            {"now": replace(NOW, partitions=dict.fromkeys(LAST.partitions, "z"))},
            "crm/2026-07-03 and 1 more are rewritten",
        ),
    ],
)
def test_everything_else_is_built_whole_and_says_why(change: dict[str, Any], why: str) -> None:
    plan = planned(**change)
    assert isinstance(plan, Whole)
    assert why in str(plan)


def test_what_a_build_saw_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "standing.json"
    assert Standing.read(file) is None
    LAST.write(file)
    assert Standing.read(file) == LAST
