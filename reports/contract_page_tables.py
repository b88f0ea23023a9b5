"""The tables of the contract page: records over load dates, rows set aside, earlier findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from reports.contract_page_marks import course, strip
from reports.contract_page_words import ContractWords, Result
from reports.layout import Cell, Column, Table, TableRow
from reports.wording import declared

Series = Mapping[str, Any]
_MOST_EARLIER = 20
_MOST_POINTS = 40


def aside_table(failing: Sequence[Result], words: ContractWords) -> Table | None:
    """Checks that set rows aside; None where none did."""
    if not failing:
        return None
    rows = [
        TableRow(
            [
                Cell(words.rule(part), words.where(part)),
                Cell(words.expected(part)),
                Cell(words.number(part["failed"])),
                Cell(words.number(part["failed"] / max(1, part["evaluated"]), "share")),
            ]
        )
        for part in failing
    ]
    heads = [
        Column(str(words.say("earlier.what")), "left"),
        Column(str(words.say("attention.expected")), "left"),
        Column(str(words.say("aside.rows"))),
        Column(str(words.say("aside.share"))),
    ]
    return Table(heads, rows)


def overview_table(
    results: Sequence[Result], series: Sequence[Series], words: ContractWords
) -> Table | None:
    """Every record, by source, with its course over the load dates; None where nothing landed."""
    rows: list[TableRow] = []
    sources = sorted({part["source"] for part in (*results, *series)})
    for source in sources:
        rows.append(TableRow([_source_cell(source, results, words)], heading=True))
        rows += [_record_row(part, results, words) for part in series if part["source"] == source]
    if not rows:
        return None
    names = ("record", "newest", "state", "rows", "rows_over_time", "missing", "missing_over_time")
    left = ("record", "rows_over_time", "missing_over_time", "state")
    heads = [
        Column(str(words.say(f"overview.{name}")), "left" if name in left else "right")
        for name in names
    ]
    return Table(heads, rows, words.say("overview.caption"), compact=True)


def _source_cell(source: str, results: Sequence[Result], words: ContractWords) -> Cell:
    own = [part for part in results if part["source"] == source]
    dates = sorted({part["load_date"] for part in own})[-_MOST_POINTS:]
    states = [_state([part for part in own if part["load_date"] == day]) for day in dates]
    label = str(words.say("overview.alt_strip", source=source))
    count = words.say("overview.dates", count=words.number(len({p["load_date"] for p in own})))
    line = Markup('<span class="source">{}</span> {} <span class="note-inline">{}</span>')
    return Cell(line.format(declared(source), strip(states, label), count))


def _state(results: Iterable[Result]) -> str:
    failed = {part["severity"] for part in results if not part["passed"]}
    return "held" if "hold" in failed else "warned" if "warn" in failed else "passed"


def _record_row(part: Series, results: Sequence[Result], words: ContractWords) -> TableRow:
    points = list(part["points"])[-_MOST_POINTS:]
    last = points[-1]
    mine = [
        result
        for result in results
        if result["is_current"]
        and (result["source"], result["entity"], result["record"])
        == (part["source"], part["entity"], part["record"])
        and result.get("group", "") in ("", part["group"])
    ]
    failing = sum(not result["passed"] and result["severity"] != "quarantine" for result in mine)
    name = part["group"] or part["record"]
    note = part["entity"] if name == part["record"] else f"{part['entity']} · {part['record']}"
    shares = [point["missing"] for point in points]
    cells = [
        Cell(declared(name), declared(note)),
        Cell(words.number(last["load_date"], "date")),
        _verdict(last, mine, failing, words),
        Cell(words.number(last["rows"])),
        Cell(course([p["rows"] for p in points], str(words.say("overview.alt_rows", record=name)))),
        Cell(_share(last["missing"], words)),
        Cell(course(shares, str(words.say("overview.alt_missing", record=name)))),
    ]
    return TableRow(cells)


def _verdict(
    last: Mapping[str, Any], mine: Sequence[Result], failing: int, words: ContractWords
) -> Cell:
    few = last["compared_with"] < last["at_least"]
    note = (
        words.say("overview.too_few", dates=last["compared_with"], least=last["at_least"])
        if few
        else Markup("")
    )
    if _state(mine) == "held":
        return Cell(words.say("overview.held"), note, "bad")
    if failing:
        count = words.number(failing)
        return Cell(words.say("overview.failing", count=count), note, "bad")
    return Cell(words.say("overview.passed"), note)


def _share(value: float | None, words: ContractWords) -> Markup:
    return words.say("overview.none") if value is None else words.number(value, "share")


def earlier_table(results: Sequence[Result], words: ContractWords) -> Table | None:
    """Warnings of load dates that have a newer one; None where there are none."""
    past = [
        part
        for part in results
        if not part["is_current"] and not part["passed"] and part["severity"] != "quarantine"
    ]
    if not past:
        return None
    together: dict[tuple[str, ...], list[Result]] = {}
    for part in sorted(past, key=lambda part: part["load_date"], reverse=True):
        key = (str(words.rule(part)), str(words.where(part)))
        together.setdefault(key, []).append(part)
    rows = []
    for parts in list(together.values())[:_MOST_EARLIER]:
        dates = len({part["load_date"] for part in parts})
        note = words.say("overview.dates", count=words.number(dates)) if dates > 1 else Markup("")
        first = parts[0]
        rows.append(
            TableRow(
                [
                    Cell(words.number(first["load_date"], "date"), note),
                    Cell(words.rule(first), words.where(first)),
                    Cell(words.observed(first)),
                    Cell(words.expected(first)),
                ]
            )
        )
    heads = [
        Column(str(words.say(key)), "left")
        for key in ("earlier.date", "earlier.what", "attention.observed", "attention.expected")
    ]
    return Table(heads, rows, compact=True)
