"""Whether two warehouses, or one at two times, hold the same tables: columns, types and rows.

Rows are compared as a multiset, since no table has an order. Everything that is no double must be
equal; doubles may differ by 1e-9 of the greater one, because sums are added up in another order, or
by 1e-14 of the column's greatest value, because a sum may cancel to almost nothing.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.engines import SCHEMA, Columns, Engine
from analysis.errors import WarehouseError

RELATIVE = 1e-9
OF_COLUMN = 1e-14
# Spark's catalogue cannot hold the text of these views, so that there they are tables
VIEWS_ELSEWHERE = frozenset({"int_health_events"})
_SHOWN = 3
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """One table as it stood: its columns' logical types, and its rows in any order."""

    columns: Columns
    rows: Sequence[Row]


@dataclass(frozen=True)
class TableParity:
    """What the comparison of one table found.

    Attributes:
        relation: ``schema.table``.
        rows: How many rows either side holds; None where it lacks the table.
        largest: The greatest difference of two doubles, relative to the greater one.
        differences: One sentence each; none where the tables are the same.
    """

    relation: str
    rows: tuple[int | None, int | None]
    largest: float
    differences: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def snapshot(engine: Engine, *, schema: str = SCHEMA, only: Sequence[str] = ()) -> dict[str, Table]:
    """Every table of a schema with all its rows, or those named (without the schema).

    What is a view on most engines is left out on all, unless it is named.

    Raises:
        WarehouseError: it cannot be read, or a table that was named is not there.
    """
    found = engine.relations(schema)
    tables = {name for name in found if name.partition(".")[2] not in VIEWS_ELSEWHERE}
    wanted = [f"{schema}.{name}" for name in only] or sorted(tables)
    if missing := [name for name in wanted if name not in found]:
        what = f"{engine.place} has no table {', '.join(missing)}"
        raise WarehouseError(what, "see the names in `cxloop warehouse check`, or build first")
    return {name: _read(engine, name, found[name]) for name in wanted}


def compare(one: Mapping[str, Table], other: Mapping[str, Table]) -> tuple[TableParity, ...]:
    """Table by table, in the order of their names; a table that one side lacks differs."""
    return tuple(_compared(name, one.get(name), other.get(name)) for name in sorted({*one, *other}))


def _read(engine: Engine, relation: str, columns: Columns) -> Table:
    names = ", ".join(map(engine.quoted, columns))
    return Table(columns, engine.fetch(f"select {names} from {engine.quoted(relation)}"))  # noqa: S608


def _compared(relation: str, one: Table | None, other: Table | None) -> TableParity:
    counts = (None if one is None else len(one.rows), None if other is None else len(other.rows))
    if one is None or other is None:
        side = "first" if one is None else "second"
        return TableParity(relation, counts, 0.0, (f"the {side} warehouse lacks the table",))
    shapes = _shapes(one.columns, other.columns)
    if one.columns.keys() != other.columns.keys():
        return TableParity(relation, counts, 0.0, shapes)
    largest, rows = _rows(one, other)
    return TableParity(relation, counts, largest, (*shapes, *rows))


def _shapes(one: Columns, other: Columns) -> tuple[str, ...]:
    found = [f"column {name} is only in the first" for name in one if name not in other]
    found += [f"column {name} is only in the second" for name in other if name not in one]
    found += [
        f"column {name} is {one[name]} in the first and {other[name]} in the second"
        for name in one
        if name in other and one[name] != other[name]
    ]
    return tuple(found)


def _rows(one: Table, other: Table) -> tuple[float, tuple[str, ...]]:
    """The greatest relative difference, and what differs, rows of equal exact columns paired."""
    ours, theirs = Counter(one.rows), Counter(_in_order_of(one, other))
    if ours == theirs:
        return 0.0, ()
    doubles = [name for name in one.columns if "number" in (one.columns[name], other.columns[name])]
    exact = [name for name in one.columns if name not in doubles]
    floors = [OF_COLUMN * max(_greatest(one, name), _greatest(other, name)) for name in doubles]
    places = _Places.of(one, exact, doubles)
    same = Counter(places.key(row) for row in (ours & theirs).elements())
    left_over, right_over = (ours - theirs).elements(), (theirs - ours).elements()
    lefts, rights = places.grouped(left_over), places.grouped(right_over)
    largest, found = 0.0, []
    for key in {**lefts, **rights}:
        left, right = lefts.get(key, []), rights.get(key, [])
        told = dict(zip(exact, key, strict=True))
        if len(left) != len(right):
            counts = [len(each) + same[key] for each in (left, right)]
            found.append(f"{counts[0]} rows against {counts[1]} where {_told(told)}")
            continue
        for a, b in zip(left, right, strict=True):
            for name, x, y, floor in zip(doubles, a, b, floors, strict=True):
                off = _difference(x, y)
                if off > RELATIVE and not _is_within(x, y, floor):
                    found.append(f"{name} is {x!r} against {y!r} where {_told(told)}")
                elif off <= RELATIVE:
                    largest = max(largest, off)
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return largest, (*found[:_SHOWN], *more)


def _in_order_of(one: Table, other: Table) -> Iterable[Row]:
    """The rows of the other table, their values in the order of the columns of the first."""
    if list(one.columns) == list(other.columns):
        return map(tuple, other.rows)
    places = {name: place for place, name in enumerate(other.columns)}
    order = [places[name] for name in one.columns]
    return (tuple(row[place] for place in order) for row in other.rows)


@dataclass(frozen=True)
class _Places:
    """Where a row holds what must be equal, and where its doubles."""

    exact: Sequence[int]
    doubles: Sequence[int]

    @classmethod
    def of(cls, table: Table, exact: Sequence[str], doubles: Sequence[str]) -> _Places:
        places = {name: place for place, name in enumerate(table.columns)}
        return cls([places[name] for name in exact], [places[name] for name in doubles])

    def key(self, row: Row) -> Row:
        return tuple(row[place] for place in self.exact)

    def grouped(self, rows: Iterable[Row]) -> dict[Row, list[list[float | None]]]:
        """Values of the exact columns -> the doubles of each such row, the smallest first."""
        groups: dict[Row, list[list[float | None]]] = defaultdict(list)
        for row in rows:
            values = [row[place] for place in self.doubles]
            groups[self.key(row)].append(
                [None if value is None else float(value) for value in values]
            )
        for found in groups.values():
            if len(found) > 1:
                found.sort(key=_order)
        return groups


def _order(values: Sequence[float | None]) -> list[tuple[int, float]]:
    """By nine digits: rows that differ by less than the tolerance must not change places."""
    return [
        (2, 0.0) if value is None else (1, 0.0) if math.isnan(value) else (0, float(f"{value:.8e}"))
        for value in values
    ]


def _greatest(table: Table, name: str) -> float:
    place = list(table.columns).index(name)
    values = [float(row[place]) for row in table.rows if row[place] is not None]
    return max((abs(value) for value in values if math.isfinite(value)), default=0.0)


def _difference(x: float | None, y: float | None) -> float:
    """Relative to the greater; 0 for equal ones, also nulls and NaN; infinite where one is."""
    if x == y or (x is not None and y is not None and math.isnan(x) and math.isnan(y)):
        return 0.0
    if x is None or y is None or not (math.isfinite(x) and math.isfinite(y)):
        return math.inf
    return abs(x - y) / max(abs(x), abs(y))


def _is_within(x: float | None, y: float | None, floor: float) -> bool:
    return x is not None and y is not None and abs(x - y) <= floor


def _told(values: Mapping[str, Any]) -> str:
    """The exact columns that are not empty, short enough to read."""
    text = ", ".join(f"{name}={value}" for name, value in values.items() if value is not None)
    return text if len(text) <= 200 else text[:197] + "…"
