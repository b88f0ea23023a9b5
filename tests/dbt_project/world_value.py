"""The world's accounts, money and outcomes, drawn apart so that nothing else moves by a digit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

Record = dict[str, Any]
Clean = dict[str, list[Record]]
START = datetime(2024, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 6, tzinfo=UTC)
ACCOUNTS = [f"会社-{number:02d}" for number in range(12)]


def enriched(clean: Clean, *, seed: int) -> Clean:
    """The records of ``clean`` with accounts and money, and the records that only these need."""
    draw = np.random.default_rng([seed, *b"value"])
    return {
        **clean,
        "account": _accounts(draw),
        "customer": _members(draw, clean["customer"]),
    }


def instant(draw: np.random.Generator, start: datetime = START, end: datetime = END) -> datetime:
    """A whole second between two instants."""
    return start + timedelta(seconds=int(draw.integers(0, int((end - start).total_seconds()))))


def maybe(draw: np.random.Generator, value: Any, share: float) -> Any:
    """The value, or null with one minus ``share``."""
    return value if draw.random() < share else None


def _accounts(draw: np.random.Generator) -> list[Record]:
    """One to three ranges for each account; some are first known long after the customers."""
    return [
        {
            "account_id": account,
            "valid_from": valid_from,
            "country": maybe(draw, str(draw.choice(["JP", "DE", ""])), 0.9),
            "industry": str(draw.choice(["小売", "media"])),
            "owner_team": str(draw.choice(["east", "west"])),
            "opened_at": START,
        }
        for account in ACCOUNTS
        for valid_from in sorted({instant(draw) for _ in range(int(draw.integers(1, 4)))})
    ]


def _members(draw: np.random.Generator, customers: list[Record]) -> list[Record]:
    """Half of the customers' ranges belong to an account, not always to the same one."""
    return [
        {**row, "account_id": maybe(draw, str(draw.choice([*ACCOUNTS, "nowhere"])), 0.5)}
        for row in customers
    ]
