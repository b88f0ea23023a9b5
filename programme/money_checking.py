"""What is wrong between the files that declare money: a thing said twice, or said of itself."""

from __future__ import annotations

from collections.abc import Iterator

from programme.errors import Problem
from programme.findings import Page
from programme.loader import Programme


def money_problems(programme: Programme) -> Iterator[Problem]:
    """Rates of a currency declared twice or of the programme's own; costs spread twice."""
    yield from _rate_problems(programme)
    yield from _allocation_problems(programme)


def _rate_problems(programme: Programme) -> Iterator[Problem]:
    own = programme.company.currency
    first: dict[str, str] = {}
    for rates_id, declared in sorted(programme.rates.items()):
        page = Page(programme, f"rates/{rates_id}")
        if declared.currency == own:
            what = f"{own} is the programme's own currency, in which it is always worth 1"
            yield page.problem(("currency",), what, "remove this file")
        elif declared.currency in first:
            what = (
                f"rates of {declared.currency} are declared by {first[declared.currency]} as well"
            )
            yield page.problem(("currency",), what, "keep one of the two files")
        first.setdefault(declared.currency, rates_id)


def _allocation_problems(programme: Programme) -> Iterator[Problem]:
    spread: dict[str, str] = {}
    over: dict[str, str] = {}
    for allocation_id, rule in sorted(programme.allocations.items()):
        page = Page(programme, f"allocations/{allocation_id}")
        if rule.over in over:
            what = f"{over[rule.over]} spreads costs over {rule.over} as well"
            yield page.problem(("over",), what, "put the kinds of cost into one file")
        over.setdefault(rule.over, allocation_id)
        for place, kind in enumerate(rule.cost_kinds):
            if kind in spread:
                what = f"costs of kind `{kind}` are spread by {spread[kind]} as well"
                mend = "name each kind of cost once, so that no amount counts twice"
                yield page.problem(("cost_kinds", place), what, mend)
            spread.setdefault(kind, allocation_id)
