"""A telephone company's customers at one moment: tenure, bills, and who left.

The figures are those of the data's README; what it does not publish is counted by DuckDB from the
file as published.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journey.collected import Collected, published_rows


@pytest.fixture(scope="module")
def telco(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Collected:
    return Collected.of("telco", shared_data, tmp_path_factory.mktemp("telco"))


def test_every_row_is_accounted_for(telco: Collected) -> None:
    # a customer is a customer, a subscription and an outcome
    telco.require_reconciled("crm", received=3 * 7043)


def test_a_second_pull_brings_nothing(telco: Collected) -> None:
    telco.require_settled()


def test_customers_who_left(telco: Collected, shared_data: Path) -> None:
    file = shared_data / "ibm_telco_churn" / "Telco-Customer-Churn.csv.gz"
    ((customers, left, at_stake),) = telco.ask(
        "select count(*), count(*) filter (is_achieved), sum(value) from {outcome} "
        "where kind = 'churn'",
        outcome="crm",
    )
    assert (customers, left) == (7043, 1869)
    assert left / customers == pytest.approx(0.265, abs=0.0005)
    ((charges,),) = telco.ask(
        f"select sum(MonthlyCharges::decimal(9, 2)) from {published_rows(file)}"
    )
    assert at_stake == pytest.approx(float(charges))


def test_who_has_had_no_bill_has_no_amount(telco: Collected) -> None:
    ((blank, zero, new),) = telco.ask(
        "select count(*) filter (amount is null), count(*) filter (amount = 0), "
        "count(*) filter (amount is null and joined_at = valid_from) "
        "from {order} join {customer} using (customer_id)",
        order="crm",
        customer="crm",
    )
    assert (blank, zero, new) == (11, 0, 11), "blank where the tenure is 0 months"


def test_tenure_is_the_month_of_joining(telco: Collected, shared_data: Path) -> None:
    file = shared_data / "ibm_telco_churn" / "Telco-Customer-Churn.csv.gz"
    ((differing,),) = telco.ask(
        f"select count(*) from {{customer}} join {published_rows(file)} as published "
        "on customer_id = published.customerID "
        "where date_diff('month', joined_at, valid_from) <> published.tenure::int "
        "or plan <> published.Contract",
        customer="crm",
    )
    assert differing == 0
    assert telco.ask("select count(distinct plan) from {customer}", customer="crm") == [(3,)]
