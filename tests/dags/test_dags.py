"""The DAGs as data engineers meet them: counted first, then ids, tags, docs, retries, pools."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DAG_FILES = sorted(
    file
    for file in (REPOSITORY / "dags").glob("*.py")
    if file.name not in ("__init__.py", "hand_overs.py")
)
CHAIN = {
    "build_warehouse",
    "analyze_experiments",
    "run_benchmark",
    "publish_reports",
    "forget_expired",
}
PROGRAMMES = {
    "demo": REPOSITORY / "programme" / "demo",
    "olist": REPOSITORY / "tests" / "programmes" / "olist",
    "nhs_fft": REPOSITORY / "tests" / "programmes" / "nhs_fft",
}

# Runs in a process of its own: Airflow reads its settings when it is imported, and an audit hook
# cannot be taken off again.
DESCRIBE = """
import json, sys, time
touched = []
def watch(event, args):
    if not armed:
        return
    if event in ("socket.connect", "sqlite3.connect", "subprocess.Popen"):
        touched.append(f"{event} {args}")
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        touched.append(f"{event} {args[0]} {args[1]}")
armed = False
sys.addaudithook(watch)
import airflow.sdk, programme, ledger
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import Asset
from airflow.sdk.definitions.asset import BaseAsset
# processor time: what else runs on the machine is not the files' doing
armed, began = True, time.process_time()
bag = DagBag(sys.argv[1])
seconds, armed = time.process_time() - began, False
def names(condition):
    if condition is None:
        return []
    if isinstance(condition, Asset):
        return [condition.name]
    return sorted(name for part in condition.objects for name in names(part))
dags = {}
for dag_id, dag in bag.dags.items():
    condition = getattr(dag.timetable, "asset_condition", None)
    dags[dag_id] = {
        "tags": sorted(dag.tags), "doc": dag.doc_md or "", "description": dag.description,
        "max_active_runs": dag.max_active_runs, "catchup": dag.catchup, "file": dag.fileloc,
        "waits_for": names(condition),
        "tasks": {
            t.task_id: {"retries": t.retries, "owner": t.owner, "pool": t.pool,
                        "delay": t.retry_delay.total_seconds(),
                        "outlets": [o.name for o in t.outlets]}
            for t in dag.tasks
        },
    }
found = {"dags": dags, "errors": bag.import_errors, "seconds": seconds, "touched": touched}
print(json.dumps(found))
"""


def describe(programme: Path, home: Path, folder: Path = REPOSITORY / "dags") -> dict[str, Any]:
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "CXLOOP_PROGRAMME": str(programme),
        "CXLOOP_HOME": str(home / "cxloop"),
    }
    done = subprocess.run(
        [sys.executable, "-B", "-W", "ignore", "-c", DESCRIBE, str(folder)],
        env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module", params=sorted(PROGRAMMES))
def described(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    found = describe(PROGRAMMES[request.param], tmp_path_factory.mktemp("airflow"))
    sources = {file.stem for file in (PROGRAMMES[request.param] / "sources").glob("*.yml")}
    assert len(sources) >= 1
    assert len(found["dags"]) == len(CHAIN) + len(sources), found["errors"]
    return found, sources


def test_every_expected_dag_is_there_and_no_other(described: Any) -> None:
    found, sources = described
    assert len(DAG_FILES) == 6
    assert len(sources) >= 1
    assert found["errors"] == {}
    assert set(found["dags"]) == CHAIN | {f"ingest_{source}" for source in sources}


def test_dag_ids_are_file_stems_but_for_the_factory(described: Any) -> None:
    found, _ = described
    for dag_id, dag in found["dags"].items():
        stem = Path(dag["file"]).stem
        assert stem == ("ingest_sources" if dag_id.startswith("ingest_") else dag_id)
        assert not {"daily", "weekly", "hourly", "monthly"} & set(dag_id.split("_"))


def test_dags_carry_docs_with_triage_tags_and_descriptions(described: Any) -> None:
    found, _ = described
    known = {"collect", "measure", "test", "benchmark", "report", "files", "sql", "rest"}
    for dag_id, dag in found["dags"].items():
        assert "When it fails" in dag["doc"], dag_id
        assert dag["tags"], dag_id
        assert set(dag["tags"]) <= known, dag_id
        assert dag["description"], dag_id
        assert dag["catchup"] is False
        assert dag["max_active_runs"] == 1


def test_every_task_is_retried_and_owned(described: Any) -> None:
    found, sources = described
    tasks = [(d, t, v) for d, dag in found["dags"].items() for t, v in dag["tasks"].items()]
    assert len(tasks) == 2 * len(sources) + 3 + 3 + 1 + 2 + 1
    for dag_id, task_id, task in tasks:
        assert task["retries"] >= 2, (dag_id, task_id)
        assert task["delay"] > 0
        assert task["owner"] not in ("", "airflow"), (dag_id, task_id)


def test_what_one_dag_waits_for_another_hands_over(described: Any) -> None:
    found, sources = described
    produced = {
        o for dag in found["dags"].values() for t in dag["tasks"].values() for o in t["outlets"]
    }
    waited = {asset for dag in found["dags"].values() for asset in dag["waits_for"]}
    assert waited == produced
    assert produced == {f"raw/{source}" for source in sources} | {
        "warehouse/marts", "readouts/experiments", "readouts/benchmark",
    }  # fmt: skip


def test_the_warehouse_is_written_and_read_in_its_pool(described: Any) -> None:
    found, _ = described
    in_pool = {
        (dag_id, task_id)
        for dag_id, dag in found["dags"].items()
        for task_id, task in dag["tasks"].items()
        if task["pool"] == "duckdb"
    }
    assert in_pool == {
        ("build_warehouse", "build"),
        ("analyze_experiments", "readout"),
        ("run_benchmark", "freeze_edition"),
    }


def test_parsing_touches_nothing_outside_and_is_quick(described: Any) -> None:
    found, _ = described
    assert found["touched"] == []
    assert found["seconds"] < 2.0


def test_the_watch_on_parsing_sees_a_violation(tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "bad.py").write_text(
        "from airflow.sdk import dag\nimport sqlite3\nsqlite3.connect(':memory:')\n"
    )
    found = describe(PROGRAMMES["demo"], tmp_path / "home", folder)
    assert any("sqlite3.connect" in event for event in found["touched"])


def test_a_broken_declaration_shows_as_an_import_error_with_file_and_line(tmp_path: Path) -> None:
    programme = tmp_path / "acme"
    (programme / "sources").mkdir(parents=True)
    shown = (PROGRAMMES["demo"] / "programme.yml").read_text(encoding="utf-8")
    (programme / "programme.yml").write_text(shown, encoding="utf-8")
    (programme / "sources" / "shop.yml").write_text("description: x\nowner: y\nsytem: {}\n")
    found = describe(programme, tmp_path / "home")
    told = "".join(found["errors"].values())
    assert "shop.yml:3" in told
    assert "did you mean `system`" in told


@pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.stem)
def test_a_dag_file_is_short_and_its_tasks_are_one_call(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    bodies = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and any("task" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    assert bodies
    for body in bodies:
        assert len(body.body) <= 5, body.name
