"""Runs dbt as a subprocess and reads what it says about every node."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from analysis.canonical import sha256, sources_hash
from analysis.engines import engine_of
from analysis.errors import DbtBuildError, FailedNode
from analysis.increments import Increment, Partitions, Standing, Whole, plan_build
from ledger import Build, Ledger
from programme.settings import REPOSITORY, Settings

PROJECT = REPOSITORY / "dbt_project"
_FAILED = ("error", "fail", "runtime error", "partial success")
_TAIL_LINES = 30
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BuildResult:
    """A build in which nothing failed.

    Attributes:
        nodes: Models and tests that ran.
        failed: Always 0; a build with failures raises.
        warned: Unique ids of tests that warned.
        manifest: dbt's ``manifest.json``.
    """

    nodes: int
    failed: int
    warned: tuple[str, ...]
    manifest: Path


def build(
    settings: Settings,
    *,
    as_of: date,
    full_refresh: bool = False,
    increment: Increment | None = None,
) -> BuildResult:
    """Build and test every model as of the end of that day (UTC).

    Unit tests are the project's own tests, not the data's; they do not run here. With an
    ``increment`` only what has changed since that build is made anew.

    Raises:
        DbtBuildError: listing every failing node with its message and file.
        WarehouseError: the warehouse cannot be reached.
    """
    results_file = settings.dbt_state / "run_results.json"
    # a stale file would be read as this run's when dbt stops before it runs anything
    results_file.unlink(missing_ok=True)
    _mark(settings).unlink(missing_ok=True)
    # a build that fails half-way leaves tables of two days: the next one is a whole one
    _standing(settings).unlink(missing_ok=True)
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    engine = engine_of(settings)
    engine.ready()
    leftovers = engine.leftovers()
    variables = {"as_of": as_of.isoformat(), **(increment.variables if increment else {})}
    options = ["--vars", json.dumps(variables), "--exclude-resource-type", "unit_test"]
    if full_refresh:
        options.append("--full-refresh")
    done = _dbt(settings, "build", *options)
    manifest = settings.dbt_state / "manifest.json"
    if not results_file.is_file():
        raise DbtBuildError(
            f"dbt stopped before it ran a model (exit {done.returncode}):\n{_tail(done)}",
            "correct the dbt project as dbt says",
        )
    results = json.loads(results_file.read_text(encoding="utf-8"))["results"]
    failures = _failures(results, manifest)
    if failures or done.returncode:
        listed = "\n".join(f"  {node}" for node in failures) or _tail(done)
        raise DbtBuildError(
            f"dbt failed on {len(failures)} of {len(results)} nodes:\n{listed}",
            "correct the model or the data the node names, then run `cxloop run` again",
            failures,
        )
    _mark(settings).write_text(_meaning(settings), encoding="utf-8")
    engine.discard(leftovers)
    warned = tuple(sorted(str(r["unique_id"]) for r in results if r["status"] == "warn"))
    return BuildResult(len(results), 0, warned, manifest)


@dataclass(frozen=True)
class BuildState:
    """Whether the warehouse had to be built again, and as of which day it stands."""

    as_of: date
    result: BuildResult | None
    plan: Increment | Whole | None = None

    def __str__(self) -> str:
        if self.result is None:
            return f"as of {self.as_of}: nothing has changed since the last build"
        how = f", {self.plan}" if self.plan else ""
        return f"as of {self.as_of}: {self.result.nodes} nodes built{how}"


def build_if_changed(
    settings: Settings, ledger: Ledger, *, lake: str, partitions: Partitions | None = None
) -> BuildState:
    """Build and record it, unless lake, day, declarations and dbt sources are the last build's.

    Args:
        settings: Where lake and warehouse lie.
        ledger: Names the day the landed data know about, and keeps the build.
        lake: Fingerprint of the lake.
        partitions: What stands in ``raw``, for a build of what has changed; None for a whole one.

    Raises:
        DbtBuildError: as ``build`` does; then nothing is recorded.
    """
    as_of, last, mark = ledger.as_of(), ledger.latest_build(), _mark(settings)
    is_same_meaning = mark.is_file() and mark.read_text("utf-8") == _meaning(settings)
    is_same_data = last is not None and (last.fingerprint, last.as_of) == (lake, as_of)
    if is_same_meaning and is_same_data and engine_of(settings).is_built():
        return BuildState(as_of, None)
    now = Standing(as_of, _meaning(settings), partitions or {})
    plan = _plan(settings, now) if partitions else Whole("partitions were not looked at")
    log.info("as of %s: %s", as_of, plan)
    increment = plan if isinstance(plan, Increment) else None
    result = build(settings, as_of=as_of, increment=increment)
    if partitions:
        now.write(_standing(settings))
    ledger.record_build(Build(lake, as_of, result.nodes, result.failed))
    return BuildState(as_of, result, plan)


def parse(settings: Settings) -> Path:
    """Parse the project without touching the warehouse; returns the manifest.

    Raises:
        DbtBuildError: the project does not parse.
    """
    done = _dbt(settings, "parse", "--vars", json.dumps({"as_of": "1970-01-01"}))
    manifest = settings.dbt_state / "manifest.json"
    if done.returncode or not manifest.is_file():
        what = f"the dbt project does not parse:\n{_tail(done)}"
        raise DbtBuildError(what, "correct the file dbt names")
    return manifest


def write_docs(settings: Settings) -> Path:
    """Write the documentation that dbt makes, lineage included, as one file without a network.

    Raises:
        DbtBuildError: the project does not parse, or the warehouse cannot be asked for its columns.
    """
    options = ("--static", "--vars", json.dumps({"as_of": "1970-01-01"}))
    done = _dbt(settings, "docs generate", *options)
    page = settings.dbt_state / "static_index.html"
    if done.returncode or not page.is_file():
        what = f"dbt wrote no documentation:\n{_tail(done)}"
        raise DbtBuildError(what, "run `cxloop run` first, or correct what dbt names")
    return page


def _plan(settings: Settings, now: Standing) -> Increment | Whole:
    files = (settings.lake / "raw").glob("*/*/*/*.parquet")
    return plan_build(
        Standing.read(_standing(settings)) if engine_of(settings).is_built() else None,
        now,
        raw_bytes=sum(file.stat().st_size for file in files),
        least_bytes=settings.increment_from_mb * 1_000_000,
    )


def _standing(settings: Settings) -> Path:
    return settings.dbt_state / "standing.json"


def _mark(settings: Settings) -> Path:
    return settings.dbt_state / "built_with.sha256"


def _meaning(settings: Settings) -> str:
    """Hash of what the lake's rows are taken to mean, and where: dbt sources, declared tables."""
    declared = sorted((settings.lake / "declared").rglob("*.parquet"))
    tables = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in declared)
    place = engine_of(settings).place.encode()
    return sha256(sources_hash(PROJECT.name).encode() + tables + place)


def _forget_other_parse(settings: Settings) -> None:
    """Remove dbt's memory of another version: of a model described elsewhere it sees both."""
    parsed, now = settings.dbt_state / "parsed.sha256", sources_hash(PROJECT.name)
    if not parsed.is_file() or parsed.read_text(encoding="utf-8") != now:
        (settings.dbt_state / "partial_parse.msgpack").unlink(missing_ok=True)
        parsed.write_text(now, encoding="utf-8")


def _dbt(settings: Settings, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    settings.dbt_state.mkdir(parents=True, exist_ok=True)
    _forget_other_parse(settings)
    # the root flags come before the command; `-W` because dbt's own package imports its main twice
    engine = engine_of(settings)
    call = [engine.python, "-W", "ignore::RuntimeWarning:runpy", "-m", "dbt.cli.main"]
    call += ["--no-use-colors", "--log-level-file", "none", "--no-version-check"]
    call += ["--no-send-anonymous-usage-stats", *command.split()]
    call += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    call += ["--target", settings.dbt_target, "--target-path", str(settings.dbt_state), *options]
    environment = {
        **os.environ,
        "CXLOOP_LAKE": str(settings.lake),
        **engine.dbt_environment,
        "DBT_LOG_PATH": str(settings.dbt_state),
        "DO_NOT_TRACK": "1",
        "TZ": "UTC",
    }
    return subprocess.run(
        call, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False
    )


def _failures(results: list[dict[str, Any]], manifest: Path) -> tuple[FailedNode, ...]:
    nodes: dict[str, Any] = {}
    if manifest.is_file():
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    found = []
    for result in results:
        if result["status"] in _FAILED:
            name = str(result["unique_id"])
            file = str(nodes.get(name, {}).get("original_file_path", "unknown file"))
            said = str(result.get("message") or "no message").partition("JVM stacktrace")[0]
            message = " ".join(said.split())
            found.append(FailedNode(name, str(result["status"]), message, file))
    return tuple(sorted(found, key=lambda node: node.node))


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stdout + done.stderr).strip().splitlines()[-_TAIL_LINES:])
