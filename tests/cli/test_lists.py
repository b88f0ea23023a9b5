from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledger import Build, Load, Registration

NOW = datetime(2026, 7, 6, tzinfo=UTC)


@pytest.fixture
def loaded(cxloop):
    cxloop.ledger.record_load(Load("shop", date(2026, 7, 4), "f", 9, 9, 0, 0, None))
    cxloop.ledger.record_load(Load("shop", date(2026, 7, 5), "g", 3, 2, 1, 0, None))
    return cxloop


def test_sources_with_their_newest_load(loaded):
    (row,) = loaded.json("source", "list")
    assert (row["source"], row["entities"]) == ("shop", ["exposures", "orders"])
    assert (row["load_date"], row["landed"], row["quarantined"]) == ("2026-07-05", 2, 1)


def test_a_source_that_never_loaded_has_no_day(cxloop):
    (row,) = cxloop.json("source", "list")
    assert row["load_date"] is None


def test_experiments_are_registered_once(loaded):
    assert loaded.json("experiment", "register") == [{"experiment": "callback"}]
    assert loaded.json("experiment", "register") == []
    (row,) = loaded.json("experiment", "list")
    assert (row["registered_on"], row["closes_on"]) == ("2026-07-05", "2026-04-30")


def test_a_plan_that_moved_shows_how(loaded):
    loaded("experiment", "register")
    file = loaded.programme / "experiments/callback.yml"
    file.write_text(file.read_text("utf-8").replace("window_days: 30", "window_days: 20"), "utf-8")
    shown = loaded.json("experiment", "show", "callback")
    assert shown["deviations"] == [{"path": "window_days", "registered": 30, "now": 20}]
    assert shown["plan"]["window_days"] == 20
    told = loaded("experiment", "show", "callback").stdout
    assert "window_days: 30 → 20" in told


def test_a_readout_that_is_not_due_says_when(loaded):
    file = loaded.programme / "experiments/callback.yml"
    file.write_text(file.read_text("utf-8").replace("running", "draft"), "utf-8")
    loaded.ledger.record_build(Build("f", date(2026, 3, 1), 1, 0))
    result = loaded("experiment", "readout", "callback")
    assert result.exit_code == 1
    assert "no readout of `callback` yet: the experiment's status is draft" in result.stderr


def test_a_benchmark_says_what_it_waits_for(loaded):
    loaded.ledger.record_build(Build("f", date(2026, 7, 2), 1, 0))
    (row,) = loaded.json("benchmark", "run")
    assert (row["edition_id"], row["state"]) == ("benchmark/half_year/2026H1/r1", "waiting")
    assert "2026-07-05" in row["detail"]


def test_registering_before_anything_landed_is_refused(cxloop):
    result = cxloop("experiment", "register")
    assert result.exit_code == 1
    assert "no source has landed yet" in result.stderr


def test_an_unknown_experiment_gets_the_closest(cxloop):
    result = cxloop("experiment", "show", "calback")
    assert result.exit_code == 1
    assert "did you mean `callback`?" in result.stderr


def test_benchmarks_with_their_newest_edition(cxloop, edition):
    assert cxloop.json("benchmark", "list")[0]["edition"] is None
    cxloop.ledger.freeze(edition)
    assert cxloop.json("benchmark", "list")[0]["edition"] == "benchmark/half_year/2026H1/r1"


def test_a_benchmark_without_edition_names_the_command(cxloop):
    result = cxloop("benchmark", "show")
    assert result.exit_code == 1
    assert "`cxloop benchmark run --wave 2026H1`" in result.stderr


def test_an_edition_whose_file_is_gone_is_a_named_error(cxloop, edition):
    cxloop.ledger.freeze(edition)
    result = cxloop("benchmark", "show", "--wave", "2026H1")
    assert result.exit_code == 1
    assert "its file is gone" in result.stderr


def test_reports_with_their_files_and_mails(cxloop, edition):
    cxloop.ledger.freeze(edition)
    page = cxloop.home / "reports" / "board__half_year__2026H1-r1__ja.html"
    page.parent.mkdir()
    page.touch()
    page.with_name("board__half_year__2025H2-r1__ja.html").touch()
    (row,) = cxloop.json("report", "list")
    assert (row["reports"], row["files"]) == (["board"], [str(page)])
    assert (row["sent"], row["not_sent"]) == (0, 0)


def claim(cxloop, edition):
    cxloop.ledger.freeze(edition)
    return cxloop.ledger.claim(
        edition.edition_id,
        "board@acorn.example",
        language="ja",
        content_hash="h",
        message_id="<m>",
        now=NOW,
    )


@pytest.mark.parametrize(("answer", "state"), [("--sent", "sent"), ("--not-sent", "failed")])
def test_a_mail_in_doubt_is_settled(cxloop, edition, answer, state):
    cxloop.ledger.mark_sending(claim(cxloop, edition))
    (row,) = cxloop.json("outbox", "list")
    assert (row["state"], row["recipient"]) == ("sending", "board@acorn.example")
    settle = ("outbox", "settle", edition.edition_id, "Board@acorn.example", answer)
    (row,) = cxloop.json(*settle)
    assert row["state"] == state
    again = cxloop(*settle)
    assert again.exit_code == 1
    assert f"is not in doubt: it is {state}" in again.stderr


def test_a_mail_that_was_never_sent_is_not_in_doubt(cxloop, edition):
    claim(cxloop, edition)
    result = cxloop("outbox", "settle", edition.edition_id, "board@acorn.example", "--sent")
    assert result.exit_code == 1
    assert "it is claimed" in result.stderr


def test_a_registration_is_shown(cxloop):
    cxloop.ledger.register(Registration("callback", "h", "{}", date(2026, 1, 4)))
    (row,) = cxloop.json("experiment", "list")
    assert row["registered_on"] == "2026-01-04"


@pytest.fixture
def previewed(monkeypatch):
    from pathlib import Path

    from reports.rendering import Preview, RenderedReport

    def preview(programme, settings, edition_id):
        return [
            Preview(
                RenderedReport(edition_id, "board", language, Path("a"), Path("b"), "h"),
                Path("c.eml"),
                ["a blank chart"] if language == "en" else [],
            )
            for language in ("ja", "en")
        ]

    monkeypatch.setattr("reports.rendering.preview", preview)


def test_a_preview_names_its_files(cxloop, previewed):
    (row,) = cxloop.json("report", "preview", "benchmark/half_year/2026H1/r1", "--language", "ja")
    assert (row["language"], row["mail"], row["problems"]) == ("ja", "c.eml", [])


def test_a_preview_that_would_be_held_back_is_exit_code_1(cxloop, previewed):
    rows = cxloop.json("report", "preview", "benchmark/half_year/2026H1/r1", exit_code=1)
    assert [row["problems"] for row in rows] == [[], ["a blank chart"]]


def test_a_preview_in_another_language_is_wrong_usage(cxloop, previewed):
    result = cxloop("report", "preview", "benchmark/half_year/2026H1/r1", "--language", "fr")
    assert result.exit_code == 2


def test_a_preview_of_no_edition_is_a_named_error(cxloop):
    result = cxloop("report", "preview", "benchmark/half_year/2026H1/r1")
    assert result.exit_code == 1
    assert "edition" in result.stderr


def test_the_journey_of_a_wave_by_department(loaded, monkeypatch):
    import numpy as np

    from analysis.catalog import Catalog
    from tests.analysis.test_journey import SCORES, row
    from tests.analysis.worlds import catalog

    rows = [
        row(SCORES, ("all", "all", "sales"), breakdown="department"),
        row(np.array(SCORES[:4]), ("all", "all", "care"), breakdown="department"),
    ]

    class Built:
        @staticmethod
        def of(settings):
            return Built()

        def journey_scorecard(self, benchmark_id):
            return rows if benchmark_id == "half_year" else []

    monkeypatch.setattr("analysis.warehouse.Warehouse", Built)
    monkeypatch.setattr("analysis.catalog.read_catalog", lambda _: Catalog(catalog().metrics, {}))
    found = loaded.json("benchmark", "journey", "--by", "department")
    assert [(place["department"], place["level"], place["reason"]) for place in found] == [
        ("care", None, "too_few_answers"),
        ("sales", 25.0, None),
    ]
    assert {place["wave"] for place in found} == {"2026H1"}
    result = loaded("benchmark", "journey", "--wave", "2026H2")
    assert "no measured wave `2026H2`" in result.stderr
    rows.clear()
    assert "`cxloop run`" in loaded("benchmark", "journey").stderr
