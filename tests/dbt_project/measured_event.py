"""One row of a fact to which a metric applies, as the recomputations see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Event:
    """One row to which a metric applies; ``over_at`` is set for rows that sum up a period.

    ``value`` is the numerator; ``denominator`` is 1 but for what weighs by money.
    """

    metric: str
    event_id: str
    customer_id: str | None
    at: datetime
    value: float
    weight: float
    segments: dict[str, str]
    over_at: datetime | None = None
    denominator: float = 1.0
