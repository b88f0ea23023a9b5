"""One metric over the waves: levels, the latest change, and the mix of segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.breaks import marked
from analysis.catalog import Metric
from analysis.differences import guarded_difference
from analysis.levels import Cell, cell_ratio, kish_effective_size, level
from analysis.moments import Moments
from analysis.results import Estimate, NoEstimate, Result, ResultRow, result_row
from analysis.warehouse import BreakRow, JourneyRow, WaveRow

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class WaveRule:
    """How a benchmark reads its cells: waves in order, segments, level and floor."""

    waves: tuple[str, ...]
    segments: tuple[str, ...]
    confidence: float
    min_answers: int


def cells_by_key(rows: Sequence[WaveRow]) -> dict[Key, WaveRow]:
    """Rows by (wave, metric, segment name, segment value)."""
    return {(row.wave, row.metric, row.segment_name, row.segment_value): row for row in rows}


def metric_rows(
    cells: Mapping[Key, WaveRow],
    metric: Metric,
    rule: WaveRule,
    *,
    breaks: Sequence[BreakRow] = (),
) -> Iterator[ResultRow]:
    """Levels of every wave, then changes and shares of the latest one, marked by ``breaks``."""
    name = metric.metric
    seen = {key[2:] for key in cells if key[1] == name and key[2] in rule.segments}
    segments = [("all", "all"), *sorted(seen)]
    latest, previous = rule.waves[-1], rule.waves[-2] if len(rule.waves) > 1 else ""
    for segment in segments:
        for wave in rule.waves:
            found = level(
                wave_cell(cells.get((wave, name, *segment))),
                scale=metric.scale,
                confidence=rule.confidence,
                min_answers=rule.min_answers,
            )
            yield result_row(found, metric=name, statistic="level", window=wave, segment=segment)
    for segment in segments:
        found = wave_change(
            wave_cell(cells.get((latest, name, *segment))),
            wave_cell(cells.get((previous, name, *segment))),
            metric=metric,
            confidence=rule.confidence,
            min_answers=rule.min_answers,
        )
        if not previous:
            found = NoEstimate("no_previous_wave")
        yield result_row(
            marked(found, breaks, segment),
            metric=name,
            statistic="change",
            window=latest,
            comparison=previous,
            segment=segment,
        )
    for segment in segments[1:]:
        for wave in (latest, previous) if previous else (latest,):
            yield _share(cells, name, segment, wave)


def wave_change(
    latest: Cell | None,
    previous: Cell | None,
    *,
    metric: Metric,
    confidence: float,
    min_answers: int,
) -> Result:
    """Latest minus previous level, the waves treated as independent samples.

    People who answered in both waves make the difference more precise than this says where their
    answers go together; the flag ``waves_treated_as_independent`` tells the reader. ``n`` counts
    the answers of both waves.
    """
    sides = [cell_ratio(cell, min_answers=min_answers) for cell in (latest, previous)]
    for side in sides:
        if isinstance(side, NoEstimate):
            return side
    assert latest is not None  # noqa: S101  its ratio exists
    assert previous is not None  # noqa: S101
    found = guarded_difference(
        *(side for side in sides if not isinstance(side, NoEstimate)),
        scale=metric.scale,
        confidence=confidence,
        sizes=(_size(latest), _size(previous)),
    )
    if isinstance(found, NoEstimate):
        return found
    n = latest.n_events + previous.n_events
    return replace(found, n=n).flagged("waves_treated_as_independent")


def wave_cell(row: WaveRow | JourneyRow | None) -> Cell | None:
    """The moments of a published row as the estimators want them; None for no row."""
    if row is None:
        return None
    kish = kish_effective_size(row.sum_weight, row.sum_weight_squared)
    if row.n_units < 1:
        return Cell(None, row.n_events, kish)
    covariance = np.array(
        [
            [row.var_numerator or 0.0, row.cov_numerator_denominator or 0.0],
            [row.cov_numerator_denominator or 0.0, row.var_denominator or 0.0],
        ]
    )
    means = np.array([row.mean_numerator, row.mean_denominator])
    names = ("numerator", "denominator")
    return Cell(Moments(row.n_units, names, means, covariance), row.n_events, kish)


def _size(cell: Cell) -> float:
    return min(cell.kish, float(cell.moments.n)) if cell.moments else cell.kish


def _share(
    cells: Mapping[Key, WaveRow], metric: str, segment: tuple[str, str], wave: str
) -> ResultRow:
    part, whole = cells.get((wave, metric, *segment)), cells.get((wave, metric, "all", "all"))
    found: Result = NoEstimate("no_answers", 0)
    if whole is not None and whole.sum_weight > 0:
        weight = part.sum_weight if part else 0.0
        n = part.n_events if part else 0
        found = Estimate(weight / whole.sum_weight, None, None, None, n, "weight_share")
    return result_row(found, metric=metric, statistic="share", window=wave, segment=segment)
