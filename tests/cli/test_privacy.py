"""`cxloop privacy`: preview first, then proof; nothing printed or kept names the person."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import duckdb
import pytest

KEY = "a long random secret of the company"
HER = "cust-1017"
ORDERS = f"""\
id,customer,amount,at
o1,{HER},10,2026-01-05T10:00:00Z
o2,c2,20,2026-01-06T10:00:00Z
o3,{HER},30,yesterday
o4,c2,40,2026-01-07T10:00:00Z
"""


@pytest.fixture
def shop(cxloop, monkeypatch):
    monkeypatch.setenv("CXLOOP_HASH_KEY", KEY)
    (cxloop.home / "systems" / "orders.csv").write_text(ORDERS)
    (cxloop.home / "systems" / "exposures.csv").write_text(
        f"test,unit,arm,at\ncallback,{HER},fast,2026-01-06T10:00:00Z\n"
    )
    result = cxloop("run", "--only", "collect", "--as-of", "2026-01-31")
    assert result.exit_code == 0, result.output
    return cxloop


def erase(shop, *options):
    return shop("privacy", "erase", "--customer", HER, "--reason", "REQ-7", *options)


def test_the_preview_is_the_default_and_changes_nothing(shop):
    found = shop.json("privacy", "erase", "--customer", HER)
    assert {place["layer"] for place in found} == {"landing", "raw", "quarantine"}
    assert sum(place["rows"] for place in found if place["layer"] == "landing") == 3
    assert shop.json("privacy", "erase", "--customer", HER, "--dry-run") == found
    assert shop.json("privacy", "erasures") == []
    result = erase(shop)
    assert "nothing was changed; repeat it with --yes" in result.output
    assert HER not in result.output


def test_with_yes_it_is_done_and_proved(shop):
    result = erase(shop, "--yes")
    assert result.exit_code == 0, result.output
    assert ": complete" in result.output
    assert "landing: 3 rows and 0 mentions in 2 places before, 0 after" in result.output
    assert "verified:" in result.output
    (row,) = shop.json("privacy", "erasures")
    assert row["completed_at"] is not None
    certificate = json.loads(shop("privacy", "certificate", row["erasure"]).stdout)
    assert certificate["complete"] is True
    assert certificate["verification"]["hits"] == {}
    with closing(sqlite3.connect(shop.home / "ledger.db")) as connection:
        kept = "\n".join(connection.iterdump())
    for text in (result.output, json.dumps(certificate), kept):
        assert HER not in text
    assert shop.json("privacy", "erase", "--customer", HER) == []


def test_a_person_who_comes_back_is_swept(shop):
    erase(shop, "--yes")
    (shop.home / "systems" / "orders2.csv").write_text(ORDERS.replace("\no", "\np"))
    assert shop("run", "--only", "collect", "--as-of", "2026-02-01").exit_code == 0
    (row,) = shop.json("privacy", "sweep", "--since", "2026-02-01")
    assert (row["batches"], row["rows"]) == (1, 2)
    (row,) = shop.json("privacy", "sweep", "--since", "2026-02-01")
    assert (row["batches"], row["rows"]) == (0, 0)


def test_what_it_needs_is_named(shop, monkeypatch):
    result = shop("privacy", "erase", "--customer", HER, "--yes")
    assert (result.exit_code, "needs a reason" in result.output) == (1, True)
    result = erase(shop, "--yes", "--dry-run")
    assert (result.exit_code, "exclude each other" in result.output) == (1, True)
    result = shop("privacy", "erase", "--customer", HER, "--reason", f"for {HER}", "--yes")
    assert (result.exit_code, "the reason holds the id" in result.output) == (1, True)
    result = shop("privacy", "certificate", "none")
    assert (result.exit_code, "no erasure `none`" in result.output) == (1, True)
    monkeypatch.delenv("CXLOOP_HASH_KEY")
    result = erase(shop)
    assert (result.exit_code, "CXLOOP_HASH_KEY is not set" in result.output) == (1, True)


def test_what_is_left_is_named_and_the_exit_code_says_so(shop):
    page = shop.home / "reports" / "page.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"<p>{HER}</p>")
    result = erase(shop, "--yes")
    assert result.exit_code == 1
    assert "NOT COMPLETE" in result.output
    assert "still found: reports/page.html (1 times)" in result.output
    (row,) = shop.json("privacy", "erasures")
    assert row["completed_at"] is None
    result = shop("privacy", "certificate", row["erasure"])
    assert (result.exit_code, "was cut off" in result.output) == (1, True)


def test_retention_is_previewed_and_done(shop):
    file = shop.programme / "programme.yml"
    file.write_text(file.read_text() + "retention: {landing_days: 30, quarantine_days: 30}\n")
    assert shop.json("privacy", "retain", "--as-of", "2026-02-01") == []
    said = shop.json("privacy", "retain", "--as-of", "2026-03-15")
    assert [(row["layer"], row["amount"]) for row in said] == [("landing", 2), ("quarantine", 1)]
    assert shop.json("privacy", "retain", "--as-of", "2026-03-15", "--dry-run") == said
    assert shop.json("privacy", "retain", "--as-of", "2026-03-15", "--yes") == said
    assert shop.json("privacy", "retain", "--as-of", "2026-03-15") == []
    result = shop("privacy", "retain", "--as-of", "2026-03-15")
    assert "nothing is older than its period" in result.output
    result = shop("privacy", "retain", "--as-of", "soon")
    assert "`soon` is no day" in result.output


@pytest.mark.journey
def test_the_warehouse_is_deleted_and_built_anew(shop):
    """A page of the old file would hold what was deleted from its tables."""
    assert shop("run", "--only", "build", "--as-of", "2026-01-31").exit_code == 0
    warehouse = shop.home / "warehouse" / "cxloop.duckdb"
    before = warehouse.stat().st_ino
    found = shop.json("privacy", "erase", "--customer", HER)
    assert any(place["layer"] == "warehouse" for place in found)
    result = erase(shop, "--yes")
    assert result.exit_code == 0, result.output
    assert warehouse.stat().st_ino != before
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select customer_id from cx.fct_orders").fetchall()
    assert {customer for (customer,) in rows} == {"c2"}
