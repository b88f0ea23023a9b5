"""Warehouses nobody here can run: the project compiles for them, into SQL that parses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from sqlfluff.core import FluffConfig, Linter

from analysis.dbt_build import PROJECT
from programme.settings import REPOSITORY
from tests.parity.compile_elsewhere import LOOKED_UP

ADAPTERS = [name for name in LOOKED_UP if name != "unknown"]
# Those that call the most macros of the dialect; all are compiled.
PARSED = ("stg_order", "fct_orders", "fct_customer_months", "driver_moments", "health_components")
RELATION = re.compile(r'"\w+"\."\w+"\."(\w+)"')


@dataclass(frozen=True)
class Compiled:
    """What stopped each warehouse's compilation, and where the SQL lies."""

    stopped_by: dict[str, str]
    folder: Path


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    folder = tmp_path_factory.mktemp("elsewhere")
    places = {"CXLOOP_LAKE": "/lake", "CXLOOP_SPARK_TABLES": "/tables"}
    environment = os.environ | places | {"CXLOOP_WAREHOUSE": str(folder / "none.duckdb")}
    call = [sys.executable, "-m", "tests.parity.compile_elsewhere", str(folder), *LOOKED_UP]
    done = subprocess.run(
        call, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Compiled(json.loads(done.stdout.splitlines()[-1]), folder)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_the_project_compiles_into_the_dialect(adapter: str, compiled: Compiled) -> None:
    assert compiled.stopped_by[adapter] == ""
    folder = compiled.folder / adapter / "compiled"
    files = {file.stem: file for file in folder.rglob("models/**/*.sql")}
    assert len(files) >= len(list((PROJECT / "models").rglob("*.sql")))
    linter = Linter(config=FluffConfig(overrides={"dialect": adapter}))
    for name in PARSED:
        # how relations are quoted is the adapter's, which is not here
        sql = RELATION.sub(r"cx.\1", files[name].read_text(encoding="utf-8"))
        problems = [each.desc() for each in linter.parse_string(sql).violations]
        assert not problems, f"{name}: {problems}"


def test_a_dialect_that_is_another_does_not_parse() -> None:
    sql = "select cast('x' || substr(md5(a), 1, 8) as bit(32))::bigint from cx.t"
    linter = Linter(config=FluffConfig(overrides={"dialect": "trino"}))
    assert linter.parse_string(sql + " where interval 3 day >> 1").violations


def test_a_warehouse_without_a_body_is_told_which_macro_lacks_it(compiled: Compiled) -> None:
    said = compiled.stopped_by["unknown"]
    assert re.search(r"has no body of the macro `(hash_bucket|weekday_of|minutes_between)`", said)
    assert "macros/dialect.sql" in said


def test_the_documented_profiles_name_what_their_adapter_needs() -> None:
    text = (REPOSITORY / "docs" / "warehouses.md").read_text(encoding="utf-8")
    outputs = {}
    for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL):
        outputs |= yaml.safe_load(block)
    assert sorted(outputs) == sorted(ADAPTERS)
    for name, profile in outputs.items():
        assert profile["type"] == name
        assert "cx" in (profile.get("schema"), profile.get("dataset"))
        secrets = [value for key, value in profile.items() if key in ("password", "token")]
        assert all("DBT_ENV_SECRET_" in value for value in secrets)
