"""Answers and invitations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tests.journey.recomputed.raw import Raw, Table, events

SCORES = ("nps", "csat_top_two_rate", "csat_mean", "ces_mean")
POPULATIONS = ("relational", "transactional")


def answers(raw: Raw) -> Iterator[Table]:
    """NPS, CSAT and CES; of all answers, and of relational and transactional ones apart."""
    rows = raw.newest("feedback").dropna(subset=["score", "scale_min", "scale_max", "is_high_good"])
    rows = rows[rows["score"].between(rows["scale_min"], rows["scale_max"])]
    rows = rows[rows["scale_max"] > rows["scale_min"]]
    turned = rows["scale_max"] + rows["scale_min"] - rows["score"]
    rows = rows.assign(good=np.where(rows["is_high_good"].astype(bool), rows["score"], turned))
    width = rows["scale_max"] - rows["scale_min"]
    place = (rows["good"] - rows["scale_min"]) / width
    nps = 100.0 * (rows["good"] >= 9) - 100.0 * (rows["good"] <= 6)
    scores = {
        "nps": (
            (rows["kind"] == "nps") & (rows["scale_min"] == 0) & (rows["scale_max"] == 10),
            nps,
        ),
        "csat_top_two_rate": (
            (rows["kind"] == "csat") & (width >= 3),
            rows["good"] >= rows["scale_max"] - 1,
        ),
        "csat_mean": (rows["kind"] == "csat", 1 + 4 * place),
        "ces_mean": (rows["kind"] == "ces", 1 + 6 * place),
    }
    relational = rows["is_relational"]
    populations = {
        "": pd.Series(data=True, index=rows.index),
        "relational_": relational.eq(True),
        "transactional_": relational.eq(False),
    }
    for prefix, belongs in populations.items():
        for score, (applies, value) in scores.items():
            counted = applies & belongs
            yield events(prefix + score, rows["responded_at"][counted], value[counted])


def funnel(raw: Raw) -> Iterator[Table]:
    """From eligible to answered."""
    rows = raw.newest("invitation")
    for step in ("eligible_at", "delivered_at", "opened_at", "answered_at"):
        rows[step] = raw.known(rows[step])
    rows["invited_at"] = raw.known(rows["invited_at"])
    eligible = rows.dropna(subset="eligible_at")
    invited = eligible["invited_at"].notna()
    yield events("survey_invite_rate", eligible["eligible_at"], invited)

    sent = rows.dropna(subset="invited_at").copy()
    answering = raw.newest("feedback")["invitation_id"].dropna().unique()
    sent["is_answered"] = sent["answered_at"].notna() | sent["invitation_id"].isin(answering)
    sent["is_opened"] = sent["opened_at"].notna() | sent["is_answered"]
    sent["is_delivered"] = sent["delivered_at"].notna() | sent["is_opened"]
    counted = sent[sent["delivered_at"].notna()]
    yield events("survey_response_rate", counted["invited_at"], counted["is_answered"])
    for metric, step, of, reached in (
        ("survey_delivery_rate", "delivered_at", None, "is_delivered"),
        ("survey_open_rate", "opened_at", "is_delivered", "is_opened"),
    ):
        recorded = sent["invited_at"].where(sent[step].notna())
        since = recorded.groupby([sent["source"], sent["survey_id"]]).transform("min")
        counted = sent[sent["invited_at"] >= since]
        counted = counted if of is None else counted[counted[of]]
        yield events(metric, counted["invited_at"], counted[reached])
