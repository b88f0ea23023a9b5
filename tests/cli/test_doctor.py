from __future__ import annotations

import subprocess
from collections import namedtuple

import pytest

from cli import environment
from cli.environment import GIGABYTE


def states(cxloop, exit_code):
    found = cxloop.json("doctor", exit_code=exit_code)
    return {(item["topic"], item["state"]): item for item in found}


@pytest.fixture(autouse=True)
def elsewhere(cxloop, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", str(cxloop.root / "airflow"))
    monkeypatch.setattr(environment, "packages", lambda: iter(()))


def use_airflow(cxloop):
    folder = cxloop.root / "airflow"
    folder.mkdir()
    (folder / "airflow.db").write_bytes(bytes(environment.EMPTY_DATABASE + 1))


def test_a_home_that_is_ready_has_no_failure(cxloop):
    found = states(cxloop, 0)
    for topic in ("programme", "sources", "lake", "ledger", "fonts", "pdf", "python"):
        assert (topic, "ok") in found, topic
    for topic in ("warehouse", "addresses", "mail", "airflow"):
        assert found[topic, "warn"]["mend"], topic


def test_each_line_says_state_fact_and_mend(cxloop):
    lines = cxloop("doctor").stdout.splitlines()
    (line,) = [line for line in lines if "warehouse" in line]
    assert line.startswith("warn  warehouse  not built yet at ")
    assert line.endswith(". Mend: `cxloop run`")


def test_what_a_source_names_from_outside_is_looked_for(cxloop, monkeypatch):
    (cxloop.programme / "sources/desk.yml").write_text(
        "description: Tickets\nowner: support\n"
        "system: {kind: rest, base_url: '${env:DESK_URL}', "
        "auth: {kind: bearer, token: '${env:DESK_TOKEN}'}}\n"
        "entities:\n  tickets:\n    rest: {path: /tickets, data_selector: items}\n"
        "    records:\n      - record: interaction\n        fields: {interaction_id: id}\n"
    )
    monkeypatch.setenv("DESK_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("CXLOOP_DATA_ROOT", str(cxloop.root / "nowhere"))
    found = cxloop.json("doctor", exit_code=1)
    failed = [item["what"] for item in found if item["state"] == "fail"]
    assert failed == [
        "desk needs DESK_TOKEN",
        f"shop reads below {cxloop.root}/nowhere, which is none",
    ]


def test_a_programme_that_does_not_load_is_a_failure(cxloop):
    (cxloop.programme / "programme.yml").write_text("name: Acorn\n")
    assert states(cxloop, 1)["programme", "fail"]["mend"] == "see `cxloop check`"


def test_a_ledger_and_a_lake_that_cannot_be_written_are_failures(cxloop, monkeypatch):
    monkeypatch.setenv("CXLOOP_LEDGER_URL", "sqlite:////dev/null/ledger.db")
    (cxloop.home / "lake").write_text("in the way")
    found = states(cxloop, 1)
    assert "CXLOOP_LEDGER_URL" in found["ledger", "fail"]["mend"]
    assert ("lake", "fail") in found


def test_a_warehouse_that_is_none_is_a_failure(cxloop):
    file = cxloop.home / "warehouse" / "cxloop.duckdb"
    file.parent.mkdir()
    file.write_text("no pages")
    assert ("warehouse", "fail") in states(cxloop, 1)


@pytest.mark.parametrize(
    ("free", "state"), [(10 * GIGABYTE, "ok"), (2 * GIGABYTE, "warn"), (GIGABYTE // 2, "fail")]
)
def test_disk_space(tmp_path, monkeypatch, free, state):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(0, 0, free))
    (finding,) = environment.disk(tmp_path / "not" / "yet")
    assert finding.state == state


@pytest.mark.parametrize(
    ("code", "listed", "state", "what"),
    [
        (0, "pool    slots\nduckdb  1\n", "ok", "pool `duckdb` has one slot"),
        (0, "pool    slots\nduckdb  16\n", "fail", "pool `duckdb` has 16 slots: two writers"),
        (1, "Pool duckdb does not exist\n", "fail", "pool `duckdb` does not exist"),
    ],
)
def test_the_pool_of_airflow(cxloop, monkeypatch, code, listed, state, what):
    def answer(*arguments):
        text = listed if arguments[0] == "pools" else str(environment.DAGS)
        return subprocess.CompletedProcess(arguments, code, text, "")

    use_airflow(cxloop)
    monkeypatch.setattr(environment, "_airflow", answer)
    finding = next(environment.airflow())
    assert finding.state == state
    assert finding.what.startswith(what)


def test_an_airflow_that_does_not_answer(cxloop, monkeypatch):
    use_airflow(cxloop)
    monkeypatch.setattr(environment, "_airflow", lambda *_: None)
    (finding,) = environment.airflow()
    assert finding.state == "fail"


def test_the_address_book_knows_every_role(cxloop):
    book = cxloop.home / "addresses.yml"
    book.write_text("bored: [a@acorn.example]\n")
    found = states(cxloop, 1)
    assert "no address for role `board`" in found["addresses", "fail"]["what"]
    book.write_text("board: [a@acorn.example]\n")
    assert found_ok(states(cxloop, 0), "addresses") == "1 for 1 roles"


def found_ok(found, topic):
    return found[topic, "ok"]["what"]
