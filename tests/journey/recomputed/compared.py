"""The recomputed metrics beside those of the warehouse, month by month."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import duckdb
import pandas as pd

from analysis.catalog import Metric
from tests.journey.recomputed import operations, voice
from tests.journey.recomputed.raw import Raw, Table, by_month

RECOMPUTED: tuple[Callable[[Raw], Iterable[Table]], ...] = (
    voice.answers,
    voice.funnel,
    operations.interactions,
    operations.orders,
    operations.relationship,
)
METRICS = (
    *voice.SCORES,
    *(f"{population}_{score}" for population in voice.POPULATIONS for score in voice.SCORES),
    *("survey_invite_rate", "survey_delivery_rate", "survey_open_rate", "survey_response_rate"),
    *("first_reply_calendar_minutes", "resolution_calendar_minutes"),
    *("ticket_reopen_rate", "repeat_contact_rate"),
    *("repeat_purchase_rate", "late_delivery_rate"),
    *("renewal_rate", "monthly_churn_rate", "monthly_active_days"),
)
DATED = {
    "fct_survey_responses": "responded_at",
    "fct_survey_eligibilities": "eligible_at",
    "fct_invitations": "invited_at",
    "fct_interactions": "opened_at",
    "fct_call_statements": "checked_at",
    "fct_web_sessions": "started_at",
    "fct_orders": "ordered_at",
    "fct_outcomes": "due_at",
    "fct_customer_months": "month_start_date",
    "fct_usage": "month_start_date",
    "fct_customer_lifetimes": "half_year_start_date",
    "fct_customer_value": "month_start_date",
    "fct_contact_costs": "opened_at",
    "fct_acquisitions": "joined_at",
    "fct_employee_answers": "responded_at",
}
Month = tuple[str, str]
Sums = tuple[int, float, float]


def recomputed(raw: Raw) -> dict[Month, Sums]:
    """(metric, month) -> number of rows, sum of numerators, sum of denominators."""
    return _sums(by_month(pd.concat([part for of in RECOMPUTED for part in of(raw)])))


def measured(warehouse: Path, metrics: Mapping[str, Metric]) -> dict[Month, Sums]:
    """The same as dbt built it."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {
            month: sums
            for metric in metrics.values()
            for month, sums in _sums(_of_fact(connection, metric)).items()
        }


def differing(ours: Mapping[Month, Sums], theirs: Mapping[Month, Sums]) -> dict[Month, object]:
    """Months of which the two differ, by more than the last digits of a sum."""
    none: Sums = (0, 0.0, 0.0)
    return {
        month: (ours.get(month), theirs.get(month))
        for month in sorted({*ours, *theirs})
        if not all(
            math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
            for one, other in zip(ours.get(month, none), theirs.get(month, none), strict=True)
        )
    }


def _of_fact(connection: duckdb.DuckDBPyConnection, metric: Metric) -> Table:
    name = metric.metric
    query = (
        f"select '{name}' as metric, strftime({DATED[metric.fact]}, '%Y-%m') as month, "
        f"count(*) as n, sum({name}_numerator) as numerator, "
        f"sum({name}_denominator) as denominator "
        f"from cx.{metric.fact} where {name}_denominator is not null group by all"
    )
    return connection.execute(query).df().set_index(["metric", "month"])


def _sums(table: Table) -> dict[Month, Sums]:
    return {
        (str(metric), str(month)): (int(n), float(numerator), float(denominator))
        for (metric, month), n, numerator, denominator in table.itertuples(name=None)
    }
