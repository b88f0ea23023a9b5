"""Which of three words a change deserves: decided by its interval alone."""

from __future__ import annotations

from reports.layout import Strip, Tone
from reports.results import Metric, Row


def tone_of(row: Row | None, metric: Metric) -> Tone:
    """``good`` or ``bad`` where the interval leaves out 0, ``flat`` where it holds 0."""
    if row is None or row.estimate is None or row.lower is None or row.upper is None:
        return "none"
    if row.lower <= 0 <= row.upper:
        return "flat"
    rises = row.lower > 0
    return "good" if rises == (metric.direction == "up") else "bad"


def strip_of(row: Row | None, metric: Metric, *, marks: tuple[float, ...] = ()) -> Strip | None:
    """The change on a line through zero, on the row's own scale, turned so that right is better."""
    if row is None or row.estimate is None:
        return None
    turn = 1 if metric.direction == "up" else -1
    bounds = [b for b in (row.lower, row.upper) if b is not None]
    reach = max(abs(v) for v in (*bounds, row.estimate, *marks)) or 1.0

    def place(value: float) -> float:
        return round(50 + 44 * turn * value / reach, 2)

    edges = sorted(place(b) for b in bounds) if len(bounds) == 2 else [place(row.estimate)] * 2
    return Strip(place(row.estimate), edges[0], edges[1], tuple(place(mark) for mark in marks))
