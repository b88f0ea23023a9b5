"""Seeded batches of answers and calls whose true course is known: stable, or changed on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.contract import RecordContract
from connectors.contract_outcomes import Outcome
from connectors.records import RECORDS
from programme.contracts import Contract
from programme.sources import Entity, RecordMap

FIRST_DAY = date(2026, 1, 1)
NPS = (3, 2, 2, 2, 3, 6, 8, 14, 22, 18, 20)
CSAT = (5, 8, 17, 35, 35)
_HOURS = np.array(
    [1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2, 2, 1], np.float64
)
_COMMENTS = (
    "とても良い対応でした",
    "遅かったです。改善してください",
    "good service",
    "slow delivery",
)


@dataclass(frozen=True)
class Answers:
    """Answers to one question.

    ``concentration`` is how alike days are: the parameter of a Dirichlet distribution around the
    shares, None for no variation beyond the multinomial one.
    """

    points: Sequence[float] = NPS
    lowest: float = 0.0
    channels: Sequence[float] = (0.5, 0.3, 0.15, 0.05)
    concentration: float | None = None
    is_flipped: bool = False
    new_channel: float = 0.0
    emptied: str = ""
    question: str = "likelihood"

    def draw(self, rng: np.random.Generator, day: date, rows: int) -> pa.Table:
        record = RECORDS["feedback"]
        highest = self.lowest + len(self.points) - 1
        scores = rng.choice(len(self.points), rows, p=self._shares(rng, self.points)) + self.lowest
        channels = rng.choice(
            ["email", "web", "app", "phone"], rows, p=self._shares(rng, self.channels)
        )
        columns: dict[str, Any] = {
            "response_id": [f"{day}-{number}" for number in range(rows)],
            "survey_id": ["service"] * rows,
            "question_id": [self.question] * rows,
            "kind": ["nps" if len(self.points) == 11 else "csat"] * rows,
            "scale_min": [self.lowest] * rows,
            "scale_max": [highest] * rows,
            "is_high_good": [True] * rows,
            "score": self.lowest + highest - scores if self.is_flipped else scores,
            "channel": np.where(rng.random(rows) < self.new_channel, "kiosk", channels).tolist(),
            "language": rng.choice(["ja", "en"], rows, p=self._shares(rng, (0.8, 0.2))).tolist(),
            "business_unit": [f"store {number % 15}" for number in rng.zipf(1.6, rows)],
            "customer_id": [
                None if missing < 0.05 else f"c{number}"
                for number, missing in zip(
                    rng.integers(0, 9999, rows), rng.random(rows), strict=True
                )
            ],
            "comment": [
                None
                if share > 0.6
                else _COMMENTS[int(share * 1000) % 4] * (1 + int(share * 97) % 3)
                for share in rng.random(rows)
            ],
            "responded_at": instants(rng, day, rows),
        }
        columns.pop(self.emptied, None)
        return table_of("feedback", columns, rows, record.schema)

    def _shares(self, rng: np.random.Generator, shares: Sequence[float]) -> Any:
        mean = np.asarray(shares, np.float64) / np.sum(shares)
        return mean if self.concentration is None else rng.dirichlet(mean * self.concentration)


@dataclass(frozen=True)
class Calls:
    """Calls and tickets, their times in units of ``seconds``."""

    seconds: float = 1.0
    concentration: float | None = None

    def draw(self, rng: np.random.Generator, day: date, rows: int) -> pa.Table:
        codes = {
            "kind": (["ticket", "call", "chat"], [6, 3, 1]),
            "channel": (["email", "web", "phone"], [5, 2, 3]),
            "topic": ([f"topic {number}" for number in range(12)], 1 / np.arange(1, 13)),
            "priority": (["low", "normal", "high"], [2, 7, 1]),
            "status": (["open", "closed"], [3, 7]),
        }
        drawn = {
            name: rng.choice(values, rows, p=self._shares(rng, shares)).tolist()
            for name, (values, shares) in codes.items()
        }
        times = (("talk_seconds", 5), ("silence_seconds", 3), ("wait_seconds", 2))
        sizes = {name: np.exp(rng.normal(mean, 1, rows)) * self.seconds for name, mean in times}
        columns = {
            "interaction_id": [f"{day}-{number}" for number in range(rows)],
            "is_flagged": (rng.random(rows) < 0.05).tolist(),
            "opened_at": instants(rng, day, rows),
        }
        schema = RECORDS["interaction"].schema
        return table_of("interaction", columns | drawn | sizes, rows, schema)

    _shares = Answers._shares


World = Answers | Calls


def instants(rng: np.random.Generator, day: date, rows: int) -> pa.Array:
    """Within the day before, by the hours of a shop."""
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 86_400
    hours = rng.choice(24, rows, p=_HOURS / _HOURS.sum())
    seconds = start + hours * 3600 + rng.integers(0, 3600, rows)
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us", tz="UTC"))


def table_of(record: str, columns: dict[str, Any], rows: int, schema: pa.Schema) -> pa.Table:
    """The record's columns, null where none is given."""
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def batch_size(
    rng: np.random.Generator, day: date, usual: int, *, spread: float, is_weekly: bool
) -> int:
    """Rows of a day: a lognormal spread, 40 % of the usual at weekends."""
    factor = 0.4 if is_weekly and day.weekday() >= 5 else 1.0
    return max(1, int(rng.poisson(usual * factor * np.exp(rng.normal(0, spread)))))


def close(
    table: pa.Table,
    load_date: date,
    history: Sequence[dict[str, Any]] = (),
    *,
    contract: Contract | None = None,
    **options: Any,
) -> tuple[list[Outcome], dict[str, Any]]:
    """Pass a batch of the record with this schema through its contract, in one chunk."""
    record = next(part for part in RECORDS.values() if part.schema == table.schema)
    entity = Entity.model_validate(
        {
            "files": {"pattern": "*.csv"},
            "records": [RecordMap(record=record.name, fields={})],
            "contract": {} if contract is None else {record.name: contract},
        }
    )
    judged = RecordContract(entity, record, None, load_date=load_date, history=history, **options)
    judged.take(table)
    return judged.close()


def course(
    world: World,
    dates: int,
    *,
    seed: int,
    usual: int = 400,
    spread: float = 0.1,
    is_weekly: bool = False,
    contract: Contract | None = None,
) -> tuple[list[dict[str, Any]], list[list[Outcome]]]:
    """Profiles and outcomes of stable load dates, one a day; the first brings much more."""
    rng = np.random.default_rng(seed)
    history: list[dict[str, Any]] = []
    judged: list[list[Outcome]] = []
    for number in range(dates):
        day = FIRST_DAY + timedelta(days=number)
        rows = batch_size(rng, day, usual, spread=spread, is_weekly=is_weekly)
        table = world.draw(rng, day, rows if number else 20 * usual)
        outcomes, profile = close(table, day, history[-62:], contract=contract)
        history.append(profile)
        judged.append(outcomes)
    return history, judged


def next_day(history: Sequence[dict[str, Any]]) -> date:
    """The day after the last load date."""
    return date.fromisoformat(history[-1]["load_date"]) + timedelta(days=1)


def findings(outcomes: Sequence[Outcome]) -> set[tuple[str, str]]:
    """(rule, column) of what fails."""
    return {
        (outcome.check.expectation, str(outcome.facts.get("column", "")))
        for outcome in outcomes
        if not outcome.passed
    }
