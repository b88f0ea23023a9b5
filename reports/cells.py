"""Table cells of single results: a number with its interval below, or why there is none."""

from __future__ import annotations

from markupsafe import Markup

from reports.layout import Cell
from reports.results import Row
from reports.wording import Wording

EMPTY = Cell(Markup("–"))


def level_cell(row: Row | None, words: Wording) -> Cell:
    """A level with its interval below, or the reason why there is none."""
    if row is None or row.estimate is None:
        return Cell(
            Markup("–"), words.no_estimate(row.reason) if row and row.reason else Markup("")
        )
    return Cell(Markup("{}").format(words.level(row)), words.interval(row))


def change_cell(row: Row | None, words: Wording) -> Cell:
    """A change with its interval below, or the reason why there is none."""
    if row is None or row.estimate is None:
        return Cell(
            Markup("–"), words.no_estimate(row.reason) if row and row.reason else Markup("")
        )
    mark = words.say("footnote_break") if "break_in_series" in row.flags else Markup("")
    return Cell(Markup("{}{}").format(words.change(row), mark), words.interval(row, "change"))


def count_cell(row: Row | None, words: Wording) -> Cell:
    """How many answers or events stand behind a row."""
    if row is None or row.n is None:
        return EMPTY
    return Cell(Markup("{}").format(words.figure(f"{row.ref}/n", "count", row.n)))
