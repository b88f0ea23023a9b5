"""Compares the frozen editions with what the simulator planted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One question whose answer is known, because it was planted.

    ``found`` and ``planted`` are the texts of the closing table; ``estimate``, ``lower``,
    ``upper`` and ``truth`` are the numbers where the question is about one.
    """

    question: str
    found: str
    planted: str
    agrees: bool
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    truth: float | None = None


def findings(home: Path) -> list[dict[str, Any]]:
    """Every comparison that the editions in ``home`` allow."""
    truth = json.loads((home / "systems" / "truth.json").read_text(encoding="utf-8"))
    editions = [
        json.loads(file.read_text(encoding="utf-8"))
        for file in sorted((home / "editions").glob("*/edition.json"))
    ]
    found: list[Finding] = []
    for edition in editions:
        if edition["kind"] == "benchmark" and edition["wave"] == truth["nps"]["to"]:
            found += _of_benchmark(edition, truth)
        elif edition["kind"] == "experiment":
            found += _of_experiment(edition, truth["experiments"][edition["subject"]])
    return [asdict(finding) for finding in found] + _of_quarantine(home, truth)


def _of_benchmark(edition: dict[str, Any], truth: dict[str, Any]) -> list[Finding]:
    change = _row(edition, metric="relational_nps", statistic="change")
    top, planted = edition["drivers"][0], truth["drivers"]["ranking"][0]
    return [
        _interval("NPS change, half-year on half-year", change, truth["nps"]["change"], digits=1),
        Finding(
            "strongest driver of NPS",
            f"{top['item']} ({top['importance']:.0%} of R²)",
            f"{planted} ({truth['drivers']['importance'][planted]:.0%})",
            top["item"] == planted,
        ),
    ]


def _of_experiment(edition: dict[str, Any], truth: dict[str, Any]) -> list[Finding]:
    subject, decision = edition["subject"], edition["verdict"]["decision"]
    wanted = truth["verdict"]
    agrees = decision != "ship" if wanted == "not ship" else decision == wanted
    found = [Finding(f"{subject}: verdict", decision, wanted, agrees)]
    if "metric" in truth:
        metric = truth["metric"]["name"]
        row = _row(edition, metric=metric, statistic="difference")
        found.append(_interval(f"{subject}: {metric}", row, truth["metric"]["effect"], digits=3))
    return found


def _of_quarantine(home: Path, truth: dict[str, Any]) -> list[dict[str, Any]]:
    from ledger import Ledger

    counts: dict[str, int] = {}
    for load in Ledger.open(f"sqlite:///{home / 'ledger.db'}").loads():
        counts[load.source] = counts.get(load.source, 0) + load.quarantined
    planted = truth["quarantined"]
    found = Finding(
        "rows in quarantine",
        f"{sum(counts.values())}",
        f"{sum(planted.values())}",
        {k: v for k, v in counts.items() if v} == {k: v for k, v in planted.items() if v},
    )
    return [asdict(found)]


def _row(edition: dict[str, Any], *, metric: str, statistic: str) -> dict[str, Any]:
    wanted = {"metric": metric, "statistic": statistic, "segment_name": "all"}
    for row in edition["rows"]:
        if all(row[key] == value for key, value in wanted.items()):
            found: dict[str, Any] = row
            return found
    raise KeyError(f"{edition['edition_id']} has no row for {wanted}")


def _interval(question: str, row: dict[str, Any], truth: float, *, digits: int) -> Finding:
    estimate, lower, upper = row["estimate"], row["lower"], row["upper"]
    if estimate is None:
        return Finding(question, f"none: {row['reason']}", f"{truth:+.{digits}f}", agrees=False)
    text = f"{estimate:+.{digits}f} [{lower:+.{digits}f}, {upper:+.{digits}f}]"
    is_covered = lower <= truth <= upper
    planted = f"{truth:+.{digits}f}"
    return Finding(question, text, planted, is_covered, estimate, lower, upper, truth)
