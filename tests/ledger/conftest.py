from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path

import pytest

from ledger import Edition, Ledger

REPOSITORY = Path(__file__).resolve().parents[2]

EDITION = Edition(
    edition_id="benchmark/half_year/2026H1/r1",
    kind="benchmark",
    subject="half_year",
    period="2026H1",
    revision=1,
    state="complete",
    as_of=date(2026, 7, 5),
    content_hash="c" * 64,
    inputs_hash="i" * 64,
    code_version="0.1.0",
    seed=2**63 - 1,
)


@pytest.fixture
def edition() -> Edition:
    return EDITION


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger.open(url)


@pytest.fixture
def start():
    """Start Python code in a process of its own, in the repository's root."""
    started: list[subprocess.Popen[str]] = []

    def begin(code: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), *arguments],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
