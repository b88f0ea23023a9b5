from __future__ import annotations

from typing import Any

import pytest

from reports.errors import UnknownCodeError
from reports.formats import format_value

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("value", "form", "en", "ja"),
    [
        (28.31, "points.level", "28.3", "28.3"),
        (4.24, "points.change", "+4.2", "+4.2"),
        (-4.24, "points.change", "−4.2", "−4.2"),
        (-0.004, "points.change", "0.0", "0.0"),
        (0.03, "points.bound", "+0.03", "+0.03"),
        (-0.03, "points.bound", "−0.03", "−0.03"),
        (0.6241, "rate.level", "62.4%", "62.4%"),
        (0.019, "rate.change", f"+1.9{NBSP}pt", "+1.9ポイント"),
        (0.6241, "rate.first_level", "62.4", "62.4"),
        (0.02, "rate.fall", f"−2.0{NBSP}pt", "−2.0ポイント"),
        (3.884, "score_1_5.level", "3.88", "3.88"),
        (45.4, "minutes.level", f"45{NBSP}min", "45分"),
        (312.0, "minutes.level", f"5{NBSP}h 12{NBSP}min", "5時間12分"),
        (180.0, "minutes.rise", f"+3{NBSP}h", "+3時間"),
        (-70.0, "minutes.change", f"−70{NBSP}min", "−70分"),
        (-130.0, "minutes.first_bound", f"−2{NBSP}h 10{NBSP}min", "−2時間10分"),
        (3185.0, "minutes.level", f"2.2{NBSP}days", "2.2日"),
        (11.62, "days.level", f"11.6{NBSP}days", "11.6日"),
        (12345.6, "currency.level", "12,346", "12,346"),
        (9.876, "currency.change", "+9.88", "+9.88"),
        (12345, "count", "12,345", "12,345"),
        (0.95, "percent", "95%", "95%"),
        (0.975, "percent", "97.5%", "97.5%"),
        (0.05, "confidence", "95%", "95%"),
        (0.0001, "p", f"<{NBSP}0.001", "<0.001"),
        (0.7361, "p", f"={NBSP}0.736", "=0.736"),
        (0.001, "p_threshold", "0.001", "0.001"),
        ("2026-07-05", "date", "5 July 2026", "2026年7月5日"),
        ("2026H1", "wave", "H1 2026", "2026年1〜6月期"),
        ("2025H2", "half_year_last", "31 December 2025", "2025年12月31日"),
    ],
)
def test_a_value_becomes_text_by_its_unit(value: Any, form: str, en: str, ja: str) -> None:
    assert format_value(value, form, "en") == en
    assert format_value(value, form, "ja") == ja


@pytest.mark.parametrize("form", ["furlongs.level", "points.sideways", "nothing"])
def test_an_unknown_unit_is_an_error_with_its_mend(form: str) -> None:
    with pytest.raises(UnknownCodeError, match=f"no format for `{form}`.*Mend"):
        format_value(1.0, form, "en")
