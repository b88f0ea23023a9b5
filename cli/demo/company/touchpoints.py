"""Surveys after a ticket, a delivery and the set-up: what would be answered, and by whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import (
    DAY,
    HISTORY_END,
    HISTORY_START,
    HOUR,
    NEVER,
    Flags,
    Floats,
    Ints,
    stream,
)
from cli.demo.company.orders import Orders
from cli.demo.company.population import Population
from cli.demo.company.tickets import Tickets

NO_SCORE = -1


@dataclass(frozen=True)
class Questioning:
    """One touchpoint's invitations, one element each, in order of sending.

    Attributes:
        survey: ``ticket``, ``delivery`` or ``onboarding``.
        subject: Place of the ticket or order asked about; -1 for onboarding.
        csat, ces: Answers as asked under the arm the customer was in, NO_SCORE where not asked.
        answered: Instant of the answer, NEVER for nonresponse.
        answer_at: When an answer would arrive, for everybody.
        potential_csat, potential_answers: Shape (2, n): without and with the callback.
    """

    survey: str
    customer: Ints
    subject: Ints
    sent: Ints
    delivered: Ints
    csat: Ints
    ces: Ints
    answered: Ints
    answer_at: Ints
    potential_csat: Ints
    potential_answers: Flags


def ask_after_tickets(population: Population, tickets: Tickets, seed: int) -> Questioning:
    """CSAT 1-5 and CES 1-7 (7 = very easy) after the first resolution."""
    rng = stream(seed, "ticket survey")
    subject = np.flatnonzero(tickets.resolved < HISTORY_END - 2 * HOUR)
    subject = subject[np.argsort(tickets.resolved[subject], kind="stable")].astype(np.int64)
    customer = tickets.customer[subject]
    size = len(subject)
    reply = (tickets.replied_without_callback - tickets.opened)[subject] / HOUR
    solving = (tickets.resolved - tickets.opened)[subject] / HOUR
    mood: Floats = (
        3.55
        + 0.45 * population.satisfaction[customer]
        - 0.10 * np.log(reply + 0.2)
        - 0.10 * np.log(solving / 12)
        + 0.9 * rng.standard_normal(size)
    )
    lifted = mood + planted.CALLBACK_LATENT_EFFECT * tickets.is_in_callback_trial[subject]
    potential = np.stack([_five(mood), _five(lifted)])
    called = tickets.is_called_back[subject].astype(np.int64)
    ces = np.clip(np.rint(1.35 * mood - 0.1 + 0.9 * rng.standard_normal(size)), 1, 7)
    return _ask(
        rng,
        population,
        "ticket",
        customer=customer,
        subject=subject,
        sent=tickets.resolved[subject] + HOUR // 2,
        potential=potential,
        arm=called,
        ces=ces.astype(np.int64),
        base=-0.72,
    )


def ask_after_deliveries(population: Population, orders: Orders, seed: int) -> Questioning:
    """CSAT 1-5 after a delivery; a late one costs more than a point."""
    rng = stream(seed, "delivery survey")
    subject = np.flatnonzero(orders.delivered < HISTORY_END - DAY)
    subject = subject[np.argsort(orders.delivered[subject], kind="stable")].astype(np.int64)
    customer = orders.customer[subject]
    mood = (
        4.05
        + 0.35 * population.satisfaction[customer]
        - 1.25 * orders.is_late[subject]
        + 0.85 * rng.standard_normal(len(subject))
    )
    return _ask(
        rng,
        population,
        "delivery",
        customer=customer,
        subject=subject,
        sent=orders.delivered[subject] + 20 * HOUR,
        potential=np.stack([_five(mood)] * 2),
        arm=np.zeros(len(subject), dtype=np.int64),
        ces=np.full(len(subject), NO_SCORE),
        base=-1.05,
    )


def ask_after_onboarding(population: Population, seed: int) -> Questioning:
    """CES after three weeks, asked the other way round: 1 = very easy, 7 = very difficult."""
    rng = stream(seed, "onboarding survey")
    sent = population.joined + 21 * DAY
    is_new = (population.joined >= HISTORY_START) & (sent < HISTORY_END - DAY)
    customer = np.flatnonzero(is_new & (population.churned > sent)).astype(np.int64)
    ease = 5.0 + 0.5 * population.satisfaction[customer] + 1.2 * rng.standard_normal(len(customer))
    return _ask(
        rng,
        population,
        "onboarding",
        customer=customer,
        subject=np.full(len(customer), -1),
        sent=sent[customer],
        potential=np.full((2, len(customer)), NO_SCORE),
        arm=np.zeros(len(customer), dtype=np.int64),
        ces=(8 - np.clip(np.rint(ease), 1, 7)).astype(np.int64),
        base=0.15,
    )


def _five(mood: Floats) -> Ints:
    return np.clip(np.rint(mood), 1, 5).astype(np.int64)


def _ask(
    rng: np.random.Generator,
    population: Population,
    survey: str,
    *,
    customer: Ints,
    subject: Ints,
    sent: Ints,
    potential: Ints,
    arm: Ints,
    ces: Ints,
    base: float,
) -> Questioning:
    size = len(customer)
    is_delivered = rng.random(size) < 0.97
    odds = base + 0.18 * (potential - 3.5) + 0.12 * population.satisfaction[customer]
    chance = rng.random(size)
    pause = 2 * HOUR + np.minimum(rng.exponential(1.1 * DAY, size), 6 * DAY).astype(np.int64)
    answer_at = sent + pause
    is_possible = is_delivered & (answer_at < HISTORY_END)
    answers = is_possible & (chance < 1 / (1 + np.exp(-odds)))
    row = np.arange(size)
    return Questioning(
        survey=survey,
        customer=customer,
        subject=subject,
        sent=sent,
        delivered=np.where(is_delivered, sent + rng.integers(2, 60, size), NEVER),
        csat=potential[arm, row],
        ces=ces,
        answered=np.where(answers[arm, row], answer_at, NEVER),
        answer_at=answer_at,
        potential_csat=potential,
        potential_answers=answers,
    )
