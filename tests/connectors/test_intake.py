"""Payloads of APIs become text that can always be written, and read as what it was."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from connectors.intake import PayloadParts
from connectors.pages import Page
from connectors.personal import Privacy
from connectors.rows import json_rows


@pytest.mark.parametrize("payload", [{"名": "日本"}, {"n": 1.10}, {"deep": [{"x": None}]}])
def test_a_payload_lands_as_json_in_its_own_letters(payload: Any) -> None:
    (part,) = parts(payload)
    assert part.column("_payload").to_pylist() == [
        json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    ]


def test_half_a_character_lands_escaped_and_is_refused_when_it_is_mapped() -> None:
    (part,) = parts({"comment": "\ud83d is half a smile"})
    texts = part.column("_payload").to_pylist()
    assert texts == ['{"comment":"\\ud83d is half a smile"}']
    rows, reasons = json_rows(texts)
    assert (len(rows), list(reasons)) == (0, [0])


def parts(payload: Any) -> list[pa.Table]:
    pages = [Page((payload,), None, resumable=False)]
    privacy = Privacy({}, b"")
    return [part.table for part in PayloadParts(pages, privacy, source="s", entity="e")]
