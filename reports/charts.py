"""Charts: a dot for the estimate, a line for its interval. Drawn without a browser or a clock.

Every mark of data carries an SVG id that begins with ``mark``, by which the pre-send checks tell a
drawn chart from a blank one.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from reports.errors import BlankChartError, MissingGlyphError
from reports.fonts import ems, register_for_charts

INK = "#1b2630"
MUTED = "#66727d"
HAIRLINE = "#d5dbe0"
ACCENT = "#0b5a70"
PALE = "#9aa6b0"

Size = Literal["wide", "narrow", "mail"]
WIDTHS: dict[Size, float] = {"wide": 7.4, "narrow": 3.4, "mail": 4.8}
_MAIL_DPI = 240


@dataclass(frozen=True)
class Chart:
    """A chart that can be drawn at any size.

    Attributes:
        name: Unique in its report; also the content id in a mail.
        alt: What it shows, in words.
        draw: Makes the figure for a size.
    """

    name: str
    alt: str
    draw: Callable[[Size], Figure]

    def svg(self, size: Size, *, outlined: bool = True) -> str:
        """The chart as SVG text, the same bytes every time.

        Letters are outlines, which need no font; ``outlined=False`` keeps them as text in the
        packaged font, for the PDF, which embeds it.
        """
        with _style(self.name, "path" if outlined else "none"):
            figure = self._figure(size)
            buffer = io.StringIO()
            with _strict_glyphs(self.name):
                FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
        return buffer.getvalue()

    def png(self) -> bytes:
        """The chart as PNG at twice the width it is shown at."""
        with _style(self.name):
            figure = self._figure("mail")
            buffer = io.BytesIO()
            with _strict_glyphs(self.name):
                FigureCanvasAgg(figure).print_figure(
                    buffer, format="png", dpi=_MAIL_DPI, metadata={"Software": None}
                )
        return buffer.getvalue()

    def _figure(self, size: Size) -> Figure:
        figure = self.draw(size)
        if not any(line.get_gid() == "mark" for axes in figure.axes for line in axes.lines):
            raise BlankChartError(
                f"chart `{self.name}` holds no mark of data. Mend: leave the section out, and "
                "print the reason why there is no estimate"
            )
        return figure


@contextmanager
def _style(salt: str, letters: str = "path") -> Iterator[None]:
    settings: dict[str, Any] = {
        "font.family": [register_for_charts()],
        "font.size": 8.5,
        "svg.fonttype": letters,
        "svg.hashsalt": salt,
        "axes.edgecolor": HAIRLINE,
        "axes.labelcolor": MUTED,
        "axes.unicode_minus": True,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "text.color": INK,
        "figure.facecolor": "white",
        "axes.facecolor": "white",
        "path.simplify": False,
    }
    with mpl.rc_context(settings):
        yield


@contextmanager
def _strict_glyphs(name: str) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=r"Glyph .* missing", category=UserWarning)
        try:
            yield
        except UserWarning as warning:
            raise MissingGlyphError(
                f"chart `{name}`: {warning}. Mend: write the label with characters of the packaged "
                "font (IPAex Gothic)"
            ) from warning


@dataclass(frozen=True)
class Margins:
    """Room around the axes, in inches."""

    left: float
    right: float
    top: float
    bottom: float


def new_axes(size: Size, height: float, margins: Margins) -> tuple[Figure, Axes]:
    """A figure of a size and height (inches), with one axes without a frame inside the margins."""
    width = WIDTHS[size]
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes(
        (
            margins.left / width,
            margins.bottom / height,
            (width - margins.left - margins.right) / width,
            (height - margins.top - margins.bottom) / height,
        )
    )
    clean(axes)
    return figure, axes


def text_width(text: str, points: float) -> float:
    """How wide a text is in the packaged font, in inches; the widest of its lines."""
    return max(map(ems, text.split("\n"))) * points / 72


def wrapped(text: str, points: float, inches: float) -> str:
    """The text in as few lines as fit, of about equal length.

    Japanese breaks before a remark in brackets at its end where that fits, else anywhere but inside
    short brackets; other text breaks at spaces.
    """
    remark = re.fullmatch(r"(.+?)(（[^（）]+）)", text)
    if remark and text_width(text, points) > inches:
        halves = "\n".join(remark.groups())
        if text_width(halves, points) <= inches:
            return halves
    fewest = _broken(text, points, inches).count("\n")
    for part in range(5, 10):
        balanced = _broken(text, points, inches * part / 10)
        if balanced.count("\n") == fewest:
            return balanced
    return _broken(text, points, inches)


def _broken(text: str, points: float, inches: float) -> str:
    if text_width(text, points) <= inches:
        return text
    lines, line = [], ""
    for piece in _pieces(text):
        if line and text_width(line + piece.rstrip(), points) > inches:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return "\n".join([*lines, line.rstrip()])


def _pieces(text: str) -> list[str]:
    """Breakable pieces: words with their space, short brackets, single Japanese characters."""
    return re.findall(
        r"（[^（）]{1,12}）|[^\s\u2e80-\uffff]+\s*|[\u2e80-\uffff][、。）」・〜ー]?\s*|\s+", text
    )


def clean(axes: Axes) -> None:
    """No frame, no tick marks; the grid is the only furniture."""
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)


@dataclass(frozen=True)
class Point:
    """One estimate with its interval; None where there is none."""

    label: str
    value: float | None
    lower: float | None = None
    upper: float | None = None


def upright(axes: Axes, position: float, point: Point, colour: str, *, size: float = 5.5) -> None:
    """A dot with a vertical interval."""
    if point.value is None:
        return
    if point.lower is not None and point.upper is not None:
        axes.plot([position, position], [point.lower, point.upper], color=colour, lw=1.6,
                  solid_capstyle="butt", zorder=3)  # fmt: skip
    axes.plot([position], [point.value], "o", color=colour, ms=size, zorder=4, gid="mark")


def flat(axes: Axes, y: float, point: Point, colour: str, *, filled: bool = True,
         size: float = 6) -> None:  # fmt: skip
    """A dot with a horizontal interval; hollow where it is the earlier or the weaker of two."""
    if point.value is None:
        return
    if point.lower is not None and point.upper is not None:
        axes.plot([point.lower, point.upper], [y, y], color=colour, lw=1.7 if filled else 1.1,
                  solid_capstyle="butt", zorder=3)  # fmt: skip
    face = colour if filled else "white"
    axes.plot([point.value], [y], "o", ms=size, mfc=face, mec=colour, mew=1.2, zorder=4, gid="mark")


def span(points: Sequence[Point]) -> tuple[float, float]:
    """The lowest and highest of all estimates and bounds; (0, 1) where there are none."""
    values = [
        v for point in points for v in (point.value, point.lower, point.upper) if v is not None
    ]
    return (min(values), max(values)) if values else (0.0, 1.0)
