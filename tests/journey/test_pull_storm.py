"""`kill -9` at random moments of pulls over every kind of source changes nothing.

`CXLOOP_PULL_KILLS` sets how many kills (`make chaos`: 200).
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.journey.pull_world import DAYS, ROUNDS, deliver, write_data, write_programme

KILLS = int(os.environ.get("CXLOOP_PULL_KILLS", "4"))
KILLS_PER_ROUND = 4
SEED = 20260705
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class World:
    """The servers in a process of their own, and what they are to hold."""

    root: Path
    server: subprocess.Popen[str]

    def turn_to(self, round_: int) -> dict[str, str]:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(f"{round_}\n")
        self.server.stdin.flush()
        found: dict[str, str] = json.loads(self.server.stdout.readline())
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    command = [sys.executable, "-m", "tests.journey.pull_world"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as server:
        found = World(tmp_path, server)
        write_programme(tmp_path / "programme", found.turn_to(1))
        yield found
        server.terminate()


def child(task: Any) -> int:
    """Run ``task`` in a fork; its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        task()
        code = 0
    except BaseException as error:
        # past pytest's capture, which the parent owns
        os.write(2, f"\n{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def pull(world: World, home: Path, round_: int) -> None:
    """Extract and land every source, in parts as small as they come."""
    from connectors import intake
    from connectors.extraction import extract
    from connectors.landing import land
    from ledger import Ledger
    from programme import Settings, load_programme

    intake.PART_ROWS = 20
    os.environ |= world_environment(world, home)
    settings = Settings.from_environment(os.environ)
    programme = load_programme(world.root / "programme")
    ledger = Ledger.open(f"sqlite:///{home / 'ledger.db'}")
    order = random.Random(os.getpid()).sample(sorted(programme.sources), len(programme.sources))
    for name in order:
        extract(programme, settings, name, load_date=DAYS[round_], run_id="storm")
        land(programme, settings, ledger, name, run_id="storm")


def world_environment(world: World, home: Path) -> dict[str, str]:
    return {
        **json.loads((world.root / "addresses.json").read_text(encoding="utf-8")),
        "CXLOOP_PROGRAMME": str(world.root / "programme"),
        "CXLOOP_HOME": str(home),
        "CXLOOP_DATA_ROOT": str(world.root / "data"),
    }


def write_state(home: Path, into: Path) -> None:
    """Rows of raw and quarantine, whatever their order, and each entity's cursor."""
    import pyarrow.parquet as pq

    lake = home / "lake"
    found: dict[str, Any] = {}
    for path in sorted(lake.glob("*/*/source=*/load_date=*/*.parquet")):
        if "_none" in str(path):
            continue
        with pq.ParquetFile(path) as file:
            rows = sorted(repr(sorted(row.items())) for row in file.read().to_pylist())
        digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()
        found[str(path.relative_to(lake))] = [len(rows), digest]
    for entity in sorted(lake.glob("landing/*/*")):
        cursors = [
            json.loads(path.read_text(encoding="utf-8")).get("cursor")
            for path in entity.glob("load_date=*/*.json")
        ]
        known = [cursor for cursor in cursors if cursor is not None]
        found[f"cursor {entity.relative_to(lake)}"] = max(known, key=str, default=None)
    into.write_text(json.dumps(found, indent=1, sort_keys=True), encoding="utf-8")


def outcome(pid: int) -> int:
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def state_of(world: World, home: Path) -> dict[str, Any]:
    path = world.root / "state.json"
    assert outcome(child(partial(write_state, home, path))) == 0
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def begin(world: World, home: Path, round_: int) -> None:
    addresses = world.turn_to(round_)
    (world.root / "addresses.json").write_text(json.dumps(addresses), encoding="utf-8")
    if round_ == 1:
        shutil.rmtree(world.root / "data", ignore_errors=True)
    write_data(world.root / "data", round_)
    deliver(home, round_)


@pytest.mark.timeout(7200)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_pulls_killed_anywhere_end_as_if_nothing_had_been(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    # imported once, here: a child then starts in no time, and a kill hits the pull
    import connectors.extraction
    import connectors.landing  # noqa: F401

    with warnings.catch_warnings(action="ignore"):
        importlib.import_module("great_expectations.expectations")

    whole, seconds = undisturbed(world)
    assert len(whole) > 30, "every kind of source left something"
    rng = random.Random(SEED)
    kills: Counter[str] = Counter()
    storms = 0
    while kills.total() < KILLS:
        storms += 1
        home = world.root / f"home{storms}"
        for round_ in ROUNDS:
            begin(world, home, round_)
            kill_some(world, home, round_, seconds, rng, kills)
            assert outcome(child(partial(pull, world, home, round_))) == 0
        found = state_of(world, home)
        differing = {key for key in whole | found if whole.get(key) != found.get(key)}
        assert not differing, f"storm {storms} after {kills.total()} kills: {sorted(differing)}"
        shutil.rmtree(home)
        with capsys.disabled():
            print(f" storm {storms}: {kills.total()} kills so far, all the same")
    with capsys.disabled():
        print(
            f" kill -9 {dict(kills)}: {kills.total()} in {storms} storms; "
            f"{len(whole)} partitions and cursors each time as undisturbed"
        )


def undisturbed(world: World) -> tuple[dict[str, Any], float]:
    """What two rounds leave, and the seconds that one takes."""
    home = world.root / "undisturbed"
    began = time.monotonic()
    for round_ in ROUNDS:
        begin(world, home, round_)
        assert outcome(child(partial(pull, world, home, round_))) == 0
    return state_of(world, home), (time.monotonic() - began) / len(ROUNDS)


def kill_some(
    world: World,
    home: Path,
    round_: int,
    seconds: float,
    rng: random.Random,
    kills: Counter[str],
) -> None:
    """Start a pull and kill it, some times over; a pull that ended before is no kill."""
    for _ in range(KILLS_PER_ROUND):
        pid = child(partial(pull, world, home, round_))
        time.sleep(rng.uniform(0.02, 0.7 * seconds))
        os.kill(pid, signal.SIGKILL)
        code = outcome(pid)
        assert code in (0, -signal.SIGKILL), f"the pull failed by itself: {code}"
        if not code:
            return  # nothing is left to be killed in this round
        kills[f"round {round_}"] += 1
