"""The three experiments: who is assigned to which arm, and when each customer is exposed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import DAY, HOUR, Flags, Floats, Ints, instant_of, stream
from cli.demo.company.population import Population


@dataclass(frozen=True)
class Exposures:
    """Units of one experiment in order of exposure.

    Attributes:
        is_lost: Exposures that the logging fault loses; they happened but are in no file.
    """

    trial: planted.Trial
    customer: Ints
    is_treated: Flags
    assigned: Ints
    exposed: Ints
    is_lost: Flags

    def treated_since(self, customers: int) -> tuple[Flags, Ints, Ints]:
        """Per customer of the company: whether treated, and the window of those who are exposed.

        Customers who are not exposed have an empty window.
        """
        treated = np.zeros(customers, dtype=np.bool_)
        start = np.zeros(customers, dtype=np.int64)
        treated[self.customer] = self.is_treated
        start[self.customer] = self.exposed
        end = np.where(start > 0, start + self.trial.window_days * DAY, 0)
        return treated, start, end

    def covers(self, customers: Ints, instants: Ints, *, size: int) -> Flags:
        """Whether each event lies in its customer's window after exposure."""
        _, start, end = self.treated_since(size)
        found: Flags = (instants >= start[customers]) & (instants < end[customers])
        return found


def enrolment(trial: planted.Trial) -> tuple[int, int]:
    """First second of the enrolment, and the first second after it."""
    return instant_of(trial.starts_on), instant_of(trial.ends_on) + DAY


def expose_at_first_ticket(seed: int, customer: Ints, opened: Ints) -> Exposures:
    """The callback: a customer is exposed by the first ticket within the enrolment.

    ``customer`` and ``opened`` are all tickets in order of opening.
    """
    start, end = enrolment(planted.CALLBACK)
    inside = (opened >= start) & (opened < end)
    who, first = np.unique(customer[inside], return_index=True)
    return _exposures(planted.CALLBACK, seed, customer=who, exposed=opened[inside][first])


def expose_app_users(population: Population, seed: int) -> Exposures:
    """The tour: most active customers open the new version of the app within the enrolment."""
    rng = stream(seed, "tour users")
    start, end = enrolment(planted.TOUR)
    opens = population.active(start) & (rng.random(population.size) < 0.86)
    who = np.flatnonzero(opens & (population.churned > end)).astype(np.int64)
    pause = np.minimum(rng.exponential(4.0 * DAY, len(who)), end - start - 1).astype(np.int64)
    return _exposures(planted.TOUR, seed, customer=who, exposed=start + pause)


def expose_help_visitors(population: Population, seed: int) -> Exposures:
    """The chatbot: whoever opens the help page; a fault loses treatment exposures.

    The loss hits customers with little engagement harder, so that the arms that remain differ.
    """
    rng = stream(seed, "help visitors")
    start, end = enrolment(planted.CHATBOT)
    visits = population.active(start) & (rng.random(population.size) < 0.85)
    who = np.flatnonzero(visits).astype(np.int64)
    exposed = rng.integers(start, np.minimum(end, population.churned[who]))
    drawn = _exposures(planted.CHATBOT, seed, customer=who, exposed=exposed)
    weakness: Floats = 1 / (1 + np.exp(0.9 * population.engagement[drawn.customer]))
    chance = planted.CHATBOT_LOST_SHARE * weakness / weakness.mean()
    lost = drawn.is_treated & (rng.random(len(who)) < chance)
    return Exposures(planted.CHATBOT, drawn.customer, drawn.is_treated, drawn.assigned,
                     drawn.exposed, lost)  # fmt: skip


def _exposures(trial: planted.Trial, seed: int, *, customer: Ints, exposed: Ints) -> Exposures:
    rng = stream(seed, f"allocation to {trial.id}")
    treated = rng.random(len(customer)) < 0.5
    order = np.lexsort((customer, exposed))
    start, _ = enrolment(trial)
    assigned = np.maximum(start, exposed - rng.integers(0, HOUR, len(customer)))
    return Exposures(
        trial=trial,
        customer=customer[order],
        is_treated=treated[order],
        assigned=assigned[order],
        exposed=exposed[order],
        is_lost=np.zeros(len(customer), dtype=np.bool_),
    )
