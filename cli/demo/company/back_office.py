"""The back office's monthly and quarterly files: booked costs, and the employees' pulse survey."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import (
    DAY,
    HOUR,
    MONTH_COUNT,
    MONTH_STARTS,
    Floats,
    month_index,
    stream,
    tokyo_text,
)
from cli.demo.company.population import Population
from cli.demo.company.records import write_csv
from cli.demo.company.tickets import AGENTS, Tickets

_TOKYO, _GLOBAL = "東京サポート", "Global Support"
_CHANNEL_CODES = ("EC", "SHOP", "FRIEND", "PARTNER")
_COST_OF_JOINING = (3_800, 6_200, 1_900, 5_100)
_COSTS = ("VoucherNo", "PostingDate", "Account", "Department", "Channel", "Currency", "Amount")
_PULSE = ("PulseNo", "StaffNo", "Department", "SubmittedAt", "Recommend", "Workload", "Tools",
          "Growth")  # fmt: skip
_DEPARTMENTS = (_TOKYO, _GLOBAL, "プロダクト", "物流", "店舗", "営業")
_STAFF = 150


def write_back_office(
    directory: Path, population: Population, tickets: Tickets, *, seed: int
) -> None:
    """One file of vouchers per year and one of answers per quarter."""
    directory.mkdir(parents=True, exist_ok=True)
    vouchers = _vouchers(stream(seed, "costs"), population, tickets)
    for year in sorted({row[1][:4] for row in vouchers}):
        rows = [row for row in vouchers if row[1].startswith(year)]
        write_csv(directory / f"costs_{year}.csv", header=_COSTS, rows=rows)
    _write_pulses(directory, stream(seed, "pulse"))


def _vouchers(
    rng: np.random.Generator, population: Population, tickets: Tickets
) -> list[list[Any]]:
    """Two teams with a payroll and a part that moves with the work, tools in dollars, campaigns."""
    contacts = _monthly(month_index(tickets.opened), tickets.agent < AGENTS // 2)
    foreign = _monthly(month_index(tickets.opened), tickets.agent >= AGENTS // 2)
    is_new = population.joined >= MONTH_STARTS[0]
    joined = month_index(population.joined)
    rows: list[list[Any]] = []
    for month in range(MONTH_COUNT - 1):
        wobble = 1 + 0.03 * rng.standard_normal(4)
        payroll = 700 * contacts.mean() * (1 + 0.02 * (month // 12))
        booked = [
            ("6410", _TOKYO, "", "JPY", round((payroll + 650 * contacts[month]) * wobble[0])),
            ("6410", _GLOBAL, "", "USD", round((4.5 * foreign.mean() + 5 * foreign[month])
                                               * wobble[1], 2)),
            ("6420", "", "", "USD", round(0.9 * (contacts.mean() + foreign.mean()) * wobble[2], 2)),
            ("6100", "総務", "", "JPY", round(1_400_000 * wobble[3])),
        ]  # fmt: skip
        for code in range(len(planted.CHANNELS)):
            won = int((is_new & (joined == month) & (population.channel == code)).sum())
            spent = _COST_OF_JOINING[code] * (0.3 * population.size / 90 + 0.7 * won)
            amount = round(spent * (1 + 0.1 * rng.standard_normal()))
            booked.append(("6510", "マーケティング", _CHANNEL_CODES[code], "JPY", amount))
        last_day = date.fromisoformat(tokyo_text(MONTH_STARTS[month + 1 : month + 2])[0][:10])
        posted = (last_day - timedelta(days=1)).isoformat()
        rows += [[f"V{month + 1:02d}-{k + 1:02d}", posted, *row] for k, row in enumerate(booked)]
    return rows


def _monthly(month: Any, chosen: Any) -> Floats:
    counts = np.bincount(month[chosen], minlength=MONTH_COUNT)[: MONTH_COUNT - 1]
    return np.asarray(counts, dtype=np.float64)


def _write_pulses(directory: Path, rng: np.random.Generator) -> None:
    """Each quarter three of four answer; workload is asked as "it is easy to bear" (high good)."""
    department = rng.integers(0, len(_DEPARTMENTS), _STAFF)
    mood = rng.standard_normal(_STAFF)
    number = 0
    for quarter in range(12):
        start = int(MONTH_STARTS[3 * quarter + 2])
        rows = []
        for person in np.flatnonzero(rng.random(_STAFF) < 0.75):
            number += 1
            # Since the callback in autumn 2025 the support desks are under more pressure.
            strain = 0.8 * (quarter >= 9 and department[person] < 2)
            feel = mood[person] - strain + 0.5 * rng.standard_normal(4)
            moment = np.array([start + int(rng.integers(10 * DAY)) + 2 * HOUR])
            ratings = np.clip(np.round(3.4 + 0.8 * feel[1:]), 1, 5).astype(int)
            recommend = int(np.clip(np.round(6.8 + 1.7 * feel[0]), 0, 10))
            rows.append(
                [
                    f"PU-{number:05d}",
                    f"ST-{person + 1:03d}",
                    _DEPARTMENTS[department[person]],
                    tokyo_text(moment, separator="/")[0],
                    recommend,
                    *ratings.tolist(),
                ]
            )
        quarter_name = f"{2023 + (quarter + 2) // 4}Q{(quarter + 2) % 4 + 1}"
        write_csv(directory / f"pulse_{quarter_name}.csv", header=_PULSE, rows=rows)
