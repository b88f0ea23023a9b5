"""The world's accounts, money and outcomes, drawn apart so that nothing else moves by a digit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

Record = dict[str, Any]
Clean = dict[str, list[Record]]
START = datetime(2024, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 6, tzinfo=UTC)
CURRENCIES = (0.7, 0.28, 0.02)
METRICS = (
    "gross_revenue_retention",
    "net_revenue_retention",
    "win_rate",
    "win_value_rate",
    "referral_rate",
    "customer_goal_attainment_rate",
    "average_order_value",
    "customer_lifetime_value",
    "monthly_revenue_per_customer",
    "monthly_purchases_per_customer",
    "monthly_referrer_rate",
    "monthly_cost_to_serve",
    "cost_per_contact",
    "repeat_contact_cost",
    "customer_acquisition_cost",
    "employee_nps",
    "employee_rating_mean",
)
NOT_OF_UNITS_IN_TIME = {
    "customer_lifetime_value",
    "customer_acquisition_cost",
    "employee_nps",
    "employee_rating_mean",
}
"""No unit of an experiment has them within a window of weeks."""

RATES = [("JPY", date(1900, 1, 1), None, 1.0)]
RATES += [
    ("USD", date(2024, 1, 1), date(2025, 9, 10), 150.0),
    ("USD", date(2025, 9, 10), None, 140.0),
]
DECLARED: dict[str, list[Record]] = {
    "currency_rate": [
        {"currency": currency, "valid_from": start, "valid_before": end, "rate": rate}
        for currency, start, end, rate in RATES
    ],
    "cost_allocation": [
        {"cost_kind": "support", "cost_unit": "contact", "is_ungrouped_shared": True},
        {"cost_kind": "acquisition", "cost_unit": "new_customer", "is_ungrouped_shared": True},
    ],
}
ACCOUNTS = [f"会社-{number:02d}" for number in range(12)]


def enriched(clean: Clean, *, seed: int) -> Clean:
    """The records of ``clean`` with accounts and money, and the records that only these need."""
    draw = np.random.default_rng([seed, *b"value"])
    return {
        **clean,
        "account": _accounts(draw),
        "customer": _members(draw, clean["customer"]),
        "order": _orders(draw, clean["order"]),
        "outcome": _outcomes(draw, clean["outcome"]),
        "cost": _costs(draw),
        "employee_feedback": _employee_answers(draw),
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
        {
            **row,
            "account_id": maybe(draw, str(draw.choice([*ACCOUNTS, "nowhere"])), 0.5),
            "acquisition_channel": maybe(draw, str(draw.choice(["web", "shop"])), 0.8),
        }
        for row in customers
    ]


def _orders(draw: np.random.Generator, orders: list[Record]) -> list[Record]:
    """Most have an amount in a currency with a rate."""
    return [
        {
            **row,
            "amount": maybe(draw, float(draw.integers(0, 90)) * 100, 0.98),
            "currency": maybe(draw, str(draw.choice(["JPY", "USD", "EUR"], p=CURRENCIES)), 0.99),
        }
        for row in orders
    ]


def _outcomes(draw: np.random.Generator, outcomes: list[Record]) -> list[Record]:
    """What is at stake in the old ones, and opportunities, goals and referrals beside them."""
    customers = sorted({row["customer_id"] for row in outcomes})
    more = [
        {
            "outcome_id": f"v{number}",
            "customer_id": maybe(draw, str(draw.choice(customers)), 0.9),
            "account_id": str(draw.choice(ACCOUNTS)),
            "kind": str(draw.choice(["opportunity", "goal", "referral"])),
            "goal": "解約率を下げる",
            "due_at": instant(draw),
            "is_achieved": maybe(draw, bool(draw.random() < 0.6), 0.9),
        }
        for number in range(900)
    ]
    valued = []
    for row in [*outcomes, *more]:
        value = maybe(draw, float(draw.integers(0, 40)) * 50, 0.95)
        secured = maybe(draw, (value or 0.0) * float(draw.choice([0.5, 1.0, 1.5])), 0.8)
        currency = maybe(draw, str(draw.choice(["JPY", "USD", "EUR"], p=CURRENCIES)), 0.95)
        kept = secured if row["is_achieved"] else None
        valued.append({**row, "value": value, "achieved_value": kept, "currency": currency})
    return valued


def _costs(draw: np.random.Generator) -> list[Record]:
    """Each month: two teams twice, one without contacts, what all share, channels, and the rest."""
    places = [
        *[("support", team, None) for team in ("東京", "東京", "berlin", "night", None)],
        *[("acquisition", "marketing", channel) for channel in ("web", "shop", None)],
        ("other", "berlin", None),
    ]
    months = [(2024 + number // 12, number % 12 + 1) for number in range(11, 31)]
    rows = []
    for year, month in months:
        for number, (kind, team, channel) in enumerate(places):
            currency = str(draw.choice(["JPY", "USD", "EUR"], p=CURRENCIES))
            rows.append(
                {
                    "cost_id": f"k{year}-{month}-{number}",
                    "cost_date": date(year, month, int(draw.integers(1, 29))),
                    "kind": kind,
                    "team": team,
                    "acquisition_channel": channel,
                    "amount": float(draw.integers(0, 5000)),
                    "currency": currency,
                }
            )
    return rows


def _employee_answers(draw: np.random.Generator) -> list[Record]:
    questions = {"enps": ("nps", 0, 10, True), "本音": ("rating", 1, 4, True)}
    questions["load"] = ("rating", 1, 7, False)
    rows = []
    for number in range(120):
        answered = instant(draw)
        for question, (kind, low, high, is_high_good) in questions.items():
            rows.append(
                {
                    "response_id": f"w{number}",
                    "question_id": question,
                    "employee_id": f"staff-{number % 50}",
                    "team": maybe(draw, str(draw.choice(["東", "west"])), 0.9),
                    "kind": kind,
                    "scale_min": float(low),
                    "scale_max": float(high),
                    "is_high_good": is_high_good,
                    "score": maybe(draw, float(draw.integers(low, high + 1)), 0.9),
                    "responded_at": answered,
                }
            )
    return rows
