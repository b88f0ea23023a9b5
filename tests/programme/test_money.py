"""Rates and allocations: what is refused, where, and with which mend."""

from __future__ import annotations

import pytest

from programme import DeclarationError, check, load_programme

RATES = """\
currency: USD
rates:
  - {since: 2025-01-01, value: 150}
  - {since: 2025-07-01, value: 140.5}
"""
SUPPORT = """\
title: {en: Support, ja: 対応費用}
cost_kinds: [support, tools]
over: contacts
ungrouped: shared
"""
WON = """\
title: {en: Acquisition, ja: 獲得費用}
cost_kinds: [acquisition]
over: new_customers
ungrouped: unallocated
"""
WHOLE = {"rates/usd.yml": RATES, "allocations/support.yml": SUPPORT, "allocations/won.yml": WON}


def problems(edited, files: dict[str, str]) -> list[tuple[str, int, str, str]]:
    for name, text in files.items():
        edited.write(name, text)
    try:
        found = check(load_programme(edited.root), metrics=None, segments=None, records={})
    except DeclarationError as error:
        found = list(error.problems)
    ours = [p for p in found if p.file.parent.name in ("rates", "allocations")]
    return [(p.file.stem, p.line, p.what, p.mend) for p in ours]


def test_what_is_right_is_accepted(edited) -> None:
    assert problems(edited, WHOLE) == []
    programme = load_programme(edited.root)
    assert [rate.value for rate in programme.rates["usd"].rates] == [150, 140.5]
    assert programme.allocations["support"].cost_kinds == ["support", "tools"]


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "what", "mend"),
    [
        (
            *("rates/usd.yml", "since: 2025-07-01", "since: 2025-01-01", 4),
            "2025-01-01 does not follow 2025-01-01",
            "write each day once, the earliest first",
        ),
        (
            *("rates/usd.yml", "currency: USD", "currency: JPY", 1),
            "JPY is the programme's own currency, in which it is always worth 1",
            "remove this file",
        ),
        (
            *("allocations/won.yml", "over: new_customers", "over: contacts", 3),
            "support spreads costs over contacts as well",
            "put the kinds of cost into one file",
        ),
        (
            *("allocations/won.yml", "[acquisition]", "[tools]", 2),
            "costs of kind `tools` are spread by support as well",
            "name each kind of cost once, so that no amount counts twice",
        ),
        (
            *("allocations/won.yml", "ungrouped: unallocated", "ungrouped: unalocated", 4),
            "unknown value `unalocated`",
            "did you mean `unallocated`?",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    edited, file: str, old: str, new: str, line: int, what: str, mend: str
) -> None:
    assert old in WHOLE[file]
    files = {**WHOLE, file: WHOLE[file].replace(old, new)}
    stem = file.split("/")[1].removesuffix(".yml")
    assert problems(edited, files) == [(stem, line, what, mend)]


@pytest.mark.parametrize("value", ["0", "-1", "much"])
def test_a_rate_is_a_positive_number(edited, value: str) -> None:
    found = problems(edited, {"rates/usd.yml": RATES.replace("140.5", value)})
    assert [(name, line) for name, line, _, _ in found] == [("usd", 4)]


def test_a_currency_is_declared_once(edited) -> None:
    found = problems(edited, {**WHOLE, "rates/usd_again.yml": RATES})
    assert found == [
        ("usd_again", 1, "rates of USD are declared by usd as well", "keep one of the two files")
    ]
