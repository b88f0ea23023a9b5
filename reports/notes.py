"""Parts that both kinds of report share: the state, what is missing, and the colophon."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from reports.context import Edition
from reports.layout import Callout, Cell, Column, Table, TableRow
from reports.results import Row
from reports.wording import Wording, declared


def state_callout(edition: Edition, words: Wording, *, beside: str = "") -> Callout | None:
    """Why an edition is partial or blocked; None where there is nothing to say.

    ``beside`` is a reason code that the page says elsewhere.
    """
    lines = [
        words.code("reason", str(reason["code"]), reason, f"/reasons/{number}")
        for number, reason in enumerate(edition.reasons)
        if reason["code"] != beside
    ]
    if not lines:
        return None
    # What makes the state is said elsewhere; what is left here is only to be noted.
    state = "complete" if len(lines) < len(edition.reasons) else edition.state
    return Callout(str(words.say(f"state.{state}_heading")), lines, strong=state != "complete")


def missing_table(edition: Edition, words: Wording, rows: Sequence[Row]) -> Table | None:
    """The rows without an estimate, in the order of the edition; repeats of a cause are joined."""
    if not rows:
        return None
    say = words.say
    columns = [
        Column(str(say("column.metric")), "left"),
        Column(str(say("column.statistic")), "left"),
        Column(str(say("column.where")), "left"),
        Column(str(say("column.reason")), "left"),
    ]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = (row.metric, row.segment_name, row.segment_value, row.reason or "", row.statistic)
        groups.setdefault(key, []).append(row)
    shown = [
        TableRow(
            [
                Cell(words.metric(first.metric)),
                Cell(say(f"statistic.{first.statistic}")),
                Cell(_where(group, words)),
                Cell(words.no_estimate(first.reason or "")),
            ]
        )
        for group in groups.values()
        for first in group[:1]
    ]
    return Table(columns, shown, compact=True)


def _where(rows: Sequence[Row], words: Wording) -> Markup:
    first = rows[0]
    parts = []
    if first.segment_name != "all":
        value = words.segment_value(first.segment_name, first.segment_value)
        parts.append(declared(f"{words.segment(first.segment_name)}: {value}"))
    if words.frozen.edition.kind == "benchmark":
        comma = words.say("separator")
        waves = [
            words.figure(f"{row.ref}/window", "wave", row.window) for row in rows if row.window
        ]
        parts.append(comma.join(Markup("{}").format(wave) for wave in waves))
    elif first.comparison:
        parts.append(declared(first.comparison))
    return words.say("place_separator").join(parts) or words.say("everybody")


def colophon(edition: Edition, words: Wording) -> list[tuple[str, Markup]]:
    """What identifies the edition and would reproduce it."""
    facts = [
        ("edition", "/edition_id"),
        ("inputs", "/inputs_hash"),
        ("code", "/code_version"),
        ("seed", "/seed"),
    ]
    shown = [
        (str(words.say(f"colophon.{name}")), Markup("{}").format(words.figure(ref, "text")))
        for name, ref in facts
    ]
    content = declared(words.frozen.content_hash)
    return [*shown, (str(words.say("colophon.content")), content)]
