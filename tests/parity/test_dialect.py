"""The dialect macros give the same on both warehouses, and a wrong one is noticed."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest

from analysis.dbt_build import PROJECT
from analysis.parity import Table
from programme import Settings
from tests.parity.probe import EXPRESSIONS, INSTANTS, NUMBERS, TEXTS, probed
from tests.parity.stages import different

DIALECT = (PROJECT / "macros" / "dialect.sql").read_text(encoding="utf-8")
MUTATIONS = {
    "integer division": (
        "({{ to_double(numerator) }} / nullif({{ to_double(denominator) }}, 0))",
        "({{ numerator }} / nullif({{ denominator }}, 0))",
    ),
    "day of week": ("extract(isodow from", "extract(dow from"),
    "float32": ("%}double precision{%", "%}real{%"),
}


@pytest.fixture(scope="module")
def by_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Table:
    folder = tmp_path_factory.mktemp("probe_of_duckdb")
    settings = Settings.from_environment({"CXLOOP_HOME": str(folder / "home")})
    return probed(settings, folder / "project")


def test_every_macro_that_is_dispatched_is_probed(by_duckdb: Table) -> None:
    dispatched = set(re.findall(r"dispatch\('(\w+)', 'cxloop'\)", DIALECT))
    # these name a place, a type, a moment or rows to remove, and compute nothing
    silent = {"source_rows", "contract_type", "after_build", "removal_of_rows"}
    silent |= {"t_double", "t_string", "t_instant"}
    named = " ".join(EXPRESSIONS.values()) + " median_of("
    assert len(dispatched) >= 15
    assert not {name for name in dispatched - silent if f"{name}(" not in named}
    assert len(by_duckdb.rows) == len(INSTANTS) * len(TEXTS) * len(NUMBERS)


def test_the_values_are_those_of_the_calendar(by_duckdb: Table) -> None:
    """Python's own calendar, as the witness of both warehouses."""
    from calendar import monthrange
    from datetime import timedelta

    names = list(by_duckdb.columns)
    for row in by_duckdb.rows:
        found = dict(zip(names, row, strict=True))
        at: datetime = found["happened_at"]
        n = found["n"]
        month = at.month - 1 + n
        year, month = at.year + month // 12, month % 12 + 1
        last = min(at.day, monthrange(year, month)[1])
        assert found["days_on"] == found["fractional_days_on"] == at + timedelta(days=n)
        assert found["minutes_on"] == at + timedelta(minutes=n / 2)
        assert found["months_on"] == date(year, month, last)
        assert found["month"] == found["month_of_day"] == at.date().replace(day=1)
        monday = at.date() - timedelta(days=at.weekday())
        assert found["week"] == found["week_of_day"] == monday
        assert found["weekday"] == found["weekday_of_day"] == at.isoweekday()
        assert found["third"] == pytest.approx(n / 3, rel=1e-15)
        assert found["by_zero"] is None
        assert found["by_itself"] == (None if n == 0 else 0.5)
        assert found["nearest"] == (n + 1) // 2
        assert found["minutes_apart"] == -found["minutes_back"]
        latest = datetime(2027, 1, 1)  # noqa: DTZ001
        assert found["minutes_apart"] == (latest - at) / timedelta(minutes=1)
        assert found["days_apart"] == (date(1999, 12, 31) - at.date()).days


def test_postgres_gives_what_duckdb_gives(
    by_duckdb: Table, postgres_settings: Settings, tmp_path: Path
) -> None:
    found = probed(postgres_settings, tmp_path / "project")
    assert not different({"probe": by_duckdb}, {"probe": found})


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_dialect_bug_is_caught(
    mutation: str, by_duckdb: Table, postgres_settings: Settings, tmp_path: Path
) -> None:
    right, wrong = MUTATIONS[mutation]
    assert right in DIALECT, "the mutation changes nothing"
    found = probed(
        postgres_settings, tmp_path / "project", changed=lambda text: text.replace(right, wrong)
    )
    assert different({"probe": by_duckdb}, {"probe": found})
