"""A lake of a large company, drawn by DuckDB: a year of load dates, late rows and new versions.

Of all events 20 % are answers, 16 % invitations, 10 % tickets, 24 % their events, 20 % orders and
10 % days of use; there are ten events for each customer. Three rows in a hundred land up to a week
late, and one order in fifty is landed again with a new version a week after.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from connectors.records import RECORDS
from tests.dbt_project import lake as small_lakes

START = date(2025, 1, 1)
DAYS = 364  # the last day ends no month: then every customer has a month more
METRICS = (
    *("nps", "csat_top_two_rate", "survey_response_rate", "first_reply_calendar_minutes"),
    *("repeat_contact_rate", "repeat_purchase_rate", "late_delivery_rate", "monthly_churn_rate"),
)
_OWN = {"experiment_id": "bench"}
DECLARED: dict[str, list[dict[str, Any]]] = {
    "wave": [
        {
            "benchmark_id": "bench",
            "wave": "2025H1",
            "starts_on": START,
            "ends_before": date(2025, 7, 1),
        },
        {
            "benchmark_id": "bench",
            "wave": "2025H2",
            "starts_on": date(2025, 7, 1),
            "ends_before": date(2026, 1, 1),
        },
    ],
    "benchmark_metric": [{"benchmark_id": "bench", "metric": metric} for metric in METRICS],
    "benchmark_segment": [{"benchmark_id": "bench", "segment": name} for name in ("plan",)],
    "benchmark_weight": [{"benchmark_id": "bench", "segment": "plan"}],
    "experiment": [
        {
            **_OWN,
            "unit": "customer",
            "starts_on": date(2025, 10, 1),
            "ends_on": date(2025, 10, 31),
            "window_days": 60.0,
            "pre_period_days": 90.0,
            "control_variant": "control",
            "use_cuped": True,
        }
    ],
    "experiment_metric": [{**_OWN, "metric": name, "role": "secondary"} for name in METRICS],
    "experiment_segment": [{**_OWN, "segment": "plan"}],
}
# share of all events and columns; `n` numbers the rows, `moment` is when, `c` is who
_SHARES = {
    "feedback": (
        0.20,
        """'r' || cast(n // 2 as bigint) as response_id,
        case when n % 2 = 0 then 'recommend' else 'satisfied' end as question_id,
        'relationship' as survey_id, 'c' || c as customer_id,
        case when n % 2 = 0 then 'i' || cast(n // 2 as bigint) end as invitation_id,
        case when n % 2 = 0 then 'nps' else 'csat' end as kind,
        case when n % 2 = 0 then 0.0 else 1.0 end as scale_min,
        case when n % 2 = 0 then 10.0 else 5.0 end as scale_max, true as is_high_good,
        case when n % 2 = 0 then hash(n) % 11 else 1 + hash(n) % 5 end as score,
        'email' as channel, n % 2 = 0 as is_relational, moment as responded_at""",
    ),
    "invitation": (
        0.16,
        """'i' || n as invitation_id, 'relationship' as survey_id, 'c' || c as customer_id,
        'email' as mode, true as is_relational, 1.0 + n % 3 as design_weight,
        moment - interval 1 hour as invited_at, moment - interval 1 hour as delivered_at""",
    ),
    "interaction": (
        0.10,
        """'t' || n as interaction_id, 'c' || c as customer_id, 'ticket' as kind,
        case when n % 3 = 0 then 'phone' else 'email' end as channel, 'support' as team,
        moment as opened_at""",
    ),
    "interaction_event": (
        0.24,
        """'t' || cast(n * 10 // 24 as bigint) as interaction_id, 'e' || n as event_id,
        case when n * 10 // 24 <> (n + 1) * 10 // 24 and n % 200 > 0 then 'resolved'
        else 'replied' end as kind,
        'agent' as actor,
        moment + to_minutes(cast(60 + hash(n) % 3000 as bigint)) as occurred_at""",
    ),
    "order": (
        0.20,
        """'o' || n as order_id, 'c' || c as customer_id, 'purchase' as kind,
        case when n % 4 = 0 then 'ginza' else 'online' end as business_unit,
        cast(hash(n) % 9000 as double) as amount, 'JPY' as currency, moment as ordered_at,
        moment + interval 3 day as promised_at""",
    ),
    "usage": (
        0.10,
        """'c' || c as customer_id, cast(moment as date) as usage_date, 'f' || n % 4 as feature,
        1 as active_days, cast(hash(n) % 50 as bigint) as event_count""",
    ),
}


def write(root: Path, *, events: int) -> Path:
    """The lake under ``root``; customers are a tenth of ``events``."""
    lake = small_lakes.write_lake(root / "lake", declared=DECLARED)
    customers = events // 10
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false; set memory_limit = '4GB'")
        for record, (share, columns) in _SHARES.items():
            rows = int(events * share)
            _copy(connection, lake, record, _rows(rows, customers, columns), _loads(record))
        _copy(connection, lake, "customer", _customers(customers), "cast(joined_at as date)")
        _copy(connection, lake, "exposure", _exposures(customers), "cast(exposed_at as date)")
    return lake


def last_day() -> date:
    """The newest load date."""
    return START + timedelta(days=DAYS - 1)


def _rows(rows: int, customers: int, columns: str) -> str:
    seconds = DAYS * 86_400 / rows
    return (
        f"select {columns}, n, moment from (select n, hash(n, 1) % {customers} as c, "
        f"timestamp '{START}' + to_microseconds(cast(n * {seconds} * 1000000 as bigint)) as moment "
        f"from range({rows}) as numbers(n))"
    )


def _loads(record: str) -> str:
    """When a row lands: on its day or up to a week later; orders once more after a week."""
    late = "case when hash(n, 2) % 100 < 3 then cast(hash(n, 3) % 8 as integer) else 0 end"
    day = f"cast(moment as date) + {late}"
    again = f"case when n % 50 = 0 then [{day}, cast(moment as date) + 8] else [{day}] end"
    return f"unnest({again})" if record == "order" else day


def _customers(customers: int) -> str:
    return (
        f"select 'c' || n as customer_id, timestamp '2024-07-01' + to_hours(cast(n * 4380.0 * 2 / "
        f"{customers} as bigint)) as joined_at, joined_at as valid_from, 'JP' as country, "
        "case when n % 3 = 0 then 'plus' else 'basic' end as plan, "
        "case when n % 8 = 0 then joined_at + to_days(cast(30 + n % 300 as integer)) end "
        f"as churned_at, n, joined_at as moment from range({customers}) as numbers(n)"
    )


def _exposures(customers: int) -> str:
    return (
        "select 'bench' as experiment_id, 'c' || n as unit_id, "
        "case when hash(n) % 2 = 0 then 'control' else 'treatment' end as variant, "
        "timestamp '2025-10-01' + to_minutes(cast(hash(n) % 44000 as bigint)) as exposed_at, "
        f"n, exposed_at as moment from range(0, {customers}, 5) as numbers(n)"
    )


def _copy(
    connection: duckdb.DuckDBPyConnection, lake: Path, record: str, rows: str, loads: str
) -> None:
    """Every column of the record in its order and type; what has landed by the last day."""
    own = {row[0] for row in connection.execute(f"describe {rows}").fetchall()}
    own |= {"version"}
    typed = ", ".join(
        f"cast({field.name if field.name in own else 'null'} as {_TYPES[field.type]}) "
        f'as "{field.name}"'
        for field in RECORDS[record].fields
    )
    place = lake / "raw" / record / "source=bench"
    connection.execute(
        f"copy (select {typed}, load_date from (select *, load_date::timestamptz as version "
        f"from (select *, {loads} as load_date from ({rows}))) where load_date <= '{last_day()}') "
        f"to '{place}' (format parquet, compression zstd, partition_by (load_date))"
    )


_TYPES = {
    "text": "varchar",
    "number": "double",
    "integer": "bigint",
    "flag": "boolean",
    "day": "date",
    "instant": "timestamptz",
}
