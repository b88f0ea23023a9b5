"""Kill -9 at random moments of the demo, then a rerun: same tables, no mail doubled or lost."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import duckdb
import pandas as pd
import psutil
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STORMS = int(os.environ.get("CXLOOP_CHAOS_STORMS", "10"))
CUSTOMERS = 2000
COMPONENTS = ("scheduler", "worker", "api-server", "worker", "dag-processor")


def start_demo(home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cli", "--home", str(home), "demo"]
    command += ["--customers", str(CUSTOMERS)]
    with (home.parent / f"{home.name}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT)


def is_victim(line: str, victim: str) -> bool:
    """Whether a command line is the component, a worker at work, or a task (or its dbt)."""
    if victim == "worker":
        return "airflow worker -- LocalExecutor: " in line and "<idle>" not in line
    if victim == "task":
        is_task = line.startswith("airflow worker -- ") and "LocalExecutor" not in line
        return is_task or "dbt.cli.main" in line
    return f"airflow {victim}" in line or f"airflow {victim.replace('-', '_')}" in line


def processes_of(demo: psutil.Process, victim: str) -> list[psutil.Process]:
    """The demo's processes of one kind."""
    found = []
    with contextlib.suppress(psutil.Error):
        for process in demo.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if is_victim(" ".join(process.cmdline()), victim):
                    found.append(process)
    return found


def kill_one(demo: subprocess.Popen[bytes], victim: str) -> bool:
    """Kill -9 the first process of the kind, waiting for one while the demo runs."""
    while demo.poll() is None:
        for target in processes_of(psutil.Process(demo.pid), victim)[:1]:
            with contextlib.suppress(psutil.Error):
                target.kill()
                return True
        time.sleep(0.02)
    return False


def mails(home: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for file in (home / "mail").glob("*.eml"):
        message = message_from_bytes(file.read_bytes())
        found[f"{message['Message-ID']} to {message['To']}"] += 1
    return found


def tables(home: Path) -> dict[str, pd.DataFrame]:
    with duckdb.connect(str(home / "warehouse" / "cxloop.duckdb"), read_only=True) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "select table_name from information_schema.tables "
                "where table_schema = 'cx' and table_type = 'BASE TABLE' order by 1"
            ).fetchall()
        ]
        found = {name: connection.sql(f'select * from cx."{name}"').df() for name in names}
    for name, frame in found.items():
        exact = [c for c in frame.columns if not pd.api.types.is_float_dtype(frame[c])]
        rounded = frame.copy()
        for column in frame.columns.difference(exact):
            rounded[column] = frame[column].round(6)
        found[name] = frame.iloc[rounded.astype(str).sort_values(list(frame.columns)).index]
    return found


def assert_same_tables(got: dict[str, pd.DataFrame], wanted: dict[str, pd.DataFrame]) -> None:
    assert len(wanted) >= 20
    assert got.keys() == wanted.keys()
    for name, frame in wanted.items():
        pd.testing.assert_frame_equal(
            got[name].reset_index(drop=True), frame.reset_index(drop=True), rtol=1e-9, obj=name
        )


@pytest.mark.chaos
@pytest.mark.timeout(7200)
def test_a_killed_demo_run_again_ends_the_same(tmp_path: Path) -> None:
    calm = tmp_path / "calm"
    calm.mkdir()
    began = time.monotonic()
    assert start_demo(calm).wait() == 0, (tmp_path / "calm.log").read_text()[-3000:]
    length = time.monotonic() - began
    wanted, wanted_mails = tables(calm), mails(calm)
    assert set(wanted_mails.values()) == {1}
    draw = random.Random(20260705)
    killed: Counter[str] = Counter()
    for number in range(STORMS):
        home = tmp_path / f"storm{number}"
        home.mkdir()
        shutil.copytree(calm / "systems", home / "systems")
        began, demo = time.monotonic(), start_demo(home)
        moments = sorted(draw.uniform(5, length * 0.8) for _ in range(2))
        told = []
        for moment, victim in zip(moments, ("task", COMPONENTS[number % 5]), strict=True):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            if kill_one(demo, victim):
                killed[victim] += 1
                told.append(f"{victim} at {time.monotonic() - began:.1f} s")
        first = demo.wait()
        again = start_demo(home).wait()
        assert again == 0, (tmp_path / f"storm{number}.log").read_text()[-3000:]
        assert mails(home) == wanted_mails, (number, told)
        assert_same_tables(tables(home), wanted)
        print(
            f"{number + 1:2d}/{STORMS}: killed {', '.join(told)}: exit {first}, then {again}: same"
        )
        shutil.rmtree(home)
    print(f"killed: {dict(killed)}, {killed.total()} in all; mails each time: {len(wanted_mails)}")
    assert killed.total() >= STORMS * 1.5
