"""The demo under a real scheduler: what was planted is found; a second run mails nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.catalog import read_catalog
from cli.demo.airflow_stack import left_overs
from tests.journey.conftest import REPOSITORY
from tests.journey.recomputed.compared import METRICS, differing, measured, recomputed
from tests.journey.recomputed.raw import Raw

pytestmark = [pytest.mark.journey, pytest.mark.timeout(1200)]
SOURCES = len(list((REPOSITORY / "programme" / "demo" / "sources").glob("*.yml")))


def run_demo(home: Path) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-m", "cli", "--home", str(home), "demo", "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def summary(home: Path) -> dict[str, Any]:
    return run_demo(home)


def test_every_stage_and_run_succeeded(summary: dict[str, Any], home: Path) -> None:
    stages = {stage["name"]: stage["state"] for stage in summary["stages"]}
    wanted = {"airflow", "company", "systems", "chain"}
    wanted |= {"collect", "measure", "test", "benchmark", "report"}
    assert wanted <= set(stages)
    assert set(stages.values()) == {"success"}
    runs = {run["dag_id"] for run in summary["dag_runs"]}
    assert len([dag_id for dag_id in runs if dag_id.startswith("ingest_")]) == SOURCES
    assert {run["state"] for run in summary["dag_runs"]} == {"success"}
    assert summary == json.loads((home / "summary.json").read_text(encoding="utf-8"))


def test_rows_are_accounted_for(summary: dict[str, Any]) -> None:
    assert len(summary["sources"]) == SOURCES
    for source in summary["sources"]:
        assert source["landed"] > 0
        assert source["received"] >= (
            source["landed"] + source["quarantined"] + source["duplicate"]
        )


def test_what_was_planted_is_found(summary: dict[str, Any]) -> None:
    findings = {finding["question"]: finding for finding in summary["findings"]}
    assert len(findings) == 8
    assert all(finding["agrees"] for finding in findings.values()), findings
    change = findings["NPS change, half-year on half-year"]
    assert change["lower"] <= change["truth"] <= change["upper"]
    effect = findings["callback_within_one_hour: transactional_csat_top_two_rate"]
    assert effect["lower"] > 0
    assert effect["lower"] <= effect["truth"] <= effect["upper"]
    assert findings["guided_onboarding_tour: verdict"]["found"] != "ship"
    assert findings["chatbot_first_reply: verdict"]["found"] == "no_verdict"


def test_every_metric_equals_its_recomputation_from_the_raw_files(
    summary: dict[str, Any], home: Path
) -> None:
    assert summary["state"] == "success"
    metrics = read_catalog(home / "dbt/manifest.json").metrics
    ours = recomputed(Raw(home / "lake", pd.Timestamp("2026-07-06", tz="UTC")))
    theirs = measured(home / "warehouse/cxloop.duckdb", metrics)
    assert {metric for metric, _ in ours} == set(METRICS)
    # the others have witnesses of their own in tests/demo, on the files of the company's systems
    own = {month: sums for month, sums in theirs.items() if month[0] in METRICS}
    assert not differing(ours, own)


def test_reports_are_there_in_both_languages(summary: dict[str, Any], home: Path) -> None:
    for language in ("ja", "en"):
        for kind in ("html", "pdf"):
            found = [name for name in summary["reports"] if name.endswith(f"__{language}.{kind}")]
            pages = [name for name in found if "contracts__" not in name]
            assert len(pages) == 4
            # the page of the data checks, which nobody is mailed, is a page only
            assert len(found) == (5 if kind == "html" else 4)
            assert all((home / name).stat().st_size > 10_000 for name in found)


def test_each_mail_came_once_and_a_second_run_sends_none(
    summary: dict[str, Any], home: Path
) -> None:
    def received() -> Counter[tuple[str, str]]:
        messages = [
            message_from_bytes(file.read_bytes(), policy=policy.default)
            for file in (home / "mail").glob("*.eml")
        ]
        return Counter((str(m["Message-ID"]), str(m["To"])) for m in messages)

    first = received()
    assert len(first) == len(summary["mails"]) >= 8
    assert set(first.values()) == {1}
    again = run_demo(home)
    assert received() == first
    assert [source["landed"] for source in again["sources"]] == [
        source["landed"] for source in summary["sources"]
    ]


def test_nothing_is_left_running(summary: dict[str, Any], home: Path) -> None:
    assert summary["state"] == "success"
    assert left_overs(home / "airflow") == []
