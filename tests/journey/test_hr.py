"""Employees' answers on four points, hashed, and who left.

The figures are those of the data's README; what it does not publish is counted by DuckDB from the
file as published.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.collected import Collected, published_rows


@pytest.fixture(scope="module")
def hash_key() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXLOOP_HASH_KEY", "a key for tests")
        yield


@pytest.fixture(scope="module")
def hr(hash_key: None, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Collected:
    return Collected.of("hr", shared_data, tmp_path_factory.mktemp("hr"))


def test_every_row_is_accounted_for(hr: Collected) -> None:
    # five items each, and whether the person stayed
    hr.require_reconciled("people", received=6 * 1470)


def test_a_second_pull_brings_nothing(hr: Collected) -> None:
    hr.require_settled()


def test_employees_answer_five_items_on_four_points(hr: Collected, shared_data: Path) -> None:
    file = shared_data / "ibm_hr_attrition" / "emp_attrition.csv.gz"
    found = hr.ask(
        "select question_id, count(*), min(scale_min), max(scale_max), min(score), max(score), "
        "avg(score) from {employee_feedback} group by 1",
        employee_feedback="people",
    )
    means = {name: mean for name, *_, mean in found}
    assert {row[1:6] for row in found} == {(1470, 1.0, 4.0, 1.0, 4.0)}
    for name in means:
        column = "".join(part.capitalize() for part in name.split("_"))
        ((mean,),) = hr.ask(f'select avg("{column}"::int) from {published_rows(file)}')
        assert means[name] == pytest.approx(mean)
    assert len(means) == 5


def test_employees_who_left(hr: Collected) -> None:
    found = hr.ask(
        "select is_achieved, count(*), count(distinct employee_id) from {outcome} join "
        "(select distinct employee_id from {employee_feedback}) on outcome_id = employee_id "
        "group by 1",
        outcome="people",
        employee_feedback="people",
    )
    assert sorted(found) == [(False, 237, 237), (True, 1233, 1233)]


def test_an_employee_cannot_be_told_from_the_lake(hr: Collected) -> None:
    ((shortest, longest),) = hr.ask(
        "select min(length(employee_id)), max(length(employee_id)) from {employee_feedback}",
        employee_feedback="people",
    )
    assert (shortest, longest) == (64, 64)
    files = list(hr.settings.lake.rglob("*.parquet"))
    assert len(files) > 2
    columns = {
        name for file in files for (name,) in hr.ask(f"select name from parquet_schema('{file}')")
    }
    assert "JobSatisfaction" in columns, "landing was looked at"
    assert not columns & {"Age", "Gender", "MaritalStatus", "MonthlyIncome"}
    texts = [json.dumps(path.read_text()) for path in hr.settings.lake.rglob("*.json")]
    assert not any("Research Scientist" in text for text in texts)
