"""Questions as a vendor's definition asks them, and the scale that their choices seem to be."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from programme.surveys import QuestionKind

_MARKUP = re.compile(r"<(script|style|video)\b.*?</\1>|<[^>]*>", re.DOTALL)
# a number that is a point of a scale, and not of "3-5 times", "4 or more", "10%"
_NUMBER = re.compile(
    r"^\s*(-?\d{1,3})(?!\d|%|[.,]\d|\s*(?:-|–|~|〜|～|to)\s*\d"
    r"|\s*(?:or|times?|years?|months?|weeks?|days?|hours?|年|月|週|日|回|人|以上|以下)\b)"
)
_NO_ANSWER = re.compile(
    r"\bn/?a\b|not applicable|does not apply|don.t know|not sure|prefer not|no opinion|can.?t say"
    r"|該当し?な|わからない|分からない|答えたくない|無回答",
    re.IGNORECASE,
)
_GOOD = re.compile(
    r"(?<!dis)(?<!not )satisf|(?<!dis)agree|\beas[yi]|excellent|\bgood\b|(?<!un)likely\b"
    r"|(?<!not at all )valuable|(?<!not at all )important|\bbest\b|always|better|great"
    r"|(?<!不)満足|そう思う|簡単|良い|よい|すすめたい",
    re.IGNORECASE,
)
_BAD = re.compile(
    r"dissatisf|disagree|difficult|\bhard\b|\bpoor\b|\bbad\b|unlikely|not at all|not likely"
    r"|terrible|\bworst?\b|never|not satisf|unsatisf"
    r"|不満|思わない|難しい|悪い|大変|困難",
    re.IGNORECASE,
)
_NPS = re.compile(r"recommend|すすめ|お勧め|推奨|推薦", re.IGNORECASE)
_CSAT = re.compile(r"satisf|満足", re.IGNORECASE)
_CES = re.compile(r"\beas[yi]|effort|difficult|\bhard\b|簡単|手間|容易|大変|難し", re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    """One choice of a question.

    Attributes:
        value: As an answer carries it.
        label: What the respondent reads.
        number: What the vendor counts it as; None where it says nothing.
    """

    value: str
    label: str
    number: int | None = None


@dataclass(frozen=True)
class Scale:
    """A scale as asked.

    Attributes:
        low: Its lowest value.
        high: Its highest value.
        is_high_good: Whether the high end seems to be the good one.
        recode: Value of an answer -> value on the scale; empty where they are the same.
        missing: Values that mean "no answer".
    """

    low: int
    high: int
    is_high_good: bool = True
    recode: tuple[tuple[str, int], ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class AskedQuestion:
    """One question, or one row of a matrix.

    Attributes:
        hint: The vendor's short name of it; may be empty.
        wording: What is asked, without markup.
        column: Where an answer's value lies.
        conditions: Of the mapping's ``where``, as YAML flow mappings.
        scale: None for a comment.
        is_nps: Whether the vendor says so.
    """

    hint: str
    wording: str
    column: str
    conditions: tuple[str, ...] = ()
    scale: Scale | None = None
    is_nps: bool = False

    @property
    def kind(self) -> QuestionKind:
        """What the question seems to measure."""
        if self.scale is None:
            return "comment"
        bounds = (self.scale.low, self.scale.high, self.scale.is_high_good)
        if bounds == (0, 10, True) and (self.is_nps or _NPS.search(self.wording)):
            return "nps"
        if _CES.search(self.wording) and not _CSAT.search(self.wording):
            return "ces"
        return "csat" if _CSAT.search(self.wording) else "rating"


@dataclass(frozen=True)
class Questionnaire:
    """A survey as the vendor defines it.

    Attributes:
        title: Its name.
        language: ISO 639-1, of its wordings.
        questions: Those that are answered on a scale or in words.
        left_out: The others, each with the reason.
    """

    title: str
    language: str
    questions: tuple[AskedQuestion, ...]
    left_out: tuple[str, ...]


def plain(text: Any) -> str:
    """Text without markup, on one line."""
    return " ".join(html.unescape(_MARKUP.sub(" ", str(text or ""))).split())


def leading_number(label: str) -> int | None:
    """The number with which a label of a scale begins: ``0 - Not at all likely``.

    Example:
        >>> leading_number("10 (extremely likely)"), leading_number("4 or more")
        (10, None)
    """
    match = _NUMBER.match(label)
    return int(match[1]) if match else None


def scale_of(choices: Sequence[Choice]) -> Scale | None:
    """The scale that the choices are, in the order asked; None where they seem to be none.

    They are one when their labels are numbers, or judge: easy to difficult, bad to good.
    """
    missing = [choice for choice in choices if _NO_ANSWER.search(choice.label)]
    points = [choice for choice in choices if choice not in missing]
    labels = [point.label for point in points]
    written = [leading_number(label) for label in labels]
    judged = [bool(_GOOD.search(label) or _BAD.search(label)) for label in labels]
    is_numbered = len(points) > 2 and all(number is not None for number in written)
    if not is_numbered and (len(points) < 3 or sum(judged) < 2):
        return None
    numbers = written if is_numbered else [point.number for point in points]
    if not _without_gaps(numbers):
        numbers = list(range(1, len(points) + 1))
    values = [number for number in numbers if number is not None]
    ends = dict(zip(values, labels, strict=True))
    pairs = tuple((point.value, value) for point, value in zip(points, values, strict=True))
    return Scale(
        min(values),
        max(values),
        is_high_good=is_high_good(ends[min(values)], ends[max(values)]),
        recode=() if all(value == str(number) for value, number in pairs) else pairs,
        missing=tuple(choice.value for choice in missing),
    )


def _without_gaps(numbers: Sequence[int | None]) -> bool:
    known = sorted(number for number in numbers if number is not None)
    return len(known) == len(numbers) and known == list(range(known[0], known[0] + len(known)))


def is_high_good(low: str, high: str) -> bool:
    """Whether the high end is the good one: yes, unless the labels of both ends say the contrary.

    Example:
        >>> is_high_good("Very easy", "Very difficult"), is_high_good("Poor", "Excellent")
        (False, True)
    """
    return not (_BAD.search(high) and not _BAD.search(low))
