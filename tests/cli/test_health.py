from __future__ import annotations

import duckdb
import pytest

HEALTH = """\
title: {en: Health, ja: 健全性}
owner: success
components:
  orders:
    title: {en: Orders, ja: 注文}
    metric: repeat_purchase_rate
    measure: events
    window_days: 90
    weight: 1
    worst: 0
    best: 4
levels:
  risk: {score_from: 0, title: {en: Risk, ja: 要対応}}
  well: {score_from: 50, title: {en: Well, ja: 良好}}
"""
TABLES = """
create schema cx;
create table cx.health_levels as
select * from (values
    ('customers', 'well', 'risk', 2::bigint, 75.0, 25.0),
    ('customers', 'risk', 'unknown', 1::bigint, 10.0, null),
    ('customers', 'unknown', 'risk', 1::bigint, null, null)
) as t (health_id, level, previous_level, n_units, mean_score, mean_movement);
create table cx.health_scores as
select 'customers' as health_id, 'c1' as unit_id, 'customer' as unit, 'well' as level,
    'risk' as previous_level, null::varchar as cap, null::varchar as missing_reason, 70.0 as score,
    40.0 as previous_score, 30.0 as movement, 1.0 as known_share, date '2026-07-05' as as_of_date;
create table cx.health_components as
select 'customers' as health_id, 'c1' as unit_id, 'now' as reference, 'orders' as component,
    3::bigint as n_events, 2.8 as measured_value, 70.0 as points, 1.0 as weight,
    70.0 as contribution, date '2026-07-05' as reference_date;
"""


@pytest.fixture
def scored(cxloop):
    (cxloop.programme / "health").mkdir()
    (cxloop.programme / "health/customers.yml").write_text(HEALTH, encoding="utf-8")
    file = cxloop.home / "warehouse/cxloop.duckdb"
    file.parent.mkdir(parents=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute(TABLES)
    return cxloop


def test_levels_are_counted_the_best_first(scored):
    (row,) = scored.json("health", "list")
    assert list(row.items())[-3:] == [("well", 2), ("risk", 1), ("unknown", 1)]
    assert (row["health"], row["unit"], row["owner"]) == ("customers", "customer", "success")


def test_units_are_told_from_where_to_where(scored):
    rows = scored.json("health", "show", "customers")
    ways = [(row["previous_level"], row["level"], row["n_units"]) for row in rows]
    assert ways == [("risk", "well", 2), ("unknown", "risk", 1), ("risk", "unknown", 1)]


def test_one_unit_is_told_with_the_parts_of_its_score(scored):
    shown = scored.json("health", "show", "customers", "--unit", "c1")
    assert (shown["score"]["score"], shown["score"]["movement"]) == (70, 30)
    (part,) = shown["components"]
    assert (part["component"], part["contribution"]) == ("orders", 70)
    assert "70" in scored("health", "show", "customers", "--unit", "c1").stdout


def test_what_is_not_there_is_named(scored):
    result = scored("health", "show", "customers", "--unit", "c9")
    assert result.exit_code == 1
    assert "`c9` is no unit of `customers`" in result.stderr
    result = scored("health", "show", "customer")
    assert "did you mean `customers`?" in result.stderr


def test_a_programme_without_a_health_score_says_so(cxloop):
    assert "declares no health score" in cxloop("health", "list").stderr
