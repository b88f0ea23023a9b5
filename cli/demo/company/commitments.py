"""What customers and companies commit to: companies, deals, declared goals and referrals.

Drawn from streams of their own; tables of the customer database as its vendor shapes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import (
    DAY,
    HISTORY_END,
    HISTORY_START,
    Flags,
    Floats,
    Ints,
    Texts,
    stream,
    tokyo_text,
)
from cli.demo.company.population import Population
from cli.demo.company.records import rows_of, write_table

COMPANIES = 60
_INDUSTRIES = np.array(["不動産", "ホテル", "介護", "教育"])
_SIZES = np.array(["S", "M", "L"])
_OWNERS = np.array(["東日本営業", "西日本営業", "海外営業"])
_PLACES = np.array(["Japan", "Japan", "Japan", "United States", "Germany"])
_CURRENCIES = {"Japan": "JPY", "United States": "USD", "Germany": "EUR"}
_GOALS = np.array(["ENERGY", "SAFETY", "CHORES"])
_DEALS_PER_MONTH = 14
_NOT_ASSESSED = 0.05


@dataclass(frozen=True)
class Promises:
    """Outcomes decided or due, one element each; ``result`` is 1, 0 or −1 while open."""

    customer: Ints
    due: Ints
    result: Ints


@dataclass(frozen=True)
class Commitments:
    """Companies by customer (−1: none), and what was asked of customers."""

    company: Ints
    goals: Promises
    goal: Ints
    referrals: Promises


def simulate_commitments(population: Population, seed: int) -> Commitments:
    """Customers won by partners belong to companies; goals and referrals follow how they fare."""
    rng = stream(seed, "commitments")
    is_partner = population.channel == planted.CHANNELS.index("partner")
    company = np.where(is_partner, rng.integers(0, COMPANIES, population.size), -1)
    has_goal = (rng.random(population.size) < 0.25) & (population.joined >= HISTORY_START)
    fares = 0.4 + 0.9 * population.engagement + 0.4 * population.satisfaction
    goals = _promised(rng, population, has_goal, fares, days=187)
    asked = rng.random(population.size) < 0.35
    speaks_well = 0.8 * population.satisfaction - 1.1
    referrals = _promised(rng, population, asked, speaks_well, days=120)
    chosen = rng.choice(len(_GOALS), size=len(goals.customer), p=(0.5, 0.3, 0.2))
    return Commitments(company, goals, chosen, referrals)


def _promised(
    rng: np.random.Generator, population: Population, chosen: Flags, log_odds: Floats, *, days: int
) -> Promises:
    """One outcome for each chosen customer still with us when it is due, so many days on."""
    due = np.maximum(population.joined, HISTORY_START) + days * DAY
    due += rng.integers(0, 60 * DAY, population.size)
    customer = np.flatnonzero(chosen & (due < population.churned)).astype(np.int64)
    reached = rng.random(len(customer)) < 1 / (1 + np.exp(-log_odds[customer]))
    is_open = (rng.random(len(customer)) < _NOT_ASSESSED) | (due[customer] >= HISTORY_END)
    return Promises(customer, due[customer], np.where(is_open, -1, reached.astype(np.int64)))


def company_numbers(company: Ints) -> Texts:
    """The customer database's numbers of companies; an empty text for none."""
    numbers = np.array([*(f"CO-{k + 1:04d}" for k in range(COMPANIES)), ""])
    return numbers[company]


def write_commitments(
    file: Path, population: Population, commitments: Commitments, *, seed: int
) -> None:
    """Write the tables ``company``, ``deal``, ``customer_goal`` and ``referral_ask``."""
    rng = stream(seed, "companies")
    place = rng.choice(_PLACES, size=COMPANIES)
    _write_companies(file, rng, place)
    _write_deals(file, rng, place)
    _write_promises(file, "customer_goal", population, commitments.goals, _GOALS[commitments.goal])
    kinds = np.full(len(commitments.referrals.customer), "")
    _write_promises(file, "referral_ask", population, commitments.referrals, kinds)


def _write_companies(file: Path, rng: np.random.Generator, place: Texts) -> None:
    """Every third company has grown since, so that its size holds from a day on."""
    number = np.arange(COMPANIES)
    size = rng.integers(0, 2, COMPANIES)
    grown = number[::3]
    who = np.concatenate([number, grown])
    since = np.full(len(who), HISTORY_START - 900 * DAY)
    since[COMPANIES:] = rng.integers(HISTORY_START + 200 * DAY, HISTORY_END - 200 * DAY, len(grown))
    industry = rng.choice(_INDUSTRIES, size=COMPANIES)
    owner = rng.choice(_OWNERS, size=COMPANIES)
    rows = rows_of(
        company_numbers(who),
        tokyo_text(since),
        place[who],
        industry[who],
        _SIZES[size[who] + (np.arange(len(who)) >= COMPANIES)],
        owner[who],
        tokyo_text(np.full(len(who), HISTORY_START - 900 * DAY)),
        tokyo_text(np.maximum(since, HISTORY_START)),
    )
    columns = (
        *("company_no TEXT", "eff_from TEXT", "country_nm TEXT", "trade_nm TEXT", "size_cd TEXT"),
        *("owner_nm TEXT", "opened_ts TEXT", "upd_ts TEXT"),
    )
    write_table(file, "company", columns=columns, rows=rows)


def _write_deals(file: Path, rng: np.random.Generator, place: Texts) -> None:
    count = _DEALS_PER_MONTH * 36
    company = rng.integers(0, COMPANIES, count)
    decided = np.sort(rng.integers(HISTORY_START, HISTORY_END, count))
    currency = np.array([_CURRENCIES[name] for name in place])[company]
    yen = np.round(np.exp(rng.normal(13.2, 0.8, count)), -4)
    value = np.where(currency == "JPY", yen, np.round(yen / 150, -2))
    odds = 0.25 - 0.25 * (yen > np.median(yen)) + rng.standard_normal(count) * 0.2
    is_won = rng.random(count) < 1 / (1 + np.exp(-odds))
    is_open = (decided > HISTORY_END - 30 * DAY) & (rng.random(count) < 0.5)
    rows = rows_of(
        np.array([f"DL-{k + 1:05d}" for k in range(count)]),
        company_numbers(company),
        tokyo_text(decided),
        np.where(is_open, "OPEN", np.where(is_won, "WON", "LOST")),
        value,
        currency,
        tokyo_text(np.minimum(decided + DAY, HISTORY_END - 1)),
    )
    columns = (
        *("deal_no TEXT", "company_no TEXT", "close_ts TEXT", "result_cd TEXT"),
        *("amt REAL", "ccy TEXT", "upd_ts TEXT"),
    )
    write_table(file, "deal", columns=columns, rows=rows)


def _write_promises(
    file: Path, table: str, population: Population, promises: Promises, kind: Texts
) -> None:
    results = np.array(["OPEN", "NO", "YES"])
    prefix = table[0].upper()
    known = np.minimum(promises.due + DAY, HISTORY_END - 1)
    rows = rows_of(
        np.array([f"{prefix}-{k + 1:06d}" for k in range(len(promises.customer))]),
        population.number[promises.customer],
        kind,
        tokyo_text(promises.due),
        results[promises.result + 1],
        tokyo_text(known),
    )
    columns = (
        *("no TEXT", "customer_no TEXT", "kind_cd TEXT", "due_ts TEXT", "result_cd TEXT"),
        "upd_ts TEXT",
    )
    write_table(file, table, columns=columns, rows=rows)
