"""`cxloop records` lists every field of every record with its meaning."""

from __future__ import annotations

from connectors.records import RECORDS


def test_all_records_and_one(cxloop):
    listed = cxloop.json("records")
    assert [row["record"] for row in listed] == list(RECORDS)
    fields = cxloop.json("records", "feedback")
    assert [row["field"] for row in fields] == RECORDS["feedback"].schema.names
    assert all(row["meaning"] for row in fields)
    assert [row["field"] for row in fields if row["key"]] == ["response_id", "question_id"]


def test_an_unknown_record_names_the_known_ones(cxloop):
    done = cxloop("records", "feedbac")
    assert done.exit_code == 1
    assert "feedback" in done.stderr
