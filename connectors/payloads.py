"""Reading values out of JSON by dotted paths."""

from __future__ import annotations

import json
from typing import Any


def parse(text: str) -> Any:
    """``text`` as JSON. NaN and Infinity, which JSON does not have, stay words.

    Raises:
        ValueError: when it is no JSON.
    """
    return json.loads(text, parse_constant=str, parse_float=str)


def value_at(payload: Any, path: str) -> Any:
    """The value at a dotted path; None where a step is missing or null.

    Example:
        >>> value_at({"requester": {"id": 7}}, "requester.id")
        7
    """
    for step in path.split("."):
        if not isinstance(payload, dict):
            return None
        payload = payload.get(step)
    return payload


def text_of(value: Any) -> str | None:
    """A JSON value as text: numbers as they were written, lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
