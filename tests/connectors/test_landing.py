"""Raw is a function of landing and mapping: exact, repeatable, whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from connectors import lake
from connectors.empty_partitions import ensure_empty_partitions
from connectors.errors import (
    HeldBatchError,
    LakeWriteError,
    ReconciliationError,
    SchemaDriftError,
)
from connectors.extraction import withdraw
from connectors.landing import lake_fingerprint
from connectors.partition import Counts
from connectors.records import RECORDS
from ledger import Ledger
from tests.connectors.conftest import DAY, ORDERS, Bench

HEADER = "id,amount,at\n"
NEXT_DAY = date(2026, 7, 6)


def filled(orders: Bench) -> Bench:
    rows = "b,2,2026-07-02\na,1,2026-07-01\na,1,2026-07-01\nc,x,2026-07-01\n"
    orders.file("orders1.csv", HEADER + rows)
    orders.file("orders2.csv", HEADER + "d,4,2026-07-03 04:00\n")
    return orders


def test_rows_are_landed_in_the_pinned_schema_and_counted(orders: Bench) -> None:
    summary = filled(orders).run()
    assert summary.counts == Counts(received=5, landed=3, quarantined=1, duplicate=1)
    assert [row["order_id"] for row in orders.raw("order")] == ["a", "b", "d"]
    path = orders.settings.lake / f"raw/order/source=src/load_date={DAY}/part-0.parquet"
    assert pq.ParquetFile(path).schema_arrow.equals(RECORDS["order"].schema, check_metadata=True)


def test_the_ledger_is_told_each_load(orders: Bench) -> None:
    filled(orders).run()
    (load,) = orders.ledger.loads()
    assert (load.source, load.load_date, load.received, load.landed) == ("src", DAY, 5, 3)
    assert (load.quarantined, load.duplicate) == (1, 1)
    assert load.watermark == datetime(2026, 7, 3, 4, tzinfo=UTC)
    assert orders.run().rewritten == ()
    assert orders.ledger.calls == 1


def test_the_real_ledger_takes_the_load(orders: Bench) -> None:
    filled(orders).extract()
    orders.ledger = Ledger.open(f"sqlite:///{orders.root / 'ledger.db'}")  # type: ignore[assignment]
    orders.land()
    assert orders.ledger.loads()[0].landed == 3


def test_a_load_that_the_ledger_missed_is_told_later(orders: Bench) -> None:
    filled(orders).run()
    orders.ledger.entries.clear()
    assert orders.land().rewritten == ()
    assert len(orders.ledger.entries) == 1


def test_a_day_without_anything_new_is_a_load_of_nothing(orders: Bench) -> None:
    filled(orders).run()
    orders.run(NEXT_DAY)
    loads = {load.load_date: load.received for load in orders.ledger.loads()}
    assert loads == {DAY: 5, NEXT_DAY: 0}
    assert not orders.raw("order", NEXT_DAY)


def test_the_same_landing_gives_the_same_bytes(orders: Bench) -> None:
    filled(orders).run()
    first, fingerprint = orders.bytes_of_raw(), lake_fingerprint(orders.settings)
    assert first
    shutil.rmtree(orders.settings.lake / "raw")
    shutil.rmtree(orders.settings.lake / "manifests")
    assert lake_fingerprint(orders.settings) != fingerprint
    orders.run(run_id="another")
    assert orders.bytes_of_raw() == first
    assert lake_fingerprint(orders.settings) == fingerprint
    shutil.rmtree(orders.settings.lake)
    orders.run(run_id="from the source again")
    assert orders.bytes_of_raw() == first


def test_a_partition_file_that_is_gone_is_made_again(orders: Bench) -> None:
    filled(orders).run()
    first = orders.bytes_of_raw()
    (orders.settings.lake / f"raw/order/source=src/load_date={DAY}/part-0.parquet").unlink()
    assert orders.land().rewritten == (DAY,)
    assert orders.bytes_of_raw() == first


def test_a_changed_mapping_rewrites_and_records_no_longer_made_vanish(orders: Bench) -> None:
    filled(orders).run()
    orders.source(ORDERS.replace("amount: amount", "amount: {column: amount, missing: [x]}"))
    assert orders.land().rewritten == (DAY,)
    assert [row["order_id"] for row in orders.raw("order")] == ["a", "b", "c", "d"]
    assert not orders.quarantine("order")
    orders.source(
        """
        system: {kind: files}
        entities:
          orders:
            files: {pattern: "orders*.csv"}
            records:
              - record: account
                fields: {account_id: id, valid_from: {const: "2020-01-01"}}
        """
    )
    orders.land()
    assert len(orders.raw("account")) == 4
    assert not list((orders.settings.lake / "raw" / "order" / "source=src").rglob("*.parquet"))


def test_a_batch_killed_before_its_manifest_is_removed_and_read_again(orders: Bench) -> None:
    filled(orders).extract()
    folder = orders.settings.lake / f"landing/src/orders/load_date={DAY}"
    manifests = sorted(folder.glob("*.json"))
    manifests[1].unlink()
    orders.file("orders2.csv", HEADER + "d,5,2026-07-03\n")  # so that its batch has another name
    (folder / "000009.zst.unfinished").write_bytes(b"half")
    summary = orders.extract()
    assert summary.entities[0].orphans == 1
    assert len(summary.entities[0].batches) == 1
    orders.file("orders1.csv", HEADER + "e,1,2026-07-01\n")
    orders.run()
    assert [row["order_id"] for row in orders.raw("order")] == ["a", "b", "d", "e"]
    assert {path.stem for path in folder.glob("*.zst")} == {
        path.stem for path in folder.glob("*.json")
    }
    assert not list(folder.glob("*.unfinished"))


def test_a_run_killed_while_writing_raw_is_mended_by_the_next(
    orders: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(orders).run()
    first = orders.bytes_of_raw()
    orders.source(ORDERS.replace("purchase", "renewal"))
    written = lake.write_json

    def killed(path: Path, content: dict[str, Any], *, source: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("connectors.landing.write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        orders.land()
    monkeypatch.setattr("connectors.landing.write_json", written)
    orders.source(ORDERS)
    assert orders.land().rewritten == (DAY,), "back to the old mapping, but raw was half new"
    assert orders.bytes_of_raw() == first


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte; skips where mounting is not permitted."""
    place = tmp_path / "home"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no permission to mount a small file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_names_path_and_space_and_the_next_run_recovers(
    orders: Bench, small_disk: Path
) -> None:
    filled(orders)
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(b"x" * 2_000_000)
    with pytest.raises(LakeWriteError, match=r"disk is full \(\d+ bytes free\).*free space"):
        orders.extract()
    ballast.unlink()
    orders.extract()
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(b"x" * 2_000_000)
    with pytest.raises(LakeWriteError, match="disk is full"):
        orders.land()
    assert not orders.ledger.entries
    ballast.unlink()
    assert orders.land().counts.landed == 3


@pytest.mark.parametrize("victim", ["part-0.parquet", f"{DAY}.json", "000002.zst"])
def test_a_disk_that_fills_at_any_file_leaves_nothing_half(
    orders: Bench, monkeypatch: pytest.MonkeyPatch, victim: str
) -> None:
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == victim and "_none" not in str(target):
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(self, target)

    filled(orders)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(LakeWriteError, match="run again: the run takes up where it stopped"):
        orders.run()
    monkeypatch.setattr(Path, "replace", replace)
    assert not list(orders.settings.lake.rglob("*.unfinished"))
    orders.run()
    assert [row["order_id"] for row in orders.raw("order")] == ["a", "b", "d"]


def test_counts_that_do_not_add_up_are_refused(
    orders: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(orders).extract()
    monkeypatch.setattr(Counts, "reconciles", property(lambda self: False))
    with pytest.raises(ReconciliationError, match=r"src\.orders.*'received': 5"):
        orders.land()
    assert not orders.raw("order")


def test_received_is_the_sum_of_the_parts_for_every_entity_and_record(orders: Bench) -> None:
    filled(orders).run()
    for records in orders.manifest()["counts"].values():
        for counts in records.values():
            received = counts.pop("received")
            assert received == sum(counts.values()) == 5


def test_the_newest_of_equal_versions_wins_whichever_entity_sends_it(bench: Bench) -> None:
    mapped = "order_id: id, kind: {const: purchase}, amount: n, ordered_at: at, version: v"
    fields = f"fields: {{{mapped}}}"
    bench.source(f"""
        system: {{kind: files}}
        entities:
          old:
            files: {{pattern: "old.csv"}}
            records: [{{record: order, {fields}}}]
          new:
            files: {{pattern: "new.csv"}}
            records: [{{record: order, {fields}}}]
    """)
    bench.file("old.csv", "id,n,at,v\na,1,2026-07-01,2026-07-01\nb,1,2026-07-01,2026-07-01\n")
    bench.file("new.csv", "id,n,at,v\na,2,2026-07-01,2026-07-02\nb,2,2026-07-01,2026-07-01\n")
    bench.run()
    rows = [(row["order_id"], row["amount"], row["version"].day) for row in bench.raw("order")]
    assert rows == [("a", 1.0, 1), ("a", 2.0, 2), ("b", 2.0, 1)]
    counts = bench.manifest()["counts"]
    assert (counts["old"]["order"]["duplicate"], counts["new"]["order"]["duplicate"]) == (1, 0)


def test_a_held_day_does_not_keep_other_days_from_landing(orders: Bench) -> None:
    check = (
        "        checks:\n          - {record: order, severity: hold, "
        "expectation: expect_column_max_to_be_between, kwargs: {column: amount, max_value: 9}}\n"
    )
    orders.source(ORDERS + check)
    orders.file("orders1.csv", HEADER + "a,100,2026-07-01\n")
    orders.extract()
    orders.file("orders2.csv", HEADER + "b,1,2026-07-01\n")
    orders.extract(NEXT_DAY)
    with pytest.raises(HeldBatchError):
        orders.land()
    assert [row["order_id"] for row in orders.raw("order", NEXT_DAY)] == ["b"]
    (batch,) = (orders.settings.lake / f"landing/src/orders/load_date={DAY}").glob("*.json")
    withdraw(orders.settings, "src", "orders", batch.stem, reason="the amounts were in sen")
    orders.file("orders1.csv", HEADER + "a,1,2026-07-01\n")
    orders.run(NEXT_DAY)
    assert [row["order_id"] for row in orders.raw("order", NEXT_DAY)] == ["a", "b"]
    withdrawn = orders.settings.lake / "landing/src/orders/withdrawn"
    assert len(list(withdrawn.iterdir())) == 3


def test_a_withdrawn_file_stays_away_until_it_changes(orders: Bench) -> None:
    orders.file("orders1.csv", "id,sum,at\na,1,2026-07-01\n")
    orders.file("orders2.csv", HEADER + "b,1,2026-07-01\n")
    with pytest.raises(SchemaDriftError, match="amount"):
        orders.run()
    folder = orders.settings.lake / f"landing/src/orders/load_date={DAY}"
    (first, _) = sorted(folder.glob("*.json"))
    withdraw(orders.settings, "src", "orders", first.stem, reason="the wrong export")
    assert orders.run().counts.landed == 1
    path = orders.file("orders1.csv", "id,sum,at\na,1,2026-07-01\n")
    os.utime(path, (0, 0))  # touched, with the same content
    assert orders.run().rewritten == ()
    orders.file("orders1.csv", HEADER + "a,1,2026-07-01\n")
    orders.run()
    assert [row["order_id"] for row in orders.raw("order")] == ["a", "b"]


def test_a_column_that_a_new_version_brings_is_there_for_what_landed_before(orders: Bench) -> None:
    """Only the empty partition tells the warehouse of it: what landed is not written again."""
    ensure_empty_partitions(orders.settings)
    path = orders.settings.lake / "raw/order/source=_none/load_date=1970-01-01"
    (file,) = path.iterdir()
    schema = pq.read_schema(file)
    pq.write_table(schema.remove(schema.get_field_index("amount")).empty_table(), file)
    ensure_empty_partitions(orders.settings)
    assert pq.read_schema(file).equals(RECORDS["order"].schema)


def test_every_record_can_be_read_before_anything_landed(orders: Bench) -> None:
    ensure_empty_partitions(orders.settings)
    for name, record in RECORDS.items():
        place = f"raw/{name}/source=_none/load_date=1970-01-01/part-0.parquet"
        table = pq.ParquetFile(orders.settings.lake / place).read()
        assert table.num_rows == 0
        assert table.schema.equals(record.schema)


def test_two_runs_of_one_source_do_not_write_at_once(
    orders: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake, "LOCK_SECONDS", 0.05)
    with (
        lake.Lake(orders.settings.lake, "src").locked(),
        pytest.raises(lake.LakeBusyError, match="another run"),
    ):
        filled(orders).extract()


def test_the_manifest_says_what_was_delivered_twice(orders: Bench) -> None:
    filled(orders)
    orders.file("orders3.csv", HEADER + "d,4,2026-07-03 04:00\n")
    orders.run()
    note = json.loads((orders.settings.lake / f"landing/src/_visits/{DAY}.json").read_text())
    assert note["repeated_files"] == [["orders", "orders3.csv", "orders2.csv"]]
