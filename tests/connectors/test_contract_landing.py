"""Contracts through landing: history in manifests, held load dates, references, results kept."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from connectors.contract_results import batch_series, check_results, failing
from connectors.errors import HeldBatchError
from connectors.records import RECORDS
from programme import DeclarationError
from programme.checking import check
from tests.connectors.conftest import ORDERS, SCORES, Bench

FIRST = date(2026, 6, 1)
CSAT = (0.05, 0.08, 0.17, 0.35, 0.35)


def answers(bench: Bench, number: int, *, flipped: bool = False, rows: int = 300) -> date:
    """One day's file of answers to the question on satisfaction."""
    rng = np.random.default_rng(number)
    day = FIRST + timedelta(days=number)
    scores = rng.choice(5, rows, p=CSAT) + 1
    scores = 6 - scores if flipped else scores
    lines = [f"{day}-{place},{score},{day}" for place, score in enumerate(scores)]
    bench.file(f"answers_{day}.csv", "\n".join(["id,score,at", *lines, ""]))
    return day


def with_contract(text: str, contract: str, record: str) -> str:
    return f"{text}        contract:\n          {record}: {contract}\n"


@pytest.fixture
def months(scores: Bench) -> Bench:
    """Seven load dates of answers, the first with all earlier ones."""
    for number in range(7):
        day = answers(scores, number, rows=300 if number else 3000)
        scores.run(day)
    return scores


def test_a_flipped_scale_is_held_until_the_change_is_declared_as_meant(months: Bench) -> None:
    day = answers(months, 7, flipped=True)
    months.extract(day)
    with pytest.raises(HeldBatchError, match=r"flipped_scale\(score\).*mirror image") as caught:
        months.land()
    assert "since" in caught.value.mend
    assert months.raw("feedback", day) == []
    (found,) = failing(check_results(months.settings.lake))
    assert (found["expectation"], found["state"], found["load_date"]) == (
        "flipped_scale",
        "held",
        str(day),
    )
    assert "since" in found["mend"]
    months.source(with_contract(SCORES, f"{{history: {{since: {day}}}}}", "feedback"))
    months.land()
    assert len(months.raw("feedback", day)) == 300
    assert failing(check_results(months.settings.lake)) == []


def test_the_held_load_date_does_not_enter_the_history(months: Bench) -> None:
    day = answers(months, 7, flipped=True)
    months.extract(day)
    with pytest.raises(HeldBatchError):
        months.land()
    later = answers(months, 8)
    months.extract(later)
    with pytest.raises(HeldBatchError):
        months.land()
    profile = next(iter(months.manifest(later)["profiles"].values()))
    assert profile["compared_with"] == 6
    assert all(part["passed"] for part in months.manifest(later)["checks"])


def test_a_stable_course_gives_no_finding_and_no_warning(months: Bench) -> None:
    summary = months.run(answers(months, 7))
    assert [part.warnings for part in summary.load_dates] == [()] * 8
    assert failing(check_results(months.settings.lake)) == []
    rules = {part["expectation"] for part in months.manifest(FIRST + timedelta(days=7))["checks"]}
    assert {"volume", "distribution", "mean_shift", "flipped_scale", "null_share"} <= rules


def test_half_the_rows_warn_and_land(months: Bench) -> None:
    day = answers(months, 7, rows=100)
    warnings = months.run(day).load_dates[-1].warnings
    assert any("volume: 100 rows" in text for text in warnings)
    assert len(months.raw("feedback", day)) == 100


def test_the_series_shows_rows_and_missing_values(months: Bench) -> None:
    (series,) = batch_series(months.settings.lake)
    assert (series["source"], series["entity"], series["group"]) == (
        "src",
        "answers",
        "service.satisfaction",
    )
    assert [point["rows"] for point in series["points"]] == [3000, *[300] * 6]
    assert [point["compared_with"] for point in series["points"]] == [0, 1, 2, 3, 4, 5, 5]
    assert {point["missing"] for point in series["points"]} == {0.0}


def test_results_of_all_load_dates_are_read_back(months: Bench) -> None:
    results = check_results(months.settings.lake)
    assert {part["load_date"] for part in results} == {
        str(FIRST + timedelta(days=number)) for number in range(7)
    }
    newest = [part for part in results if part["is_current"]]
    assert {part["load_date"] for part in newest} == {str(FIRST + timedelta(days=6))}
    assert {part["group"] for part in newest if part["columns"] == ["score"]} == {
        "service.satisfaction"
    }
    assert check_results(months.settings.lake, source="other") == []


def test_a_load_date_that_could_not_be_read_is_a_result(orders: Bench) -> None:
    orders.file("orders1.csv", "id,amount,at\na,1,2026-07-01\n")
    orders.run()
    orders.file("orders2.csv", "id,price,at\nb,1,2026-07-01\n")
    with pytest.raises(Exception, match="amount"):
        orders.run(date(2026, 7, 6))
    held = [part for part in check_results(orders.settings.lake) if part["state"] == "held"]
    if held:
        assert held[0]["expectation"] == "landing"
        assert "amount" in held[0]["observed"]
        assert held[0]["mend"]


def test_declared_aggregates_name_the_question_they_are_about(scores: Bench) -> None:
    check = (
        "{record: feedback, expectation: expect_column_mean_to_be_between, severity: warn, "
        "kwargs: {column: score, max_value: 2}}"
    )
    scores.source(f"{SCORES}        checks: [{check}]\n")
    scores.run(answers(scores, 0))
    (found,) = failing(check_results(scores.settings.lake))
    assert (found["group"], found["expectation"]) == (
        "service.satisfaction",
        "expect_column_mean_to_be_between",
    )


TWO_SURVEYS = """
    system: {kind: files}
    entities:
      answers:
        files: {pattern: "answers*.csv"}
        records:
          - record: feedback
            survey: service
            question: satisfaction
            where: [{column: of, is_in: [service]}]
            fields: {response_id: id, score: score, responded_at: at}
          - record: feedback
            survey: delivery
            question: satisfaction
            where: [{column: of, is_in: [delivery]}]
            fields: {response_id: id, score: score, responded_at: at}
"""


def test_questions_of_the_same_name_in_two_surveys_have_their_own_history(bench: Bench) -> None:
    surveys = bench.root / "programme" / "surveys"
    (surveys / "delivery.yml").write_text((surveys / "service.yml").read_text(encoding="utf-8"))
    bench.source(TWO_SURVEYS)
    lines = ["a,service,1", "b,service,2", "c,delivery,5"]
    rows = [f"{line},2026-07-01" for line in lines]
    bench.file("answers.csv", "\n".join(["id,of,score,at", *rows, ""]))
    bench.run()
    found = {part["group"]: part["points"][0]["rows"] for part in batch_series(bench.settings.lake)}
    assert found == {"service.satisfaction": 2, "delivery.satisfaction": 1}


TWO_ENTITIES = """
    system: {kind: files}
    entities:
      people:
        files: {pattern: "people*.csv"}
        records:
          - record: customer
            fields: {customer_id: id, valid_from: at}
      orders:
        files: {pattern: "orders*.csv"}
        records:
          - record: order
            fields: {order_id: id, customer_id: who, kind: {const: purchase}, ordered_at: at}
        contract:
          order:
            references:
              - {column: customer_id, record: customer, min_rate: 0.9, severity: hold}
"""


@pytest.mark.parametrize(("strangers", "is_held"), [(1, False), (2, True)])
def test_references_are_looked_up_in_the_lake(bench: Bench, strangers: int, is_held: bool) -> None:
    bench.source(TWO_ENTITIES)
    people = [f"c{number},2026-07-01" for number in range(20)]
    bench.file("people.csv", "\n".join(["id,at", *people, ""]))
    buyers = [f"c{n}" if n >= strangers else f"x{n}" for n in range(10)]
    rows = [f"o{n},{who},2026-07-01" for n, who in enumerate(buyers)]
    bench.file("orders.csv", "\n".join(["id,who,at", *rows, "o99,,2026-07-01", ""]))
    bench.extract()
    if is_held:
        with pytest.raises(HeldBatchError, match=r"80\.00% of 10 values are known to customer\."):
            bench.land()
    else:
        bench.land()
        (found,) = [c for c in bench.manifest()["checks"] if c["expectation"] == "references"]
        assert found["facts"]["rate"] == 0.9


def test_contradicting_repetitions_are_held_above_the_declared_share(bench: Bench) -> None:
    contract = "{conflicts: {max_rate: 0.2, severity: hold}}"
    bench.source(with_contract(ORDERS, contract, "order"))
    bench.file("orders.csv", "id,amount,at\na,1,2026-07-01\na,2,2026-07-01\nb,1,2026-07-01\n")
    bench.extract()
    with pytest.raises(HeldBatchError, match=r"33\.33% of rows share key and version"):
        bench.land()
    bench.source(with_contract(ORDERS, contract.replace("0.2", "0.4"), "order"))
    bench.land()
    assert len(bench.raw("order")) == 2


def test_a_stale_source_is_named(bench: Bench) -> None:
    contract = "{freshness: {hours: 24, severity: hold}}"
    bench.source(with_contract(ORDERS, contract, "order"))
    bench.file("orders.csv", "id,amount,at\na,1,2026-07-03 12:00\n")
    bench.extract()
    with pytest.raises(HeldBatchError, match="36 hours older than the load date"):
        bench.land()


BAD_CONTRACTS = {
    "{order: {volume: {severity: quarantine}}}": (
        "contract.order.volume.severity: unknown value `quarantine`"
    ),
    "{order: {volume: off}}": "contract.order.volume: `off` says nothing. Mend: write",
    "{order: {volume: }}": "contract.order.volume: no value says nothing. Mend: write",
    "{order: {history: {at_least: 1}}}": "contract.order.history.at_least: Input should be",
    "{order: {frehsness: {hours: 3}}}": (
        "contract.order.frehsness: unknown key `frehsness`. Mend: did you mean `freshness`?"
    ),
    "{order: {references: [{column: customer_id, record: customer}]}}": (
        "contract.order.references.0.min_rate: key `min_rate` is missing"
    ),
}


@pytest.mark.parametrize("contract", BAD_CONTRACTS)
def test_a_contract_that_cannot_be_is_refused_with_its_line(bench: Bench, contract: str) -> None:
    bench.source(f"{ORDERS}        contract: {contract}\n")
    with pytest.raises(DeclarationError) as caught:
        _ = bench.programme
    assert f"src.yml:15: entities.orders.{BAD_CONTRACTS[contract]}" in str(caught.value)


UNKNOWN = {
    "contract: {feedback: {}}": "record of this entity `feedback`",
    "contract: {order: {references: [{column: buyer, record: customer, min_rate: 0.9}]}}": (
        "unknown field of `order` `buyer`"
    ),
    "contract: {order: {references: [{column: customer_id, record: person, min_rate: 0.9}]}}": (
        "unknown record `person`"
    ),
    "contract: {order: {references: [{column: order_id, record: customer, min_rate: 0.9}]}}": (
        "unknown field of `customer` `order_id`"
    ),
    "contract: {order: {distribution: {without: [prize]}}}": "`prize`",
    "checks: [{record: order, expectation: expect_column_values_to_be_betwen}]": (
        "did you mean `expect_column_values_to_be_between`"
    ),
    "checks: [{record: order, expectation: expect_column_pair_values_to_be_equal, "
    "kwargs: {column_A: amount, column_B: price}}]": "`price`",
    "checks: [{record: order, expectation: expect_compound_columns_to_be_unique, severity: warn, "
    "kwargs: {column_list: [amount, price]}}]": "`price`",
}


@pytest.mark.parametrize("text", UNKNOWN)
def test_names_that_lead_nowhere_are_found(bench: Bench, text: str) -> None:
    bench.source(f"{ORDERS}        {text}\n")
    problems = check(
        bench.programme,
        metrics=None,
        segments=None,
        records={name: record.schema.names for name, record in RECORDS.items()},
    )
    assert any(UNKNOWN[text] in str(problem) for problem in problems), problems


def test_a_sound_contract_has_no_problem(bench: Bench) -> None:
    bench.source(TWO_ENTITIES)
    fields: dict[str, Any] = {name: record.schema.names for name, record in RECORDS.items()}
    assert check(bench.programme, metrics=None, segments=None, records=fields) == []
