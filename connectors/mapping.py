"""A declared mapping applied to landed rows: canonical columns, and the rows it must refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.conditions import holds, kept, scalar_text
from connectors.conversion import Converted, as_text, convert, row_fingerprints, without_empty
from connectors.drift import columns_used
from connectors.errors import UnusableDeclarationError
from connectors.instants import InstantFormat
from connectors.questions import answers_many_questions, declared_constants, looked_up
from connectors.records import ARROW_TYPES, RECORDS, RecordField
from connectors.row_hashes import HashSet, row_hashes
from connectors.rows import Refusal, Rows
from connectors.unread import Positions
from programme.base import Scalar
from programme.sources import FieldMap, RecordMap
from programme.surveys import Survey

# constants are made for so many rows at a time and cut to length
_STEP = 1 << 16
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Mapped:
    """What one mapping made of the rows of one batch.

    ``received = table.num_rows + len(refusals) + duplicate + not_applicable``.

    Attributes:
        table: Canonical rows, exactly the record's schema.
        rows: The received row of each canonical row.
        refusals: Refused rows; each once, for its first reason.
        received: Rows given to the mapping: landed rows, or elements of the exploded list.
        duplicate: Rows left out by ``first_by``.
        not_applicable: Rows left out by ``where``, or without elements to explode.
        absent: Columns that the mapping reads and none of these rows has; None without rows.
    """

    table: pa.Table
    rows: Rows
    refusals: tuple[Refusal, ...]
    received: int
    duplicate: int
    not_applicable: int
    absent: frozenset[str] | None


@dataclass(frozen=True)
class Context:
    """What a mapping needs besides the rows.

    Attributes:
        source: The source's id.
        entity: The entity's name.
        where: File, table or address, for errors.
        timezone: Of timestamps without an offset.
        surveys: The programme's surveys.
    """

    source: str
    entity: str
    where: str
    timezone: str
    surveys: Mapping[str, Survey]


def map_rows(
    rows: Rows, mapping: RecordMap, context: Context, seen: HashSet | None = None
) -> Mapped:
    """Apply ``mapping``: explode, where, first_by, then every field.

    ``first_by`` sees these rows and those that ``seen`` remembers; they are added to it. A column
    that none of them has is null and named in ``absent``: whether the source lacks it, or only
    these rows, the caller knows when it has seen them all.
    """
    empty = 0
    wrong: list[Refusal] = []
    absent: frozenset[str] | None = None
    if mapping.explode and len(rows) and not rows.has(mapping.explode):
        absent = frozenset([mapping.explode])
    if mapping.explode:
        rows, empty, wrong = rows.exploded(mapping.explode)
    if len(rows):
        absent = frozenset(name for name in columns_used(mapping) if not rows.has(name))
    keep = kept(rows, mapping.where)
    first = _first(rows, mapping.first_by, keep, HashSet() if seen is None else seen)
    chosen = rows if first.all() else rows.take(np.flatnonzero(first))
    columns = _Columns(chosen, mapping, context)
    table, good = columns.build()
    return Mapped(
        table=table,
        rows=chosen if good.all() else chosen.take(np.flatnonzero(good)),
        refusals=(*wrong, *columns.refusals()),
        received=len(rows) + empty + len(wrong),
        duplicate=int(keep.sum() - first.sum()),
        not_applicable=int((~keep).sum()) + empty,
        absent=absent,
    )


class _Columns:
    """The fields of one record, filled one after the other."""

    def __init__(self, rows: Rows, mapping: RecordMap, context: Context) -> None:
        self.rows = rows
        self.mapping = mapping
        self.context = context
        self.record = RECORDS[mapping.record]
        self.constants = declared_constants(mapping, context.surveys)
        self.columns: dict[str, pa.Array] = {}
        self._refused: dict[int, tuple[str, str, str, str | None]] = {}
        self._conversions: dict[tuple[str, str, InstantFormat], Converted] = {}

    def build(self) -> tuple[pa.Table, Flags]:
        """The canonical rows without the refused ones, and which rows those are."""
        for field in self.record.fields:
            self.columns[field.name] = self._column(field)
        if answers_many_questions(self.mapping):
            self._look_up_questions()
        for field in self.record.fields:
            self._require_value(field)
        good = np.ones(len(self.rows), dtype=bool)
        good[list(self._refused)] = False
        schema = self.record.schema
        table = pa.table([self.columns[name] for name in schema.names], schema=schema)
        return table if good.all() else table.filter(pa.array(good)), good

    def refusals(self) -> list[Refusal]:
        """The refused rows in their order."""
        return [
            Refusal(rule, reason, column, value, self.rows.payload(position))
            for position, (rule, reason, column, value) in sorted(self._refused.items())
        ]

    def _column(self, field: RecordField) -> pa.Array:
        spec = self.mapping.fields.get(field.name)
        if spec is None:
            constant = self.constants.get(field.name)
            return _repeated(constant, ARROW_TYPES[field.type], len(self.rows))
        timezone = spec.timezone or self.context.timezone
        form = InstantFormat(tuple(spec.formats), timezone)
        if spec.const is not None:
            return self._where_it_applies(spec, self._constant(spec.const, field, form))
        values = self._where_it_applies(spec, self._origin(spec))
        if spec.missing or spec.recode:
            converted = convert(self._recoded(values, spec, field.name), field.type, form)
        elif spec.column is not None and spec.when is None:
            converted = self._converted(spec.column, values, field, form)
        else:
            converted = convert(values, field.type, form)
        self._refuse_converted(converted, field, values)
        return converted.values

    def _converted(
        self, column: str, values: pa.Array, field: RecordField, form: InstantFormat
    ) -> Converted:
        """A column as it came: often one is two fields, as the time of the answer its version."""
        key = (column, field.type, form)
        if key not in self._conversions:
            self._conversions[key] = convert(values, field.type, form)
        return self._conversions[key]

    def _constant(self, value: Scalar, field: RecordField, form: InstantFormat) -> pa.Array:
        single = convert(pa.array([scalar_text(value)]), field.type, form)
        if single.reasons:
            raise UnusableDeclarationError(
                f"constant `{value}` of {self.record.name}.{field.name}: {single.reasons[0]}",
                source=self.context.source,
                entity=self.context.entity,
                mend=f"write a constant of type {field.type}",
            )
        return _repeated(single.values[0].as_py(), ARROW_TYPES[field.type], len(self.rows))

    def _where_it_applies(self, spec: FieldMap, values: pa.Array) -> pa.Array:
        if spec.when is None:
            return values
        return pc.if_else(holds(self.rows, spec.when), values, pa.scalar(None, values.type))

    def _origin(self, spec: FieldMap) -> pa.Array:
        if spec.column is not None:
            return self.rows.column(spec.column)
        if spec.fingerprint is not None:
            return row_fingerprints([self.rows.column(name) for name in spec.fingerprint])
        parts = [without_empty(as_text(self.rows.column(name))) for name in spec.join or []]
        return pc.binary_join_element_wise(*parts, spec.separator)

    def _recoded(self, values: pa.Array, spec: FieldMap, name: str) -> pa.Array:
        none = pa.scalar(None, pa.string())
        text = without_empty(as_text(values))
        words = pc.utf8_trim_whitespace(text)
        if spec.missing:
            absent = pc.is_in(words, pa.array([scalar_text(value) for value in spec.missing]))
            text = pc.if_else(pc.fill_null(absent, False), none, text)
            words = pc.if_else(pc.fill_null(absent, False), none, words)
        if spec.recode is None:
            return text
        index = pc.index_in(words, pa.array(list(spec.recode), pa.string()))
        new = [None if value is None else scalar_text(value) for value in spec.recode.values()]
        recoded = pa.array(new, pa.string()).take(index)
        unlisted = pc.and_(pc.is_valid(words), pc.is_null(index))
        if spec.recode_other == "keep":
            return pc.if_else(unlisted, text, recoded)
        if spec.recode_other == "quarantine":
            places = np.flatnonzero(unlisted.to_numpy(zero_copy_only=False))
            listed = ", ".join(spec.recode)
            self._refuse(places, "recode", f"not among the values listed: {listed}", name, text)
        return recoded

    def _refuse_converted(self, converted: Converted, field: RecordField, values: pa.Array) -> None:
        if not len(converted.refused):
            return
        texts = as_text(values).take(pa.array(converted.refused)).to_pylist()
        for position, reason, text in zip(converted.refused, converted.reasons, texts, strict=True):
            refusal = (f"is_{field.type}", reason, field.name, text)
            self._refused.setdefault(int(position), refusal)

    def _look_up_questions(self) -> None:
        survey = self.context.surveys[str(self.mapping.survey)]
        ids = self.columns["question_id"]
        found, unknown = looked_up(ids, survey)
        self.columns |= {name: column for name, column in found.items() if name in self.columns}
        places = np.flatnonzero(unknown.to_numpy(zero_copy_only=False))
        reason = f"survey `{self.mapping.survey}` declares no such question"
        self._refuse(places, "question_is_declared", reason, "question_id", ids)

    def _require_value(self, field: RecordField) -> None:
        spec = self.mapping.fields.get(field.name)
        if spec is None or not spec.required:
            return
        column = self.columns[field.name]
        if column.null_count:
            places = np.flatnonzero(pc.is_null(column).to_numpy(zero_copy_only=False))
            self._refuse(places, "required", "no value", field.name, None)

    def _refuse(
        self, places: Positions, rule: str, reason: str, column: str, values: pa.Array | None
    ) -> None:
        for position in places:
            value = None if values is None else values[position].as_py()
            self._refused.setdefault(int(position), (rule, reason, column, value))


def _first(rows: Rows, columns: list[str], keep: Flags, seen: HashSet) -> Flags:
    """Of the kept rows the first of each combination; a row with a null among them stands alone."""
    if not columns or not keep.any():
        return keep
    places = np.flatnonzero(keep)
    texts = {name: without_empty(as_text(rows.column(name))) for name in columns}
    table = pa.table(texts).take(pa.array(places))
    whole = np.ones(len(places), dtype=bool)
    for column in table.columns:
        whole &= column.is_valid().to_numpy()
    hashes = row_hashes(table)
    repeated = pd.DataFrame({"a": hashes[0], "b": hashes[1]}).duplicated(keep="first").to_numpy()
    repeated = whole & (repeated | seen.holds(hashes))
    fresh = whole & ~repeated
    seen.add((hashes[0][fresh], hashes[1][fresh]))
    first = keep.copy()
    first[places] = ~repeated
    return first


def _repeated(value: object, kind: pa.DataType, count: int) -> pa.Array:
    if value is None:
        return pa.nulls(count, kind)
    longest = -(-count // _STEP) * _STEP
    return _constant(value, kind, longest).slice(0, count)


@lru_cache(maxsize=64)
def _constant(value: object, kind: pa.DataType, count: int) -> pa.Array:
    """Kept, because every chunk needs the same ones."""
    return pa.repeat(pa.scalar(value, kind), count)
