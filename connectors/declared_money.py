"""Declared rates and allocations as rows of tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from programme import Programme

Row = dict[str, Any]
_ALWAYS = date(1900, 1, 1)
_UNITS = {"contacts": "contact", "new_customers": "new_customer"}


def currency_rates(programme: Programme) -> Iterator[Row]:
    """One row per currency and rate; the programme's own currency is always worth 1."""
    yield {"currency": programme.company.currency, "valid_from": _ALWAYS, "rate": 1.0}
    for _, declared in sorted(programme.rates.items()):
        ends = [rate.since for rate in declared.rates[1:]] + [None]
        for rate, end in zip(declared.rates, ends, strict=True):
            yield {
                "currency": declared.currency,
                "valid_from": rate.since,
                "valid_before": end,
                "rate": rate.value,
            }


def cost_allocations(programme: Programme) -> Iterator[Row]:
    """One row per kind of cost that is spread."""
    for _, rule in sorted(programme.allocations.items()):
        for kind in rule.cost_kinds:
            yield {
                "cost_kind": kind,
                "cost_unit": _UNITS[rule.over],
                "is_ungrouped_shared": rule.ungrouped == "shared",
            }
