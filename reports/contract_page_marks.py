"""Small drawings in the lines of a table: a course over load dates, and the state of each."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

ACCENT = "#0b5a70"
INK = "#1b2630"
PALE = "#cfe0e6"
HAIR = "#d9dfe3"
WIDTH, HEIGHT = 132, 26
_EDGE = 3.5
_SQUARE, _GAP = 9, 3
_STYLES = {
    "held": (INK, INK),
    "warned": ("white", ACCENT),
    "passed": (PALE, PALE),
}


def course(values: Sequence[float | None], label: str, *, is_failing: bool = False) -> Markup:
    """A line through the values from zero up, oldest first, with a dot at the last one.

    A value that is not there interrupts the line.
    """
    known = [value for value in values if value is not None]
    if not known:
        return Markup("")
    top = max([*known, 0.0]) or 1.0
    step = (WIDTH - 2 * _EDGE) / max(1, len(values) - 1)
    points = [
        None
        if value is None
        else (_EDGE + place * step, HEIGHT - _EDGE - (HEIGHT - 2 * _EDGE) * value / top)
        for place, value in enumerate(values)
    ]
    if len(values) == 1 and points[0] is not None:
        points = [(WIDTH - _EDGE, points[0][1])]
    lines = [
        Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="1.5"/>').format(
            " ".join(f"{x:.1f},{y:.1f}" for x, y in run), ACCENT
        )
        for run in _runs(points)
        if len(run) > 1
    ]
    x, y = next(point for point in reversed(points) if point is not None)
    colour = INK if is_failing else ACCENT
    dot = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2.8" fill="{}"/>').format(x, y, colour)
    ground = Markup('<line x1="0" x2="{}" y1="{}" y2="{}" stroke="{}"/>').format(
        WIDTH, HEIGHT - 1, HEIGHT - 1, HAIR
    )
    return _drawing(WIDTH, HEIGHT, label, ground + Markup("").join(lines) + dot)


def strip(states: Sequence[str], label: str) -> Markup:
    """A square per load date: held, warned or passed."""
    squares = [
        Markup(
            '<rect x="{}" y="0.75" width="{}" height="{}" '
            'fill="{}" stroke="{}" stroke-width="1.5"/>'
        ).format(0.75 + place * (_SQUARE + _GAP), _SQUARE - 1.5, _SQUARE - 1.5, *_STYLES[state])
        for place, state in enumerate(states)
    ]
    width = max(1, len(states)) * (_SQUARE + _GAP)
    return _drawing(width, _SQUARE, label, Markup("").join(squares))


def _runs(
    points: Sequence[tuple[float, float] | None],
) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return runs


def _drawing(width: int, height: int, label: str, content: Markup) -> Markup:
    return Markup(
        '<svg class="mark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" '
        'aria-label="{}">{}</svg>'
    ).format(width, height, width, height, label, content)
