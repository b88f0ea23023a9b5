"""What a batch looked like, small enough to keep: counts per column, no row and no identifier.

The profiles of earlier load dates are what a batch is compared with. A profile holds groups: one
for the whole record, or one per question where rows answer questions. A group holds columns; what
is counted of a column hangs on its meaning:

- *codes* (text that is neither key nor verbatim): rows per code, where codes repeat;
- *marks* (flags, and what is found in comments): rows per mark;
- *scale* (``score`` with a declared scale): rows per point, from low to high;
- *sizes* (other numbers, and the lengths of comments): rows per quarter octave;
- *hours* (the instant that dates the row): rows per three hours of the day in UTC;
- everything else: only how many values are missing.

``comment.length``, ``comment.script`` and ``responded_at.hour`` stand beside their column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract_statistics import Moments
from connectors.contract_texts import garbled, scripts
from connectors.record_types import Record

NO_SCORES = Moments(0.0, 0.0, 0.0)
MOST_CODES = 100
MOST_GROUPS = 200
_LEAST_ROWS = 20
_LONGEST_CODE = 60
_PARTS = 20
_SAMPLED = 5_000
_VERBATIM = ("comment", "text")
# declared with the question, so the same in every row
_DECLARED = ("survey_id", "question_id", "scale_min", "scale_max", "is_high_good")


@dataclass
class ColumnCounts:
    """One column of one group.

    Attributes:
        kind: codes, marks, scale, sizes, hours or other.
        present: Rows with a value that was looked at.
        missing: Rows without.
        cells: Rows per code, point, size or hour; None where there are too many codes to keep.
        scale: Lowest and highest value of the scale as asked.
        moments: Of the scores.
    """

    kind: str
    present: int = 0
    missing: int = 0
    cells: Counter[str] | None = field(default_factory=Counter)
    scale: tuple[float, float] | None = None
    moments: Moments = NO_SCORES

    def add(self, present: int, missing: int, cells: dict[str, int] | None) -> None:
        """Count a chunk's rows."""
        self.present += present
        self.missing += missing
        if cells is None or self.cells is None:
            self.cells = None
            return
        self.cells.update(cells)
        if self.kind == "codes" and len(self.cells) > MOST_CODES:
            self.cells = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, keys sorted."""
        content: dict[str, Any] = {"kind": self.kind, "present": self.present}
        content["missing"] = self.missing
        cells = None if self._is_free_text() else self.cells
        if cells is None or cells:
            content["cells"] = None if cells is None else dict(sorted(cells.items()))
        if self.scale is not None:
            content |= {"scale": list(self.scale)}
            content |= {"mean": self.moments.mean, "m2": self.moments.m2}
        return content

    def _is_free_text(self) -> bool:
        """Whether codes hardly repeat, so that they may be what somebody wrote: none is kept."""
        if self.kind != "codes" or not self.cells:
            return False
        return self.present < _LEAST_ROWS or len(self.cells) > self.present / 2


@dataclass
class GroupCounts:
    """One question's rows, or all of a record's."""

    rows: int = 0
    newest: datetime | None = None
    columns: dict[str, ColumnCounts] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values; instants in ISO 8601."""
        newest = None if self.newest is None else self.newest.isoformat()
        columns = {name: column.as_json() for name, column in sorted(self.columns.items())}
        return {"rows": self.rows, "newest": newest, "columns": columns}


class Profiler:
    """Counts chunk by chunk; memory does not grow with the rows."""

    def __init__(self, record: Record, *, label: str = "") -> None:
        self.record = record
        self.label = label
        self.groups: dict[str, GroupCounts] = {}
        names = [part.name for part in record.fields]
        asks = "question_id" in names
        self._labelled = [name for name in ("survey_id", "question_id") if asks and name in names]

    def take(self, table: pa.Table) -> None:
        """Count the rows of a chunk."""
        for label, rows in self._grouped(table) if self._labelled else [(self.label, table)]:
            group = self.groups.setdefault(label, GroupCounts())
            _count(group, rows, self.record)

    def profile(self) -> dict[str, Any]:
        """What is kept: plain values."""
        return {"groups": {name: group.as_json() for name, group in sorted(self.groups.items())}}

    def _grouped(self, table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        parts = [table.column(name).fill_null("") for name in self._labelled]
        encoded = pc.dictionary_encode(pc.binary_join_element_wise(*parts, ".")).combine_chunks()
        labels = encoded.dictionary.to_pylist()
        if not labels:
            return
        if len(labels) == 1:
            yield labels[0].strip("."), table
        elif len(labels) + len(self.groups) > MOST_GROUPS:
            yield "", table
        else:
            codes = encoded.indices.to_numpy()
            ordered = table.take(pa.array(np.argsort(codes, kind="stable")))
            ends = np.cumsum(np.bincount(codes, minlength=len(labels)))
            for label, start, end in zip(labels, [0, *ends[:-1]], ends, strict=True):
                yield label.strip("."), ordered.slice(int(start), int(end - start))


def _count(group: GroupCounts, table: pa.Table, record: Record) -> None:
    group.rows += table.num_rows
    newest = pc.max(table.column(record.occurred)).as_py()
    if isinstance(newest, datetime):
        group.newest = max(newest, group.newest or newest)
    for part in record.fields:
        if part.name in _DECLARED or part.name == "version":
            continue
        column = table.column(part.name).combine_chunks()
        for name, kind, values in _views(part.name, part.type, column, record):
            known = group.columns.setdefault(name, ColumnCounts(kind))
            missing = len(values) - (present := len(values.drop_null()))
            known.add(present, missing, _cells(kind, values.drop_null()))
    if "score" in group.columns:
        _count_scores(group.columns["score"], table)


def _count_scores(known: ColumnCounts, table: pa.Table) -> None:
    scale = _scale(table)
    if not known.present or known.cells is None:
        return
    if scale is None or known.scale not in (None, scale):
        known.cells = None
        return
    known.scale = scale
    scores = table.column("score").drop_null().to_numpy()
    points = point_of(scores, scale)
    numbers = np.bincount(points[(points >= 0) & (points < points_of(scale))])
    known.cells.update({str(point): int(n) for point, n in enumerate(numbers) if n})
    if len(scores):
        mean = float(scores.mean())
        known.moments += Moments(len(scores), mean, float(((scores - mean) ** 2).sum()))


def _scale(table: pa.Table) -> tuple[float, float] | None:
    """Lowest and highest value of the scale, where all rows were asked on the same."""
    ends = [pc.min_max(table.column(name)).as_py() for name in ("scale_min", "scale_max")]
    if any(end["min"] is None or end["min"] != end["max"] for end in ends):
        return None
    low, high = float(ends[0]["min"]), float(ends[1]["min"])
    return (low, high) if low < high else None


def points_of(scale: tuple[float, float]) -> int:
    """Points of a scale: its whole numbers, or twenty parts where they are more or it has none."""
    low, high = scale
    return int(high - low) + 1 if _is_short(scale) else _PARTS


def point_of(scores: Any, scale: tuple[float, float]) -> Any:
    """The point, from 0, on which each score lies."""
    low, high = scale
    if _is_short(scale):
        return np.floor(scores - low + 0.5).astype(np.int64)
    part = np.floor((scores - low) / (high - low) * _PARTS)
    return np.minimum(part, _PARTS - 1).astype(np.int64)


def _is_short(scale: tuple[float, float]) -> bool:
    low, high = scale
    return low == round(low) and high == round(high) and high - low <= _PARTS


def _views(name: str, of: str, column: pa.Array, record: Record) -> Iterator[tuple[str, str, Any]]:
    """(name, kind, values) of everything counted about a column."""
    if of == "text" and name in _VERBATIM:
        yield name, "other", column
        sample = column.drop_null()
        sample = sample.take(pa.array(np.arange(0, len(sample), 1 + len(sample) // _SAMPLED)))
        yield f"{name}.length", "sizes", pc.utf8_length(sample)
        yield f"{name}.script", "marks", scripts(sample)
        yield f"{name}.garbled", "marks", garbled(sample).cast(pa.string())
    elif of == "flag":
        yield name, "marks", column.cast(pa.string())
    elif of == "text" and name not in record.key and not name.endswith("_id"):
        yield name, "codes", column
    elif of in ("number", "integer"):
        yield name, "scale" if name == "score" else "sizes", column
    else:
        yield name, "other", column
        if of == "instant" and name == record.occurred:
            yield f"{name}.hour", "hours", pc.divide(pc.hour(column), 3)


def _cells(kind: str, values: pa.Array) -> dict[str, int] | None:
    if kind in ("other", "scale") or not len(values):
        return {}
    if kind == "sizes":
        values = pa.array(_quarter_octaves(values.cast(pa.float64(), safe=False).to_numpy()))
    counts = pc.value_counts(values)
    if kind == "codes" and len(counts) > MOST_CODES:
        return None
    names = [str(value)[:_LONGEST_CODE] for value in counts.field("values").to_pylist()]
    found: Counter[str] = Counter()
    for name, number in zip(names, counts.field("counts").to_pylist(), strict=True):
        found[name] += number
    return dict(found)


def _quarter_octaves(values: Any) -> Any:
    """Ordered whole numbers: 0 for nothing, and four classes from each size to its double."""
    sizes = np.abs(values)
    with np.errstate(divide="ignore"):
        classes = np.floor(4 * np.log2(sizes)) + 5_000
    return (np.sign(values) * np.where(sizes > 0, classes, 0)).astype(np.int64)


def size_of_class(cell: str) -> float:
    """The middle of a class of `sizes`, on the logarithmic scale."""
    number = int(cell)
    return 0.0 if not number else float(np.sign(number) * 2 ** ((abs(number) - 4_999.5) / 4))
