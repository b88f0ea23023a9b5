"""Outcomes, money and employees of the demo: the pipeline's numbers are pandas' own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from cli.demo.company import CompanyFiles
from connectors.extraction import extract
from connectors.landing import declare, land
from ledger import Ledger
from programme import Settings, load_programme
from tests.dbt_project.lake import run_dbt
from tests.demo import value_witness

FACTS = {
    "fct_outcomes": (
        "due_date",
        ("customer_goal_attainment_rate", "referral_rate", "win_rate", "win_value_rate"),
    ),
    "fct_orders": ("ordered_date", ("average_order_value",)),
    "fct_customer_lifetimes": ("half_year_start_date", ("customer_lifetime_value",)),
    "fct_customer_value": (
        "month_start_date",
        (
            *("monthly_revenue_per_customer", "monthly_purchases_per_customer"),
            *("monthly_referrer_rate", "monthly_cost_to_serve"),
        ),
    ),
    "fct_contact_costs": ("opened_date", ("cost_per_contact", "repeat_contact_cost")),
    "fct_acquisitions": ("joined_date", ("customer_acquisition_cost",)),
    "fct_employee_answers": ("responded_date", ("employee_nps", "employee_rating_mean")),
}
RETENTION = ("gross_revenue_retention", "net_revenue_retention")
WAVES = ("2024H1", "2025H2", "2026H1")


@pytest.fixture(scope="module")
def measured(
    small: CompanyFiles,
    helpdesk_url: str,
    programme_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, pd.Series]:
    """Metric -> level by half-year, from the facts that dbt builds on the landed systems."""
    home = tmp_path_factory.mktemp("value")
    settings = Settings.from_environment(
        {
            "CXLOOP_PROGRAMME": str(programme_dir),
            "CXLOOP_HOME": str(home),
            "CXLOOP_DATA_ROOT": str(small.directory),
        }
    )
    programme, ledger = load_programme(programme_dir), Ledger.open(settings.ledger_url)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CXLOOP_HASH_KEY", "a key for tests only")
        patched.setenv("CXLOOP_HELPDESK_URL", helpdesk_url)
        patched.setenv("CXLOOP_HELPDESK_TOKEN", "t")
        for source in ("back_office", "crm", "helpdesk", "service_line"):
            extract(programme, settings, source, load_date=date(2026, 7, 5), run_id="test")
            land(programme, settings, ledger, source, run_id="test")
    declare(programme, settings, as_of=date(2026, 7, 5))
    wanted = [f"+{fact}" for fact in FACTS]
    build = run_dbt(settings.lake, "run", "--quiet", "--select", *wanted, as_of="2026-07-05")
    assert build.returncode == 0, build.output
    return dict(_levels(build.warehouse))


def _levels(warehouse: Path) -> list[tuple[str, pd.Series]]:
    found = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for fact, (day, metrics) in FACTS.items():
            extra = RETENTION if fact == "fct_outcomes" else ()
            for metric in (*metrics, *extra):
                rows = connection.execute(
                    f"select {day}, {metric}_numerator, {metric}_denominator from cx.{fact} "
                    f"where {metric}_denominator is not null"
                ).df()
                by = value_witness.wave(pd.to_datetime(rows[day]))
                sums = rows.drop(columns=day).groupby(by).sum()
                found.append((metric, sums.iloc[:, 0] / sums.iloc[:, 1]))
    return found


def test_every_level_is_that_of_the_files(
    measured: dict[str, pd.Series], small: CompanyFiles
) -> None:
    expected = value_witness.levels(small)
    assert set(expected) == set(measured) == set(value_witness.METRICS)
    compared = 0
    for metric, levels in expected.items():
        for wave in set(WAVES) & set(levels.index):
            assert measured[metric][wave] == pytest.approx(levels[wave], rel=1e-9), (metric, wave)
            compared += 1
    assert compared >= 42
