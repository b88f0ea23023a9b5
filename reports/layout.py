"""The parts a page is made of. Templates draw them; nothing here knows a metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

from reports.charts import Chart

NOTHING = Markup("")
Tone = Literal["good", "bad", "flat", "none"]


@dataclass(frozen=True)
class Strip:
    """A small interval on a line through zero; positions from 0 to 100, better to the right."""

    dot: float
    low: float
    high: float
    ticks: tuple[float, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One cell: its text, a second quieter line, how it is meant, or a strip instead of text."""

    text: Markup
    note: Markup = NOTHING
    tone: Tone | None = None
    strip: Strip | None = None


@dataclass(frozen=True)
class Column:
    """A column's heading and alignment."""

    label: str
    align: Literal["left", "right", "centre"] = "right"


@dataclass(frozen=True)
class TableRow:
    """A row; ``heading`` rows hold one cell that spans the table."""

    cells: Sequence[Cell]
    heading: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption below."""

    columns: Sequence[Column]
    rows: Sequence[TableRow]
    caption: Markup = NOTHING
    compact: bool = False
    kind: str = "table"


@dataclass(frozen=True)
class Picture:
    """A chart with its caption."""

    chart: Chart
    caption: Markup = NOTHING
    kind: str = "chart"


@dataclass(frozen=True)
class Callout:
    """A framed remark."""

    heading: str
    lines: Sequence[Markup]
    strong: bool = False
    kind: str = "callout"


@dataclass(frozen=True)
class Text:
    """Paragraphs, or a list."""

    lines: Sequence[Markup]
    bullets: bool = False
    kind: str = "text"


@dataclass(frozen=True)
class Definitions:
    """Terms and what they mean."""

    items: Sequence[tuple[Markup, Markup]]
    kind: str = "definitions"


Block = Table | Picture | Callout | Text | Definitions


@dataclass(frozen=True)
class Card:
    """The page's one large number with its interval and what changed."""

    label: Markup
    value: Markup
    interval: Markup
    change: Markup
    change_interval: Markup
    sentence: Markup
    tone: Tone


@dataclass(frozen=True)
class Banner:
    """A verdict: the word, and its reason in one sentence."""

    label: str
    word: str
    sentence: Markup
    decision: str


@dataclass(frozen=True)
class Section:
    """A heading, a lead sentence and blocks."""

    anchor: str
    heading: str
    lead: Markup
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A whole report.

    ``summary`` is what the mail repeats: sentences, one table and the charts named in
    ``mail_charts``.
    """

    kicker: str
    title: str
    subtitle: Markup
    facts: Sequence[tuple[str, Markup]]
    state: Callout | None
    card: Card | None
    banner: Banner | None
    opening: Sequence[Block]
    sections: Sequence[Section]
    colophon: Sequence[tuple[str, Markup]]
    subject: str
    summary: Sequence[Markup]
    mail_table: Table | None
    mail_charts: Sequence[Picture] = field(default_factory=tuple)
