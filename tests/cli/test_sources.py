"""`cxloop source`: looked at, pulled, replayed, and its state."""

from __future__ import annotations

import pytest

HOLD = """\
    checks:
      - record: order
        expectation: expect_column_values_to_be_between
        kwargs: {column: amount, max_value: 1000}
        severity: hold
        reason: no order is worth that much
"""


def tree(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def edit(cxloop, old, new, name="sources/shop.yml"):
    file = cxloop.programme / name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def with_checks(cxloop, checks):
    edit(cxloop, "  exposures:\n", checks + "  exposures:\n")


def test_check_goes_from_the_declaration_to_the_records(cxloop):
    found = cxloop.json("source", "check", "shop")
    told = [(finding["topic"], finding["state"]) for finding in found]
    assert told == [
        ("declaration", "ok"),
        ("orders", "ok"),
        ("orders", "ok"),
        ("orders", "warn"),
        ("exposures", "ok"),
        ("exposures", "warn"),
    ]
    assert "3 rows read from orders.csv" in found[1]["what"]
    assert "order: 1 rows refused, ordered_at" in found[3]["what"]
    assert "no rows yet" in found[5]["what"]


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ("amount: amount", "amuont: amount", "unknown field of `order` `amuont`"),
        ("amount: amount", "amount: total", "column missing: `total`"),
        ("orders*.csv", "order_*.csv", "no file matches `order_*.csv`"),
        ("kind: files}", 'kind: files, root: "${env:ACORN_EXPORTS}"}', "ACORN_EXPORTS is not set"),
        ("ordered_at: at", 'ordered_at: {column: at, formats: ["%d/%m"]}', "3 rows refused"),
        ("kind: {const: purchase}", "kind: {const: gift}", "kind is none of"),
    ],
)
def test_check_fails_with_the_place_and_the_fact(cxloop, old, new, fact):
    edit(cxloop, old, new)
    found = cxloop.json("source", "check", "shop", exit_code=1)
    failed = [finding["what"] for finding in found if finding["state"] == "fail"]
    assert any(fact in what for what in failed), failed
    assert all(finding["mend"] for finding in found if finding["state"] != "ok")


def test_check_warns_of_columns_nobody_declared_and_fields_that_stay_empty(cxloop):
    edit(cxloop, '"orders*.csv"}', '"orders*.csv"}\n    columns: [id, customer, at]')
    edit(cxloop, "amount: amount", "amount: {column: amount, missing: [10, 20, 30]}")
    warned = [
        one["what"] for one in cxloop.json("source", "check", "shop") if one["state"] == "warn"
    ]
    assert any("new columns amount" in what for what in warned)
    assert any("amount mapped, and empty in all 2 rows" in what for what in warned)


def test_sample_shows_rows_records_and_refusals_and_writes_nothing(cxloop, monkeypatch):
    monkeypatch.setenv("CXLOOP_HASH_KEY", "k")
    edit(cxloop, '"orders*.csv"}', '"orders*.csv"}\n    personal: {customer: hash}')
    before = tree(cxloop.root)
    (shown,) = cxloop.json("source", "sample", "shop", "--entity", "orders")
    assert tree(cxloop.root) == before
    assert [row["id"] for row in shown["received"]] == ["o1", "o2", "o3"]
    assert len(shown["received"][0]["customer"]) == 64, "protected as it would land"
    assert [row["order_id"] for row in shown["records"]["order"]] == ["o1", "o3"]
    (refused,) = shown["refused"]["order"]
    assert (refused["column"], refused["value"]) == ("ordered_at", "yesterday")
    told = cxloop("source", "sample", "shop", "--entity", "orders", "--rows", "1").stdout
    assert "1 rows of order" in told
    assert "o3" not in told
    assert "refused" not in told


def test_sample_takes_the_newest_file(cxloop):
    newer = cxloop.home / "systems" / "orders_2.csv"
    newer.write_text("id,customer,amount,at\no9,c9,10,2026-02-05T10:00:00Z\n")
    (shown,) = cxloop.json("source", "sample", "shop", "--entity", "orders")
    assert (shown["where"], shown["received"][0]["id"]) == ("orders_2.csv", "o9")


def test_an_entity_that_is_not_there_is_told(cxloop):
    result = cxloop("source", "sample", "shop", "--entity", "order")
    assert result.exit_code == 1
    assert "no entity `order`" in result.stderr
    assert "did you mean `orders`?" in result.stderr


def test_pull_counts_every_row_and_repeats_nothing(cxloop):
    pulled = cxloop.json("source", "pull", "shop", "--load-date", "2026-02-01")
    assert [entity["entity"] for entity in pulled["entities"]] == ["orders", "exposures"]
    counted = {row["record"]: row for row in pulled["landed"]}
    assert counted["order"] == {
        "load_date": "2026-02-01",
        "entity": "orders",
        "record": "order",
        "received": 3,
        "landed": 2,
        "quarantined": 1,
        "duplicate": 0,
        "not_applicable": 0,
    } | {name: 0 for name in counted["order"] if name not in BASE}
    again = cxloop.json("source", "pull", "shop", "--load-date", "2026-02-01")
    assert again["landed"] == []
    told = cxloop("source", "pull", "shop", "--load-date", "2026-02-01")
    assert "nothing new" in told.stderr
    assert told.stdout.startswith("orders ")


BASE = {
    *("load_date", "entity", "record", "received", "landed"),
    *("quarantined", "duplicate", "not_applicable"),
}


def test_a_mended_mapping_is_replayed_from_what_was_received(cxloop):
    cxloop("source", "pull", "shop", "--load-date", "2026-02-01")
    (cxloop.home / "systems" / "orders.csv").unlink()
    edit(cxloop, "ordered_at: at", "ordered_at: {column: at, missing: [yesterday]}")
    edit(cxloop, "amount: amount", "amount: {column: amount, missing: [30]}")
    before = tree(cxloop.home)
    tried = cxloop.json("source", "replay", "shop", "--dry-run")
    assert tree(cxloop.home) == before, "a dry run changes nothing"
    assert (tried["is_rehearsal"], tried["left_quarantine"], tried["remaining"]) == (
        True,
        0,
        [
            {
                "record": "order",
                "entity": "orders",
                "rule": "expect_column_values_to_not_be_null",
                "reason": "no value",
                "rows": 1,
            }
        ],
    ), "an order without a time stays where it is"
    edit(cxloop, "missing: [yesterday]", 'recode: {yesterday: "2026-01-31"}, recode_other: keep')
    told = cxloop("source", "replay", "shop", "--dry-run").stdout
    assert "1 rows would leave quarantine, 0 remain" in told
    done = cxloop.json("source", "replay", "shop")
    (change,) = done["changes"]
    assert (change["before"]["landed"], change["after"]["landed"]) == (2, 3)
    assert (done["left_quarantine"], done["entered_quarantine"]) == (1, 0)
    assert cxloop.json("source", "replay", "shop")["changes"] == []


def test_a_dry_run_of_one_load_date_leaves_the_others_out(cxloop):
    cxloop("source", "pull", "shop", "--load-date", "2026-02-01")
    more = cxloop.home / "systems" / "orders_2.csv"
    more.write_text("id,customer,amount,at\no9,c9,x,2026-02-05T10:00:00Z\n")
    cxloop("source", "pull", "shop", "--load-date", "2026-02-06")
    edit(cxloop, "amount: amount", "amount: {column: amount, missing: [x]}")
    with_checks(cxloop, HOLD.replace("1000", "25"))
    assert cxloop("source", "replay", "shop", "--dry-run").exit_code == 1, "one costs 30"
    day = ("--dry-run", "--load-date", "2026-02-06")
    (change,) = cxloop.json("source", "replay", "shop", *day)["changes"]
    assert (change["load_date"], change["after"]["landed"]) == ("2026-02-06", 1)


def test_a_held_batch_says_why_until_it_is_withdrawn(cxloop):
    with_checks(cxloop, HOLD)
    cxloop("source", "pull", "shop", "--load-date", "2026-02-01")
    bad = cxloop.home / "systems" / "orders_2.csv"
    bad.write_text("id,customer,amount,at\no9,c9,9999,2026-02-05T10:00:00Z\n")
    result = cxloop("source", "pull", "shop", "--load-date", "2026-02-06")
    assert result.exit_code == 1
    assert "no order is worth that much" in result.stderr
    state = cxloop.json("source", "state", "shop")
    (held,) = state["held"]
    assert (held["load_date"], held["entity"]) == ("2026-02-06", "orders")
    assert not state["is_current"]
    assert "no order is worth that much" in cxloop("source", "state", "shop").stdout
    newest = next(one["newest"] for one in state["entities"] if one["entity"] == "orders")

    bad.write_text("id,customer,amount,at\no9,c9,99,2026-02-05T10:00:00Z\n")
    withdrawn = cxloop("source", "withdraw", "shop", "orders", newest, "--reason", "wrong currency")
    assert withdrawn.exit_code == 0, withdrawn.output
    cxloop("source", "pull", "shop", "--load-date", "2026-02-06")
    state = cxloop.json("source", "state", "shop")
    assert (state["held"], state["is_current"], state["counts"]["landed"]) == ([], True, 3)
    assert state["entities"][0]["withdrawn"] == 1


def test_a_batch_that_is_not_there_cannot_be_withdrawn(cxloop):
    cxloop("source", "pull", "shop", "--load-date", "2026-02-01")
    result = cxloop("source", "withdraw", "shop", "orders", "000009-x", "--reason", "r")
    assert result.exit_code == 1
    assert "there is no batch `000009-x`" in result.stderr


def test_state_from_before_the_first_pull_to_a_mapping_that_moved(cxloop):
    empty = cxloop("source", "state", "shop")
    assert "none yet" in empty.stdout
    assert "cxloop source pull shop" in empty.stderr
    cxloop("source", "pull", "shop", "--load-date", "2026-02-01")
    state = cxloop.json("source", "state", "shop")
    assert state["load_dates"] == ["2026-02-01"]
    assert (state["last_visit"], state["watermark"]) == ("2026-02-01", "2026-01-07T10:00:00+00:00")
    assert (state["refused"], state["is_current"]) == ({"is_instant": 1}, True)
    assert state["bytes_on_disk"]["landing"] > 0
    edit(cxloop, "amount: amount", "amount: {column: amount, missing: [30]}")
    moved = cxloop("source", "state", "shop")
    assert "behind landing or mapping" in moved.stdout
    assert "cxloop source replay shop" in moved.stderr


def test_a_source_that_is_not_there_is_told_by_every_command(cxloop):
    for command in ("check", "sample", "pull", "replay", "state"):
        result = cxloop("source", command, "shoop")
        assert result.exit_code == 1, command
        assert "no source `shoop`" in result.stderr
        assert "did you mean `shop`?" in result.stderr
