"""Calendars and promises as tables."""

from __future__ import annotations

from datetime import date

import pyarrow.parquet as pq

from connectors.landing import declare
from tests.connectors.conftest import Bench

CALENDAR = """
title: {en: Desk, ja: 窓口}
timezone: Asia/Tokyo
valid_from: 2026-07-01
hours: {wednesday: ["09:00-18:00"]}
serves: {teams: [a, b], sources: [bench], company: true}
"""
LEVEL = """
title: {en: Promise, ja: お約束}
owner: support
valid_from: 2026-01-01
targets:
  - {priority: urgent, first_reply_minutes: 60}
  - {clock: calendar, resolution_minutes: 2880}
"""


def rows(bench: Bench, name: str) -> list[tuple[object, ...]]:
    file = bench.settings.lake / "declared" / name / "part-0.parquet"
    return [tuple(row.values()) for row in pq.ParquetFile(file).read().to_pylist()]


def test_calendars_and_promises_are_rows(bench: Bench) -> None:
    bench.source(
        "system: {kind: files}\nentities: {a: {files: {pattern: x}, records: "
        "[{record: account, fields: {account_id: id}}]}}"
    )
    for folder, name, text in (("calendars", "desk", CALENDAR), ("service_levels", "p", LEVEL)):
        file = bench.root / "programme" / folder / f"{name}.yml"
        file.parent.mkdir()
        file.write_text(text, encoding="utf-8")
    declare(bench.programme, bench.settings, as_of=date(2026, 7, 5))
    assert rows(bench, "calendar_choice") == [
        ("desk", "team", "a"),
        ("desk", "team", "b"),
        ("desk", "source", "bench"),
        ("desk", "company", None),
    ]
    clock = rows(bench, "calendar_segment")
    assert [row[4] for row in clock[:3]] == [True, False, False]
    # until the end of the year after: 2026-07-01 to 2027-12-31, one or two parts a day
    assert (clock[0][1], clock[-1][1]) == (date(2026, 7, 1), date(2027, 12, 31))
    assert len(clock) == 549 + 79
    promised = rows(bench, "service_target")
    assert promised[0][:8] == ("p", 1.0, None, None, "urgent", None, "business", 60.0)
    assert promised[1][1:] == (
        *(2.0, None, None, None, None, "calendar", None, 2880.0),
        *(date(2026, 1, 1), None),
    )
