"""Landed rows, addressed by column name or dotted path whatever their form."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from connectors.nested_lists import NO_LIST, NestedLists, holds, steps_of, value_along
from connectors.payloads import UnusableJsonError, parse, text_of
from connectors.unread import Positions, Unread

OWN_COLUMNS = ("_file", "_page", "_row", "_payload", "_unreadable")


@dataclass(frozen=True)
class Refusal:
    """One row that goes to quarantine.

    Attributes:
        rule: The rule it breaks.
        reason: Why, in words.
        column: The field or column; empty for the row as a whole.
        value: The offending value as text.
        payload: The row as received, as JSON or as the text that is none.
    """

    rule: str
    reason: str
    column: str
    value: str | None
    payload: str


class Rows(Protocol):
    """Rows of one entity and load date."""

    def __len__(self) -> int:
        """How many."""

    def has(self, path: str) -> bool:
        """Whether any row has the column or path."""

    def names(self) -> list[str]:
        """Columns, or top-level keys, present."""

    def column(self, path: str) -> pa.Array:
        """The values, text or a database's type; null where a row lacks the path."""

    def take(self, positions: Positions) -> Rows:
        """The rows at these positions."""

    def exploded(self, path: str) -> tuple[Rows, int, list[Refusal]]:
        """One row per element of the list at ``path``; rows without elements; rows without list."""

    def payload(self, position: int) -> str:
        """The row as received, as JSON."""


@dataclass(frozen=True)
class TableRows:
    """Rows with named columns: CSV (all text) or a database's table.

    Attributes:
        table: The columns that were read.
        whole: Those that were left unread besides, where some were.
    """

    table: pa.Table
    whole: Unread | None = None

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def has(self, path: str) -> bool:
        """Whether any row has it."""
        return path in self._columns

    def names(self) -> list[str]:
        """Columns or keys present."""
        return [name for name in self._columns if name not in OWN_COLUMNS]

    def column(self, path: str) -> pa.Array:
        """The values at the path."""
        if not self.has(path):
            return pa.nulls(len(self), pa.string())
        table = self.table if path in self.table.column_names else self._whole
        return table.column(path).combine_chunks()

    def take(self, positions: Positions) -> Rows:
        """The rows at these positions."""
        whole = None if self.whole is None else self.whole.take(positions)
        return TableRows(self.table.take(pa.array(positions, pa.int64())), whole)

    @property
    def _columns(self) -> Sequence[str]:
        return self.table.column_names if self.whole is None else self.whole.names

    @property
    def _whole(self) -> pa.Table:
        return self.table if self.whole is None else self.whole.table

    def exploded(self, path: str) -> tuple[Rows, int, list[Refusal]]:
        """One row per element of the list."""
        payloads = [self._as_payload(position) for position in range(len(self))]
        texts = tuple(self.payload(position) for position in range(len(self)))
        for payload in payloads:
            try:
                payload[path] = parse(payload[path] or "null")
            except ValueError:
                continue
        return JsonRows(tuple(payloads), texts, tuple(range(len(self)))).exploded(path)

    def payload(self, position: int) -> str:
        """The row as JSON."""
        return json.dumps(self._as_payload(position), ensure_ascii=False, default=str)

    def _as_payload(self, position: int) -> dict[str, Any]:
        row: dict[str, Any] = self._whole.slice(position, 1).to_pylist()[0]
        return {name: value for name, value in row.items() if not name.startswith("_unreadable")}


@dataclass(frozen=True)
class JsonRows:
    """Rows that are JSON objects; ``lists`` where each is one element of a list in it.

    ``pages.questions.answers`` may be a list of answers in each question of a list of questions in
    each page of a list of pages: a row is then one answer, and ``pages.questions.id`` is the id of
    the question that holds it.

    Attributes:
        payloads: The parsed parents.
        texts: The parents as received.
        parents: For each row, its parent's position.
        lists: The exploded path and the paths before it, the longest first; empty where nothing is
            exploded.
        elements: For each row, the element of each of ``lists`` that it lies in, ``NO_LIST`` where
            that step is no list; empty where nothing is exploded.
    """

    payloads: tuple[Any, ...]
    texts: tuple[str, ...]
    parents: tuple[int, ...]
    lists: tuple[str, ...] = ()
    elements: tuple[tuple[Any, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.parents)

    def has(self, path: str) -> bool:
        """Whether any row has it, or has it in each element of a list on the way."""
        steps = self._steps(path)
        return any(holds(*self._nearest(row, steps)) for row in range(len(self)))

    def names(self) -> list[str]:
        """Columns or keys present."""
        found = {key for payload in self.payloads if isinstance(payload, dict) for key in payload}
        for chain in self.elements:
            for path, element in zip(self.lists, chain, strict=True):
                keys = element if isinstance(element, dict) else ()
                found.update(f"{path}.{key}" for key in keys)
        return sorted(found)

    def column(self, path: str) -> pa.Array:
        """The values at the path."""
        steps = self._steps(path)
        nearest = (self._nearest(row, steps) for row in range(len(self)))
        return pa.array([text_of(value_along(*found)) for found in nearest], pa.string())

    def take(self, positions: Positions) -> Rows:
        """The rows at these positions."""
        parents = tuple(self.parents[position] for position in positions)
        elements = tuple(self.elements[position] for position in positions) if self.elements else ()
        return replace(self, parents=parents, elements=elements)

    def exploded(self, path: str) -> tuple[Rows, int, list[Refusal]]:
        """One row per element of the list, or of each list in an element of a list on the way."""
        steps = path.split(".")
        parents: list[int] = []
        elements: list[tuple[Any, ...]] = []
        empty = 0
        wrong: list[Refusal] = []
        for row, parent in enumerate(self.parents):
            found = NestedLists(steps, self.payloads[parent])
            parents += [parent] * len(found.chains)
            elements += [chain[::-1] for chain in found.chains]
            empty += found.empty
            for at, value in found.wrong:
                reason = "no list, so it has no elements"
                wrong.append(Refusal("is_list", reason, at, text_of(value), self.payload(row)))
        lists = tuple(".".join(steps[:length]) for length in range(len(steps), 0, -1))
        rows = replace(self, parents=tuple(parents), lists=lists, elements=tuple(elements))
        return rows, empty, wrong

    def payload(self, position: int) -> str:
        """The row as JSON."""
        return self.texts[self.parents[position]]

    def _steps(self, path: str) -> list[list[str] | None]:
        """The steps to ``path`` from an element of each of ``lists``, and from the payload."""
        beyond = [
            path[len(at) + 1 :] if f"{path}.".startswith(f"{at}.") else None for at in self.lists
        ]
        return [None if rest is None else steps_of(rest) for rest in (*beyond, path)]

    def _nearest(self, row: int, steps: list[list[str] | None]) -> tuple[Any, list[str]]:
        """The innermost element or payload that the path leads through, and the steps from it."""
        chain = self.elements[row] if self.elements else ()
        for element, rest in zip(chain, steps, strict=False):
            if rest is not None and element is not NO_LIST:
                return element, rest
        return self.payloads[self.parents[row]], steps[-1] or []


def readable(table: pa.Table) -> tuple[Rows, list[Refusal]]:
    """Landed rows, and those that could not be read as rows at all."""
    if "_payload" in table.column_names:
        return _readable_payloads(table.column("_payload").to_pylist())
    if "_unreadable" not in table.column_names:
        return TableRows(table), []
    problems = table.column("_unreadable")
    refused = []
    for problem in problems.drop_null().to_pylist():
        fact, _, text = problem.partition(": ")
        refused.append(Refusal("row_is_readable", fact, "", None, text))
    return TableRows(table.filter(pc.is_null(problems)) if refused else table), refused


def _readable_payloads(texts: list[str]) -> tuple[Rows, list[Refusal]]:
    rows, reasons = json_rows(texts)
    refused = [
        Refusal("row_is_readable", reason, "", None, texts[position])
        for position, reason in reasons.items()
    ]
    return rows, refused


def json_rows(texts: Sequence[str]) -> tuple[JsonRows, dict[int, str]]:
    """The texts that are JSON objects as rows; position -> reason for those that are none."""
    payloads: list[Any] = []
    whole: list[str] = []
    reasons: dict[int, str] = {}
    with _uncollected():
        for position, text in enumerate(texts):
            try:
                payload = parse(text)
            except UnusableJsonError as error:
                reasons[position] = str(error)
                continue
            except ValueError:
                payload = None
            if isinstance(payload, dict):
                payloads.append(payload)
                whole.append(text)
            else:
                reasons[position] = "no JSON object"
    return JsonRows(tuple(payloads), tuple(whole), tuple(range(len(payloads)))), reasons


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which would look through each new object again and again.

    Parsed JSON has no cycles to be found; it takes a third of the time of parsing to know that.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
