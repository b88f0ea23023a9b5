"""How a value becomes text: one form per unit, in both languages.

A form is a word such as ``rate.change``; the page prints it beside each number, so that the
pre-send checks can format the edition's value again and compare.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
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


def _signed_keeping(value: float, digits: int, language: Language) -> str:
    """A signed number; one more decimal where rounding would hide on which side of 0 it lies."""
    if value != 0 and round(value, digits) == 0 and abs(value) >= 0.5 * 10 ** -(digits + 1):
        digits += 1
    return decimal(value, digits, language, signed=True)


def _points(value: float, language: Language, signed: bool) -> str:
    return _signed_keeping(value, 1, language) if signed else decimal(value, 1, language)


def _rate(value: float, language: Language, signed: bool) -> str:
    if not signed:
        return decimal(100 * value, 1, language) + "%"
    unit = "ポイント" if language == "ja" else f"{_NO_BREAK}pt"
    return _signed_keeping(100 * value, 1, language) + unit


def _score(value: float, language: Language, signed: bool) -> str:
    return _signed_keeping(value, 2, language) if signed else decimal(value, 2, language)


def _days(value: float, language: Language, signed: bool) -> str:
    text = _signed_keeping(value, 1, language) if signed else decimal(value, 1, language)
    return text + ("日" if language == "ja" else f"{_NO_BREAK}days")


def _minutes(value: float, language: Language, signed: bool) -> str:
    """Minutes below two hours, hours and minutes below two days, days above."""
    size = abs(value)
    if size >= 2880:
        return _days(value / 1440, language, signed)
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    if size < 119.5:
        digits = 0 if size >= 10 else 1
        text = decimal(value, digits, language, signed=signed)
        return text + ("分" if language == "ja" else f"{_NO_BREAK}min")
    hours, minutes = divmod(round(size), 60)
    if language == "ja":
        return f"{sign}{hours}時間{minutes}分"
    return f"{sign}{hours}{_NO_BREAK}h {minutes}{_NO_BREAK}min"


# How a value in a metric's unit is shown: as a level, as a signed change, or as a declared size
# meant as a rise or as a fall; the ``first_`` ones leave the unit to the value that follows.
PARTS = {"level": 1, "change": 1, "rise": 1, "fall": -1, "first_level": 1, "first_change": 1}
_SUFFIXES = ("%", "ポイント", f"{_NO_BREAK}pt", "日", f"{_NO_BREAK}days")

_UNITS: dict[str, Callable[[float, Language, bool], str]] = {
    "points": _points,
    "rate": _rate,
    "score_1_5": _score,
    "score_1_7": _score,
    "minutes": _minutes,
    "days": _days,
    "count": _score,
}


def _percent(value: Any, language: Language) -> str:
    """A share of something, or a confidence level: no decimals where none are needed."""
    share = 100 * float(value)
    return (
        decimal(share, 0 if math.isclose(share, round(share), abs_tol=1e-9) else 1, language) + "%"
    )


def _relative(value: Any, language: Language) -> str:
    return _signed_keeping(100 * float(value), 1, language) + "%"


def _count(value: Any, language: Language) -> str:
    return decimal(float(value), 0, language)


def _p_value(value: Any, language: Language) -> str:
    if float(value) < 0.001:
        return "<0.001" if language == "en" else "0.001未満"
    return decimal(float(value), 3, language)


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
    unit, _, part = form.partition(".")
    if unit in _UNITS and part in PARTS:
        text = _UNITS[unit](PARTS[part] * float(value), language, not part.endswith("level"))
        # hours and days may follow each other: there each bound keeps its unit
        leaves_unit = part.startswith("first_") and unit != "minutes"
        return _without_unit(text) if leaves_unit else text
    known = ", ".join(sorted({*_FORMS, *_UNITS}))
    raise UnknownCodeError(
        f"no format for `{form}` (known: {known}). Mend: add it to reports/formats.py"
    )


def _without_unit(text: str) -> str:
    for suffix in _SUFFIXES:
        text = text.removesuffix(suffix)
    return text


def looks_like_date(text: str) -> bool:
    """Whether a text is an ISO date."""
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None
