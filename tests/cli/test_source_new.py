"""`cxloop source new`: a declaration to begin with, from a template and from what is there."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from cli.source_new import TEMPLATES
from tests.emulators.typeform import TOKEN, TypeformEmulator

JAPANESE = "回答番号;満足度;ご意見;回答日;メール\n" + "".join(
    f"R{number};{1 + number % 5};とても丁寧に対応していただき、本当に助かりました。"
    f"ありがとうございます{number};"
    f"2026/07/{1 + number % 28:02d};a{number}@example.jp\n"
    for number in range(40)
)


def tree(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "kind", sorted(path.stem for path in (TEMPLATES / "sources").glob("*.yml"))
)
def test_every_template_makes_a_programme_that_holds_together(cxloop, kind):
    result = cxloop("source", "new", kind, "fresh")
    assert result.exit_code == 0, result.output
    assert "next: cxloop source check fresh" in result.stdout
    checked = cxloop.json("check", "--no-dbt")
    assert checked["problems"] == []
    text = (cxloop.programme / "sources/fresh.yml").read_text("utf-8")
    assert text.count("#") > 5, "a template teaches"


def test_a_file_s_columns_are_proposed(cxloop):
    path = cxloop.home / "systems" / "voice" / "answers_2026-07.csv"
    path.parent.mkdir()
    path.write_bytes(JAPANESE.encode("cp932"))
    result = cxloop("source", "new", "files", "voice", "--file", str(path))
    assert result.exit_code == 0, result.output
    text = (cxloop.programme / "sources/voice.yml").read_text("utf-8")
    for line in (
        "root: ${data_root}/voice",
        'pattern: "answers_*.csv"  # check',
        "encoding: cp932",
        'delimiter: ";"',
        "回答番号  # text, no two alike: a key?",
        "満足度   # integer, 1 | 2 | 3 | 4 | 5, a scale from 1 to 5?",
        "personal: {メール: hash}  # check",
        "response_id: {column: 回答番号, required: true}  # check",
        'responded_at: {column: 回答日, formats: ["%Y/%m/%d"]}',
    ):
        assert line in text, line
    survey = (cxloop.programme / "surveys/voice.yml").read_text("utf-8")
    assert "scale_max: 5  # check" in survey
    assert cxloop.json("check", "--no-dbt")["problems"] == []


def test_a_proposed_source_can_be_pulled_as_it_is(cxloop, monkeypatch):
    monkeypatch.setenv("CXLOOP_HASH_KEY", "k")
    path = cxloop.home / "systems" / "answers.csv"
    path.write_bytes(JAPANESE.encode("utf-8-sig"))
    cxloop("source", "new", "files", "voice", "--file", str(path))
    pulled = cxloop.json("source", "pull", "voice")
    (row,) = pulled["landed"]
    assert (row["received"], row["landed"], row["quarantined"]) == (80, 80, 0), "score and comment"


def test_a_table_s_columns_are_proposed_and_no_password_is_written(cxloop):
    database = cxloop.home / "systems" / "shop.db"
    with sqlite3.connect(database) as connection:
        connection.execute("create table orders (id integer, total real, placed_at, updated_at)")
        rows = [(i, i / 2, f"2026-07-0{i}", f"2026-07-0{i} 10:00:00") for i in range(1, 6)]
        connection.executemany("insert into orders values (?, ?, ?, ?)", rows)
    connection.close()
    url = f"sqlite:///{database}"
    result = cxloop("source", "new", "sql", "crm", "--url", url, "--table", "orders")
    assert result.exit_code == 0, result.output
    text = (cxloop.programme / "sources/crm.yml").read_text("utf-8")
    assert "url: sqlite:///${data_root}/shop.db" in text
    assert "cursor: updated_at  # check" in text
    assert "order_id: {column: id, required: true}  # check" in text
    assert "version: updated_at" in text
    assert cxloop.json("source", "check", "crm")[0]["state"] == "ok"

    secret = cxloop("source", "new", "sql", "crm2", "--url", "postgresql://me:hidden@db/shop")
    assert secret.exit_code == 0
    assert "url: ${env:CRM2_URL}" in (cxloop.programme / "sources/crm2.yml").read_text("utf-8")
    assert "set CRM2_URL" in secret.stderr
    assert "hidden" not in secret.output


FORM = {
    "title": "Nach dem Besuch",
    "language": "en",
    "fields": [
        {
            "id": "f1",
            "ref": "likely",
            "title": "How likely are you to recommend us?",
            "type": "nps",
            "properties": {"steps": 11, "start_at_one": False},
        },
        {"id": "f2", "ref": "why", "title": "Why?", "type": "long_text", "properties": {}},
    ],
}


def test_a_survey_s_definition_is_read_from_its_vendor(cxloop, monkeypatch):
    with TypeformEmulator() as vendor:
        vendor.form = FORM
        monkeypatch.setenv("CXLOOP_TYPEFORM_TOKEN", TOKEN)
        result = cxloop("source", "new", "typeform", "--url", vendor.url, "--survey", "abc")
        assert result.exit_code == 0, result.output
        told = cxloop("source", "new", "typeform", "other", "--url", vendor.url, "--survey", "none")
    text = (cxloop.programme / "sources/typeform.yml").read_text("utf-8")
    assert f"base_url: {vendor.url}" in text
    assert "survey: abc" in text
    (survey,) = (cxloop.programme / "surveys").glob("*.yml")
    assert "How likely are you to recommend us?" in survey.read_text("utf-8")
    assert cxloop.json("check", "--no-dbt")["problems"] == []
    assert told.exit_code == 1
    assert "Form does not exist" in told.stderr or "404" in told.stderr
    assert not (cxloop.programme / "sources/other.yml").exists()


ANSWERED = {
    "response_id": "r1",
    "token": "r1",
    "landed_at": "2025-01-02T00:00:00Z",
    "submitted_at": "2025-01-02T00:01:00Z",
    "hidden": {},
    "metadata": {"network_id": "10.0.0.1", "user_agent": "a browser"},
    "answers": [
        {"field": {"id": "f1", "ref": "likely", "type": "nps"}, "type": "number", "number": 7},
        {"field": {"id": "f2", "ref": "why", "type": "long_text"}, "type": "text", "text": "fast"},
    ],
}


def test_an_api_is_looked_at_from_its_newest_answers_to_its_oldest(cxloop, monkeypatch):
    monkeypatch.setenv("CXLOOP_TYPEFORM_TOKEN", TOKEN)
    with TypeformEmulator() as vendor:
        vendor.form, vendor.responses = FORM, [ANSWERED]
        cxloop("source", "new", "typeform", "--url", vendor.url, "--survey", "abc")
        found = cxloop.json("source", "check", "typeform")
        (shown,) = cxloop.json("source", "sample", "typeform", "--entity", "responses")
        asked = [request.query.get("since") for request in vendor.requests]
    assert {finding["state"] for finding in found} <= {"ok", "warn"}
    assert any("1 rows read from http://" in finding["what"] for finding in found)
    assert shown["received"][0]["response_id"] == "r1"
    feedback = shown["records"]["feedback"]
    assert sorted((row["score"], row["comment"]) for row in feedback if row["score"]) == [(7, None)]
    assert [row["comment"] for row in feedback if row["comment"]] == ["fast"]
    recent = (datetime.now(UTC) - timedelta(days=33)).isoformat()
    assert max(since for since in asked if since) > recent, "no vendor prepares years for a look"


def test_what_was_written_is_told_to_machines(cxloop):
    told = cxloop.json("source", "new", "files", "voice")
    assert [path.rpartition("/")[2] for path in told["wrote"]] == ["voice.yml", "satisfaction.yml"]
    assert told["next"] == "cxloop source check voice"


@pytest.mark.parametrize(
    ("arguments", "fact", "mend"),
    [
        (("files", "shop"), "shop.yml exists", "choose another name"),
        (("file", "fresh"), "no kind of source `file`", "did you mean `files`?"),
        (("files", "Fresh-1"), "`Fresh-1` is no name", "lower-case letters"),
        (("sql", "fresh", "--file", "x.csv"), "--file is for sources of kind files", "new files"),
        (("sql", "fresh", "--table", "t"), "--table needs the database's address", "--url"),
        (("files", "fresh", "--url", "http://x"), "kind files has no address", "--file"),
        (("files", "fresh", "--file", "none.csv"), "there is no such file", "--file"),
        (("files", "fresh", "--file", "pyproject.toml"), "does not tell its format", "name it as"),
        (("files", "fresh", "--survey", "s"), "nothing can be proposed", "leave --survey out"),
        (("zendesk", "fresh", "--survey", "s"), "nothing can be proposed", "leave --survey out"),
        (("files", "fresh", "--record", "oder"), "no record `oder`", "did you mean `order`?"),
    ],
)
def test_what_cannot_be_begun_is_told_with_the_mend(cxloop, arguments, fact, mend):
    before = tree(cxloop.programme)
    result = cxloop("source", "new", *arguments)
    assert result.exit_code == 1
    assert fact in result.stderr
    assert mend in result.stderr
    assert tree(cxloop.programme) == before
