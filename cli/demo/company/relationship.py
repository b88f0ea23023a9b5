"""The relational survey, twice a year: what everybody would answer, and who does answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import (
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    Flags,
    Floats,
    Ints,
    instant,
    instant_of,
    stream,
)
from cli.demo.company.population import Population

_COMMON, _OWN, _NOISE = 0.50, 0.50, 0.7071


@dataclass(frozen=True)
class Wave:
    """One wave, one element per invited customer (all who are active).

    Attributes:
        ratings: Shape (invited, drivers), 1 to 5: what each would answer.
        nps: 0 to 10 under the wording in force: what each would answer.
        nps_old_wording, nps_new_wording: The same under either wording.
        answered: Instant of the answer, NEVER for nonresponse.
        opened: Instant of opening the mail, NEVER when it was not opened.
    """

    name: str
    customer: Ints
    plan: Ints
    region: Ints
    ratings: Ints
    nps: Ints
    nps_old_wording: Ints
    nps_new_wording: Ints
    sent: Ints
    delivered: Ints
    opened: Ints
    answered: Ints

    @property
    def is_answered(self) -> Flags:
        """Who answered."""
        answered: Flags = self.answered != NEVER
        return answered


def promoter_points(scores: Ints) -> Floats:
    """Each answer as -100, 0 or +100."""
    return np.where(scores >= 9, 100.0, np.where(scores <= 6, -100.0, 0.0))


def simulate_waves(population: Population, seed: int) -> list[Wave]:
    """All waves in ascending order."""
    own = stream(seed, "drivers").standard_normal((population.size, len(planted.DRIVERS)))
    loyalty = stream(seed, "loyalty").standard_normal(population.size)
    return [
        _wave(population, seed, index=index, own=own, loyalty=loyalty)
        for index in range(len(planted.WAVES))
    ]


def _wave(population: Population, seed: int, *, index: int, own: Floats, loyalty: Floats) -> Wave:
    name = planted.WAVES[index]
    rng = stream(seed, f"wave {name}")
    year, half = int(name[:4]), int(name[5])
    sent_at = instant(year, 5 if half == 1 else 11, 11, 1)
    customer = np.flatnonzero(population.active(sent_at)).astype(np.int64)
    size = len(customer)
    sent = np.full(size, sent_at, dtype=np.int64)
    plan = population.plan_at(customer, sent)
    region = population.region[customer]
    ratings = _ratings(rng, population, customer, plan=plan, own=own, index=index)
    willing = _willingness(rng, ratings, region, loyalty[customer])
    new = np.clip(np.rint(planted.NPS_CENTRE + planted.NPS_SPREAD * willing), 0, 10)
    drops = rng.random(size) < planted.OLD_WORDING_DROP
    old = np.clip(new - drops, 0, 10)
    is_old = sent_at < instant_of(planted.WORDING_BREAK)
    delivered, opened, answered = _answering(rng, willing, plan, region, sent)
    return Wave(
        name=name,
        customer=customer,
        plan=plan,
        region=region,
        ratings=ratings,
        nps=(old if is_old else new).astype(np.int64),
        nps_old_wording=old.astype(np.int64),
        nps_new_wording=new.astype(np.int64),
        sent=sent,
        delivered=delivered,
        opened=opened,
        answered=answered,
    )


def _ratings(
    rng: np.random.Generator,
    population: Population,
    customer: Ints,
    *,
    plan: Ints,
    own: Floats,
    index: int,
) -> Ints:
    shifts = np.array(planted.DRIVER_MEANS)
    shifts[planted.DRIVERS.index("support_quality")] += planted.SUPPORT_SHIFTS[index]
    shifts[planted.DRIVERS.index("app_usability")] += planted.APP_SHIFTS[index]
    by_plan = np.array(planted.DRIVER_PLAN_SHIFT)[plan]
    latent = (
        _COMMON * population.satisfaction[customer][:, None]
        + _OWN * own[customer]
        + _NOISE * rng.standard_normal((len(customer), len(planted.DRIVERS)))
    )
    exact = np.rint(shifts + by_plan[:, None] + 0.95 * latent)
    ratings: Ints = np.clip(exact, 1, 5).astype(np.int64)
    return ratings


def _willingness(rng: np.random.Generator, ratings: Ints, region: Ints, loyalty: Floats) -> Floats:
    centred = ratings - np.array(planted.DRIVER_MEANS)
    is_japan = region < planted.JAPANESE_REGIONS
    shift = np.where(is_japan, planted.NPS_JAPAN_SHIFT, planted.NPS_ABROAD_SHIFT)
    noise = planted.NPS_NOISE * (0.5 * loyalty + 0.866 * rng.standard_normal(len(region)))
    willing: Floats = (
        centred @ np.array(planted.DRIVER_WEIGHTS) + shift / planted.NPS_SPREAD + noise
    )
    return willing


def _answering(
    rng: np.random.Generator, willing: Floats, plan: Ints, region: Ints, sent: Ints
) -> tuple[Ints, Ints, Ints]:
    size = len(sent)
    odds = (
        planted.RESPONSE_BASE
        + planted.RESPONSE_TO_SATISFACTION * willing / 1.25
        + np.array(planted.RESPONSE_BY_PLAN)[plan]
        + np.array(planted.RESPONSE_BY_REGION)[region]
    )
    is_delivered = rng.random(size) < 0.985
    is_answered = is_delivered & (rng.random(size) < 1 / (1 + np.exp(-odds)))
    is_opened = is_answered | (is_delivered & (rng.random(size) < 0.25))
    delivered = np.where(is_delivered, sent + rng.integers(5, 90, size), NEVER)
    pause = np.minimum(rng.exponential(2.0 * DAY, size), 13 * DAY).astype(np.int64)
    opened_at = sent + 5 * MINUTE + pause
    opened = np.where(is_opened, opened_at, NEVER)
    answered = np.where(is_answered, opened_at + rng.integers(90, HOUR // 2, size), NEVER)
    return delivered, opened, answered
