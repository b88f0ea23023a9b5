"""Examines the machine: Python, packages, fonts, disk and Airflow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from cli.findings import Finding, fail, ok, warn

GIGABYTE = 1024**3
ENOUGH_DISK, LEAST_DISK = 5 * GIGABYTE, GIGABYTE
DAGS = Path(__file__).resolve().parents[1] / "dags"
EMPTY_DATABASE = 64 * 1024
OLDEST_PYTHON = (3, 11)
INSTALL = "install the locked requirements: `make setup`"
TOLD_VERSIONS = ("apache-airflow", "dbt-core", "duckdb", "great-expectations", "pandas")


def python() -> Iterator[Finding]:
    """The interpreter and how it was started."""
    version = sys.version.split()[0]
    if sys.version_info < OLDEST_PYTHON:
        yield fail("python", f"{version} is too old", "use Python 3.11 or newer")
    else:
        yield ok("python", f"{version} at {sys.executable}")
    if sys.dont_write_bytecode:
        mend = "unset PYTHONDONTWRITEBYTECODE"
        yield warn("python", "bytecode is not kept, so that every import is slow", mend)


def packages() -> Iterator[Finding]:
    """Whether every required package is here in a version that fits."""
    from packaging.requirements import Requirement

    try:
        wanted = metadata.requires("cxloop") or []
    except metadata.PackageNotFoundError:
        yield warn("packages", "cxloop runs from its sources, not installed", INSTALL)
        return
    required = [Requirement(text) for text in wanted]
    required = [item for item in required if not item.marker or item.marker.evaluate()]
    unfit = 0
    for item in required:
        version = _version(item.name)
        if version is None:
            yield fail("packages", f"{item.name} is not installed", INSTALL)
        elif not item.specifier.contains(version, prereleases=True):
            yield fail("packages", f"{item.name} {version} is not {item.specifier}", INSTALL)
        else:
            continue
        unfit += 1
    told = ", ".join(f"{name} {_version(name)}" for name in TOLD_VERSIONS)
    yield ok("packages", f"{len(required) - unfit} of {len(required)} fit: {told}")


def fonts() -> Iterator[Finding]:
    """What draws Japanese in charts and lays out PDF pages."""
    from reports.fonts import font_file, missing_glyphs

    file = font_file()
    if not file.is_file():
        yield fail("fonts", f"{file} is missing", INSTALL)
    elif missing_glyphs("半期の顧客体験"):
        yield fail("fonts", f"{file} draws no Japanese", INSTALL)
    else:
        yield ok("fonts", f"Japanese from {file.name}")
    try:
        import weasyprint
    except OSError as error:
        first = str(error).strip().splitlines()[0]
        mend = "install pango (Debian: libpango-1.0-0 libpangoft2-1.0-0; macOS: brew install pango)"
        yield fail("pdf", f"no PDF can be made: {first}", mend)
    else:
        yield ok("pdf", f"WeasyPrint {weasyprint.__version__} finds pango")


def disk(home: Path) -> Iterator[Finding]:
    """Space where everything generated lies."""
    there = next(folder for folder in (home, *home.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    told = f"{free / GIGABYTE:.1f} GB free at {there}"
    mend = "free space, or move CXLOOP_HOME"
    if free < LEAST_DISK:
        yield fail("disk", told, mend)
    elif free < ENOUGH_DISK:
        yield warn("disk", told, mend)
    else:
        yield ok("disk", told)


def airflow() -> Iterator[Finding]:
    """Whether the Airflow that this environment points at can run the DAGs."""
    chosen = os.environ.get("AIRFLOW_HOME")
    home = Path(chosen) if chosen else Path.home() / "airflow"
    # Importing Airflow leaves a configuration and an empty database behind; a used one is larger.
    elsewhere = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ
    database = home / "airflow.db"
    if not elsewhere and not (database.is_file() and database.stat().st_size > EMPTY_DATABASE):
        mend = "set AIRFLOW_HOME where Airflow is installed; `cxloop demo` brings its own"
        yield warn("airflow", f"no Airflow is in use at {home}", mend)
        return
    pool = _airflow("pools", "get", "duckdb", "-o", "plain")
    if pool is None:
        mend = "see that `airflow version` works with this AIRFLOW_HOME"
        yield fail("airflow", f"the Airflow at {home} does not answer", mend)
        return
    yield _slots(pool)
    folder = _airflow("config", "get-value", "core", "dags_folder")
    if folder is not None and Path(folder.stdout.strip() or "/").resolve() != DAGS:
        mend = f"set AIRFLOW__CORE__DAGS_FOLDER={DAGS}"
        yield warn("airflow", f"its DAGs folder is {folder.stdout.strip()}", mend)


def _slots(pool: subprocess.CompletedProcess[str]) -> Finding:
    mend = "airflow pools set duckdb 1 'one process writes the DuckDB file'"
    rows = [line.split() for line in pool.stdout.splitlines() if line.startswith("duckdb ")]
    if pool.returncode or not rows:
        return fail("airflow", "pool `duckdb` does not exist: its tasks would wait for ever", mend)
    if rows[0][1] != "1":
        what = f"pool `duckdb` has {rows[0][1]} slots: two writers would lock each other out"
        return fail("airflow", what, mend)
    return ok("airflow", "pool `duckdb` has one slot")


def _airflow(*arguments: str) -> subprocess.CompletedProcess[str] | None:
    call = [sys.executable, "-m", "airflow", *arguments]
    try:
        return subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
