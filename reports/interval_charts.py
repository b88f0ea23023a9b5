"""Charts of estimates side by side: segments, drivers, effects. A dot and its interval each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from reports.charts import (
    ACCENT,
    HAIRLINE,
    INK,
    MUTED,
    PALE,
    Margins,
    Point,
    Size,
    flat,
    new_axes,
    span,
    text_width,
    wrapped,
)
from reports.scales import Scale


@dataclass(frozen=True)
class Line:
    """One line of an interval chart.

    Attributes:
        label: At the left (above the marks on a phone).
        now: The estimate that counts.
        before: The earlier one it is seen against; None where there is none.
        note: Text at the right end.
        marks: Values at which a small tick stands (a margin, a minimum effect).
        group: Heading printed above the first line of a group.
        filled: Whether the dot is filled; hollow where the interval holds 0.
    """

    label: str
    now: Point
    before: Point | None = None
    note: str = ""
    marks: Sequence[float] = field(default_factory=tuple)
    group: str = ""
    filled: bool = True


def draw_lines(
    lines: Sequence[Line],
    size: Size,
    *,
    scale: Scale | None,
    zero: bool = False,
    legend: tuple[str, str] | None = None,
    hint: str = "",
) -> Figure:
    """Draw the lines from top to bottom on one axis; without ``scale`` the axis has no ticks."""
    above = size == "narrow"
    lines = [replace(line, label=_fitted(line.label, size)) for line in lines]
    step = 0.44 if above else 0.30
    notes = max(text_width(line.note, 8) for line in lines)
    labels = max(text_width(line.label, 8.5) for line in lines)
    margins = Margins(
        left=0.06 if above else 0.12 + labels,
        right=0.06 if above else 0.16 + notes,
        top=0.26 if legend or hint else 0.06,
        bottom=0.26 if scale else 0.06,
    )
    units = sum(_height(line) for line in lines) + len({x.group for x in lines if x.group})
    figure, axes = new_axes(size, step * (units + 0.1) + margins.top + margins.bottom, margins)
    y, group = 0.0, ""
    positions: list[tuple[float, Line]] = []
    for line in lines:
        if line.group and line.group != group:
            group = line.group
            _heading(axes, y, group, inches=margins.left - 0.02)
            y -= 1
        positions.append((y, line))
        y -= _height(line)
    for at, line in positions:
        _line(axes, at, line, above=above)
    axes.set_ylim(y + 0.5, 0.6)
    _axis(axes, lines, scale, zero=zero, at=[at for at, _ in positions])
    if above:
        axes.set_yticks([])
    else:
        axes.set_yticks([at for at, _ in positions], [line.label for line in lines])
        axes.tick_params(axis="y", labelcolor=INK, pad=6)
    if legend:
        _legend(axes, legend)
    if hint:
        axes.set_title(hint, loc="right", fontsize=7.5, color=MUTED, pad=4)
    return figure


def _fitted(label: str, size: Size) -> str:
    """The label in lines: beside the marks on a wide chart, above them on a narrow one."""
    room = {"wide": 2.3, "mail": 1.5}
    return wrapped(label, 8.5, room[size]) if size in room else label


def _height(line: Line) -> float:
    return 1.0 + 0.5 * line.label.count("\n")


def _heading(axes: Axes, y: float, text: str, *, inches: float) -> None:
    across = blended_transform_factory(axes.transAxes, axes.transData)
    axes.annotate(text, (0, y - 0.1), xycoords=across, xytext=(-inches * 72, 0),
                  textcoords="offset points", fontsize=8, color=MUTED, va="center",
                  annotation_clip=False)  # fmt: skip


def _line(axes: Axes, y: float, line: Line, *, above: bool) -> None:
    if line.before is not None:
        flat(axes, y - 0.2, line.before, PALE, filled=False, size=4.6)
        flat(axes, y + 0.08, line.now, ACCENT)
    else:
        flat(axes, y, line.now, ACCENT, filled=line.filled)
    for mark in line.marks:
        axes.plot([mark, mark], [y - 0.27, y + 0.27], color=INK, lw=1.1, ls=(0, (1.5, 1.2)))
    across = blended_transform_factory(axes.transAxes, axes.transData)
    if above:
        axes.text(0, y + 0.42, line.label, transform=across, fontsize=8, va="center", color=INK,
                  bbox={"fc": "white", "ec": "none", "pad": 1.0}, zorder=2.5)  # fmt: skip
        axes.text(1, y + 0.42, line.note, transform=across, fontsize=7.5, va="center", ha="right",
                  color=MUTED)  # fmt: skip
    else:
        axes.annotate(line.note, (1, y), xycoords=across, xytext=(8, 0), fontsize=8, va="center",
                      textcoords="offset points", color=MUTED, annotation_clip=False)  # fmt: skip


def _axis(
    axes: Axes, lines: Sequence[Line], scale: Scale | None, *, zero: bool, at: Sequence[float]
) -> None:
    points = [p for line in lines for p in (line.now, line.before) if p is not None]
    low, high = span(points)
    edges = [low, high, *(mark for line in lines for mark in line.marks), *([0.0] if zero else [])]
    room = (max(edges) - min(edges)) * 0.05 or 1.0
    axes.set_xlim(min(edges) - room, max(edges) + room)
    if scale is None:
        axes.set_xticks([])
    else:
        locator, formatter = scale.ticks(5)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(formatter)
        axes.grid(axis="x", color=HAIRLINE, lw=0.6)
        axes.set_axisbelow(True)
    if zero:
        axes.axvline(0, color=MUTED, lw=0.9, zorder=2)
    for y in at:
        axes.axhline(y - 0.5, color=HAIRLINE, lw=0.3, zorder=0)


def _legend(axes: Axes, texts: tuple[str, str]) -> None:
    for text, colour, filled in ((texts[0], ACCENT, True), (texts[1], PALE, False)):
        axes.plot([], [], "o-", color=colour, mfc=colour if filled else "white", ms=5, lw=1.2,
                  label=text)  # fmt: skip
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=7.5,
                labelcolor=MUTED, borderaxespad=0, handlelength=1.6)  # fmt: skip
