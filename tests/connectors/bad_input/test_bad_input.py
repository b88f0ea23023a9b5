"""Every bad file ends in a named error or in quarantine, or lands as exactly what it says."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from connectors.errors import ConnectorError
from tests.connectors.bad_input import files, values
from tests.connectors.bad_input.cases import Case
from tests.connectors.conftest import Bench

CASES = [*values.CASES, *files.CASES]
LEAST = 60
OUTCOMES: dict[str, str] = {}


def test_the_corpus_is_counted_first() -> None:
    assert len(CASES) >= LEAST
    twice = [name for name, count in Counter(case.name for case in CASES).items() if count > 1]
    assert not twice
    assert all(case.landed or case.refused or case.error or "only" in case.name for case in CASES)


def declared(case: Case, **personal: str) -> str:
    """The source, as JSON, which is YAML."""
    mapping = {"record": case.record, "fields": case.fields}
    read = {"pattern": "*", **case.read}
    entity = {"files": read, "records": [mapping], "personal": personal}
    system = {"kind": "files"}
    blocks = {"system": system, "timezone": case.timezone, "entities": {"things": entity}}
    return "\n".join(f"{name}: {json.dumps(block)}" for name, block in blocks.items())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_becomes_of_it(bench: Bench, case: Case) -> None:
    bench.source(declared(case))
    bench.file(case.file, case.body)
    if case.error:
        OUTCOMES[case.name] = _fails(bench, case)
        return
    counts = bench.run().counts
    rows = bench.raw(case.record)
    refused = bench.quarantine(case.record)
    key = _key(case)
    assert {row[key] for row in rows} == set(case.landed)
    for row in rows:
        expected = case.landed[row[key]]
        assert {name: row[name] for name in expected} == expected
    assert counts.received == len(rows) + len(refused) + case.left_out
    assert (counts.landed, counts.not_applicable) == (len(rows), case.left_out)
    _require_refused(case, refused)
    OUTCOMES[case.name] = f"{len(rows)} landed, {len(refused)} in quarantine"


def _key(case: Case) -> str:
    return next(name for name, spec in case.fields.items() if name.endswith("_id"))


def _fails(bench: Bench, case: Case) -> str:
    assert case.error is not None
    kind, part = case.error
    with pytest.raises(ConnectorError) as caught:
        bench.run()
    error = caught.value
    assert type(error).__name__ == kind
    assert part in error.what
    assert (error.source, error.entity, error.where) == ("src", "things", case.file)
    assert error.mend
    assert not bench.raw(case.record)
    assert not bench.quarantine(case.record)
    return f"{kind}: {error.what[:90]}"


def _require_refused(case: Case, refused: list[dict[str, Any]]) -> None:
    left = list(refused)
    for rule, reason, payload in case.refused:
        found = [
            row
            for row in left
            if row["rule"] == rule and reason in row["reason"] and _holds(row["payload"], payload)
        ]
        assert found, (rule, reason, payload, refused)
        left.remove(found[0])
    assert not left


def _holds(payload: str, part: str) -> bool:
    """Whether the row as received holds it, as text or as a value of the JSON it became."""
    return part in payload or json.dumps(part, ensure_ascii=False)[1:-1] in payload


PERSONAL = [
    case
    for case in (*files.SHAPES, *files.JSONS, *files.BINARY)
    if not case.error and not case.read.get("header_rows") and "note" in str(case.body)
]


@pytest.mark.parametrize("case", PERSONAL, ids=lambda case: case.name)
def test_the_same_becomes_of_it_where_something_is_personal(
    bench: Bench, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are then protected before they land, and what is no row may hold anything."""
    monkeypatch.setenv("CXLOOP_HASH_KEY", "a key for tests only")
    bench.source(declared(case, note="hash"))
    bench.file(case.file, case.body)
    bench.run()
    assert {row["order_id"] for row in bench.raw(case.record)} == set(case.landed)
    refused = bench.quarantine(case.record)
    assert sorted(row["rule"] for row in refused) == sorted(rule for rule, _, _ in case.refused)
    assert all("withheld" in row["payload"] for row in refused if row["rule"] == "is_row")


def test_personal_cases_are_counted() -> None:
    assert len(PERSONAL) >= 15


def test_the_table_of_outcomes() -> None:
    """Printed with ``-s``: what became of every file that ran."""
    width = max(map(len, OUTCOMES), default=0)
    table = [f"{name:{width}}  {outcome}" for name, outcome in OUTCOMES.items()]
    print("", *table, f"{len(OUTCOMES)} of {len(CASES)} files", sep="\n")
    assert all(OUTCOMES.values())
