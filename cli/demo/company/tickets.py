"""Tickets of the help desk: contacts, repeat contacts, reply and resolution times, reopenings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cli.demo.company.calendar import (
    DAY,
    HISTORY_END,
    HISTORY_START,
    HOUR,
    JST_OFFSET,
    MINUTE,
    MONTH_COUNT,
    MONTH_STARTS,
    NEVER,
    Flags,
    Floats,
    Ints,
    stream,
)
from cli.demo.company.population import Population
from cli.demo.company.trials import Exposures, expose_at_first_ticket

TOPICS = ("connection", "billing", "set_up", "delivery", "app", "returns")
CHANNELS = ("email", "chat", "phone", "web")
PRIORITIES = ("low", "normal", "high", "urgent")
CHAT = CHANNELS.index("chat")
AGENTS = 40

# Share of contacts that begin in each hour of the local day.
_HOURS = np.array([1, 1, 1, 1, 1, 1, 2, 4, 7, 10, 11, 10, 8, 9, 9, 9, 8, 8, 7, 7, 6, 5, 3, 2.0])


@dataclass(frozen=True)
class Tickets:
    """All tickets in order of opening; the ticket's number is its place plus 100001.

    Attributes:
        replied: First reply by an agent as it happened, under the arm the customer was in.
        replied_without_callback: The same had the customer been in the control arm.
        resolved: First resolution; no experiment changes it.
        bot_replied: Reply of the chatbot, NEVER where there was none.
        reopened, resolved_again: NEVER where the ticket stayed resolved.
        is_in_callback_trial: Opened within the window of an exposed customer of either arm.
        is_called_back: The same in the treatment arm.
    """

    customer: Ints
    opened: Ints
    topic: Ints
    channel: Ints
    priority: Ints
    agent: Ints
    assigned: Ints
    replied: Ints
    replied_without_callback: Ints
    bot_replied: Ints
    resolved: Ints
    reopened: Ints
    resolved_again: Ints
    is_in_callback_trial: Flags
    is_called_back: Flags
    callback: Exposures

    @property
    def number(self) -> Ints:
        """The help desk's ticket numbers."""
        return np.arange(len(self.customer), dtype=np.int64) + 100_001


def simulate_tickets(population: Population, seed: int, *, chatbot: Exposures) -> Tickets:
    """Draw every contact, then let the experiments on replies act."""
    rng = stream(seed, "tickets")
    customer, opened, minutes = _contacts(rng, population)
    order = np.lexsort((customer, opened))
    customer, opened, minutes = customer[order], opened[order], minutes[order]
    size = len(customer)
    channel = rng.choice(len(CHANNELS), size=size, p=(0.34, 0.31, 0.25, 0.10))
    callback = expose_at_first_ticket(seed, customer, opened)
    treated, start, end = callback.treated_since(population.size)
    in_trial = (opened >= start[customer]) & (opened < end[customer])
    called = treated[customer] & in_trial
    assigned = opened + rng.integers(1, 4 * MINUTE, size)
    replied = opened + minutes[:, 0]
    within_hour = opened + rng.integers(6 * MINUTE, 58 * MINUTE, size)
    resolved = replied + minutes[:, 1]
    reopens = rng.random(size) < 0.06
    reopened = np.where(reopens, resolved + rng.integers(2 * HOUR, 3 * DAY, size), NEVER)
    again = np.where(reopens, reopened + _lognormal(rng, size, minutes=420, spread=1.0), NEVER)
    return Tickets(
        customer=customer,
        opened=opened,
        topic=rng.choice(len(TOPICS), size=size, p=(0.31, 0.16, 0.18, 0.13, 0.15, 0.07)),
        channel=channel,
        priority=rng.choice(len(PRIORITIES), size=size, p=(0.22, 0.60, 0.14, 0.04)),
        agent=rng.integers(0, AGENTS // 2, size) + _team(population, customer) * (AGENTS // 2),
        assigned=assigned,
        replied=np.where(called, np.minimum(replied, within_hour), replied),
        replied_without_callback=replied,
        bot_replied=_bot(rng, customer, opened, channel=channel, chatbot=chatbot),
        resolved=resolved,
        reopened=reopened,
        resolved_again=again,
        is_in_callback_trial=in_trial,
        is_called_back=called,
        callback=callback,
    )


def _team(population: Population, customer: Ints) -> Ints:
    team: Ints = (population.language[customer] == "en").astype(np.int64)
    return team


def _bot(
    rng: np.random.Generator, customer: Ints, opened: Ints, *, channel: Ints, chatbot: Exposures
) -> Ints:
    size = int(max(customer.max(initial=0), chatbot.customer.max(initial=0))) + 1
    treated, start, end = chatbot.treated_since(size)
    answers = treated[customer] & (opened >= start[customer]) & (opened < end[customer])
    moment = opened + rng.integers(2, 20, len(opened))
    return np.where(answers & (channel == CHAT), moment, NEVER)


def _contacts(rng: np.random.Generator, population: Population) -> tuple[Ints, Ints, Ints]:
    """Customer, opening and (reply, resolution) durations in seconds of every contact."""
    proneness = rng.gamma(2.5, 1 / 2.5, population.size)
    rate = 0.1265 * proneness * np.exp(-0.18 * population.satisfaction)
    customers, openings = [], []
    for month in range(MONTH_COUNT):
        start, end = MONTH_STARTS[month], min(MONTH_STARTS[month + 1], HISTORY_END)
        share = (end - start) / (MONTH_STARTS[month + 1] - start)
        is_member = (population.joined < end) & (population.churned > start)
        counts = rng.poisson(rate * share * is_member)
        who = np.repeat(np.arange(population.size, dtype=np.int64), counts)
        customers.append(who)
        openings.append(_opening(rng, population, who, start=start, end=end))
    customer, opened = np.concatenate(customers), np.concatenate(openings)
    durations = _durations(rng, population, customer, opened)
    parts = [(customer, opened, durations)]
    for _ in range(2):
        customer, opened, durations = _repeats(rng, population, *parts[-1])
        parts.append((customer, opened, durations))
    whole = [np.concatenate(part) for part in zip(*parts, strict=True)]
    keep = (
        (whole[1] >= population.joined[whole[0]])
        & (whole[1] < population.churned[whole[0]])
        & (whole[1] < HISTORY_END)
    )
    return whole[0][keep], whole[1][keep], whole[2][keep]


def _opening(
    rng: np.random.Generator, population: Population, who: Ints, *, start: int, end: int
) -> Ints:
    day = rng.integers(0, (end - start) // DAY, len(who)) if len(who) else who
    hour = rng.choice(24, size=len(who), p=_HOURS / _HOURS.sum())
    local = start + day * DAY + hour * HOUR + rng.integers(0, HOUR, len(who))
    # Customers abroad live by other clocks; half a day earlier is near enough.
    shift = np.where(population.is_japanese[who], JST_OFFSET, -4 * HOUR)
    opened: Ints = np.maximum(local - shift, HISTORY_START).astype(np.int64)
    return opened


def _durations(
    rng: np.random.Generator, population: Population, customer: Ints, opened: Ints
) -> Ints:
    """Seconds to the first reply (agents work from nine to nineteen) and from it to resolution."""
    shift = np.where(population.is_japanese[customer], JST_OFFSET, -4 * HOUR)
    clock = (opened + shift) % DAY
    waits = np.where(clock < 9 * HOUR, 9 * HOUR - clock, 0)
    waits = np.where(clock >= 19 * HOUR, DAY + 9 * HOUR - clock, waits)
    reply = waits + _lognormal(rng, len(customer), minutes=75, spread=0.9)
    return np.stack([reply, _lognormal(rng, len(customer), minutes=620, spread=1.0)], axis=1)


def _lognormal(rng: np.random.Generator, size: int, *, minutes: float, spread: float) -> Ints:
    drawn: Floats = np.minimum(rng.lognormal(np.log(minutes), spread, size), 30 * 24 * 60)
    return np.maximum(np.rint(drawn * MINUTE), 30).astype(np.int64)


def _repeats(
    rng: np.random.Generator, population: Population, customer: Ints, opened: Ints, durations: Ints
) -> tuple[Ints, Ints, Ints]:
    """One contact in nine is followed by another within a week of its resolution."""
    resolved = opened + durations.sum(axis=1)
    follows = rng.random(len(customer)) < 0.11
    again = resolved[follows] + rng.integers(3 * HOUR, 6 * DAY + 20 * HOUR, int(follows.sum()))
    who = customer[follows]
    return who, again, _durations(rng, population, who, again)
