"""Half-open intervals of whole microseconds: their union, gaps and overlap, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

Interval = tuple[int, int]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The time that any of them covers, as ascending intervals with time between them.

    Example:
        >>> union([(5, 9), (0, 2), (2, 3), (6, 7)])
        [(0, 3), (5, 9)]
    """
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def length(merged: Iterable[Interval]) -> int:
    """How long intervals that do not overlap are together."""
    return sum(end - start for start, end in merged)


def gaps(merged: Sequence[Interval]) -> list[Interval]:
    """What lies between the intervals of a union.

    Example:
        >>> gaps([(0, 3), (5, 9)])
        [(3, 5)]
    """
    return [(left[1], right[0]) for left, right in pairwise(merged)]


def shared_length(groups: Iterable[Iterable[Interval]]) -> int:
    """How long at least two of the groups cover the same time.

    Example:
        >>> shared_length([[(0, 5), (4, 8)], [(6, 9)], [(7, 10)]])
        3
    """
    changes = sorted(
        change
        for group in groups
        for start, end in union(group)
        for change in ((start, 1), (end, -1))
    )
    shared, running, since = 0, 0, 0
    for moment, change in changes:
        if running >= 2:
            shared += moment - since
        running += change
        since = moment
    return shared
