"""What every estimator returns, and the one long schema in which results are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A number with its uncertainty.

    Attributes:
        value: Point estimate, in the metric's unit (rates 0-1, NPS in points).
        std_error: Standard error of ``value``, same unit.
        lower: Lower confidence limit; None where the statement is one-sided.
        upper: Upper confidence limit; None where the statement is one-sided.
        n: Answers or events behind a level or a change; units of both arms behind a difference.
        method: Machine code of the estimator.
        p_value: Two-sided unless ``method`` says otherwise; None where nothing is tested.
        n_eff: Effective sample size after weighting (Kish), None where weights play no part.
        df: Degrees of freedom of the reference distribution; None for the normal one.
        flags: Machine codes of what a reader must know, sorted as added.
    """

    value: float
    std_error: float | None
    lower: float | None
    upper: float | None
    n: int
    method: str
    p_value: float | None = None
    n_eff: float | None = None
    df: float | None = None
    flags: tuple[str, ...] = ()

    def flagged(self, *flags: str) -> Estimate:
        """The same estimate with more flags; one that is already there is not repeated."""
        added = tuple(flag for flag in flags if flag not in self.flags)
        return replace(self, flags=self.flags + added)


@dataclass(frozen=True)
class NoEstimate:
    """Why there is no number: a machine code, never 0, 1, nan or an empty list.

    ``n`` is how many observations there were, as far as that is known.
    """

    reason: str
    n: int | None = None


Result = Estimate | NoEstimate


@dataclass(frozen=True)
class ResultRow:
    """One result of a wave or of an experiment; exactly one of ``estimate`` and ``reason`` is None.

    ``comparison`` names what the value is about besides the segment: the arm of a level, the two
    arms of a difference, the earlier wave of a change; empty for the level of a wave. ``window`` is
    the wave, or the outcome window of an experiment (``<days>d``).
    """

    metric: str
    statistic: str
    comparison: str
    segment_name: str
    segment_value: str
    window: str
    estimate: float | None
    std_error: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    n: int | None
    n_eff: float | None
    df: float | None
    method: str
    flags: tuple[str, ...]
    reason: str | None

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON, in the order of the fields."""
        return {**asdict(self), "flags": list(self.flags)}


def result_row(
    result: Result,
    *,
    metric: str,
    statistic: str,
    window: str,
    comparison: str = "",
    segment: tuple[str, str] = ("all", "all"),
    flags: tuple[str, ...] = (),
) -> ResultRow:
    """Place a result in the long schema; ``flags`` are added to those of the estimate."""
    name, value = segment
    if isinstance(result, NoEstimate):
        return ResultRow(
            metric, statistic, comparison, name, value, window,
            None, None, None, None, None, result.n, None, None, "none", flags, result.reason,
        )  # fmt: skip
    found = result.flagged(*flags)
    return ResultRow(
        metric, statistic, comparison, name, value, window,
        found.value, found.std_error, found.lower, found.upper, found.p_value,
        found.n, found.n_eff, found.df, found.method, found.flags, None,
    )  # fmt: skip
