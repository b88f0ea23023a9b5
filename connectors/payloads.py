"""Reading values out of JSON by dotted paths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

DEEPEST = 200
_BRACKETS_AND_STRINGS = re.compile(r'[\[{]|[\]}]|"(?:[^"\\]|\\.)*"?', re.DOTALL)
_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class UnusableJsonError(ValueError):
    """JSON that has no single meaning, or that no text column can hold; the message says why."""


def parse(text: str) -> Any:
    """``text`` as JSON, fractions as they are written. NaN and Infinity stay words.

    Raises:
        UnusableJsonError: when a name stands twice in one object (which value is meant?), objects
            are nested more than ``DEEPEST`` deep, or a string holds NUL or half a character.
        ValueError: when it is no JSON.
    """
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise UnusableJsonError(f"nested more than {DEEPEST} deep")
    payload = _DECODER.decode(text)
    if "\\u" in text and _UNSTORABLE_ESCAPE.search(text):
        for string in _strings(payload):
            if "\0" in string:
                raise UnusableJsonError("holds a NUL character")
            if not string.isascii() and any("\ud800" <= sign <= "\udfff" for sign in string):
                raise UnusableJsonError("holds half a surrogate pair, which is no character")
    return payload


def _whole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnusableJsonError("a name stands twice in one object")
    return found


_DECODER = json.JSONDecoder(parse_constant=str, parse_float=str, object_pairs_hook=_whole)


def _depth(text: str) -> int:
    """How deep objects and lists are nested."""
    deepest = depth = 0
    for match in _BRACKETS_AND_STRINGS.finditer(text):
        sign = match[0]
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for element in node:
            yield from _strings(element)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from _strings(value)


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
