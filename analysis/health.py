"""Health scores as the warehouse holds them: how many units stand where, and why one does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from analysis.warehouse import Warehouse


@dataclass(frozen=True)
class LevelRow:
    """Units by their level now and then; ``unknown`` where there was no score."""

    level: str
    previous_level: str
    n_units: int
    mean_score: float | None
    mean_movement: float | None


@dataclass(frozen=True)
class ScoreRow:
    """One unit's score from 0 to 100, or the reason why there is none."""

    health_id: str
    unit_id: str
    unit: str
    level: str | None
    previous_level: str | None
    cap: str | None
    missing_reason: str | None
    score: float | None
    previous_score: float | None
    movement: float | None
    known_share: float
    as_of_date: date


@dataclass(frozen=True)
class ComponentRow:
    """What one component measured of a unit, now or before, and what it contributes."""

    health_id: str
    reference: str
    component: str
    n_events: int
    measured_value: float | None
    points: float | None
    weight: float
    contribution: float | None
    reference_date: date


def health_levels(warehouse: Warehouse, health_id: str) -> list[LevelRow]:
    """From which level to which how many units went; the rows add up to all units."""
    return warehouse.read("health_levels", LevelRow, "health_id", health_id)


def health_of(
    warehouse: Warehouse, health_id: str, unit_id: str
) -> tuple[ScoreRow | None, list[ComponentRow]]:
    """One unit's score and its parts on both days; None where it is no unit of that score."""
    scores = warehouse.read("health_scores", ScoreRow, "unit_id", unit_id)
    parts = warehouse.read("health_components", ComponentRow, "unit_id", unit_id)
    own = [row for row in scores if row.health_id == health_id]
    return (own[0] if own else None), [row for row in parts if row.health_id == health_id]
