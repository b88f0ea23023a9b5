"""No two metrics are computed by the same expression on the same fact: one would be a copy."""

from __future__ import annotations

import re
from collections import defaultdict

from tests.dbt_project.lake import Build

_PAIR = re.compile(r"\bas (\w+)_(numerator|denominator)\b")


def definitions(sql: str) -> dict[str, tuple[str, str]]:
    """Metric -> (numerator, denominator) as the compiled SQL of a fact writes them."""
    sides: dict[str, dict[str, str]] = defaultdict(dict)
    for found in _PAIR.finditer(sql):
        sides[found[1]][found[2]] = _expression_before(sql[: found.start()])
    return {
        metric: (parts["numerator"], parts["denominator"])
        for metric, parts in sides.items()
        if len(parts) == 2
    }


def _expression_before(text: str) -> str:
    """The select item that ends here: back to the comma before it, outside brackets and cases."""
    depth, start = 0, 0
    for token in reversed(list(re.finditer(r"\bcase\b|\bend\b|[(),]", text))):
        if token[0] in ("end", ")"):
            depth += 1
        elif token[0] in ("case", "("):
            depth -= 1
        if (token[0] == "," and depth == 0) or depth < 0:
            start = token.end()
            break
    return " ".join(text[start:].split())


def copies(fact: str, sql: str) -> list[set[str]]:
    """Metrics of one fact that share both expressions."""
    by_text: dict[tuple[str, str], set[str]] = defaultdict(set)
    for metric, pair in definitions(sql).items():
        by_text[pair].add(f"{fact}.{metric}")
    return [names for names in by_text.values() if len(names) > 1]


def _facts(build: Build) -> dict[str, str]:
    folder = build.target / "compiled" / "cxloop" / "models"
    # the inputs of unit tests lie beside them, in folders named after their YAML
    paths = [path for path in folder.glob("*/*.sql") if path.stem.startswith("fct_")]
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def test_no_metric_shares_its_expressions_with_another(empty_build: Build) -> None:
    facts = _facts(empty_build)
    seen = {metric for sql in facts.values() for metric in definitions(sql)}
    assert len(seen) >= 25
    assert {"nps", "relational_nps", "survey_open_rate", "late_delivery_rate"} <= seen
    assert [names for fact, sql in facts.items() for names in copies(fact, sql)] == []


def test_a_copy_is_found_whatever_it_is_called(empty_build: Build) -> None:
    sql = _facts(empty_build)["fct_orders"]
    numerator, denominator = definitions(sql)["late_delivery_rate"]
    assert numerator.startswith("case when followed.delivery_punctuality in")
    spaced = numerator.replace(" ", "\n   ")
    copied = sql.replace(
        "followed.is_canceled,",
        f"{spaced} as tardiness_numerator, {denominator} as tardiness_denominator,",
        1,
    )
    assert copies("fct_orders", copied) == [
        {"fct_orders.late_delivery_rate", "fct_orders.tardiness"}
    ]
