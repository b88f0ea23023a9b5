"""`cxloop quarantine`: what was refused, and the two ways out of it."""

from __future__ import annotations

import pytest

CHECKS = """\
    checks:
      - record: order
        expectation: expect_column_values_to_be_between
        kwargs: {column: amount, max_value: 25}
        reason: too much for one order
      - record: order
        expectation: expect_column_values_to_not_be_in_set
        kwargs: {column: customer_id, value_set: [c3]}
        reason: a test customer
"""


@pytest.fixture
def refused(cxloop):
    """o2 has no time, o3 costs 30 and comes from a test customer."""
    edit(cxloop, "  exposures:\n", CHECKS + "  exposures:\n")
    pulled = cxloop.json("source", "pull", "shop", "--load-date", "2026-02-01")
    assert {row["record"]: row["quarantined"] for row in pulled["landed"]}["order"] == 2
    return cxloop


def edit(cxloop, old, new):
    file = cxloop.programme / "sources/shop.yml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def row_of(cxloop, rule):
    (row,) = cxloop.json("quarantine", "show", "order", "--rule", rule)
    return row


BETWEEN = "expect_column_values_to_be_between"
NOT_IN_SET = "expect_column_values_to_not_be_in_set"


def test_rows_are_listed_by_rule_and_shown_with_their_ids(refused):
    groups = refused.json("quarantine", "list", "--source", "shop")
    assert {group["rule"]: group["rows"] for group in groups} == {"is_instant": 1, BETWEEN: 1}
    row = row_of(refused, BETWEEN)
    assert (row["source"], row["load_date"], row["column"]) == ("shop", "2026-02-01", "amount")
    assert (row["value"], row["reason"]) == ("30.0", "too much for one order")
    assert '"o3"' in row["payload"]
    assert row["row"] in refused("quarantine", "show", "order").stdout
    assert len(refused.json("quarantine", "show", "order", "--limit", "1")) == 1
    assert (
        "no row of order was refused by none"
        in refused("quarantine", "show", "order", "--rule", "none").stderr
    )
    assert refused.json("quarantine", "show", "exposure") == []
    assert refused.json("quarantine", "list", "--source", "other") == []


def test_nothing_is_released_without_a_mend(refused):
    (account,) = refused.json("quarantine", "release")
    assert (account["left_quarantine"], account["changes"]) == (0, [])
    assert sum(group["rows"] for group in account["remaining"]) == 2


def test_a_mended_mapping_releases_and_accounts_for_the_rest(refused):
    edit(
        refused,
        "ordered_at: at",
        'ordered_at: {column: at, recode: {yesterday: "2026-01-31"}, recode_other: keep}',
    )
    (account,) = refused.json("quarantine", "release", "--source", "shop")
    assert account["left_quarantine"] == 1
    assert [group["rule"] for group in account["remaining"]] == [BETWEEN]
    (change,) = account["changes"]
    assert (change["before"]["quarantined"], change["after"]["quarantined"]) == (2, 1)
    told = refused("quarantine", "release", "--source", "shop").stdout
    assert "0 rows left quarantine, 1 remain" in told
    assert "too much for one order" in told


def test_a_row_is_let_through_from_the_check_that_refused_it_and_from_no_other(refused):
    row = row_of(refused, BETWEEN)["row"]
    (account,) = refused.json("quarantine", "release", "--row", row, "--reason", "confirmed")
    assert account["left_quarantine"] == 0, "the customer's check refuses it still"
    second = row_of(refused, NOT_IN_SET)
    assert '"o3"' in second["payload"]
    arguments = ("--row", second["row"], "--reason", "no test customer any more")
    (account,) = refused.json("quarantine", "release", *arguments)
    assert (account["left_quarantine"], account["changes"][0]["after"]["landed"]) == (1, 2)


def test_what_was_let_through_stays_so_when_the_source_is_landed_again(refused):
    for rule in (BETWEEN, NOT_IN_SET):
        refused("quarantine", "release", "--row", row_of(refused, rule)["row"], "--reason", "ok")
    edit(refused, "customer_id: customer", "customer_id: {column: customer, missing: [c1]}")
    done = refused.json("source", "replay", "shop")
    assert [group["rule"] for group in done["remaining"]] == ["is_instant"]
    state = refused.json("source", "state", "shop")
    assert (state["released"], state["counts"]["landed"]) == (2, 2)
    assert any("let through by release" in text for _, text in state["warnings"])
    assert refused.json("source", "replay", "shop", "--dry-run")["entered_quarantine"] == 0


def test_a_wrong_number_is_never_let_through(refused):
    row = row_of(refused, "is_instant")["row"]
    result = refused("quarantine", "release", "--row", row, "--reason", "it must have been Monday")
    assert result.exit_code == 1
    assert "`is_instant`, which is no check declared by you" in result.stderr
    assert "mend the mapping" in result.stderr
    assert refused.json("source", "state", "shop")["released"] == 0


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (("--row", "0123456789abcdef", "--reason", "r"), "no quarantined row has the id"),
        (("--row", "0123456789abcdef"), "a row is not let through without a reason"),
        (("--row", "0123456789abcdef", "--reason", " "), "not let through without a reason"),
        (("--reason", "r"), "--reason is about one row"),
        (("--source", "shoop"), "no source `shoop`"),
    ],
)
def test_what_cannot_be_released_is_told(refused, arguments, fact):
    result = refused("quarantine", "release", *arguments)
    assert result.exit_code == 1
    assert fact in result.stderr


def test_an_empty_quarantine_says_so(cxloop):
    result = cxloop("quarantine", "release")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing was refused" in result.stderr
