"""The project as written by somebody who does not know what differs between warehouses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from analysis.dbt_build import PROJECT
from analysis.engines import engine_of
from analysis.parity import snapshot
from programme import Settings
from tests.parity.stages import Tables


@dataclass(frozen=True)
class Mutation:
    """A text of the project that is replaced wherever it stands.

    Attributes:
        seen_in: Some of the tables that are not those of DuckDB then, or cannot be built.
    """

    right: str
    wrong: str
    seen_in: frozenset[str]


MUTATIONS = {
    "integer division": Mutation(
        "({{ to_double(numerator) }} / nullif({{ to_double(denominator) }}, 0))",
        "({{ numerator }} / nullif({{ denominator }}, 0))",
        frozenset({"fct_survey_responses", "fct_employee_answers", "contact_savings"}),
    ),
    # Postgres says of a number too small for the type that it is out of range, and builds no table
    "float32": Mutation("%}double precision{%", "%}real{%", frozenset({"int_questions_answered"})),
    "nulls come first": Mutation(
        " nulls last", "", frozenset({"stg_customer", "stg_order", "dim_customers", "fct_orders"})
    ),
    "months of thirty days": Mutation(
        "as integer) * interval '1 month' as date)",
        "as integer) * interval '30 days' as date)",
        frozenset({"fct_customer_months", "fct_usage", "int_half_years"}),
    ),
    "months of Tokyo": Mutation(
        "cast(date_trunc('month', cast({{ instant }} as {{ t_instant() }})) as date)",
        "cast(date_trunc('month', cast({{ instant }} as {{ t_instant() }}) + interval '9 hours')"
        " as date)",
        frozenset({"int_cost_units", "int_cost_pools", "fct_contact_costs"}),
    ),
    "whole minutes": Mutation(
        "cast(extract(epoch from ({{ end_at }} - {{ start_at }})) * 1000000 as double precision)",
        "cast(floor(extract(epoch from ({{ end_at }} - {{ start_at }})) / 60) * 60000000"
        " as double precision)",
        frozenset({"int_interactions_clocked", "int_interactions_waited", "fct_interactions"}),
    ),
}
# Bugs of a dialect that no table can show, because no model asks for what they get wrong. The probe
# of every macro (test_dialect.py) finds the first two; no instant keeps a zone that could shift it.
UNSEEN = {
    "day of week": ("weekday_of(", "week_of("),
    "rounding of halves": ("to_bigint(", "add_minutes(", "round("),
    "time zone of the session": ("with time zone", "timestamptz", "at time zone"),
}


def copied_project(folder: Path, mutation: Mutation | None) -> Path:
    """The project in a folder of its own, mutated."""
    ignored = shutil.ignore_patterns("target", "logs")
    project = Path(shutil.copytree(PROJECT, folder, ignore=ignored))
    if mutation:
        changed = 0
        for file in project.rglob("*.sql"):
            text = file.read_text(encoding="utf-8")
            if mutation.right in text:
                file.write_text(text.replace(mutation.right, mutation.wrong), encoding="utf-8")
                changed += 1
        assert changed, "the mutation changes nothing"
    return project


@dataclass(frozen=True)
class Models:
    """What every table holds; or the models that the warehouse refused to build, and its words."""

    tables: Tables
    refused: dict[str, str]


def run_models(settings: Settings, project: Path, *, as_of: date) -> Models:
    """Every model of that project, without the tests of the data."""
    engine = engine_of(settings)
    call = [engine.python, "-W", "ignore", "-m", "dbt.cli.main", "-q", "--no-version-check"]
    call += ["--no-use-colors", "run", "--full-refresh", "--target", settings.dbt_target]
    call += ["--project-dir", str(project), "--profiles-dir", str(project)]
    call += ["--target-path", str(project / "target")]
    call += ["--vars", json.dumps({"as_of": as_of.isoformat()})]
    environment = os.environ | engine.dbt_environment
    environment |= {"CXLOOP_LAKE": str(settings.lake), "DBT_LOG_PATH": str(project), "TZ": "UTC"}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return Models(snapshot(engine), {})
    told = re.findall(r"Database Error in model (\w+) .*\n\s*(.+)", done.stdout)
    assert told, done.stdout + done.stderr
    return Models({}, dict(told))
