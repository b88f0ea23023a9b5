"""Turns what pydantic refuses into problems that name line, fact and mend."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from programme.base import Declaration, RefusedError
from programme.documents import Document, line_of, written_path
from programme.errors import Problem

QUOTES_MEND = "put it in quotes, as the source writes it"
COMMA_MEND = "put the text before it in quotes: inside { } a comma ends an unquoted text"
IDENTIFIER_MEND = "use lower-case letters, digits and `_`, beginning with a letter"


def nearest(name: str, known: Iterable[str]) -> str:
    """A mend for a misspelt name: the closest known one, or the list of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known here: {', '.join(names) or 'none'}"


def problems_of(
    document: Document, kind: type[Declaration], error: ValidationError
) -> list[Problem]:
    """One problem per place, however many members of a union refused the value there."""
    found: dict[tuple[str | int, ...], Problem] = {}
    for detail in error.errors():
        path, what, mend = _fact_and_mend(kind, detail)
        steps = written_path(document.text, path)
        if detail["type"] in ("missing", "union_tag_not_found"):
            steps = (*steps, path[-1])
        where = ".".join(str(step) for step in steps) or "content"
        line = line_of(document.text, path)
        found.setdefault(steps, Problem(document.file, line, where, what, mend))
    return sorted(found.values(), key=lambda problem: problem.line)


def _fact_and_mend(
    kind: type[Declaration], detail: ErrorDetails
) -> tuple[Sequence[str | int], str, str]:
    path = detail["loc"]
    last = str(path[-1]) if path else ""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden" if detail["input"] is None and " " in last:
            return path, f"unknown key `{last}`", COMMA_MEND
        case "extra_forbidden":
            return path, f"unknown key `{last}`", nearest(last, _keys_at(kind, path[:-1]))
        case "missing":
            return path, f"key `{last}` is missing", f"add `{last}:`"
        case "union_tag_invalid":
            key = str(context["discriminator"]).strip("'")
            tags = _quoted(str(context["expected_tags"]))
            return (*path, key), f"unknown {key} `{context['tag']}`", nearest(context["tag"], tags)
        case "union_tag_not_found":
            key = str(context["discriminator"]).strip("'")
            return (*path, key), f"key `{key}` is missing", f"add `{key}:`"
        case "literal_error":
            known = _quoted(str(context["expected"])) or [str(context["expected"])]
            return path, f"unknown value `{detail['input']}`", nearest(str(detail["input"]), known)
        case "string_pattern_mismatch":
            return path, f"`{detail['input']}` is no identifier", IDENTIFIER_MEND
        case "string_type" if isinstance(detail["input"], int | float):
            return path, f"`{detail['input']}` is no text", QUOTES_MEND
        case "value_error":
            return _refused(path, detail["msg"], context.get("error"))
    return path, f"{detail['msg']}; found `{detail['input']!r}`", "correct the value"


def _refused(
    path: tuple[str | int, ...], message: str, error: object
) -> tuple[Sequence[str | int], str, str]:
    if isinstance(error, RefusedError):
        return (*path, *error.at), str(error), error.mend
    return path, message.removeprefix("Value error, "), "correct the value"


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def _keys_at(kind: type[Declaration], path: Sequence[str | int]) -> set[str]:
    """The keys that may stand at a path of pydantic's: those of the declarations found there."""
    reached = _members(kind)
    for step in path:
        reached = [member for origin in reached for member in _below(origin, step)] or reached
    return {name for origin in reached if _is_declaration(origin) for name in origin.model_fields}


def _below(origin: Any, step: str | int) -> list[Any]:
    if _is_declaration(origin):
        field = origin.model_fields.get(step)
        if field is not None:
            return _members(field.annotation)
        tag = origin.model_fields.get("kind")
        return [origin] if tag is not None and step in get_args(tag.annotation) else []
    if get_origin(origin) in (list, dict):
        return _members(get_args(origin)[-1])
    return []


def _members(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    return [annotation]


def _is_declaration(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Declaration)
