"""Every dialect macro over awkward values, as one table: a project of the macros and one model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from analysis.dbt_build import PROJECT
from analysis.engines import engine_of
from analysis.parity import Table, snapshot
from programme import Settings

NAME = "dialect_probe"
# Leap days, the year's ends, both days on which Europe's clocks change, every day of a week.
INSTANTS = (
    *("2024-02-29 23:59:59.123456", "2023-03-01 00:00:00", "2026-03-29 01:30:00"),
    *("2026-10-25 01:30:00", "2026-12-31 23:59:59", "2027-01-01 00:00:00", "1999-12-31 12:00:00"),
    *(f"2026-06-{day:02d} 08:15:30.000001" for day in range(1, 8)),
)
TEXTS = ("", "顧客-001", "straße", "STRASSE", "\U0001f600", "é", "e\u0301", "a'b", "\\.")
NUMBERS = (-3, -1, 0, 1, 2, 7, 30, 365)
EXPRESSIONS = {
    "as_double": "to_double('n')",
    "third": "ratio('n', '3')",
    "by_zero": "ratio('n', 'n - n')",
    "by_itself": "ratio('x', 'n')",
    "nearest": "to_bigint('x')",
    "days_on": "add_days('happened_at', 'n')",
    "fractional_days_on": "add_days('happened_at', to_double('n'))",
    "minutes_on": "add_minutes('happened_at', 'x')",
    "months_on": "add_months('day', 'n')",
    "month": "month_of('happened_at')",
    "month_of_day": "month_of('day')",
    "week": "week_of('happened_at')",
    "week_of_day": "week_of('day')",
    "weekday": "weekday_of('happened_at')",
    "weekday_of_day": "weekday_of('day')",
    "days_apart": "days_between('day', 'other_day')",
    "minutes_apart": "minutes_between('happened_at', 'other_at')",
    "minutes_back": "minutes_between('other_at', 'happened_at')",
    "bucket": "hash_bucket('word', '50')",
    "large_bucket": "hash_bucket('word', '4294967296')",
}


def model(*, backslash: str = "\\") -> str:
    """The probe's SQL: all instants × texts × numbers, and two aggregates over them.

    Args:
        backslash: How a literal writes one.
    """
    instants = _values(INSTANTS, "happened_at", "t_instant()")
    words = [text.replace("'", "''").replace("\\", backslash) for text in TEXTS]
    texts = _values(words, "word", "t_string()")
    numbers = "\n    union all\n    ".join(f"select {number} as n" for number in NUMBERS)
    columns = ",\n    ".join(f"{{{{ {call} }}}} as {name}" for name, call in EXPRESSIONS.items())
    return f"""with instants as (
    {instants}
), texts as (
    {texts}
), numbers as (
    {numbers}
), inputs as (
    select
        happened_at, word, n,
        {{{{ to_double('n') }}}} * 0.5 as x,
        cast(happened_at as date) as day,
        cast(min(happened_at) over () as date) as other_day,
        max(happened_at) over () as other_at
    from instants cross join texts cross join numbers
), aggregates as (
    select {{{{ median_of('x') }}}} as median_of_all, {{{{ sum_bigint('n') }}}} as sum_of_all
    from inputs
)
select
    happened_at, word, n,
    {columns},
    median_of_all,
    sum_of_all
from inputs cross join aggregates
"""


def probed(settings: Settings, project: Path, *, changed: Callable[[str], str] = str) -> Table:
    """What the warehouse makes of the macros, of ``changed`` ones if any.

    Args:
        settings: Choose the warehouse.
        project: An empty folder, for the project of one model.
        changed: The text of ``dialect.sql`` -> another.
    """
    (project / "models").mkdir(parents=True)
    (project / "macros").mkdir()
    shutil.copy(PROJECT / "profiles.yml", project)
    shutil.copy(PROJECT / "dbt_project.yml", project)
    dialect = (PROJECT / "macros" / "dialect.sql").read_text(encoding="utf-8")
    (project / "macros" / "dialect.sql").write_text(changed(dialect), encoding="utf-8")
    is_spark = settings.dbt_target.startswith("spark")
    written = model(backslash="\\\\" if is_spark else "\\")
    (project / "models" / f"{NAME}.sql").write_text(written, encoding="utf-8")
    engine = engine_of(settings)
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    call = [engine.python, "-W", "ignore", "-m", "dbt.cli.main", "-q", "--no-version-check", "run"]
    call += ["--project-dir", str(project), "--profiles-dir", str(project)]
    call += ["--target", settings.dbt_target, "--vars", json.dumps({"as_of": "2026-07-05"})]
    environment = os.environ | engine.dbt_environment
    environment |= {"CXLOOP_LAKE": str(settings.lake), "DBT_LOG_PATH": str(project), "TZ": "UTC"}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (table,) = snapshot(engine, only=[NAME]).values()
    return table


def _values(values: object, name: str, kind: str) -> str:
    rows = [f"select cast('{value}' as {{{{ {kind} }}}}) as {name}" for value in values]  # type: ignore[attr-defined]
    return "\n    union all\n    ".join(rows)
