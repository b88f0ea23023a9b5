from __future__ import annotations

import json
from dataclasses import replace

import pytest

from analysis.dbt_build import BuildResult
from analysis.editions import Freezing
from analysis.errors import DbtBuildError
from reports.deliver import Delivery
from reports.errors import BlankChartError


@pytest.fixture
def calls(cxloop, monkeypatch):
    """The rooms' functions that need the warehouse, replaced by their names in order."""
    made: list[str] = []

    def stand_in(target, answer=None):
        name = target.rsplit(".", maxsplit=1)[1]

        def call(*_, **__):
            made.append(name)
            return answer

        monkeypatch.setattr(target, call)

    manifest = cxloop.home / "manifest.json"
    stand_in("analysis.dbt_build.build", BuildResult(4, 0, (), manifest))
    due = Freezing("experiment/callback/r1", "waiting", "data up to 2026-04-30")
    stand_in("analysis.editions.freeze_experiment_if_due", due)
    stand_in("analysis.editions.freeze_benchmarks", [])
    stand_in("reports.rendering.render_edition", [])
    return made


def test_collecting_lands_and_quarantines(cxloop):
    done = cxloop.json("run", "--only", "collect", "--as-of", "2026-07-05")
    facts = done["steps"]["collect shop"]
    assert (facts["received"], facts["landed"], facts["quarantined"]) == (3, 2, 1)
    assert done["failures"] == []
    again = cxloop.json("run", "--only", "collect", "--as-of", "2026-07-05")
    assert again["steps"]["collect shop"]["received"] == 0
    (group,) = cxloop.json("quarantine", "list")
    assert (group["record"], group["column"], group["rows"]) == ("order", "ordered_at", 1)
    (row,) = cxloop.json("quarantine", "show", "order")
    assert (row["value"], row["entity"]) == ("yesterday", "orders")
    assert json.loads(row["payload"])["id"] == "o2"
    assert cxloop.json("quarantine", "list", "--source", "desk") == []
    assert cxloop.json("quarantine", "show", "feedback") == []


def test_the_stages_follow_in_order_and_the_build_is_recorded(cxloop, calls, edition):
    cxloop.ledger.freeze(edition)
    result = cxloop("run", "--as-of", "2026-07-05")
    assert result.exit_code == 0, result.output
    assert calls == ["build", "freeze_experiment_if_due", "freeze_benchmarks", "render_edition"]
    build = cxloop.ledger.latest_build()
    assert (str(build.as_of), build.nodes, build.failed) == ("2026-07-05", 4, 0)
    assert cxloop.ledger.registration("callback") is not None
    assert "experiment/callback/r1: waiting: data up to 2026-04-30" in result.stdout


def test_only_the_asked_stage_runs(cxloop, calls):
    cxloop.json("run", "--only", "collect", "--as-of", "2026-07-05")
    done = cxloop.json("run", "--only", "freeze")
    assert list(done["steps"]) == ["freeze experiments", "freeze benchmarks"]
    assert calls == ["freeze_experiment_if_due", "freeze_benchmarks"]


def test_a_source_that_fails_is_told_and_the_rest_goes_on(cxloop, calls):
    text = (cxloop.programme / "sources/shop.yml").read_text("utf-8")
    (cxloop.programme / "sources/annex.yml").write_text(
        text.replace("ordered_at: at", "ordered_at: when")
    )
    result = cxloop("run", "--as-of", "2026-07-05", "--json")
    assert result.exit_code == 1
    done = json.loads(result.stdout)
    assert "collect annex" not in done["steps"]
    assert done["steps"]["collect shop"]["landed"] == 2
    assert len(done["failures"]) == 1
    assert "annex.orders" in done["failures"][0]
    assert "error: annex.orders" in result.stderr
    assert calls[0] == "build"


def test_an_edition_that_cannot_be_drawn_does_not_stop_the_others(
    cxloop, calls, edition, monkeypatch
):
    other = replace(edition, edition_id="benchmark/half_year/2025H2/r1", period="2025H2")
    for item in (edition, other):
        cxloop.ledger.freeze(item)

    def draw(_, __, edition_id):
        if "2025H2" in edition_id:
            raise BlankChartError("a chart without data")
        return []

    monkeypatch.setattr("reports.rendering.render_edition", draw)
    done = cxloop.json("run", "--only", "render", exit_code=1)
    assert list(done["steps"]) == ["render benchmark/half_year/2026H1/r1"]
    assert done["failures"] == ["a chart without data"]


def test_a_build_that_fails_stops_the_run_with_its_message(cxloop, calls, monkeypatch):
    def broken(*_, **__):
        raise DbtBuildError("dbt failed on 1 of 4 nodes", "correct the model")

    monkeypatch.setattr("analysis.dbt_build.build", broken)
    result = cxloop("run", "--as-of", "2026-07-05")
    assert result.exit_code == 1
    assert "error: dbt failed on 1 of 4 nodes. Mend: correct the model" in result.stderr
    assert calls == []
    assert cxloop.ledger.latest_build() is None


def test_building_before_anything_landed_is_refused(cxloop, calls):
    result = cxloop("run", "--only", "build")
    assert result.exit_code == 1
    assert "no source has landed yet" in result.stderr


def test_an_unknown_source_gets_the_known_ones(cxloop):
    result = cxloop("run", "--source", "desk")
    assert result.exit_code == 1
    assert "no source `desk`. Mend: known here: shop" in result.stderr


def test_an_earlier_day_is_built_although_more_has_landed(cxloop, calls):
    cxloop.json("run", "--only", "collect", "--as-of", "2026-07-05")
    cxloop.json("run", "--only", "build", "--as-of", "2026-01-05")
    assert str(cxloop.ledger.latest_build().as_of) == "2026-01-05"


def test_sending_needs_a_named_server(cxloop, calls):
    result = cxloop("run", "--only", "render", "--send")
    assert result.exit_code == 1
    assert "Mend: set AIRFLOW_CONN_SMTP_DEFAULT" in result.stderr


def test_mails_are_counted_by_state_and_a_blocked_one_is_a_failure(cxloop, calls, monkeypatch):
    def deliver(*_, **__):
        return [
            Delivery("e", "board", "a@acorn.example", "sent", "<m>"),
            Delivery("e", "board", "b@other.example", "refused", "", "domain not allowed"),
        ]

    monkeypatch.setattr("reports.deliver.deliver_due", deliver)
    monkeypatch.setattr("cli.mail_server.smtp_settings", lambda: None)
    done = cxloop.json("run", "--only", "render", "--send", exit_code=1)
    assert (done["steps"]["send"]["sent"], done["steps"]["send"]["refused"]) == (1, 1)
    assert done["failures"] == [
        "e to b@other.example: refused: domain not allowed. "
        "Mend: correct the address, or add its domain to allowed_domains"
    ]
