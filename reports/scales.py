"""Axis units of charts: which numbers stand at the ticks of a metric's axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.ticker import FuncFormatter, MaxNLocator

from programme.benchmarks import Language
from reports.formats import decimal


@dataclass(frozen=True)
class Scale:
    """How a metric's values become axis positions and tick labels.

    Attributes:
        factor: Multiply a value by it before drawing.
        suffix: What follows the number at a tick.
    """

    factor: float
    suffix: str
    language: Language

    def of(self, value: float | None) -> float | None:
        """The value in axis units."""
        return None if value is None else value * self.factor

    @property
    def ticks(self) -> Callable[[int], tuple[MaxNLocator, FuncFormatter]]:
        """Makes a locator and a formatter for about so many ticks."""
        return lambda count: (
            MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]),
            FuncFormatter(lambda value, _: self.label(value)),
        )

    def label(self, value: float) -> str:
        """The text at a tick."""
        digits = next(d for d in (0, 1, 2, 3) if d == 3 or abs(value - round(value, d)) < 1e-9)
        return decimal(value, digits, self.language) + self.suffix


def scale_for(unit: str, largest: float, language: Language) -> Scale:
    """The scale for a metric whose largest absolute value drawn is ``largest``."""
    ja = language == "ja"
    if unit == "rate":
        return Scale(100, "%", language)
    if unit == "minutes":
        if largest >= 2880:
            return Scale(1 / 1440, "日" if ja else " d", language)
        if largest >= 120:
            return Scale(1 / 60, "時間" if ja else " h", language)
        return Scale(1, "分" if ja else " min", language)
    if unit == "days":
        return Scale(1, "日" if ja else " d", language)
    return Scale(1, "", language)
