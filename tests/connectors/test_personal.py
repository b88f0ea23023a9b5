"""Personal data never land: neither in tables nor in payloads, and not when a column is renamed."""

from __future__ import annotations

import json

import pytest

from connectors.errors import MissingSettingError, SchemaDriftError
from tests.connectors.conftest import Api, Bench

KEY = "a long random secret of the company"
CSV = """
    system: {kind: files}
    entities:
      orders:
        files: {pattern: "*.csv"}
        personal: {email: hash, phone: drop}
        records:
          - record: order
            fields: {order_id: id, customer_id: email, kind: {const: purchase}, ordered_at: at}
"""


def everything(bench: Bench) -> bytes:
    return b"".join(path.read_bytes() for path in bench.settings.home.rglob("*") if path.is_file())


def uncompressed(bench: Bench, entity: str) -> str:
    return json.dumps([table.to_pylist() for table in bench.landed(entity)])


def test_a_column_is_hashed_or_dropped_before_landing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXLOOP_HASH_KEY", KEY)
    bench.source(CSV)
    bench.file(
        "o.csv", "id,email,phone,at\n1,a@x.jp,090-1,2026-07-01\n2,a@x.jp,090-2,bad\n3,,,bad\n"
    )
    bench.run()
    landed = uncompressed(bench, "orders")
    assert "a@x.jp" not in landed
    assert "090-" not in landed
    assert b"a@x.jp" not in everything(bench)
    (row,) = bench.raw("order")
    assert len(row["customer_id"]) == 64
    first, second = sorted(bench.quarantine("order"), key=lambda row: row["payload"])
    assert json.loads(first["payload"])["email"] == row["customer_id"]
    assert json.loads(second["payload"])["email"] == ""


def test_the_hash_depends_on_the_key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.source(CSV)
    found = []
    for number, key in enumerate(("one key", "another key")):
        monkeypatch.setenv("CXLOOP_HASH_KEY", key)
        bench.file(f"o{number}.csv", f"id,email,phone,at\n{number},a@x.jp,,2026-07-01\n")
        bench.extract()
        found.append(bench.landed("orders")[-1]["email"][-1].as_py())
    assert found[0] != found[1]


def test_without_a_key_nothing_is_read(bench: Bench) -> None:
    bench.source(CSV)
    bench.file("o.csv", "id,email,phone,at\n1,a@x.jp,090-1,2026-07-01\n")
    with pytest.raises(MissingSettingError, match="email must be hashed, but CXLOOP_HASH_KEY"):
        bench.extract()
    assert not bench.landed("orders")


def test_a_renamed_personal_column_is_drift_and_does_not_land_in_the_clear(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXLOOP_HASH_KEY", KEY)
    bench.source(CSV)
    bench.file("o.csv", "id,email_address,phone,at\n1,a@x.jp,090-1,2026-07-01\n")
    with pytest.raises(SchemaDriftError, match="`email`"):
        bench.extract()
    assert not bench.landed("orders")


def test_a_ragged_row_is_withheld_where_something_is_personal(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXLOOP_HASH_KEY", KEY)
    bench.source(CSV)
    bench.file("o.csv", "id,email,phone,at\n1,a@x.jp,090-1\n")
    bench.run()
    assert "a@x.jp" not in uncompressed(bench, "orders")
    assert bench.quarantine("order")[0]["reason"] == "3 fields instead of 4"


LINES = """
    system: {kind: files}
    entities:
      answers:
        files: {pattern: "*.jsonl", format: jsonl}
        personal: {user.email: hash, notes.author: drop, phone: drop}
        records:
          - record: feedback
            survey: service
            question: satisfaction
            fields: {response_id: id, customer_id: user.email, score: score, responded_at: at}
"""


def test_paths_inside_payloads_and_lists_are_protected(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXLOOP_HASH_KEY", KEY)
    bench.source(LINES)
    line = {
        "id": 1,
        "user": {"email": "a@x.jp", "plan": "gold"},
        "notes": [{"author": "Aoi", "text": "ok"}, {"author": None}],
        "phone": "090",
        "score": 5,
        "at": "2026-07-01",
    }
    bench.file("a.jsonl", json.dumps(line) + '\n{"user": {"email": "b@x.jp"')
    bench.run()
    landed = uncompressed(bench, "answers")
    for word in ("a@x.jp", "b@x.jp", "Aoi", "090"):
        assert word not in landed
    assert "gold" in landed
    assert len(bench.raw("feedback")[0]["customer_id"]) == 64
    assert "withheld" in bench.quarantine("feedback")[0]["payload"]


def test_payloads_of_an_api_are_protected(
    bench: Bench, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXLOOP_HASH_KEY", KEY)
    bench.source(f"""
        system: {{kind: rest, base_url: "{api.url}", max_attempts: 1}}
        entities:
          tickets:
            rest: {{path: /t, data_selector: data}}
            personal: {{requester.email: hash}}
            records:
              - record: interaction
                fields: {{interaction_id: id, kind: {{const: ticket}}, opened_at: at}}
    """)
    body = [{"id": 1, "at": "2026-07-01", "requester": {"email": "a@x.jp"}}]
    api.answer = lambda path, query, count: (200, {}, json.dumps({"data": body}))
    bench.extract()
    assert "a@x.jp" not in uncompressed(bench, "tickets")
    body[0] = {"id": 1, "at": "2026-07-01", "author": {"email": "a@x.jp"}}
    with pytest.raises(SchemaDriftError, match=r"personal field `requester\.email`"):
        bench.extract()
