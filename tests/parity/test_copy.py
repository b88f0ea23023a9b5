"""The lake in Postgres: what is new is copied, what changed replaced, what is gone removed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.engines import engine_of
from analysis.errors import WarehouseError
from connectors import postgres_copy, postgres_rows
from connectors.postgres_copy import WarehouseCopyError, copy_lake, uncopied
from connectors.postgres_rows import parts_of
from connectors.records import RECORDS
from programme import Settings
from tests.dbt_project.lake import Partition, write_lake

AT = datetime(2026, 3, 29, 1, 30, 0, 123456, UTC)
AWKWARD = ("\\.", "a\tb\nc", "\\N", "", "'", '"', "日本\U0001f600", None, "x" * 100_000)


@pytest.fixture
def settings(postgres_settings: Settings, tmp_path: Path) -> Settings:
    engine_of(postgres_settings).drop()
    return replace(postgres_settings, home=tmp_path)


def feedback(*comments: str | None, **own: Any) -> list[dict[str, Any]]:
    return [
        {"response_id": f"r{place}", "question_id": "q", "comment": text, "responded_at": AT} | own
        for place, text in enumerate(comments)
    ]


def lake(settings: Settings, **days: list[dict[str, Any]]) -> None:
    parts = [
        Partition("feedback", "shop", f"2026-07-{day.removeprefix('day_')}", rows)
        for day, rows in days.items()
    ]
    write_lake(settings.lake, partitions=parts)


def rows(settings: Settings, columns: str, relation: str = "raw.feedback") -> list[tuple[Any, ...]]:
    return list(
        engine_of(settings).fetch(f"select {columns} from {relation} order by 1 nulls last")
    )


def test_every_text_number_and_instant_arrives_as_it_was(settings: Settings) -> None:
    lake(settings, day_01=feedback(*AWKWARD, score=5e-324, scale_max=1e308, is_high_good=True))
    summary = copy_lake(settings)
    assert summary is not None
    assert summary.rows >= len(AWKWARD)
    found = rows(settings, "response_id, comment, score, scale_max, is_high_good, responded_at")
    at = AT.replace(tzinfo=None)
    assert found == [
        (f"r{place}", text, 5e-324, 1e308, True, at) for place, text in enumerate(AWKWARD)
    ]
    assert rows(settings, "distinct source, load_date") == [("shop", "2026-07-01")]


def test_only_what_is_new_changed_or_gone_is_touched(settings: Settings) -> None:
    lake(settings, day_01=feedback("a"), day_02=feedback("b", "c"))
    first = copy_lake(settings)
    assert first is not None
    assert uncopied(settings) == []
    again = copy_lake(settings)
    assert again is not None
    assert (again.copied, again.removed, again.standing) == (0, 0, first.copied)
    assert str(again).startswith("nothing new")

    lake(settings, day_02=feedback("changed"), day_03=feedback("new"))
    behind = uncopied(settings)
    assert behind is not None
    assert len(behind) == 2
    second = copy_lake(settings)
    assert second is not None
    assert (second.copied, second.rows, second.removed) == (2, 2, 0)
    assert sorted(rows(settings, "comment")) == [("a",), ("changed",), ("new",)]

    shutil.rmtree(settings.lake / "raw/feedback/source=shop/load_date=2026-07-01")
    third = copy_lake(settings)
    assert third is not None
    assert (third.copied, third.removed) == (0, 1)
    assert sorted(rows(settings, "comment")) == [("changed",), ("new",)]


def test_a_declared_table_is_replaced_whole(settings: Settings) -> None:
    one = {"benchmark_id": "b", "metric": "nps"}
    write_lake(settings.lake, declared={"benchmark_metric": [one]})
    copy_lake(settings)
    write_lake(settings.lake, declared={"benchmark_metric": [one | {"metric": "ces_mean"}]})
    copy_lake(settings)
    assert rows(settings, "*", "declared.benchmark_metric") == [("b", "ces_mean")]


def test_a_column_the_file_lacks_is_null_and_a_new_one_remakes_the_table(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake(settings, day_01=feedback("a"))
    copy_lake(settings)
    schema = RECORDS["feedback"].schema.append(pa.field("mood", pa.string()))
    every = postgres_rows.schemas()
    for module in (postgres_copy, postgres_rows):
        monkeypatch.setattr(module, "schemas", lambda: every | {"raw.feedback": schema})
    summary = copy_lake(settings)
    assert summary is not None
    assert summary.copied == 2  # the empty partition and the one of the shop
    assert rows(settings, "comment, mood") == [("a", None)]


def test_the_manifests_hash_is_believed_and_a_file_without_one_is_read(settings: Settings) -> None:
    lake(settings, day_01=feedback("a"))
    manifest = settings.lake / "manifests/shop/2026-07-01.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"outputs": {"raw": {"feedback": {"sha256": "abc"}}}}))
    found = {part.key: part.fingerprint for part in parts_of(settings.lake)}
    assert found["raw.feedback", "shop", "2026-07-01"] == "abc"
    assert len(found["raw.feedback", "_none", "1970-01-01"]) == 64


def test_a_nul_becomes_the_sign_for_a_wrong_character(settings: Settings) -> None:
    lake(settings, day_01=feedback("a\0b"))
    copy_lake(settings)
    assert rows(settings, "comment") == [("a\N{REPLACEMENT CHARACTER}b",)]


def test_texts_are_sorted_by_their_bytes(settings: Settings) -> None:
    lake(settings, day_01=feedback("a", "B", "é", "z"))
    copy_lake(settings)
    assert rows(settings, "comment") == [("B",), ("a",), ("z",), ("é",)]
    assert engine_of(settings).fetch("select 'a' < 'B'") == [(True,)], "the server sorts by bytes"


def test_a_file_that_breaks_off_leaves_what_was_there(settings: Settings) -> None:
    lake(settings, day_01=feedback("old"))
    copy_lake(settings)
    path = settings.lake / "raw/feedback/source=shop/load_date=2026-07-01/part-0.parquet"
    wrong = pa.table({"response_id": [1.5], "question_id": ["q"], "comment": ["new"]})
    pq.write_table(wrong.set_column(0, "response_id", pa.array([{"no": "text"}])), path)
    with pytest.raises(WarehouseCopyError, match=r"load_date=2026-07-01/part-0\.parquet .*struct"):
        copy_lake(settings)
    assert rows(settings, "comment") == [("old",)]


def test_two_copies_at_once_copy_each_file_once(settings: Settings) -> None:
    lake(settings, **{f"day_{day:02d}": feedback(*"abc") for day in range(1, 9)})
    code = (
        "from connectors.postgres_copy import copy_lake; from programme import Settings;"
        "print(copy_lake(Settings.from_environment()).copied)"
    )
    environment = {
        "CXLOOP_HOME": str(settings.home),
        "CXLOOP_DBT_TARGET": "postgres",
        "CXLOOP_POSTGRES_URL": str(settings.postgres_url),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    call = [sys.executable, "-c", code]
    runs = [
        subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, text=True) for _ in "ab"
    ]
    copied = sorted(int(run.communicate()[0]) for run in runs)
    assert copied[0] == 0
    assert copied[1] > 8
    assert rows(settings, "count(*)") == [(24,)]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (None, r"CXLOOP_POSTGRES_URL is not set.* Mend: set it, such as postgresql://"),
        ("postgresql://cx:s3cr3t@127.0.0.1:1/cx", "cannot be reached"),
    ],
)
def test_what_cannot_be_reached_is_told_without_the_password(
    settings: Settings, url: str | None, told: str
) -> None:
    elsewhere = replace(settings, postgres_url=url)
    with pytest.raises(WarehouseCopyError, match=told) as caught:
        copy_lake(elsewhere)
    assert "s3cr3t" not in str(caught.value)
    with pytest.raises(WarehouseError, match=told) as refused:
        engine_of(elsewhere).fetch("select 1")
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgresql://host/db", "postgresql://u@h", "x"])
def test_an_address_of_something_else_is_refused(settings: Settings, url: str) -> None:
    with pytest.raises(WarehouseError, match="no address of a Postgres database"):
        engine_of(replace(settings, postgres_url=url))


def test_a_table_that_is_missing_and_a_right_that_is_not_there_are_told(
    settings: Settings,
) -> None:
    engine = engine_of(settings)
    with pytest.raises(WarehouseError, match=r"lacks a table.* Mend: run `cxloop run`"):
        engine.fetch("select * from cx.nothing")
    lake(settings, day_01=feedback("a"))
    copy_lake(settings)
    assert not engine.is_built()
    with engine.connected() as connection, connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("drop role if exists guest")
        cursor.execute("create role guest login")
        connection.commit()
    guest = str(settings.postgres_url).replace("cxloop@", "guest@")
    with pytest.raises(WarehouseError, match="guest may not do this"):
        engine_of(replace(settings, postgres_url=guest)).fetch("select * from raw.feedback")
    with pytest.raises(WarehouseCopyError, match="permission denied"):
        copy_lake(replace(settings, postgres_url=guest))


def test_a_session_counts_days_in_utc_wherever_the_server_stands(settings: Settings) -> None:
    engine = engine_of(settings)
    assert engine.zone() == "UTC"
    assert engine.fetch("select '100%' || ?", "?")[0][0] == "100%?"


def test_a_warehouse_that_is_dropped_holds_nothing(settings: Settings) -> None:
    lake(settings, day_01=feedback("a"))
    copy_lake(settings)
    engine = engine_of(settings)
    assert engine.relations()
    engine.drop()
    assert not engine.relations()
    assert copy_lake(settings) is not None
    assert rows(settings, "comment") == [("a",)]
