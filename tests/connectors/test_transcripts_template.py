"""The template of calls: it holds together, and makes canonical records of a call."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from connectors.mapping import Context, map_rows
from connectors.reading import read_chunks
from connectors.reading.chunks import Place
from connectors.records import RECORDS
from programme import check, load_programme
from tests.connectors.conftest import Bench

TEMPLATES = Path(__file__).resolve().parents[2] / "programme" / "templates"
CALL = """WEBVTT

00:00:03.000 --> 00:00:07.000
<v オペレーター佐藤>お電話ありがとうございます。品質向上のため、この通話は録音

00:00:07.000 --> 00:00:09.500
<v オペレーター佐藤>させていただきます。

00:00:09.000 --> 00:00:12.000
<v 森>解約したいのですが

00:01:02.000 --> 00:01:05.000
<v オペレーター佐藤>ご本人様確認をお願いします。
"""


def mapped(bench: Bench, name: str, text: str) -> dict[str, list[dict[str, Any]]]:
    template = (TEMPLATES / "sources" / "calls.yml").read_text(encoding="utf-8")
    (bench.root / "programme" / "sources" / "calls.yml").write_text(template, encoding="utf-8")
    programme = load_programme(bench.root / "programme")
    fields = {name: {field.name for field in record.fields} for name, record in RECORDS.items()}
    keys = {name: record.key for name, record in RECORDS.items()}
    assert not check(programme, metrics=None, segments=None, records=fields, record_keys=keys)
    source = programme.sources["calls"]
    entity = source.entities["calls"]
    assert entity.files is not None
    place = Place("calls", "calls", name)
    (chunk,) = read_chunks(lambda: io.BytesIO(text.encode()), entity.files, place)
    assert not chunk.refusals
    context = Context("calls", "calls", name, source.timezone, {})
    found = {}
    for mapping in entity.records:
        made = map_rows(chunk.rows, mapping, context)
        assert not made.refusals
        found[mapping.record] = made.table.to_pylist()
    return found


def test_a_call_becomes_its_records(bench: Bench) -> None:
    found = mapped(bench, "2026/20260701T093000_K1234.vtt", CALL)
    (call,) = found["interaction"]
    told = {key: value for key, value in call.items() if value is not None}
    opened = told.pop("opened_at")
    assert opened.isoformat() == "2026-07-01T00:30:00+00:00"
    assert told == {
        "interaction_id": "20260701T093000_K1234",
        "customer_id": "K1234",
        "kind": "call",
        "channel": "phone",
        "agent_id": "オペレーター佐藤",
        "talk_seconds": 12.0,
        "silence_seconds": 50.0,
        "wait_seconds": 3.0,
        "is_flagged": True,
    }
    turns = [(t["turn_id"], t["speaker"], t["start_seconds"]) for t in found["interaction_turn"]]
    assert turns == [
        ("00001", "agent", 3.0),
        ("00002", "agent", 7.0),
        ("00003", "customer", 9.0),
        ("00004", "agent", 62.0),
    ]
    statements = {
        s["statement_id"]: (s["is_said"], s["said_seconds"], s["checked_at"] == opened)
        for s in found["interaction_statement"]
    }
    assert statements == {
        "recording_notice": (True, 3.0, True),
        "identity_check": (True, 62.0, True),
        "closing_question": (False, None, True),
    }


def test_calls_land_from_files_with_a_bad_one_set_aside(bench: Bench) -> None:
    text = (TEMPLATES / "sources" / "calls.yml").read_text(encoding="utf-8")
    (bench.root / "programme" / "sources" / "src.yml").write_text(text, encoding="utf-8")
    bench.file("calls/20260701T093000_K1234.vtt", CALL)
    bench.file(
        "calls/20260701T100000_K9.vtt", "WEBVTT\n\n00:01,000 --> 00:02,000\n<v 森>もしもし\n"
    )
    bench.run()
    (call,) = bench.raw("interaction")
    assert (call["interaction_id"], call["talk_seconds"]) == ("20260701T093000_K1234", 12.0)
    assert len(bench.raw("interaction_turn")) == 4
    assert len(bench.raw("interaction_statement")) == 3
    (refused,) = bench.quarantine("interaction")
    assert refused["rule"] == "transcript_is_readable"
    assert "もしもし" in refused["payload"]
    # the file sent again, mended: the next run takes it
    bench.file("calls/20260701T100000_K9.vtt", CALL.replace("森", "林"))
    bench.run()
    assert {row["customer_id"] for row in bench.raw("interaction")} == {"K1234", "K9"}


def test_two_calls_in_which_nobody_speaks_are_two_calls(bench: Bench) -> None:
    text = (TEMPLATES / "sources" / "calls.yml").read_text(encoding="utf-8")
    (bench.root / "programme" / "sources" / "src.yml").write_text(text, encoding="utf-8")
    for name in ("20260701T093000_K1", "20260701T100000_K2"):
        bench.file(f"calls/{name}.vtt", "WEBVTT\n")
    for _ in range(2):
        bench.run()
        calls = bench.raw("interaction")
        assert [(call["customer_id"], call["talk_seconds"]) for call in calls] == [
            ("K1", None),
            ("K2", None),
        ]
