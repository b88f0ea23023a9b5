"""Monthly use of the app, and the tour's effect on it that sums to exactly zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import DAY, MONTH_COUNT, MONTH_STARTS, Flags, Floats, Ints, stream
from cli.demo.company.population import Population
from cli.demo.company.trials import Exposures

FIRST_MONTH = 6
"""The app has counted since January 2024."""


@dataclass(frozen=True)
class Usage:
    """One element per customer and month in which the customer was one on the first day.

    Attributes:
        month: Index into the months of the history.
        active_days: As it happened, under the arm the customer was in.
        without_tour, with_tour: Both potential outcomes, equal outside the tour's window.
    """

    customer: Ints
    month: Ints
    active_days: Ints
    event_count: Ints
    without_tour: Ints
    with_tour: Ints
    in_tour_window: Flags


def simulate_usage(population: Population, seed: int, *, tour: Exposures) -> Usage:
    """Draw the months, then let the tour act on the exposed customers' window."""
    rng = stream(seed, "usage")
    parts = [_month(rng, population, month) for month in range(FIRST_MONTH, MONTH_COUNT - 1)]
    customer, month, days = (np.concatenate(part) for part in zip(*parts, strict=True))
    # A month counts when all of it lies in the window: its first and its last second.
    in_window = tour.covers(customer, MONTH_STARTS[month], size=population.size)
    in_window &= tour.covers(customer, MONTH_STARTS[month + 1] - 1, size=population.size)
    effect = _balanced_effect(rng, population, tour, customer, days=days, in_window=in_window)
    treated, _, _ = tour.treated_since(population.size)
    seen = np.where(treated[customer], days + effect, days)
    return Usage(
        customer=customer,
        month=month,
        active_days=seen,
        event_count=rng.poisson(seen * 3.4),
        without_tour=days,
        with_tour=days + effect,
        in_tour_window=in_window,
    )


def _month(rng: np.random.Generator, population: Population, month: int) -> tuple[Ints, Ints, Ints]:
    start, end = int(MONTH_STARTS[month]), int(MONTH_STARTS[month + 1])
    customer = np.flatnonzero(population.active(start)).astype(np.int64)
    plan = population.plan_by_month[customer, month]
    odds: Floats = (
        -0.35
        + 0.95 * population.engagement[customer]
        + np.array([-0.20, 0.0, 0.25])[plan]
        + 0.08 * np.cos(2 * np.pi * (month % 12) / 12)
        + 0.22 * rng.standard_normal(len(customer))
    )
    present = (np.minimum(population.churned[customer], end) - start + DAY - 1) // DAY
    days = rng.binomial(present, 1 / (1 + np.exp(-odds)))
    return customer, np.full(len(customer), month, dtype=np.int64), days.astype(np.int64)


def _balanced_effect(
    rng: np.random.Generator,
    population: Population,
    tour: Exposures,
    customer: Ints,
    *,
    days: Ints,
    in_window: Flags,
) -> Ints:
    """+1 day for part of the premium customers' months, -1 day for as many other months."""
    exposed = np.zeros(population.size, dtype=np.int64)
    exposed[tour.customer] = tour.exposed
    is_premium = population.plan_at(customer, exposed[customer]) == len(planted.PLANS) - 1
    gains = np.flatnonzero(in_window & is_premium & (days < 28))
    gains = gains[rng.random(len(gains)) < planted.TOUR_PREMIUM_SHARE]
    loses = np.flatnonzero(in_window & ~is_premium & (days > 0))
    loses = rng.permutation(loses)[: len(gains)]
    effect = np.zeros(len(days), dtype=np.int64)
    effect[gains[: len(loses)]] = 1
    effect[loses] = -1
    return effect
