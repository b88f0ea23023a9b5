"""What is true of the simulated company: computed from everybody, not from who answered.

Never read by the pipeline. README of the keys:

- ``nps.<wave>``: ``population`` (all invited customers), ``respondents`` (unweighted, biased by
  nonresponse), ``invited``, ``answered``, ``by_plan``, ``by_region``; ``nps.change`` (points,
  2026H1 minus 2025H2).
- ``mix_shift``: plan shares of both waves and the change split into ``within`` and ``mix``.
- ``drivers``: planted ``weights``, ``importance`` (Shapley shares of R² in the last wave's
  population) and ``ranking`` by it.
- ``breaks``: the wording break and its ``shift_points`` (new minus old wording, same customers).
- ``experiments.<id>``: ``verdict``, arms, ``metric`` (the success metric's effect) and
  ``metrics.<name>`` (``control``, ``treatment``, ``effect``: over all exposed customers).
- ``quarantined.<source>``, ``duplicates.<source>`` (rows of canonical records).
- ``dirt`` (what was planted, by kind), ``health`` (weights of the log hazard of leaving),
  ``counts``, ``late_delivery_rate``, ``parameters``.
- ``service_line``: counts of calls, visits and what came of them.
- ``pilots``: counts of those whom the surveys on trial could ask, asked, and heard.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import Floats, Ints
from cli.demo.company.population import Population
from cli.demo.company.relationship import Wave, promoter_points
from cli.demo.company.touchpoints import Questioning
from cli.demo.company.trials import Exposures
from cli.demo.company.usage import Usage


def nps_truth(waves: list[Wave]) -> dict[str, Any]:
    """Population NPS of every wave and the change between the last two."""
    by_wave: dict[str, Any] = {wave.name: _nps_of(wave) for wave in waves}
    before, after = waves[-2], waves[-1]
    change = by_wave[after.name]["population"] - by_wave[before.name]["population"]
    return by_wave | {"change": change, "from": before.name, "to": after.name}


def _nps_of(wave: Wave) -> dict[str, Any]:
    points = promoter_points(wave.nps)
    return {
        "population": float(points.mean()),
        "respondents": float(points[wave.is_answered].mean()),
        "invited": len(points),
        "answered": int(wave.is_answered.sum()),
        "by_plan": _by(planted.PLANS, wave.plan, points),
        "by_region": _by(planted.REGIONS, wave.region, points),
    }


def _by(names: tuple[str, ...], codes: Ints, points: Floats) -> dict[str, Any]:
    return {
        name: {"share": float((codes == k).mean()), "population": float(points[codes == k].mean())}
        for k, name in enumerate(names)
        if (codes == k).any()
    }


def mix_truth(before: Wave, after: Wave) -> dict[str, Any]:
    """The change split by plan: within segments at mean shares, mix at mean levels (Kitagawa)."""
    shares, levels = [], []
    for wave in (before, after):
        points = promoter_points(wave.nps)
        shares.append([float((wave.plan == k).mean()) for k in range(len(planted.PLANS))])
        levels.append([float(points[wave.plan == k].mean()) for k in range(len(planted.PLANS))])
    share, level = np.array(shares), np.array(levels)
    return {
        "segment": "plan",
        "shares": {
            wave.name: dict(zip(planted.PLANS, part, strict=True))
            for wave, part in zip((before, after), shares, strict=True)
        },
        "within": float((share.mean(axis=0) * (level[1] - level[0])).sum()),
        "mix": float((level.mean(axis=0) * (share[1] - share[0])).sum()),
    }


def driver_truth(wave: Wave) -> dict[str, Any]:
    """Shapley (LMG) shares of R² of the drivers on the NPS answer in the whole population."""
    everything = np.column_stack([wave.ratings, wave.nps]).astype(np.float64)
    correlation: Floats = np.asarray(np.corrcoef(everything, rowvar=False))
    count = len(planted.DRIVERS)
    fit = {
        subset: _r_squared(correlation, subset)
        for size in range(count + 1)
        for subset in combinations(range(count), size)
    }
    importance = dict.fromkeys(planted.DRIVERS, 0.0)
    for item, name in enumerate(planted.DRIVERS):
        for subset in fit:
            if item not in subset:
                weight = factorial(len(subset)) * factorial(count - len(subset) - 1)
                gain = fit[tuple(sorted((*subset, item)))] - fit[subset]
                importance[name] += weight / factorial(count) * gain
    total = fit[tuple(range(count))]
    shares = {name: value / total for name, value in importance.items()}
    return {
        "ranking": sorted(shares, key=lambda name: -shares[name]),
        "importance": shares,
        "weights": dict(zip(planted.DRIVERS, planted.DRIVER_WEIGHTS, strict=True)),
        "r_squared": total,
        "wave": wave.name,
    }


def _r_squared(correlation: Floats, subset: tuple[int, ...]) -> float:
    if not subset:
        return 0.0
    items = list(subset)
    with_outcome = correlation[items, -1]
    return float(with_outcome @ np.linalg.solve(correlation[np.ix_(items, items)], with_outcome))


def break_truth(wave: Wave) -> dict[str, Any]:
    """What the new wording alone moves, for the last wave asked with the old one."""
    new, old = promoter_points(wave.nps_new_wording), promoter_points(wave.nps_old_wording)
    return {
        "survey": "relationship",
        "question": "nps_question",
        "date": planted.WORDING_BREAK.isoformat(),
        "what": "wording",
        "shift_points": float(new.mean() - old.mean()),
    }


def _arms(exposures: Exposures) -> dict[str, Any]:
    logged = ~exposures.is_lost
    return {
        "exposed": len(exposures.customer),
        "logged": int(logged.sum()),
        "logged_control": int((logged & ~exposures.is_treated).sum()),
        "logged_treatment": int((logged & exposures.is_treated).sum()),
        "lost": int(exposures.is_lost.sum()),
    }


def callback_truth(
    exposures: Exposures, population: Population, questionings: list[Questioning]
) -> dict[str, Any]:
    """The callback: every CSAT answer in the exposed customers' windows, in both worlds."""
    good, answers = np.zeros(2), np.zeros(2)
    for asked in questionings:
        inside = exposures.covers(asked.customer, asked.answer_at, size=population.size)
        for arm in (0, 1):
            given = asked.potential_answers[arm] & inside & (asked.potential_csat[arm] > 0)
            good[arm] += (asked.potential_csat[arm][given] >= 4).sum()
            answers[arm] += given.sum()
    rate = good / answers
    effect = {"control": rate[0], "treatment": rate[1], "effect": rate[1] - rate[0]}
    unchanged = {"effect": 0.0}
    return _arms(exposures) | {
        "verdict": "ship",
        "metric": {"name": "transactional_csat_top_two_rate"} | effect,
        "metrics": {
            "transactional_csat_top_two_rate": effect,
            "resolution_calendar_minutes": unchanged,
            "repeat_contact_rate": unchanged,
            "monthly_active_days": unchanged,
        },
    }


def tour_truth(exposures: Exposures, population: Population, usage: Usage) -> dict[str, Any]:
    """The tour: both potential outcomes of every counted month of every exposed customer."""
    inside = usage.in_tour_window
    exposed = np.zeros(population.size, dtype=np.int64)
    exposed[exposures.customer] = exposures.exposed
    plan = population.plan_at(usage.customer, exposed[usage.customer])
    overall = _usage_effect(usage, np.flatnonzero(inside))
    by_plan = {
        name: _usage_effect(usage, np.flatnonzero(inside & (plan == k)))
        for k, name in enumerate(planted.PLANS)
    }
    return _arms(exposures) | {
        "verdict": "not ship",
        "metric": {"name": "monthly_active_days"} | overall,
        "metrics": {"monthly_active_days": overall},
        "segments": {"plan": by_plan},
        "tempting_segment": {"plan": "premium"},
    }


def _usage_effect(usage: Usage, place: Ints) -> dict[str, float]:
    without, within = usage.without_tour[place].sum(), usage.with_tour[place].sum()
    months = max(len(place), 1)
    return {
        "control": float(without / months),
        "treatment": float(within / months),
        "effect": float((within - without) / months),
    }


def chatbot_truth(exposures: Exposures) -> dict[str, Any]:
    """The chatbot: the arms as drawn and as logged; its effect is nobody's to know."""
    arms = _arms(exposures)
    treated, control = arms["logged_treatment"], arms["logged_control"]
    drift = (treated - control) ** 2 / max(treated + control, 1)
    return arms | {
        "verdict": "no_verdict",
        "reason": "sample_ratio",
        "sample_ratio": {"declared": 0.5, "logged": treated / max(treated + control, 1),
                         "chi_squared": drift},
        "in_both_arms": min(planted.CHATBOT_IN_BOTH_ARMS, treated + control),
    }  # fmt: skip


def quarantine_truth() -> dict[str, int]:
    """Rows of canonical records that must end in quarantine, by source."""
    dirt = planted.DIRT
    by_source = {
        "survey_exports": ("responses_out_of_scale", "responses_text_score",
                           "responses_unparsable_date"),
        "survey_stream": ("touchpoints_out_of_scale", "touchpoints_unparsable_date"),
        "crm": ("crm_unknown_country", "crm_unparsable_order_date", "crm_impossible_usage"),
        "helpdesk": ("helpdesk_unknown_channel",),
        "experimentation": ("exposures_unknown_arm",),
        "service_line": (),
        "back_office": (),
    }  # fmt: skip
    return {source: sum(dirt[kind] for kind in kinds) for source, kinds in by_source.items()}
