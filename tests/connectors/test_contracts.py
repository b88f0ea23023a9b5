"""Contracts: which rows break a rule, and what a failing check does to the batch."""

from __future__ import annotations

import json

import pytest

from connectors.errors import HeldBatchError
from programme import DeclarationError
from tests.connectors.conftest import ORDERS, SCORES, Bench

ROWS = "id,score,at\n"


def with_check(text: str, check: str) -> str:
    return text + f"        checks:\n          - {check}\n"


def test_scores_outside_the_declared_scale_go_to_quarantine(scores: Bench) -> None:
    scores.file(
        "answers.csv", ROWS + "a,0,2026-07-01\nb,6,2026-07-01\nc,1,2026-07-01\nd,,2026-07-01\n"
    )
    scores.run()
    assert [row["response_id"] for row in scores.raw("feedback")] == ["c", "d"]
    found = {(row["value"], row["reason"]) for row in scores.quarantine("feedback")}
    assert found == {("0.0", "outside the scale 1 to 5"), ("6.0", "outside the scale 1 to 5")}


def test_an_nps_answer_is_a_whole_number(bench: Bench) -> None:
    bench.source(SCORES.replace("question: satisfaction", "question: likelihood"))
    bench.file("answers.csv", ROWS + "a,9.5,2026-07-01\nb,10,2026-07-01\nc,11,2026-07-01\n")
    bench.run()
    assert [row["response_id"] for row in bench.raw("feedback")] == ["b"]


def test_what_happened_after_the_load_goes_to_quarantine_and_a_promise_does_not(
    bench: Bench,
) -> None:
    bench.source(ORDERS + "              promised_at: promised\n")
    rows = "a,1,2026-07-06 23:59,2027-01-01\nb,1,2026-07-07,\n"
    bench.file("orders.csv", "id,amount,at,promised\n" + rows)
    bench.run()
    assert [row["order_id"] for row in bench.raw("order")] == ["a"]
    assert "later than the day after the load" in bench.quarantine("order")[0]["reason"]


def test_an_unknown_kind_goes_to_quarantine(bench: Bench) -> None:
    bench.source(ORDERS.replace("{const: purchase}", "kind"))
    bench.file("orders.csv", "id,amount,at,kind\na,1,2026-07-01,purchase\nb,1,2026-07-01,gift\n")
    bench.run()
    assert bench.quarantine("order")[0]["value"] == "gift"


def test_a_declared_check_sends_rows_to_quarantine_with_its_reason(bench: Bench) -> None:
    check = (
        "{record: order, expectation: expect_column_values_to_be_between, "
        "kwargs: {column: amount, min_value: 0}, reason: an amount is not negative}"
    )
    bench.source(with_check(ORDERS, check))
    bench.file("orders1.csv", "id,amount,at\na,1,2026-07-01\nb,-1,2026-07-01\n")
    bench.file("orders2.csv", "id,amount,at\nc,-2,2026-07-01\nd,2,2026-07-01\n")
    bench.run()
    assert [row["order_id"] for row in bench.raw("order")] == ["a", "d"]
    refused = bench.quarantine("order")
    assert [json.loads(row["payload"])["_file"] for row in refused] == [
        "orders1.csv",
        "orders2.csv",
    ]
    assert {row["reason"] for row in refused} == {"an amount is not negative"}


def test_a_warning_lands_the_rows_and_is_kept_without_values(bench: Bench) -> None:
    check = (
        "{record: order, expectation: expect_column_values_to_match_regex, severity: warn, "
        "kwargs: {column: order_id, regex: '^A'}, reason: ids begin with A}"
    )
    bench.source(with_check(ORDERS, check))
    bench.file("orders.csv", "id,amount,at\nsecret,1,2026-07-01\nA1,1,2026-07-01\n")
    (part,) = bench.run().load_dates
    assert len(bench.raw("order")) == 2
    assert part.warnings == (
        "orders: expect_column_values_to_match_regex: 1 rows fail (ids begin with A)",
    )
    manifest = json.dumps(bench.manifest())
    assert "secret" not in manifest
    (result,) = [c for c in bench.manifest()["checks"] if not c["passed"]]
    assert result["severity"] == "warn"
    assert (result["evaluated"], result["failed"], result["passed"]) == (2, 1, False)


HOLD = (
    "{record: order, expectation: expect_column_mean_to_be_between, severity: hold, "
    "kwargs: {column: amount, max_value: 100}, reason: amounts are in yen}"
)


def test_a_hold_lands_nothing_and_the_corrected_file_releases_it(bench: Bench) -> None:
    bench.source(with_check(ORDERS, HOLD))
    bench.file("orders.csv", "id,amount,at\na,1000,2026-07-01\n")
    bench.extract()
    for _ in range(2):
        with pytest.raises(HeldBatchError, match=r"amounts are in yen\): observed 1000"):
            bench.land()
    assert not bench.raw("order")
    assert not bench.ledger.entries
    bench.file("orders.csv", "id,amount,at\na,10,2026-07-01\n")
    (part,) = bench.run().load_dates
    assert [row["amount"] for row in bench.raw("order")] == [10.0]
    assert "delivered again" in part.warnings[0]


@pytest.mark.parametrize(
    "check",
    [
        "{record: order, expectation: expect_column_values_to_be_nice, kwargs: {column: amount}}",
        "{record: order, expectation: expect_column_values_to_be_between, kwargs: {column: price, "
        "min_value: 1}}",
        "{record: order, expectation: expect_table_row_count_to_equal, severity: hold, "
        "kwargs: {value: 9}}",
    ],
)
def test_a_check_that_cannot_say_which_rows_fail_holds_the_batch(bench: Bench, check: str) -> None:
    bench.source(with_check(ORDERS, check))
    bench.file("orders.csv", "id,amount,at\na,1000,2026-07-01\n")
    bench.extract()
    with pytest.raises(HeldBatchError, match="Mend: "):
        bench.land()


@pytest.mark.parametrize(
    "check",
    [
        "{record: order, expectation: expect_table_row_count_to_equal, kwargs: {value: 9}}",
        "{record: order, expectation: expect_column_values_to_be_between, "
        "kwargs: {column: amount, min_value: 1, mostly: 0.9}}",
    ],
)
def test_what_names_no_rows_cannot_quarantine_them(bench: Bench, check: str) -> None:
    bench.source(with_check(ORDERS, check))
    bench.file("orders.csv", "id,amount,at\na,1000,2026-07-01\n")
    with pytest.raises(DeclarationError, match=r"names no rows.*`severity: hold`"):
        bench.extract()
