"""Whether two waves of a metric may be compared; the one place that decides it.

A break of the whole series touches every cell. One that is confined to a segment's value touches
that value and every cell that may contain it, which is all but the other values of that segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.results import NoEstimate, Result
from analysis.warehouse import BreakRow
from programme.benchmarks import HalfYear

Segment = tuple[str, str]
FLAG = "break_in_series"
_ALL = ("all", "all")


def marked(result: Result, breaks: Sequence[BreakRow], segment: Segment) -> Result:
    """A change across breaks: flagged, or withheld where one of them asks for that.

    Args:
        result: The change of one metric in one cell since the previous wave.
        breaks: The metric's breaks between the two waves.
        segment: Name and value of the cell.
    """
    touching = [mark for mark in breaks if touches(mark, segment)]
    if isinstance(result, NoEstimate) or not touching:
        return result
    if any(mark.comparison == "withhold" and is_whole(mark, segment) for mark in touching):
        return NoEstimate(FLAG, result.n)
    return result.flagged(FLAG)


def touches(mark: BreakRow, segment: Segment) -> bool:
    """Whether a cell may hold rows that are measured otherwise than before."""
    scope = (mark.segment_name, mark.segment_value)
    return scope == _ALL or segment[0] != scope[0] or segment == scope


def is_whole(mark: BreakRow, segment: Segment) -> bool:
    """Whether all rows of a cell are measured otherwise than before."""
    return (mark.segment_name, mark.segment_value) in (_ALL, segment)


def break_entries(breaks: Sequence[BreakRow], waves: Sequence[str]) -> list[dict[str, Any]]:
    """The breaks of an edition, each once, with the metrics that it touches, by date."""
    found: dict[tuple[str, Segment], dict[str, Any]] = {}
    for mark in breaks:
        wave = str(HalfYear.containing(mark.broke_on))
        if wave not in waves:
            continue
        scope = (mark.segment_name, mark.segment_value)
        entry = found.setdefault(
            (mark.break_id, scope),
            {
                "wave": wave,
                "date": mark.broke_on.isoformat(),
                "survey": mark.survey_id,
                "question": mark.question_id,
                "segment_name": mark.segment_name,
                "segment_value": mark.segment_value,
                "metrics": [],
                "what": mark.what,
                "comparison": mark.comparison,
                "note_en": mark.reason_en,
                "note_ja": mark.reason_ja,
            },
        )
        if mark.metric not in entry["metrics"]:
            entry["metrics"].append(mark.metric)
    for entry in found.values():
        entry["metrics"].sort()
    order = ("date", "survey", "question", "segment_value")
    return sorted(found.values(), key=lambda entry: [entry[name] for name in order])
