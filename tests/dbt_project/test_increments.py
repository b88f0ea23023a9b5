"""A build of what has changed leaves the tables that a build of everything would have made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt_project import world, world_days
from tests.dbt_project.lake import Build, Partition, run_dbt, write_lake

FIRST = date(2026, 5, 20)
# the first step ends a month and closes windows; the second ends a half-year, and nothing lands
STEPS = (date(2026, 6, 3), date(2026, 7, 2))
OF_INCREMENTS = {
    *("int_ids_changed", "int_customers_changed", "int_cost_pools_before"),
    *("int_customers_affected", "int_money_changed"),
    *("int_rows_changed", "int_units_touched", "int_units_changed"),
}


@dataclass(frozen=True)
class Staged:
    """One warehouse built in steps, one built whole, and how many rows each step made anew."""

    stepwise: Path
    whole: Path
    changed: tuple[dict[str, int], ...]
    tables: tuple[str, ...]


@pytest.fixture(scope="module")
def staged(seeded_world: world.World, tmp_path_factory: pytest.TempPathFactory) -> Staged:
    place = tmp_path_factory.mktemp("days")
    lake, stepwise, whole = place / "lake", place / "steps.duckdb", place / "whole.duckdb"
    arrived = world_days.loads(seeded_world, seed=7)
    write_lake(
        lake,
        partitions=world_days.partitions(arrived, after=None, until=FIRST),
        declared=world.DECLARED,
    )
    _run(lake, stepwise, FIRST, None, ())
    before, changed = FIRST, []
    for step, day in enumerate(STEPS):
        new = world_days.partitions(arrived, after=before, until=day) if step == 0 else []
        write_lake(lake, partitions=new, declared=world.DECLARED)
        _run(lake, stepwise, day, before, new)
        changed.append(_counts(stepwise))
        before = day
    build = _run(lake, whole, STEPS[-1], None, ())
    tables = tuple(sorted(name.rsplit(".", 1)[1] for name in build.statuses("success")))
    return Staged(stepwise, whole, tuple(changed), tables)


def test_there_is_something_to_compare(staged: Staged) -> None:
    assert len(staged.tables) > 25
    first, second = staged.changed
    assert min(first.values()) > 0
    assert second["int_ids_changed"] > 0, "rows that landed before they happened become known"
    total = _count(staged.whole, "fct_survey_responses")
    with duckdb.connect(str(staged.stepwise), read_only=True) as connection:
        query = "select count(*) from cx.int_rows_changed where fact_name = 'fct_survey_responses'"
        (made_anew,) = connection.execute(query).fetchone() or (0,)
    assert 0 < made_anew < total / 2


def test_every_table_is_the_one_of_a_whole_build(staged: Staged) -> None:
    different = {}
    for name in staged.tables:
        if name in OF_INCREMENTS:
            continue
        problem = _difference(staged.stepwise, staged.whole, name)
        if problem:
            different[name] = problem
    assert not different


def _run(
    lake: Path, warehouse: Path, day: date, before: date | None, new: Sequence[Partition]
) -> Build:
    variables = {}
    if before is not None:
        pairs = sorted({(part.source, part.load_date) for part in new})
        variables = {"increment": {"as_of": str(before), "partitions": pairs}}
    build = run_dbt(lake, "run", as_of=str(day), warehouse=warehouse, variables=variables)
    assert build.returncode == 0, build.output
    return build


def _counts(warehouse: Path) -> dict[str, int]:
    return {name: _count(warehouse, name) for name in sorted(OF_INCREMENTS)}


def _count(warehouse: Path, name: str) -> int:
    return len(_rows(warehouse, name)[1])


def _rows(warehouse: Path, name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(f"select * from cx.{name}")
        return [column[0] for column in found.description or ()], found.fetchall()


def _difference(stepwise: Path, whole: Path, name: str) -> str:
    """Why two tables differ: not in the order of rows, nor in the last digits of a sum."""
    (columns, found), (others, expected) = _rows(stepwise, name), _rows(whole, name)
    if columns != others:
        return "columns"
    if len(found) != len(expected):
        return f"{len(found)} rows instead of {len(expected)}"
    for one, other in zip(sorted(found, key=_key), sorted(expected, key=_key), strict=True):
        if not all(_same(a, b) for a, b in zip(one, other, strict=True)):
            return f"{one} instead of {other}"
    return ""


def _key(row: tuple[Any, ...]) -> tuple[str, ...]:
    """Exact columns first: a sum in another order must not change the order of rows."""
    exact = [repr(value) for value in row if not isinstance(value, float)]
    return (*exact, *(f"{value:.6g}" for value in row if isinstance(value, float)))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)
