"""From eligible to opened once more, in pandas, from a world's clean invitations alone."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from tests.dbt_project.recomputed_events import Event, Measured
from tests.dbt_project.world import END, World

_STEPS = ["eligible_at", "invited_at", "delivered_at", "opened_at", "answered_at"]


def events_of(company: World) -> Iterator[Event]:
    """survey_invite_rate, survey_delivery_rate and survey_open_rate."""
    measured = Measured(company)
    table = pd.DataFrame(company.clean["invitation"])
    for step in _STEPS:
        known = pd.to_datetime(table[step], utc=True)
        table[step] = known.where(known < END)
    # a step that is recorded later implies the steps before it
    for earlier, later in (("opened_at", "answered_at"), ("delivered_at", "opened_at")):
        table[f"recorded_{earlier}"] = table[earlier]
        table[earlier] = table[earlier].fillna(table[later])
    yield from _events(measured, table, "survey_invite_rate", "eligible_at", "invited_at")
    sent = table.dropna(subset="invited_at")
    since = sent.dropna(subset="recorded_delivered_at")["invited_at"].min()
    asked = sent[sent["invited_at"] >= since]
    yield from _events(measured, asked, "survey_delivery_rate", "invited_at", "delivered_at")
    since = sent.dropna(subset="recorded_opened_at")["invited_at"].min()
    arrived = sent[(sent["invited_at"] >= since) & sent["delivered_at"].notna()]
    yield from _events(measured, arrived, "survey_open_rate", "invited_at", "opened_at")


def _events(
    measured: Measured, table: pd.DataFrame, metric: str, dated: str, reached: str
) -> Iterator[Event]:
    for row in table.dropna(subset=dated).to_dict("records"):
        at, customer = row[dated].to_pydatetime(), row["customer_id"]
        mode = row["mode"] if isinstance(row["mode"], str) else None
        weight = row["design_weight"] if pd.notna(row["design_weight"]) else 1.0
        yield Event(
            metric,
            row["invitation_id"],
            customer,
            at,
            float(pd.notna(row[reached])),
            1.0 if dated == "eligible_at" else weight,
            measured.segments(customer, at, channel=mode),
        )
