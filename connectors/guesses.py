"""What a column seems to hold, from its first rows: a draft for a person, never a decision."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from connectors.conversion import as_text, convert
from connectors.instants import InstantFormat
from connectors.record_types import FieldType
from connectors.rows import Rows

# a column with at most this many values, each of them several times, holds codes
MOST_CODES = 12
_NO_ANSWER = ("n/a", "na", "nan", "null", "none", "blank", "-", "--", "?", "不明", "無回答")
_FORMATS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%Y%m%d",
    "%Y年%m月%d日",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
)
_EPOCHS = {
    "epoch_seconds": (600_000_000, 4_200_000_000),
    "epoch_milliseconds": (600_000_000_000, 4_200_000_000_000),
}
_SAYS_TIME = re.compile(r"(^|_)(at|on|time|date|timestamp|ts)($|_)|日時|日付|日$")
_SAYS_ID = re.compile(r"(^|_)(id|no|nr|number|key|code)($|_)|番号|コード|id$")
_HASHED = re.compile(r"e_?mail|メール|(^|_)(phone|mobile|tel)|電話|(^|_)ssn($|_)|passport")
_DROPPED = re.compile(
    r"(first|last|full|middle|given|family|user|customer|contact|agent)_?name($|_)|^name$|surname"
    r"|address|street|zip|postal|postcode|birth|(^|_)(dob|age|gender|sex|ip)($|_)"
    r"|marital|ethnic|religio|income|salary|wage"
    r"|氏名|名前|住所|郵便|生年月日|年齢|性別"
)
_MAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_SCORE = re.compile(
    r"score|rating|satisf|(^|_)(nps|csat|ces|stars|answer)($|_)|effort|recommend|likel|評価|満足|推奨"
)
_SCALES = ((0, 1), (1, 4), (1, 5), (1, 7), (0, 10), (0, 100))


@dataclass(frozen=True)
class ColumnGuess:
    """One column of a table that nobody has declared yet.

    Attributes:
        name: As the source writes it.
        kind: The type that all its values have.
        formats: How its instants are written, where it is not ISO 8601; several where more than
            one reads every value.
        filled: Rows with a value.
        codes: Its values, where they are few, come several times and are not personal.
        is_key: Whether every row has a value and no two the same.
        scale: The scale that its scores seem to be asked on.
        no_answer: Values that seem to mean "no answer".
        personal: What should happen to it before landing.
        length: Characters of its longest value.
    """

    name: str
    kind: FieldType
    filled: int
    formats: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    is_key: bool = False
    scale: tuple[int, int] | None = None
    no_answer: tuple[str, ...] = ()
    personal: Literal["hash", "drop"] | None = None
    length: int = 0


def guess_columns(rows: Rows) -> list[ColumnGuess]:
    """One guess per column, in their order."""
    return [guess_column(name, rows.column(name)) for name in rows.names()]


def guess_column(name: str, values: pa.Array) -> ColumnGuess:
    """What the column seems to hold.

    Example:
        >>> guess = guess_column("Rating", pa.array(["4", "5", "99", "1", "5"]))
        >>> guess.kind, guess.scale, guess.no_answer
        ('integer', (1, 5), ('99',))
    """
    spelt = words_of(name)
    texts = [text.strip() for text in as_text(values).to_pylist() if text and text.strip()]
    counts = Counter(texts)
    answers = [text for text in texts if text.lower() not in _NO_ANSWER]
    kind, formats = _kind(spelt, values, answers)
    scale, unscaled = _scale(spelt, kind, answers)
    personal = None if kind == "flag" else _personal(spelt, answers)
    few = 0 < len(counts) <= MOST_CODES and len(texts) >= 2 * len(counts)
    prose = kind == "text" and not few
    return ColumnGuess(
        name=name,
        kind=kind,
        formats=formats,
        filled=len(texts),
        codes=tuple(sorted(counts)) if few and not personal else (),
        is_key=len(counts) == len(values) > 1 and kind in ("text", "integer"),
        scale=scale,
        no_answer=() if prose else (*sorted(set(texts) - set(answers)), *unscaled),
        personal=personal,
        length=max(map(len, texts), default=0),
    )


def words_of(name: str) -> str:
    """The name in lower case with ``_`` between its words.

    Example:
        >>> words_of("ZIP code"), words_of("customerID"), words_of("Submitted via?")
        ('zip_code', 'customer_id', 'submitted_via')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^\w]+|_+", "_", parted.lower()).strip("_")


def _kind(
    spelt: str, values: pa.Array, answers: Sequence[str]
) -> tuple[FieldType, tuple[str, ...]]:
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return ("day" if pa.types.is_date(values.type) else "instant"), ()
    if not answers:
        return "text", ()
    column = pa.array(answers, pa.string())
    codes = {answer.lower() for answer in answers}
    if len(codes) == 2 and not codes <= {"0", "1"} and _reads(column, "flag"):
        return "flag", ()
    if _reads(column, "integer"):
        if _SAYS_TIME.search(spelt):
            found = [*_epochs(answers), *(["%Y%m%d"] if _reads(column, "day", "%Y%m%d") else [])]
            if found:
                return ("day" if found[0] == "%Y%m%d" else "instant"), tuple(found[:1])
        leading_zero = any(len(text) > 1 and text.startswith("0") for text in answers)
        return ("text" if leading_zero else "integer"), ()
    if _reads(column, "number"):
        return "number", ()
    if _reads(column, "instant"):
        return ("day" if max(map(len, answers)) == len("2026-07-05") else "instant"), ()
    found = [form for form in _FORMATS if _reads(column, "instant", form)]
    kind: FieldType = "text"
    if found:
        kind = "instant" if "%H" in found[0] else "day"
    return kind, tuple(found)


def _reads(column: pa.Array, kind: FieldType, *formats: str) -> bool:
    return not len(convert(column, kind, InstantFormat(formats)).refused)


def _epochs(answers: Sequence[str]) -> list[str]:
    numbers = [int(float(text)) for text in answers]
    return [
        name
        for name, (low, high) in _EPOCHS.items()
        if low <= min(numbers) and max(numbers) <= high
    ]


def _scale(
    spelt: str, kind: FieldType, answers: Sequence[str]
) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """The scale of a column that is named like a score, and the codes that lie beyond it."""
    if kind not in ("integer", "number") or not _SCORE.search(spelt) or _SAYS_ID.search(spelt):
        return None, ()
    numbers = {float(text): text for text in answers}
    beyond = {value for value in numbers if value < 0 or value >= 90}
    within = set(numbers) - beyond
    if not within or max(within) > 10:
        beyond, within = {value for value in numbers if value < 0}, set(numbers)
        within -= beyond
    if len(within) < 2 or max(within) > 100:
        return None, ()
    low, high = min(within), max(within)
    if re.search(r"nps|recommend|likel|推奨", spelt) and high <= 10:
        scale = (0, 10)
    else:
        scale = next((a, b) for a, b in _SCALES if a <= low and high <= b)
    return scale, tuple(numbers[value] for value in sorted(beyond))


def _personal(spelt: str, answers: Sequence[str]) -> Literal["hash", "drop"] | None:
    mails = sum(bool(_MAIL.match(text)) for text in answers)
    if _HASHED.search(spelt) or (answers and mails > len(answers) / 2):
        return "hash"
    return "drop" if _DROPPED.search(spelt) else None
