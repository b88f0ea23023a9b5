from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analysis import dbt_build
from analysis.dbt_build import build, build_if_changed, parse
from analysis.errors import DbtBuildError
from ledger import Build, Ledger, Load
from programme import Settings

DAY = date(2026, 7, 5)
NODE = "model.cxloop.fct_orders"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    environment = {"CXLOOP_HOME": str(tmp_path), "CXLOOP_PROGRAMME": str(tmp_path / "programme")}
    return Settings.from_environment(environment)


@pytest.fixture
def dbt(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[tuple[list[str], dict[str, str]]]]:
    """Replace the subprocess by one that writes what dbt would write."""

    def prepare(
        *results: dict[str, Any], code: int = 0, output: str = "", stops_early: bool = False
    ) -> list[tuple[list[str], dict[str, str]]]:
        calls: list[tuple[list[str], dict[str, str]]] = []

        def run(call: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
            calls.append((call, options["env"]))
            state = settings.dbt_state
            nodes = {NODE: {"original_file_path": "models/facts/fct_orders.sql"}}
            (state / "manifest.json").write_text(json.dumps({"nodes": nodes}))
            if not stops_early:
                (state / "run_results.json").write_text(json.dumps({"results": list(results)}))
                settings.warehouse.write_bytes(b"")
            return subprocess.CompletedProcess(call, code, output, "")

        monkeypatch.setattr(dbt_build.subprocess, "run", run)
        return calls

    return prepare


def result(status: str, name: str = NODE, message: str | None = None) -> dict[str, Any]:
    return {"unique_id": name, "status": status, "message": message}


def test_the_call_names_project_day_and_paths(settings: Settings, dbt: Any) -> None:
    calls = dbt(result("success"), result("pass", "test.a"), result("warn", "test.b"))
    found = build(settings, as_of=DAY, full_refresh=True)
    assert (found.nodes, found.failed, found.warned) == (3, 0, ("test.b",))
    (call, environment), *more = calls
    assert not more
    assert call[0] == sys.executable
    assert "dbt.cli.main" in call
    joined = " ".join(call)
    assert '--vars {"as_of": "2026-07-05"}' in joined
    assert "--exclude-resource-type unit_test" in joined
    assert f"--target-path {settings.dbt_state}" in joined
    assert "--full-refresh" in call
    assert "--no-send-anonymous-usage-stats" in call
    assert environment["CXLOOP_LAKE"] == str(settings.lake)
    assert environment["CXLOOP_WAREHOUSE"] == str(settings.warehouse)


def test_every_failing_node_is_listed_with_file_and_message(settings: Settings, dbt: Any) -> None:
    dbt(
        result("success", "model.cxloop.fine"),
        result("error", message="Binder Error:\n  no column x"),
        result("fail", "test.cxloop.unique", "Got 3 results"),
        result("skipped", "model.cxloop.later"),
        code=1,
    )
    with pytest.raises(DbtBuildError) as caught:
        build(settings, as_of=DAY)
    assert [node.node for node in caught.value.nodes] == [NODE, "test.cxloop.unique"]
    text = str(caught.value)
    assert "fct_orders (models/facts/fct_orders.sql): error: Binder Error: no column x" in text
    assert "failed on 2 of 4 nodes" in text


def test_a_stop_before_the_first_model_shows_what_dbt_said(settings: Settings, dbt: Any) -> None:
    settings.dbt_state.mkdir(parents=True)
    # results of an earlier run must not pass for this one's
    (settings.dbt_state / "run_results.json").write_text(json.dumps({"results": []}))
    dbt(code=2, output="Compilation Error in macro x", stops_early=True)
    with pytest.raises(
        DbtBuildError, match=r"stopped before it ran.*\n?.*Compilation Error in macro x"
    ):
        build(settings, as_of=DAY)


def test_an_unchanged_lake_is_not_built_again(
    settings: Settings, dbt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger.open(settings.ledger_url)
    ledger.record_load(Load("crm", DAY, "f", 1, 1, 0, 0, None))
    calls = dbt(result("success"))
    assert "1 nodes built" in str(build_if_changed(settings, ledger, lake="a"))
    assert ledger.latest_build() == Build("a", DAY, 1, 0)
    assert "nothing has changed" in str(build_if_changed(settings, ledger, lake="a"))
    assert len(calls) == 1
    build_if_changed(settings, ledger, lake="b")
    assert len(calls) == 2
    monkeypatch.setattr(dbt_build, "sources_hash", lambda *_: "other code")
    build_if_changed(settings, ledger, lake="b")
    assert len(calls) == 3
    ledger.record_load(Load("crm", date(2026, 7, 6), "f", 1, 1, 0, 0, None))
    build_if_changed(settings, ledger, lake="b")
    assert len(calls) == 4
    declared = settings.lake / "declared" / "benchmark_metric" / "part-0.parquet"
    declared.parent.mkdir(parents=True)
    declared.write_bytes(b"one more metric")
    build_if_changed(settings, ledger, lake="b")
    assert len(calls) == 5
    build_if_changed(settings, ledger, lake="b")
    assert len(calls) == 5


def test_what_dbt_remembers_of_another_version_is_forgotten(
    settings: Settings, dbt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt(result("success"))
    build(settings, as_of=DAY)
    memory = settings.dbt_state / "partial_parse.msgpack"
    memory.write_bytes(b"parsed")
    build(settings, as_of=DAY)
    assert memory.read_bytes() == b"parsed"
    monkeypatch.setattr(dbt_build, "sources_hash", lambda *_: "a later version")
    build(settings, as_of=DAY)
    assert not memory.exists()


def test_only_new_partitions_are_named_until_a_build_fails(tmp_path: Path, dbt: Any) -> None:
    """After a failure, and for whoever looks at no partitions, the next build is a whole one."""
    home = {"CXLOOP_HOME": str(tmp_path), "CXLOOP_PROGRAMME": str(tmp_path / "programme")}
    settings = Settings.from_environment({**home, "CXLOOP_INCREMENT_FROM_MB": "0"})
    ledger = Ledger.open(settings.ledger_url)
    ledger.record_load(Load("crm", DAY, "f", 1, 1, 0, 0, None))
    seen = {"crm/2026-07-04": "a"}

    def built(lake: str, partitions: dict[str, str] | None) -> str:
        return str(build_if_changed(settings, ledger, lake=lake, partitions=partitions))

    calls = dbt(result("success"))
    assert "built whole: no earlier build" in built("1", seen)
    assert "increment" not in " ".join(calls[-1][0])
    assert "built in part: 1 new" in built("2", {**seen, "crm/2026-07-05": "b"})
    assert '"partitions": [["crm", "2026-07-05"]]' in " ".join(calls[-1][0])
    dbt(result("error"), code=1)
    with pytest.raises(DbtBuildError):
        built("3", {**seen, "crm/2026-07-05": "b", "web/2026-07-05": "c"})
    dbt(result("success"))
    assert "built whole: no earlier build" in built("3", seen)
    assert "built whole: partitions were not" in built("4", None)
    assert "built whole: no earlier build" in built("5", seen)


def test_a_failed_build_is_not_recorded_and_runs_again(settings: Settings, dbt: Any) -> None:
    ledger = Ledger.open(settings.ledger_url)
    ledger.record_load(Load("crm", DAY, "f", 1, 1, 0, 0, None))
    dbt(result("success"))
    build_if_changed(settings, ledger, lake="a")
    calls = dbt(result("error"), code=1)
    for _ in range(2):
        with pytest.raises(DbtBuildError):
            build_if_changed(settings, ledger, lake="b")
    assert len(calls) == 2
    assert ledger.latest_build() == Build("a", DAY, 1, 0)


def test_the_real_project_parses_without_network_and_without_logs(settings: Settings) -> None:
    from analysis.catalog import read_catalog

    found = read_catalog(parse(settings))
    assert {"nps", "csat_top_two_rate", "late_delivery_rate"} <= found.metrics.keys()
    assert {"plan", "region"} <= found.segments.keys()
    assert all(metric.fact.startswith("fct_") for metric in found.metrics.values())
    assert not (dbt_build.PROJECT / "logs").exists()
    assert not (dbt_build.PROJECT / "target").exists()
    assert not (settings.dbt_state / "dbt.log").exists()
