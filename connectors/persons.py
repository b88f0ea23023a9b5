"""Which rows are a person's: by the ids that a mapping takes from them, and by what hangs on these.

A person's own rows carry the id. Turns of a call, answers to an invitation or to an order may not:
they carry the id of an interaction, an invitation or an order that is the person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.conversion import as_text
from connectors.mapping import Context, map_rows
from connectors.records import RECORDS
from connectors.rows import JsonRows, Rows
from programme.sources import Entity, FieldMap, RecordMap

PERSON = "person"
PERSON_FIELDS = ("customer_id", "unit_id", "employee_id")
# field -> the record whose row says whose it is
LINK_FIELDS = {"interaction_id": "interaction", "invitation_id": "invitation", "order_id": "order"}
Flags = npt.NDArray[np.bool_]


class Who(Protocol):
    """Whose ids are looked for."""

    def among(self, kind: str, ids: pa.Array) -> Flags:
        """Which of the ids are theirs; ``kind`` is ``person`` or a field of ``LINK_FIELDS``."""


@dataclass
class Persons:
    """Persons known by their ids, and the ids of what is theirs.

    Attributes:
        ids: Kind -> ids, as they stand in canonical rows.
    """

    ids: dict[str, set[str]] = field(default_factory=dict)

    def among(self, kind: str, ids: pa.Array) -> Flags:
        """Which of the ids are theirs."""
        wanted = pa.array(sorted(self.ids.get(kind, ())), pa.string())
        return _flags(pc.is_in(pc.utf8_trim_whitespace(ids), wanted))

    def learn(self, links: Mapping[str, Iterable[str]]) -> bool:
        """Add ids of what is theirs; whether any is new."""
        before = sum(map(len, self.ids.values()))
        for kind, values in links.items():
            self.ids.setdefault(kind, set()).update(values)
        return sum(map(len, self.ids.values())) > before


@dataclass(frozen=True)
class Either:
    """Ids that are known, or recognised by their hashes."""

    one: Who
    other: Who

    def among(self, kind: str, ids: pa.Array) -> Flags:
        """Which of the ids are theirs."""
        return self.one.among(kind, ids) | self.other.among(kind, ids)


def rows_of(table: pa.Table, who: Who) -> Flags:
    """Which canonical rows are theirs.

    A row that names somebody else is somebody else's, whatever it hangs on.
    """
    theirs = np.zeros(table.num_rows, dtype=bool)
    nobodys = np.ones(table.num_rows, dtype=bool)
    for name in PERSON_FIELDS:
        if name in table.column_names:
            ids = as_text(table.column(name).combine_chunks())
            theirs |= who.among(PERSON, ids)
            nobodys &= ~_flags(pc.is_valid(ids))
    for name in LINK_FIELDS:
        if name in table.column_names:
            ids = as_text(table.column(name).combine_chunks())
            theirs |= nobodys & who.among(name, ids)
    return theirs


def links_of(table: pa.Table, record: str, who: Who) -> dict[str, set[str]]:
    """Ids of the interactions, invitations and orders that are theirs, by field."""
    found: dict[str, set[str]] = {}
    for name, owner in LINK_FIELDS.items():
        if owner == record and name in table.column_names:
            ids = as_text(table.column(name).combine_chunks()).filter(pa.array(rows_of(table, who)))
            found[name] = {value for value in ids.to_pylist() if value}
    return found


@dataclass(frozen=True)
class Theirs:
    """What of some received rows is theirs.

    Attributes:
        rows: Which rows as a whole.
        payloads: Other rows in which elements of a list are theirs -> the row without these.
        links: Ids of what is theirs, by field.
    """

    rows: Flags
    payloads: dict[int, Any]
    links: dict[str, set[str]]


class RowSearch:
    """Finds persons in the received rows of one entity, by its mappings alone.

    Conditions, first-of-many and conversions of other fields make no difference: a row that would
    never have become a record is theirs as well.
    """

    def __init__(self, entity: Entity, context: Context) -> None:
        self.context = context
        self._whole = [reduced for mapping in entity.records if (reduced := _outside(mapping))]
        self._parts = [reduced for mapping in entity.records if (reduced := _inside(mapping))]

    @property
    def can_find(self) -> bool:
        """Whether any mapping names a person, or what may be a person's."""
        return bool(self._whole or self._parts)

    def find(self, rows: Rows, who: Who) -> Theirs:
        """What of the rows is theirs."""
        whole = np.zeros(len(rows), dtype=bool)
        links: dict[str, set[str]] = {}
        for mapping in self._whole:
            table = map_rows(rows, mapping, self.context).table
            whole |= rows_of(table, who)
            _join(links, links_of(table, mapping.record, who))
        payloads: dict[int, Any] = {}
        for mapping in self._parts:
            if not rows.has(str(mapping.explode)):
                continue
            mapped = map_rows(rows, mapping, self.context)
            _join(links, links_of(mapped.table, mapping.record, who))
            assert isinstance(mapped.rows, JsonRows)  # noqa: S101 - what is exploded is JSON
            elements: dict[int, set[int]] = {}
            for place in np.flatnonzero(rows_of(mapped.table, who)):
                row = mapped.rows.parents[place]
                if not whole[row]:
                    elements.setdefault(row, set()).add(id(mapped.rows.elements[place][0]))
            for row, gone in elements.items():
                payload = payloads.get(row, mapped.rows.payloads[row])
                payloads[row] = _without(payload, frozenset(gone))
        return Theirs(whole, payloads, links)


def _without(node: Any, elements: frozenset[int]) -> Any:
    """A payload without the elements of its lists that are theirs; what is left is not copied."""
    if isinstance(node, list):
        node[:] = [_without(part, elements) for part in node if id(part) not in elements]
    elif isinstance(node, dict):
        for value in node.values():
            _without(value, elements)
    return node


def _outside(mapping: RecordMap) -> RecordMap | None:
    """Of the mapping the ids that stand in the row itself, outside the exploded list."""
    inside = f"{mapping.explode}." if mapping.explode else None
    chosen = {
        name: spec
        for name, spec in _id_fields(mapping)
        if inside is None or not any(f"{path}.".startswith(inside) for path in _paths(spec))
    }
    return _reduced(mapping, chosen, explode=None)


def _inside(mapping: RecordMap) -> RecordMap | None:
    """Of the mapping all ids, where some stand in elements of the exploded list."""
    outside = _outside(mapping)
    chosen = dict(_id_fields(mapping))
    if mapping.explode is None or len(chosen) == len(outside.fields if outside else ()):
        return None
    return _reduced(mapping, chosen, explode=mapping.explode)


def _id_fields(mapping: RecordMap) -> Iterator[tuple[str, FieldMap]]:
    names = {field.name for field in RECORDS[mapping.record].fields}
    for name in (*PERSON_FIELDS, *LINK_FIELDS):
        spec = mapping.fields.get(name)
        if name in names and spec is not None and spec.const is None:
            yield name, spec


def _paths(spec: FieldMap) -> list[str]:
    return [spec.column] if spec.column is not None else list(spec.join or spec.fingerprint or [])


def _reduced(
    mapping: RecordMap, fields: Mapping[str, FieldMap], *, explode: str | None
) -> RecordMap | None:
    if not fields:
        return None
    lenient = {"required": False, "optional": True, "recode_other": "keep"}
    return mapping.model_copy(
        update={
            "where": [],
            "first_by": [],
            "survey": None,
            "question": None,
            "explode": explode,
            "fields": {name: spec.model_copy(update=lenient) for name, spec in fields.items()},
        }
    )


def _join(known: dict[str, set[str]], more: Mapping[str, set[str]]) -> None:
    for name, values in more.items():
        known.setdefault(name, set()).update(values)


def _flags(values: pa.Array) -> Flags:
    flags: Flags = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return flags
