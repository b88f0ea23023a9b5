"""What warehouses read differently stands in one macro file, and nowhere else.

Each rule was measured on DuckDB, Postgres and Spark: the same text gave another number, another
type, or no answer on one of them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.dbt_project.lake import PROJECT

MODELS = sorted((PROJECT / "models").rglob("*.sql"))
CHECKS = sorted((PROJECT / "tests").rglob("*.sql"))
MACROS = sorted((PROJECT / "macros").glob("*.sql"))
DIALECT = PROJECT / "macros" / "dialect.sql"
# Why -> the rule, and a text that breaks it.
FORBIDDEN = {
    "division that is integer on one engine": (r"(?<![/*])/(?![/*])", "sum(a) / count(*)"),
    "weekday numbers that differ": (
        r"\b(dow|isodow|dayofweek|epoch)\b",
        "extract(dow from opened_at)",
    ),
    "a clause two engines lack": (r"\bqualify\b", "qualify row_number() over (order by a) = 1"),
    "a function two engines lack": (
        r"\b(median|any_value|approx_count_distinct|try_cast|arg_max|arg_min|mode)\s*\(",
        "select median(score)",
    ),
    "null handling that differs": (r"\bconcat(_ws)?\s*\(", "concat(first_name, last_name)"),
    "a cast that fails on two engines": (r"\bsafe_cast\b", "{{ dbt.safe_cast('x', 'int') }}"),
    "a float of four bytes": (r"\b(type_float|float|float4|real)\b", "cast(a as real)"),
    "a type name of one engine": (
        r"\b(double|double precision|varchar|string|timestamptz|float64|int64)\b",
        "cast(score as double)",
    ),
    "a cast that is written in two ways": (r"::", "score::bigint"),
    "first match or all matches": (r"\bregexp_\w+", "regexp_replace(a, 'x', '')"),
    "nulls first or last": (r"\bdesc\b(?!\s+nulls\s)", "order by version desc, load_date"),
    "a select item of one engine": (r"\*\s*(exclude|replace|except)\s*\(", "* exclude (a)"),
    "an instant instead of a day": (r"\bdate_trunc\b", "date_trunc('month', a)"),
    "an interval instead of days": (
        r"\b(date_diff|datediff|date_add|dateadd|date_sub|interval)\b",
        "opened_at + interval '1 day'",
    ),
    "days as a number or as an interval": (
        r"_(date|day|on|before)\s*-\s*[\w.]+_(date|day|on|before)\b",
        "ends_before - orders.starts_on",
    ),
    "letters that change with the language": (r"\b(upper|lower|initcap)\s*\(", "upper(name)"),
    "columns that are counted by the engine": (
        r"\b(group|order)\s+by\s+all\b",
        "select a, count(*) from t group by all",
    ),
    "rows out of nothing": (
        r"\b(generate_series|unnest|explode|sequence)\s*\(",
        "from generate_series(1, 9)",
    ),
    "values that hold values": (
        r"\b(list|array|array_agg|list_agg|string_agg|listagg|struct|map)\s*\(|\bstruct_pack\b",
        "array_agg(a order by b)",
    ),
    "a join of one engine": (r"\b(asof|positional|semi|anti)\s+join\b", "asof join b using (at)"),
    "a union that BigQuery does not know": (
        r"\bunion\b(?!\s+(all|distinct)\b)",
        "select a from b\nunion\nselect a from c",
    ),
    "a condition on an aggregate that BigQuery and Snowflake lack": (
        r"\bfilter\s*\(\s*where\b",
        "count(*) filter (where a)",
    ),
    "halves that round in three ways": (r"\bround\s*\(", "cast(round(a) as bigint)"),
    "an escape that one engine reads and two keep": (r"\\", r"split_part(version, '\.', 1)"),
    "an order that a collation decides": (r"\bcollate\b", "order by name collate nocase"),
}


def sql_of(text: str) -> str:
    """The text without comments and quoted values, whose backslashes stay; what Jinja is given is
    SQL as well.
    """
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    text = re.sub(r"--.*", "", text)
    parts = re.split(r"(\{\{.*?\}\}|\{%.*?%\})", text, flags=re.DOTALL)
    return "".join(_of_jinja(part) if part[:1] == "{" else _unquoted(part) for part in parts)


def _of_jinja(call: str) -> str:
    """Arguments in double quotes may hold values in single ones; paths and names are no SQL."""
    if re.match(r"\{\{-?\s*(ref|source|config|env_var|var)\b|\{%-?\s*(set|do)\b", call):
        return ""
    parts = re.split(r'("[^"]*")', call)
    return "".join(_unquoted(p) if p[:1] == '"' else p.replace("\\", "") for p in parts)


def _unquoted(text: str) -> str:
    """Values as empty ones; of all backslashes only theirs stay."""
    parts = re.split(r"('[^'\n]*')", text)
    parts[1::2] = ["'" + "\\" * value.count("\\") + "'" for value in parts[1::2]]
    parts[::2] = [part.replace("\\", "") for part in parts[::2]]
    return "".join(parts)


def broken(text: str) -> dict[str, list[str]]:
    """Why -> the places that break the rule."""
    sql = sql_of(text)
    found = {why: [m[0] for m in re.finditer(rule, sql)] for why, (rule, _) in FORBIDDEN.items()}
    return {why: places for why, places in found.items() if places}


def test_there_is_something_to_look_at() -> None:
    assert len(MODELS) >= 60
    assert len(CHECKS) >= 10
    assert len(MACROS) >= 8


@pytest.mark.parametrize("path", [*MODELS, *CHECKS], ids=lambda path: path.stem)
def test_sql_holds_nothing_that_engines_read_differently(path: Path) -> None:
    assert not broken(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MACROS, ids=lambda path: path.stem)
def test_dialects_stand_in_one_macro_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert (path == DIALECT) == ("adapter.dispatch" in text)
    assert path == DIALECT or not broken(text)


@pytest.mark.parametrize("why", FORBIDDEN)
def test_each_rule_catches_what_it_forbids(why: str) -> None:
    text = FORBIDDEN[why][1]
    assert why in broken(text)
    assert why in broken(f"{{{{ metric_pair('a', \"{text}\", 1) }}}}"), "hidden in an argument"


def test_values_comments_and_names_are_no_sql() -> None:
    innocent = (
        "select 'a / b' as double_click -- 1 / 2\n"
        "{# concat(a, b) #} from {{ ref('median') }} where kind = 'asof join'\n"
        "and {{ one_if(\"kind = 'x / y'\") }}"
    )
    assert not broken(innocent)
    assert broken("{{ one_if('a / b') }}"), "an argument is SQL"
