"""Reads one YAML file and knows the line on which each of its keys stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from programme.errors import Problem

Steps = Sequence[str | int]
EXAMPLE = "write `key: value` lines; programme/demo holds examples"


@dataclass(frozen=True)
class Document:
    """One YAML file as read: its text and the mapping it holds."""

    file: Path
    text: str
    content: dict[Any, Any]


def read_document(file: Path) -> Document | Problem:
    """Read a YAML mapping, or say why the file holds none."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        what = f"not UTF-8 at byte {error.start}"
        return Problem(file, line, "encoding", what, "save the file as UTF-8")
    except OSError as error:
        mend = "make it a file that can be read"
        return Problem(file, 0, "file", f"cannot be read: {error.strerror}", mend)
    try:
        content = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        return _syntax_problem(file, error)
    if content is None:
        return Problem(file, 0, "content", "the file is empty", EXAMPLE)
    if not isinstance(content, dict):
        kind = "list" if isinstance(content, list) else "single value"
        return Problem(file, 1, "content", f"the file holds a {kind}, not a mapping", EXAMPLE)
    return Document(file, text, content)


def line_of(text: str, path: Steps) -> int:
    """The line (from 1) of a key or list item; the nearest parent's line where it is absent.

    0 stands for the whole file. Steps that are no keys of the text, such as the tags of unions
    that pydantic adds to its paths, are skipped.
    """
    return _walk(text, path)[0]


def written_path(text: str, path: Steps) -> tuple[str | int, ...]:
    """The steps of ``path`` that stand in the text."""
    return _walk(text, path)[1]


def _walk(text: str, path: Steps) -> tuple[int, tuple[str | int, ...]]:
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except YAMLError:
        return 0, ()
    line = 0
    found: list[str | int] = []
    for step in path:
        child = _child(node, step)
        if child is not None:
            line, node = child
            found.append(step)
    return line, tuple(found)


def _child(node: Node | None, step: str | int) -> tuple[int, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if str(key.value) == str(step):
                return key.start_mark.line + 1, value
    elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        item: Node = node.value[step]
        return item.start_mark.line + 1, item
    return None


def _syntax_problem(file: Path, error: YAMLError) -> Problem:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    line = mark.line + 1 if mark else 0
    fact = str(getattr(error, "problem", None) or error).strip().splitlines()[0]
    if isinstance(error, DuplicateKeyError):
        key = fact.split('"')[1] if '"' in fact else fact
        return Problem(file, line, key, f"key `{key}` is written twice", "keep one of the two")
    if "\\t" in fact or "\t" in fact:
        return Problem(file, line, "syntax", "a tab indents this line", "indent with spaces")
    mend = "check the indentation, quotes and colons of this line and the one above"
    return Problem(file, line, "syntax", f"not valid YAML: {fact}", mend)
