"""The customers: who they are, which plan they hold in each month, when they join and leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import (
    DAY,
    HISTORY_END,
    HISTORY_START,
    MONTH_COUNT,
    MONTH_STARTS,
    NEVER,
    Flags,
    Floats,
    Ints,
    Texts,
    instant,
    month_index,
    stream,
)

_ESTABLISHED_SHARE = 0.42
_OTHER_MOVES = ((0, 1, 0.004), (1, 2, 0.003), (2, 1, 0.003), (1, 0, 0.003))
_CAMPAIGN_MOVES = ((1, 0, 0.011), (2, 0, 0.004))
ANNUAL_VALUE = np.array([5_880, 11_760, 23_760], dtype=np.int64)


@dataclass(frozen=True)
class Renewals:
    """Annual renewal decisions, one element each, in order of the customer and the year."""

    customer: Ints
    due: Ints
    is_achieved: Flags
    value: Ints


@dataclass(frozen=True)
class Population:
    """All customers of the history, one element each.

    Attributes:
        number: The customer number as the company writes it.
        satisfaction: Latent, standard normal, constant in time.
        engagement: Latent inclination to use the app, standard normal.
        joined: Instant of joining.
        churned: Instant of leaving, or NEVER.
        plan_by_month: Shape (customers, months): index into PLANS in force from the month's start;
            before a customer joins it holds the plan of joining.
    """

    number: Texts
    region: Ints
    country: Texts
    language: Texts
    channel: Ints
    satisfaction: Floats
    engagement: Floats
    joined: Ints
    churned: Ints
    plan_by_month: Ints
    renewals: Renewals

    @property
    def size(self) -> int:
        """How many customers the history has seen."""
        return len(self.number)

    @property
    def is_japanese(self) -> Flags:
        """Whether a customer lives in Japan."""
        return self.region < planted.JAPANESE_REGIONS

    def active(self, when: int) -> Flags:
        """Who is a customer at an instant."""
        return (self.joined < when) & (self.churned > when)

    def plan_at(self, customers: Ints, instants: Ints) -> Ints:
        """The plan of each customer at each instant."""
        return self.plan_by_month[customers, month_index(instants)]


def simulate_population(customers: int, seed: int) -> Population:
    """Draw the customers and follow them month by month."""
    rng = stream(seed, "population")
    region = rng.choice(len(planted.REGIONS), size=customers, p=planted.REGION_SHARES)
    joined = _joining(rng, customers)
    satisfaction = rng.standard_normal(customers)
    engagement = 0.35 * satisfaction + np.sqrt(1 - 0.35**2) * rng.standard_normal(customers)
    plan = _plans(rng, joined)
    churned, renewals = _leaving(rng, joined, _hazard(satisfaction, engagement, plan), plan)
    country = _countries(rng, region)
    speaks = rng.random(customers) < 0.97
    return Population(
        number=np.array([f"HH-{k + 1:06d}" for k in range(customers)]),
        region=region,
        country=country,
        language=np.where((region < planted.JAPANESE_REGIONS) & speaks, "ja", "en"),
        channel=rng.choice(len(planted.CHANNELS), size=customers, p=planted.CHANNEL_SHARES),
        satisfaction=satisfaction,
        engagement=engagement,
        joined=joined,
        churned=churned,
        plan_by_month=plan,
        renewals=renewals,
    )


def _joining(rng: np.random.Generator, customers: int) -> Ints:
    established = int(customers * _ESTABLISHED_SHARE)
    early = rng.integers(instant(2021, 1, 10), HISTORY_START, size=established)
    later = rng.integers(HISTORY_START, HISTORY_END - 10 * DAY, size=customers - established)
    return np.sort(np.concatenate([early, later])).astype(np.int64)


def _countries(rng: np.random.Generator, region: Ints) -> Texts:
    country = np.full(len(region), "Japan", dtype="<U16")
    choices = {
        3: ("United States", "Canada"),
        4: ("Germany", "United Kingdom", "France"),
        5: ("Singapore", "Australia", "Taiwan"),
    }
    for code, names in choices.items():
        here = region == code
        country[here] = rng.choice(names, size=int(here.sum()))
    return country


def _plans(rng: np.random.Generator, joined: Ints) -> Ints:
    first, last = planted.CAMPAIGN_MONTHS
    month_joined = month_index(joined)
    in_campaign = (month_joined >= first) & (month_joined < last)
    draw = rng.random(len(joined))
    usual = np.searchsorted(np.cumsum(planted.JOINER_PLANS)[:-1], draw)
    campaign = np.searchsorted(np.cumsum(planted.CAMPAIGN_JOINER_PLANS)[:-1], draw)
    plan = np.empty((len(joined), MONTH_COUNT), dtype=np.int64)
    plan[:, 0] = np.where(in_campaign, campaign, usual)
    for month in range(1, MONTH_COUNT):
        plan[:, month] = before = plan[:, month - 1]
        is_campaign = first <= month < last
        is_member = joined < MONTH_STARTS[month]
        draw = rng.random(len(joined))
        for origin, target, rate in _OTHER_MOVES + (_CAMPAIGN_MOVES if is_campaign else ()):
            moves = is_member & (before == origin) & (draw >= 0) & (draw < rate)
            plan[moves, month] = target
            draw = np.where(before == origin, draw - rate, draw)
    return plan


def _hazard(satisfaction: Floats, engagement: Floats, plan: Ints) -> Floats:
    weights = planted.HEALTH_WEIGHTS
    by_plan = np.array([weights["lite_plan"], 0.0, weights["premium_plan"]])
    health = weights["satisfaction"] * satisfaction + weights["engagement"] * engagement
    hazard: Floats = np.exp(-health[:, None] - by_plan[plan])
    return hazard


def _leaving(
    rng: np.random.Generator, joined: Ints, hazard: Floats, plan: Ints
) -> tuple[Ints, Renewals]:
    churned = np.full(len(joined), NEVER)
    joined_month = joined.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    offset = np.minimum(joined - _month_start(joined_month), 27 * DAY)
    decided: list[tuple[Ints, Ints, Flags, Ints]] = []
    for month in range(MONTH_COUNT):
        start, end = MONTH_STARTS[month], MONTH_STARTS[month + 1]
        active = (joined < start) & (churned == NEVER)
        age = (2023 - 1970) * 12 + 6 + month - joined_month
        quits = active & (rng.random(len(joined)) < 0.0055 * hazard[:, month])
        quit_at = rng.integers(start, end, size=len(joined))
        due = start + offset
        decides = active & (age > 0) & (age % 12 == 0) & ~(quits & (quit_at <= due))
        decides &= due < HISTORY_END
        renews = rng.random(len(joined)) >= np.minimum(0.068 * hazard[:, month], 0.9)
        churned = np.where(quits, quit_at, churned)
        churned = np.where(decides & ~renews, due, churned)
        who = np.flatnonzero(decides)
        decided.append((who, due[who], renews[who], ANNUAL_VALUE[plan[who, month]]))
    churned = np.where(churned < HISTORY_END, churned, NEVER)
    customer, due, achieved, value = (np.concatenate(part) for part in zip(*decided, strict=True))
    order = np.lexsort((due, customer))
    return churned, Renewals(customer[order], due[order], achieved[order], value[order])


def _month_start(months_since_1970: Ints) -> Ints:
    return months_since_1970.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
