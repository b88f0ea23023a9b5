"""Moments over accounts once more: members, their totals and the spread, in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import numpy as np

from tests.dbt_project import world
from tests.dbt_project.recomputed_events import Event, Measured
from tests.dbt_project.recomputed_moments import windowed
from tests.dbt_project.world import World

NAMES = ("size", "num", "den", "pre_num", "pre_den")
Key = tuple[str, str, str]


def members(company: World) -> dict[str, tuple[str, str, datetime]]:
    """Customer -> account, arm and exposure of the account he or she belonged to at that moment."""
    arms: dict[str, dict[str, datetime]] = defaultdict(dict)
    for row in company.clean["exposure"]:
        if row["experiment_id"] == world.CLUSTERED["experiment_id"]:
            arms[row["unit_id"]][row["variant"]] = row["exposed_at"]
    found: dict[str, tuple[str, str, datetime]] = {}
    history = Measured(company).history
    for account, seen in sorted(arms.items(), key=lambda item: min(item[1].values())):
        if len(seen) > 1:
            continue
        ((variant, exposed),) = seen.items()
        for customer, rows in history.items():
            held = [row for row in rows if row["valid_from"] <= exposed]
            if held and held[-1]["account_id"] == account:
                found.setdefault(customer, (account, variant, exposed))
    return found


def cluster_moments(
    company: World, events: Iterable[Event], *, by_plan: bool
) -> dict[Key, dict[str, float]]:
    """Rows of ``experiment_cluster_moments`` by (variant, metric, segment value)."""
    measured, followed = Measured(company), members(company)
    by_unit: dict[tuple[str, str | None], list[Event]] = defaultdict(list)
    for event in events:
        by_unit[(event.metric, event.customer_id)].append(event)
    sums: dict[Key, dict[str, np.ndarray]] = defaultdict(lambda: defaultdict(lambda: np.zeros(5)))
    for customer, (account, variant, exposed) in followed.items():
        value = measured.segments(customer, exposed)["plan"] if by_plan else "all"
        for metric in world.EXPERIMENT_METRICS:
            totals = [1.0, *windowed(by_unit[(metric, customer)], exposed)]
            sums[(variant, metric, value)][account] += np.array(totals)
    return {key: _moments(np.array(list(found.values()))) for key, found in sums.items()}


def _moments(values: np.ndarray) -> dict[str, float]:
    spread = np.cov(values.T) if len(values) > 1 else np.full((5, 5), np.nan)
    found = {"n_clusters": len(values), "n_units": values[:, 0].sum()}
    for i, x in enumerate(NAMES):
        found[f"mean_{x}"] = values[:, i].mean()
        for j in range(i, 5):
            found[f"cov_{x}_{NAMES[j]}"] = spread[i, j]
    return found
