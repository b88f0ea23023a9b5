"""How a value becomes text: one form per unit, in both languages.

A form is a word such as ``rate.change``; the page prints it beside each number, so that the
pre-send checks can format the edition's value again and compare.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from programme.benchmarks import HalfYear, Language
from reports.errors import UnknownCodeError

MINUS = "−"
_NO_BREAK = "\u00a0"


def decimal(value: float, digits: int, language: Language, *, signed: bool = False) -> str:
    """A number with fixed decimals, a true minus sign, and never a minus zero."""
    rounded = round(float(value), digits)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = str(
        format_decimal(abs(rounded), format=pattern, locale=language, decimal_quantization=True)
    )
    if rounded < 0:
        return MINUS + text
    return "+" + text if signed and rounded > 0 else text


def bounded(value: float, digits: int, language: Language) -> str:
    """A signed number; one more decimal where rounding would hide on which side of 0 it lies."""
    if value != 0 and round(value, digits) == 0 and abs(value) >= 0.5 * 10 ** -(digits + 1):
        digits += 1
    return decimal(value, digits, language, signed=True)


@dataclass(frozen=True)
class _Part:
    """How a value in a metric's unit is shown.

    ``factor`` turns a declared size into a rise or a fall; a bound keeps the side of 0 on which it
    lies; the first of two bounds leaves the unit to the second.
    """

    is_change: bool = False
    is_bound: bool = False
    is_first: bool = False
    factor: int = 1

    def write(self, value: float, digits: int, language: Language) -> str:
        if self.is_change and self.is_bound:
            return bounded(value, digits, language)
        return decimal(value, digits, language, signed=self.is_change)


PARTS = {
    "level": _Part(),
    "first_level": _Part(is_first=True),
    "change": _Part(is_change=True),
    "bound": _Part(is_change=True, is_bound=True),
    "first_bound": _Part(is_change=True, is_bound=True, is_first=True),
    "rise": _Part(is_change=True),
    "fall": _Part(is_change=True, factor=-1),
}


def _points(value: float, language: Language, part: _Part) -> str:
    return part.write(value, 1, language)


def _score(value: float, language: Language, part: _Part) -> str:
    return part.write(value, 2, language)


def _rate(value: float, language: Language, part: _Part) -> str:
    text = part.write(100 * value, 1, language)
    if part.is_first:
        return text
    if not part.is_change:
        return text + "%"
    return text + ("ポイント" if language == "ja" else f"{_NO_BREAK}pt")


def _days(value: float, language: Language, part: _Part) -> str:
    text = part.write(value, 1, language)
    if part.is_first:
        return text
    return text + ("日" if language == "ja" else f"{_NO_BREAK}days")


def _minutes(value: float, language: Language, part: _Part) -> str:
    """Minutes below two hours, hours and minutes below two days, days above; always with unit."""
    size, ja = abs(value), language == "ja"
    if size >= 2880:
        return _days(value / 1440, language, replace(part, is_first=False))
    if size < 119.5:
        text = part.write(value, 0 if size >= 10 else 1, language)
        return text + ("分" if ja else f"{_NO_BREAK}min")
    sign = MINUS if value < 0 else "+" if part.is_change else ""
    hours, minutes = divmod(round(size), 60)
    if ja:
        return f"{sign}{hours}時間" + (f"{minutes}分" if minutes else "")
    return f"{sign}{hours}{_NO_BREAK}h" + (f" {minutes}{_NO_BREAK}min" if minutes else "")


def _currency(value: float, language: Language, part: _Part) -> str:
    """Money of the programme's currency, which the metric's label names; no cents from 100 on."""
    return part.write(value, 0 if abs(value) >= 100 else 2, language)


_UNITS: dict[str, Callable[[float, Language, _Part], str]] = {
    "points": _points,
    "rate": _rate,
    "score": _score,
    "score_1_5": _score,
    "score_1_7": _score,
    "minutes": _minutes,
    "days": _days,
    "count": _score,
    "currency": _currency,
}


def _percent(value: Any, language: Language) -> str:
    """A share of something, or a confidence level: no decimals where none are needed."""
    share = 100 * float(value)
    return (
        decimal(share, 0 if math.isclose(share, round(share), abs_tol=1e-9) else 1, language) + "%"
    )


def _relative(value: Any, language: Language) -> str:
    return bounded(100 * float(value), 1, language) + "%"


def _count(value: Any, language: Language) -> str:
    return decimal(float(value), 0, language)


def _p_value(value: Any, language: Language) -> str:
    sign, shown = ("<", 0.001) if float(value) < 0.001 else ("=", float(value))
    space = "\N{NO-BREAK SPACE}" if language == "en" else ""
    return f"{sign}{space}{decimal(shown, 3, language)}"


def _date(value: Any, language: Language) -> str:
    day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    pattern = "y年M月d日" if language == "ja" else "d MMMM y"
    return str(format_date(day, pattern, locale=language))


def _wave(value: Any, language: Language) -> str:
    """``2026H1`` as "H1 2026" and as 「2026年1〜6月期」 (上期 would mean April to September)."""
    half = HalfYear.parse(str(value))
    if language == "ja":
        return f"{half.year}年{'1〜6' if half.half == 1 else '7〜12'}月期"
    return f"H{half.half} {half.year}"


def _text(value: Any, language: Language) -> str:
    del language
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _number(value: Any, language: Language) -> str:
    return _count(value, language) if float(value).is_integer() else decimal(value, 2, language)


_FORMS: dict[str, Callable[[Any, Language], str]] = {
    "percent": _percent,
    "confidence": lambda value, language: _percent(1 - float(value), language),
    "share": lambda value, language: decimal(100 * float(value), 1, language) + "%",
    "relative": _relative,
    "first_relative": lambda value, language: _relative(value, language).removesuffix("%"),
    "count": _count,
    "number": _number,
    "score": lambda value, language: decimal(float(value), 2, language),
    "percent_rounded": lambda value, language: decimal(100 * float(value), 0, language) + "%",
    "half_year_first": lambda value, language: _date(
        HalfYear.parse(str(value)).starts_on, language
    ),
    "half_year_last": lambda value, language: _date(HalfYear.parse(str(value)).last_day, language),
    "short_hash": lambda value, language: str(value)[:12],
    "p": _p_value,
    "p_threshold": lambda value, language: decimal(float(value), 3, language),
    "date": _date,
    "wave": _wave,
    "text": _text,
}


def format_value(value: Any, form: str, language: Language) -> str:
    """The text of ``value`` in ``form`` (``count``, ``date``, ``rate.level``, ``rate.change``, …).

    Raises:
        UnknownCodeError: for a form or a unit that has no words yet.
    """
    if form in _FORMS:
        return _FORMS[form](value, language)
    unit, _, name = form.partition(".")
    if unit in _UNITS and name in PARTS:
        part = PARTS[name]
        return _UNITS[unit](part.factor * float(value), language, part)
    known = ", ".join(sorted({*_FORMS, *_UNITS}))
    raise UnknownCodeError(
        f"no format for `{form}` (known: {known}). Mend: add it to reports/formats.py"
    )


def looks_like_date(text: str) -> bool:
    """Whether a text is an ISO date."""
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None
