"""What the demo found, beside what was planted: ``summary.json`` and the closing table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.demo.findings import findings
from cli.demo.following import Run
from cli.demo.progress import Stage


def write_summary(
    home: Path, stages: Sequence[Stage], runs: Sequence[Run], *, error: str | None
) -> dict[str, Any]:
    """Collect what the run left in ``home``, write ``summary.json`` there, and return it."""
    summary = {
        "state": "failed" if error else "success",
        "error": error,
        "stages": [asdict(stage) for stage in stages] + _stages_of_the_chain(runs),
        "dag_runs": [_described(run) for run in runs],
        "sources": _sources(home),
        "reports": _reports(home),
        "mails": _mails(home / "mail"),
        "findings": [] if error else findings(home),
    }
    file = home / "summary.json"
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(file)
    return summary


def print_summary(home: Path, summary: dict[str, Any], console: Console) -> None:
    """The tables and the list of where to look."""
    console.print()
    rows = Table(title="Rows", title_justify="left")
    for column in ("source", "received", "landed", "quarantined", "duplicate"):
        rows.add_column(column, justify="left" if column == "source" else "right")
    for source in summary["sources"]:
        numbers = [source[name] for name in ("received", "landed", "quarantined", "duplicate")]
        rows.add_row(source["source"], *[f"{number:,}" for number in numbers])
    console.print(rows)
    found = Table(title="Found, beside what was planted", title_justify="left")
    for column in ("question", "found", "planted", ""):
        found.add_column(column)
    for finding in summary["findings"]:
        mark = "[green]agrees[/]" if finding["agrees"] else "[red]differs[/]"
        found.add_row(finding["question"], finding["found"], finding["planted"], mark)
    console.print(found)
    stages = ", ".join(f"{stage['name']} {stage['seconds']:.0f} s" for stage in summary["stages"])
    console.print(f"Stages: {stages}", highlight=False)
    twice = len(summary["mails"]) - len({(m["Message-ID"], m["To"]) for m in summary["mails"]})
    told = f"{twice} of them doubled" if twice else "none of them twice"
    console.print(f"Mails: {len(summary['mails'])}, {told}", highlight=False)
    console.print("\n[bold]Where to look[/]")
    places = {
        "reports": home / "reports",
        "mails": home / "mail",
        "summary": home / "summary.json",
        "data": home / "warehouse" / "cxloop.duckdb",
    }
    for name, place in places.items():
        console.print(f"  {name:<8} {place}", highlight=False, soft_wrap=True)
    for report in summary["reports"]:
        console.print(f"           {report}", highlight=False, soft_wrap=True)
    console.print("  Airflow  make up", highlight=False)


def _stages_of_the_chain(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Collect, measure, test, benchmark and report: the time that their DAG runs took."""
    stages: dict[str, dict[str, Any]] = {}
    for run in runs:
        stage = stages.setdefault(
            run.stage, {"name": run.stage, "state": "success", "seconds": 0.0}
        )
        stage["seconds"] = round(stage["seconds"] + run.seconds, 1)
        if run.state != "success":
            stage["state"] = run.state
    return list(stages.values())


def _described(run: Run) -> dict[str, Any]:
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "state": run.state,
        "seconds": round(run.seconds, 1),
    }


def _sources(home: Path) -> list[dict[str, Any]]:
    from ledger import Ledger

    file = home / "ledger.db"
    if not file.exists():
        return []
    loads = Ledger.open(f"sqlite:///{file}").loads()
    wanted = ("source", "received", "landed", "quarantined", "duplicate")
    return [
        {name: getattr(load, name) for name in wanted} | {"load_date": load.load_date.isoformat()}
        for load in sorted(loads, key=lambda load: (load.source, load.load_date))
    ]


def _reports(home: Path) -> list[str]:
    files = (home / "reports").glob("*.*")
    return sorted(str(file.relative_to(home)) for file in files if file.suffix in (".html", ".pdf"))


def _mails(directory: Path) -> list[dict[str, str]]:
    mails = []
    for file in sorted(directory.glob("*.eml")):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        named = {name: str(message[name]) for name in ("To", "Subject", "Message-ID")}
        mails.append({"file": file.name} | named)
    return mails
