"""Charts of a metric over the waves, each wave with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from reports.charts import (
    ACCENT,
    HAIRLINE,
    MUTED,
    PALE,
    WIDTHS,
    Margins,
    Point,
    Size,
    clean,
    new_axes,
    span,
    text_width,
    upright,
    wrapped,
)
from reports.scales import Scale

_PANEL = 1.5


@dataclass(frozen=True)
class Trend:
    """One metric's series.

    Attributes:
        title: The metric's name; empty where the page says it.
        points: One per wave, oldest first; a wave without an estimate has value None.
        values: The text beside the last two points, previous wave first.
        breaks: Positions (in waves) before which a change broke the series.
        scale: Axis unit.
    """

    title: str
    points: Sequence[Point]
    values: tuple[str, str]
    breaks: Sequence[int]
    scale: Scale


def draw_trend(trend: Trend, size: Size, break_label: str) -> Figure:
    """The headline metric over all waves."""
    height = {"wide": 2.75, "narrow": 2.5, "mail": 2.5}[size]
    beside = 0.12 + text_width(trend.values[1], 12)
    figure, axes = new_axes(size, height, Margins(_tick_room(trend), beside, 0.22, 0.4))
    _series(axes, trend, ticks=4, dot=6.5)
    for position in sorted(set(trend.breaks)):
        axes.text(
            position - 0.46,
            1.015,
            break_label,
            transform=blended_transform_factory(axes.transData, axes.transAxes),
            color=MUTED,
            fontsize=7,
            ha="left",
            va="bottom",
        )
    axes.tick_params(axis="x", labelsize=7.5 if size == "narrow" else 8.5)
    return figure


def draw_small_trends(trends: Sequence[Trend], size: Size) -> Figure:
    """Small multiples: every metric over all waves, each on its own axis."""
    columns = 2 if size == "narrow" else 3
    rows = -(-len(trends) // columns)
    width = WIDTHS[size]
    titles = [wrapped(trend.title, 8, width / columns - 0.12) for trend in trends]
    panel = _PANEL + 0.14 * max(title.count("\n") for title in titles)
    panel += 0.12 if size == "narrow" else 0.0
    height = panel * rows
    figure = Figure(figsize=(width, height))
    for number, trend in enumerate(trends):
        row, column = divmod(number, columns)
        left = column * width / columns + 0.44
        bottom = height - (row + 1) * panel + (0.42 if size == "narrow" else 0.3)
        inner = (width / columns - 0.62, _PANEL - 0.62)
        axes = figure.add_axes((left / width, bottom / height, inner[0] / width, inner[1] / height))
        clean(axes)
        _series(axes, trend, ticks=2, dot=3.8)
        axes.text(-0.44 / inner[0], 1.1, titles[number], transform=axes.transAxes, fontsize=8,
                  va="bottom", linespacing=1.25)  # fmt: skip
        between = "\n" if size == "narrow" else " "
        ends = [trend.points[end].label.replace("\n", between) for end in (0, -1)]
        axes.set_xticks([0, len(trend.points) - 1], ends)
        axes.tick_params(labelsize=6.8)
        labels = axes.get_xticklabels()
        labels[0].set_horizontalalignment("left")
        labels[1].set_horizontalalignment("right")
    return figure


def _tick_room(trend: Trend) -> float:
    """Inches that the tick labels need."""
    _, high = span([_scaled(point, trend.scale) for point in trend.points])
    return 0.14 + text_width(trend.scale.label(round(high)) + "0", 8.5)


def _series(axes: Axes, trend: Trend, *, ticks: int, dot: float) -> None:
    scale, points = trend.scale, [_scaled(point, trend.scale) for point in trend.points]
    last = len(points) - 1
    for start, end in _runs(points, trend.breaks):
        stretch = range(start, end)
        axes.plot(stretch, [points[i].value or 0.0 for i in stretch], color=PALE, lw=0.9, zorder=2)
    for position, point in enumerate(points):
        upright(axes, position, point, ACCENT if position == last else PALE, size=dot)
    for position in trend.breaks:
        axes.axvline(position - 0.5, color=MUTED, lw=0.8, ls=(0, (2, 2)), zorder=1)
    low, high = span(points)
    room = (high - low) * 0.18 or 1.0
    axes.set_ylim(low - room, high + room)
    axes.set_xlim(-0.4, last + (0.3 if dot > 5 else 0.4))
    locator, formatter = scale.ticks(ticks)
    axes.yaxis.set_major_locator(locator)
    axes.yaxis.set_major_formatter(formatter)
    axes.grid(axis="y", color=HAIRLINE, lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xticks(range(len(points)), [point.label for point in points])
    if dot > 5:
        _values(axes, points, trend.values)


def _values(axes: Axes, points: Sequence[Point], texts: tuple[str, str]) -> None:
    last = len(points) - 1
    now, before = points[last].value, points[last - 1].value if last else None
    if now is not None:
        axes.annotate(texts[1], (last, now), xytext=(9, 0), textcoords="offset points",
                      va="center", fontsize=12, color=ACCENT)  # fmt: skip
    if before is not None:
        aside = 10 if now is not None and now < before else -10  # away from the line that leaves
        axes.annotate(texts[0], (last - 1, before), xytext=(6, aside), textcoords="offset points",
                      va="center", fontsize=8.5, color=MUTED)  # fmt: skip


def _runs(points: Sequence[Point], breaks: Sequence[int]) -> list[tuple[int, int]]:
    """Stretches of waves that a line may join: no missing wave and no break inside."""
    runs, start = [], 0
    for position in range(len(points) + 1):
        ends = position == len(points) or points[position].value is None or position in breaks
        if ends:
            runs.append((start, position))
            missing = position < len(points) and points[position].value is None
            start = position + 1 if missing else position
    return [(a, b) for a, b in runs if b - a > 1]


def _scaled(point: Point, scale: Scale) -> Point:
    return Point(point.label, scale.of(point.value), scale.of(point.lower), scale.of(point.upper))
