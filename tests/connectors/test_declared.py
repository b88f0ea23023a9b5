"""Declarations as tables."""

from __future__ import annotations

from datetime import date

import pyarrow.parquet as pq

from connectors.declared import SCHEMAS
from connectors.landing import declare
from tests.connectors.conftest import Bench

BENCHMARK = """
title: {en: Benchmark, ja: ベンチマーク}
owner: cx
first_wave: 2025H1
metrics: [csat_mean, nps]
headline: nps
segments: [country]
weight_by: [plan]
drivers: {survey: relation, outcome: nps}
"""
SURVEY = """
title: {en: Relation, ja: 関係}
owner: cx
is_relational: true
touchpoint: relationship
journey_stage: use
questions:
  nps: {kind: nps, scale_min: 0, scale_max: 10, is_high_good: true, wording: {en: a, ja: あ}}
  price:
    {kind: rating, scale_min: 1, scale_max: 5, is_high_good: true, drives: nps,
     wording: {en: Price, ja: 価格}}
"""
EXPERIMENT = """
title: {en: t, ja: t}
hypothesis: {en: h, ja: h}
owner: cx
intervention: {en: i, ja: i}
status: running
starts_on: 2026-01-01
ends_on: 2026-02-01
window_days: 14
variants:
  control: {share: 0.5, is_control: true, description: {en: c, ja: c}}
  treatment: {share: 0.5, description: {en: t, ja: t}}
success: [{metric: csat_mean, alternative: increase, minimum_effect: 0.1}]
guardrails: [{metric: nps, harm: decrease, margin: 2}]
secondary: [renewal_rate]
segments: [country]
"""

HEALTH = """
title: {en: Health, ja: 健全性}
owner: success
unit: account
components:
  voice: {title: {en: v, ja: v}, metric: nps, window_days: 365, weight: 2, worst: -100, best: 100}
  load:
    {title: {en: l, ja: l}, metric: csat_mean, measure: events, window_days: 90, max_age_days: 30,
     weight: 1, worst: 4, best: 0}
caps: [{component: voice, below: 25, score_at_most: 40, title: {en: c, ja: c}}]
levels:
  well: {score_from: 50, title: {en: w, ja: w}}
  risk: {score_from: 0, title: {en: r, ja: r}}
least_known: 0.6
"""


def tables(bench: Bench) -> dict[str, list[tuple[object, ...]]]:
    declare(bench.programme, bench.settings, as_of=date(2026, 7, 5))
    found = {}
    for name, schema in SCHEMAS.items():
        path = bench.settings.lake / "declared" / name / "part-0.parquet"
        table = pq.ParquetFile(path).read()
        assert table.schema.equals(schema)
        found[name] = [tuple(row.values()) for row in table.to_pylist()]
    return found


def test_empty_tables_are_written(bench: Bench) -> None:
    bench.source(
        "system: {kind: files}\nentities: {a: {files: {pattern: x}, records: "
        "[{record: account, fields: {account_id: id}}]}}"
    )
    found = tables(bench)
    assert found["wave"] == found["experiment"] == found["driver_item"] == []
    assert len(found["question"]) == 4


def test_everything_declared_is_a_row(bench: Bench) -> None:
    for folder, name, text in (
        ("surveys", "relation", SURVEY),
        ("benchmarks", "half_year", BENCHMARK),
        ("experiments", "callback", EXPERIMENT),
        ("health", "accounts", HEALTH),
    ):
        (bench.root / "programme" / folder).mkdir(exist_ok=True)
        (bench.root / "programme" / folder / f"{name}.yml").write_text(text, encoding="utf-8")
    found = tables(bench)
    assert found["wave"] == [
        ("half_year", "2025H1", "2024H2", date(2025, 1, 1), date(2025, 7, 1)),
        ("half_year", "2025H2", "2025H1", date(2025, 7, 1), date(2026, 1, 1)),
        ("half_year", "2026H1", "2025H2", date(2026, 1, 1), date(2026, 7, 1)),
        ("half_year", "2026H2", "2026H1", date(2026, 7, 1), date(2027, 1, 1)),
    ]
    assert found["benchmark_metric"] == [("half_year", "csat_mean"), ("half_year", "nps")]
    assert found["benchmark_segment"] == [("half_year", "country")]
    assert found["benchmark_weight"] == [("half_year", "plan")]
    assert found["driver_item"] == [("half_year", "relation", "nps", "price")]
    price = next(row for row in found["question"] if row[1] == "price")
    assert price == (
        *("relation", "price", "rating", 1.0, 5.0, True, "nps", True),
        *("relationship", "use", "Price", "価格"),
    )
    assert found["experiment"] == [
        ("callback", "customer", date(2026, 1, 1), date(2026, 2, 1), 14.0, 90.0, "control", True)
    ]
    assert found["experiment_variant"] == [
        ("callback", "control", 0.5, True),
        ("callback", "treatment", 0.5, False),
    ]
    assert found["experiment_metric"] == [
        ("callback", "csat_mean", "success"),
        ("callback", "nps", "guardrail"),
        ("callback", "renewal_rate", "secondary"),
    ]
    assert found["experiment_segment"] == [("callback", "country")]
    assert found["health"] == [("accounts", "account", 30.0, 0.6)]
    assert found["health_component"] == [
        ("accounts", "voice", "nps", "value", 365.0, 365.0, 2.0, -100.0, 100.0),
        ("accounts", "load", "csat_mean", "events", 90.0, 30.0, 1.0, 4.0, 0.0),
    ]
    assert found["health_cap"] == [("accounts", "voice_1", "voice", 25.0, 40.0)]
    assert found["health_level"] == [
        ("accounts", "risk", 0.0, 50.0),
        ("accounts", "well", 50.0, None),
    ]


def test_money_is_a_row_per_rate_and_per_kind_of_cost(bench: Bench) -> None:
    for folder, name, text in (
        ("rates", "usd", "currency: USD\nrates: [{since: 2025-01-01, value: 150},"
         " {since: 2025-07-01, value: 140.5}]\n"),
        ("allocations", "support", "title: {en: s, ja: s}\ncost_kinds: [support, tools]\n"
         "over: contacts\nungrouped: shared\n"),
        ("allocations", "won", "title: {en: a, ja: a}\ncost_kinds: [acquisition]\n"
         "over: new_customers\nungrouped: unallocated\n"),
    ):  # fmt: skip
        (bench.root / "programme" / folder).mkdir(exist_ok=True)
        (bench.root / "programme" / folder / f"{name}.yml").write_text(text, encoding="utf-8")
    found = tables(bench)
    own, *others = found["currency_rate"]
    assert own == (own[0], date(1900, 1, 1), None, 1.0)
    assert others == [
        ("USD", date(2025, 1, 1), date(2025, 7, 1), 150.0),
        ("USD", date(2025, 7, 1), None, 140.5),
    ]
    assert found["cost_allocation"] == [
        ("support", "contact", True),
        ("tools", "contact", True),
        ("acquisition", "new_customer", False),
    ]
