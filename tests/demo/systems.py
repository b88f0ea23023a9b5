"""Reads the generated systems the plain way, with pandas, as a witness beside the pipeline."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd

from cli.demo.company import CompanyFiles


def table(files: CompanyFiles, database: str, query: str) -> pd.DataFrame:
    path = files.crm if database == "crm" else files.helpdesk
    with closing(sqlite3.connect(path)) as connection:
        return pd.read_sql_query(query, connection)


def exposures(files: CompanyFiles, experiment: str) -> pd.DataFrame:
    """First exposure of every logged unit, junk left out."""
    lines = pd.DataFrame([json.loads(line) for line in files.exposures.read_text().splitlines()])
    mine = lines[(lines["exp"] == experiment) & lines["arm"].isin(["A", "B"])]
    first = mine.drop_duplicates(["subject", "arm"])
    return first.assign(exposed_at=pd.to_datetime(first["exposedTs"]))


def relationship(files: CompanyFiles, kind: str, wave: str) -> pd.DataFrame:
    file = files.surveys / f"relationship_{kind}_{wave}.csv"
    return pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def touchpoint_lines(files: CompanyFiles) -> list[str]:
    return [
        line
        for file in sorted(files.surveys.glob("touchpoint_responses_*.jsonl"))
        for line in file.read_text().splitlines()
    ]


def csat(files: CompanyFiles) -> pd.DataFrame:
    """Every valid CSAT answer of the touchpoint surveys."""
    rows = []
    for line in dict.fromkeys(touchpoint_lines(files)):
        answer = json.loads(line)
        scores = [part["value"] for part in answer["answers"] if part["item"] == "CSAT"]
        if scores and scores[0] <= 5 and answer["respondedAt"] != "yesterday":
            rows.append((answer["customerNo"], answer["respondedAt"], scores[0]))
    frame = pd.DataFrame(rows, columns=["subject", "at", "score"])
    return frame.assign(at=pd.to_datetime(frame["at"], utc=True))


def ratio(numerator: pd.Series, denominator: pd.Series) -> tuple[float, float]:
    """Ratio of sums and its standard error by the delta method, units in rows."""
    estimate = numerator.sum() / denominator.sum()
    residual = numerator - estimate * denominator
    error = residual.std(ddof=1) / np.sqrt(len(residual)) / denominator.mean()
    return float(estimate), float(error)
