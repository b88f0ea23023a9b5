"""Orders: subscriptions, devices with a promised delivery day, and renewal invoices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cli.demo.company.calendar import (
    DAY,
    HISTORY_END,
    HISTORY_START,
    HOUR,
    JST_OFFSET,
    MONTH_COUNT,
    MONTH_STARTS,
    NEVER,
    Flags,
    Ints,
    stream,
)
from cli.demo.company.population import Population

KINDS = ("subscription", "device", "renewal")
SUBSCRIPTION, DEVICE, RENEWAL = range(3)
STORES = ("web", "app", "shinjuku", "umeda", "marketplace")
_FEE = np.array([490, 980, 1_980], dtype=np.int64)
_DEVICE_PRICES = np.array([3_980, 6_480, 9_800, 14_800, 24_800], dtype=np.int64)
_LATE_SHARE = 0.11


@dataclass(frozen=True)
class Orders:
    """All orders of the history in order of time; NEVER where a date does not apply.

    ``promised`` is the last second of the promised day in Tokyo.
    """

    customer: Ints
    kind: Ints
    store: Ints
    amount: Ints
    ordered: Ints
    promised: Ints
    delivered: Ints
    canceled: Ints

    @property
    def is_late(self) -> Flags:
        """Delivered on a later day than promised."""
        has_both = (self.promised != NEVER) & (self.delivered != NEVER)
        late: Flags = has_both & (self.delivered > self.promised)
        return late


def simulate_orders(population: Population, seed: int) -> Orders:
    """Draw all orders."""
    rng = stream(seed, "orders")
    new = np.flatnonzero(population.joined >= HISTORY_START).astype(np.int64)
    starter_at = population.joined[new] + rng.integers(60, HOUR, len(new))
    later, later_at = _later_purchases(rng, population)
    renewals = population.renewals
    renewed = renewals.is_achieved & (renewals.due >= HISTORY_START)
    customer = np.concatenate([new, new, later, renewals.customer[renewed]])
    kind = np.repeat(
        [SUBSCRIPTION, DEVICE, DEVICE, RENEWAL],
        [len(new), len(new), len(later), int(renewed.sum())],
    )
    ordered = np.concatenate(
        [population.joined[new], starter_at, later_at, renewals.due[renewed]]
    ).astype(np.int64)
    order = np.lexsort((kind, customer, ordered))
    customer, kind, ordered = customer[order], kind[order], ordered[order]
    price = rng.choice(_DEVICE_PRICES, size=len(kind), p=(0.28, 0.27, 0.22, 0.15, 0.08))
    fee = _FEE[population.plan_at(customer, ordered)]
    promised, delivered, canceled = _shipping(rng, kind == DEVICE, ordered)
    return Orders(
        customer=customer,
        kind=kind,
        store=rng.choice(len(STORES), size=len(kind), p=(0.45, 0.30, 0.09, 0.06, 0.10)),
        amount=np.where(kind == DEVICE, price, np.where(kind == RENEWAL, 12 * fee, fee)),
        ordered=ordered,
        promised=promised,
        delivered=delivered,
        canceled=canceled,
    )


def _later_purchases(rng: np.random.Generator, population: Population) -> tuple[Ints, Ints]:
    taste = rng.gamma(0.9, 1 / 0.9, population.size)
    rate = 0.052 * taste * np.exp(0.15 * population.satisfaction)
    customers, instants = [], []
    for month in range(MONTH_COUNT):
        start, end = MONTH_STARTS[month], min(MONTH_STARTS[month + 1], HISTORY_END)
        share = (end - start) / (MONTH_STARTS[month + 1] - start)
        counts = rng.poisson(rate * share * population.active(int(start)))
        who = np.repeat(np.arange(population.size, dtype=np.int64), counts)
        at = rng.integers(start, end, len(who))
        keep = at < population.churned[who]
        customers.append(who[keep])
        instants.append(at[keep])
    return np.concatenate(customers), np.concatenate(instants)


def _shipping(rng: np.random.Generator, is_device: Flags, ordered: Ints) -> tuple[Ints, Ints, Ints]:
    size = len(ordered)
    local_day = (ordered + JST_OFFSET) // DAY
    promised_day = local_day + rng.integers(3, 7, size)
    is_late = rng.random(size) < _LATE_SHARE
    early = rng.integers(0, 3, size)
    delay = np.minimum(rng.geometric(0.45, size), 9)
    day = np.where(is_late, promised_day + delay, np.maximum(promised_day - early, local_day + 1))
    # Parcels arrive between nine and twenty in Tokyo, which is the same date in UTC.
    delivered = day * DAY + rng.integers(9 * HOUR, 20 * HOUR, size) - JST_OFFSET
    is_canceled = is_device & (rng.random(size) < 0.03)
    arrives = is_device & ~is_canceled & (delivered < HISTORY_END)
    canceled_at = ordered + rng.integers(HOUR, 2 * DAY, size)
    return (
        np.where(is_device, (promised_day + 1) * DAY - 1 - JST_OFFSET, NEVER),
        np.where(arrives, delivered, NEVER),
        np.where(is_canceled & (canceled_at < HISTORY_END), canceled_at, NEVER),
    )
