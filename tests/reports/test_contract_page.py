"""The page of the data checks: what stands on it, in both languages, and what never does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from connectors.contract_findings import _OBSERVED
from connectors.contracts import checks_of_record
from connectors.records import RECORDS
from programme.base import Words
from programme.benchmarks import Language
from reports.contract_page import contract_page_html, summary, write_contract_pages
from reports.contract_page_marks import course, strip
from reports.contract_page_words import ContractWords
from reports.wording import plain, sentences

COMPANY = Words(en="Acme", ja="アクメ")
LANGUAGES: tuple[Any, ...] = get_args(Language)
FACTS: dict[str, dict[str, Any]] = {
    "volume": {"rows": 44, "low": 120.4, "high": 637.2, "median": 276.0, "dates": 20},
    "freshness": {"hours": 75.4, "limit": 48.0},
    "references": {"rate": 0.951, "min_rate": 0.98, "rows": 42, "to": "customer.customer_id"},
    "conflicts": {"rate": 0.031, "max_rate": 0.01},
    "emptied": {"rows": 1200, "before": 0.052, "column": "channel"},
    "null_share": {"now": 0.412, "before": 0.052, "limit": 0.1, "column": "channel"},
    "new_codes": {"codes": ["kiosk"], "more": 2, "share": 0.062, "limit": 0.005},
    "vanished_codes": {"codes": ["app"], "more": 0, "share": 0.151, "limit": 0.05},
    "distribution": {"psi": 5.41, "limit": 0.2, "factor": 60.3, "column": "talk_seconds"},
    "mean_shift": {"now": 2.04, "before": 3.85, "sds": -1.51, "limit": 0.3},
    "flipped_scale": {"now": 2.04, "before": 3.85, "mirrored": 2.15, "scale": [1, 5]},
    "garbled_text": {"share": 0.62, "before": 0.0, "limit": 0.01},
}


def result(expectation: str, severity: str = "warn", **values: Any) -> dict[str, Any]:
    return {
        "source": "survey_stream",
        "entity": "responses",
        "record": "feedback",
        "group": "ticket_closed.csat_question",
        "expectation": expectation,
        "columns": ["score"],
        "severity": severity,
        "passed": False,
        "evaluated": 400,
        "failed": 0,
        "observed": "",
        "error": "",
        "reason": "",
        "facts": FACTS.get(expectation, {}),
        "load_date": "2026-07-05",
        "state": "landed",
        "is_current": True,
        "mend": "",
        **values,
    }


def series(**values: Any) -> dict[str, Any]:
    points = [
        {"load_date": f"2026-07-0{n}", "rows": 100 * n, "missing": 0.05, "compared_with": n - 1,
         "at_least": 5}
        for n in range(1, 6)
    ]  # fmt: skip
    place = {"source": "survey_stream", "entity": "responses", "record": "feedback"}
    return {**place, "group": "ticket_closed.csat_question", "points": points, **values}


def page(results: list[dict[str, Any]], language: Any = "en", **values: Any) -> str:
    return contract_page_html(results, [series(**values)], language, company=COMPANY)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", sorted(FACTS))
def test_every_rule_has_words_and_figures(rule: str, language: Any) -> None:
    words = ContractWords(language)
    found = result(rule)
    said = [plain(part) for part in (words.rule(found), words.observed(found),
                                     words.expected(found), words.mend(found))]  # fmt: skip
    assert all(said)
    assert not any("{" in text for text in said)
    assert any(re.search(r"\d", text) for text in said[1:3])


def test_every_rule_of_ours_is_shown() -> None:
    assert set(_OBSERVED) == set(FACTS)
    for language in LANGUAGES:
        for group in ("rule", "observed", "expected"):
            missing = {
                rule for rule in FACTS if f"contract.{group}.{rule}" not in sentences(language)
            }
            assert not missing


def test_every_standard_check_has_words_of_its_own() -> None:
    from datetime import date

    seen = {
        check.expectation
        for record in RECORDS.values()
        for check in checks_of_record(record, question=None, load_date=date(2026, 7, 5))
    }
    assert len(seen) >= 4
    for language in LANGUAGES:
        assert all(f"contract.rule.{name}" in sentences(language) for name in seen)


@pytest.mark.parametrize(
    ("found", "observed", "expected"),
    [
        (result("volume"), "44 rows", "120 to 637, after 20 earlier loads with a median of 276"),
        (result("null_share"), "41.2% missing", "5.2% missing before; a change of 10.0% counts"),
        (
            result("new_codes"),
            "kiosk (+2) in 6.2% of rows",
            "codes seen before; 0.5% of rows count",
        ),
        (
            result("distribution"),
            "stability index 5.41; the median is 60.30 times the earlier one – another unit?",
            "below 0.20",
        ),
        (result("mean_shift"), "mean 2.04", "3.85 before; 0.30 standard deviations count"),
        (
            result(
                "expect_column_values_to_be_between",
                failed=16,
                facts={"min_value": 1.0, "max_value": 5.0, "standard": True},
                reason="outside the scale 1 to 5",
            ),
            "16 of 400 rows fail",
            "1 to 5",
        ),
        (
            result(
                "expect_column_values_to_be_between",
                failed=1,
                facts={"max_value": "2026-07-07T00:00:00", "strict_max": True},
            ),
            "1 of 400 rows fail",
            "before 7 July 2026",
        ),
        (
            result("expect_column_mean_to_be_between", facts={"observed": 1234.5, "min_value": 3}),
            "1,234.50",
            "at least 3",
        ),
        (
            result("expect_column_mean_to_be_between", error="no such check"),
            "could not be",
            "every",
        ),
    ],
)
def test_what_was_found_and_what_was_expected(
    found: dict[str, Any], observed: str, expected: str
) -> None:
    words = ContractWords("en")
    assert observed in plain(words.observed(found))
    assert expected in plain(words.expected(found))


def test_held_load_dates_come_first() -> None:
    found = [result("volume", source="a"), result("flipped_scale", "hold", state="held")]
    html = page(found)
    assert html.index("direction of the scale") < html.index("Number of rows")
    assert 'class="banner banner-stop"' in html
    assert "Checks that hold load dates back: 1." in plain(html)


@pytest.mark.parametrize(
    ("severities", "word"),
    [
        ([], "All checks hold"),
        (["quarantine"], "Rows set aside"),
        (["quarantine", "warn"], "Worth a look"),
        (["quarantine", "warn", "hold"], "Held back"),
    ],
)
def test_the_banner_tells_the_worst_of_the_newest_loads(severities: list[str], word: str) -> None:
    passed = result("volume", passed=True)
    earlier = result("volume", "hold", load_date="2026-07-01", is_current=False)
    html = page([passed, earlier, *(result("volume", severity) for severity in severities)])
    banner = html[html.index('class="banner-word"') :].split("</p>")[0]
    assert banner.endswith(word)


def test_nothing_collected_is_said_so() -> None:
    html = contract_page_html([], [], "en", company=COMPANY)
    assert "Nothing collected yet" in html
    assert summary([], "en") == "No source has landed anything yet."


def test_findings_that_differ_by_column_alone_are_one() -> None:
    columns = ["talk_seconds", "wait_seconds"]
    html = page([result("distribution", columns=[name]) for name in columns])
    assert html.count('class="finding finding-warn"') == 1
    assert "talk_seconds, wait_seconds: distribution as before" in plain(html)


def test_rows_set_aside_have_a_table_and_earlier_warnings_another() -> None:
    aside = result("expect_column_values_to_be_in_set", "quarantine", failed=8)
    past = [
        result("volume", load_date=day, is_current=False) for day in ("2026-07-01", "2026-07-02")
    ]
    html = page([aside, *past])
    assert 'id="aside"' in html
    assert "2.0%" in html
    earlier = html[html.index('id="earlier"') :]
    assert earlier.count("Number of rows") == 1
    assert "2 July 2026" in earlier
    assert "load dates: 2" in plain(earlier)


def test_a_record_says_how_many_loads_it_waits_for() -> None:
    points = series()["points"]
    few, enough = (page([result("volume", passed=True)], points=points[:n]) for n in (2, 5))
    assert "1 of 5 earlier loads" in plain(few)
    last = {**points[-1], "compared_with": 5}
    assert "earlier loads</span>" not in page([], points=[*points[:4], last])
    assert "4 of 5 earlier loads" in plain(enough)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_asks_nothing_of_the_network_and_escapes_what_it_prints(language: Any) -> None:
    evil = "<script>alert(1)</script>"
    found = [
        result("expect_column_values_to_be_in_set", reason=evil, columns=[evil], group=evil),
        result("new_codes", facts={**FACTS["new_codes"], "codes": [evil]}),
        result("landing", observed=evil, mend=evil, facts={}),
    ]
    html = page(found, language, group=evil)
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=|url\((?!data:)|https?://(?!www\.w3\.org)", html)
    assert html.startswith("<!DOCTYPE html>")
    assert f'<html lang="{language}">' in html


def test_the_declared_reason_is_the_heading_and_the_rule_stands_beside() -> None:
    found = result("expect_column_values_to_not_be_null", reason="an answer needs its invitation")
    html = page([found], "ja")
    assert "<h3><span data-declared>an answer needs its invitation</span></h3>" in html
    assert "score：値の存在" in plain(html)
    standard = {**found, "facts": {"standard": True}}
    assert "an answer needs its invitation" not in page([standard], "ja")


def test_both_languages_are_written_at_once(tmp_path: Path) -> None:
    files = write_contract_pages([result("volume")], [series()], tmp_path / "r", company=COMPANY)
    assert sorted(file.name for file in files) == ["contracts__en.html", "contracts__ja.html"]
    before = [file.read_bytes() for file in files]
    write_contract_pages([result("volume")], [series()], tmp_path / "r", company=COMPANY)
    assert [file.read_bytes() for file in files] == before
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == [f.name for f in files]


def test_the_summary_is_one_paragraph() -> None:
    found = [
        result("volume"),
        result("flipped_scale", "hold"),
        result("expect_column_values_to_be_in_set", "quarantine", failed=2),
        result("mean_shift", passed=True),
        result("mean_shift", is_current=False),
    ]
    said = summary(found, "en")
    assert said.startswith(
        "Newest loads: 3 of 4 checks fail (sources: 1; load dates held back by 1, warnings 1, "
        "rows set aside by 1). First: score: direction of the scale (survey_stream · responses"
    )
    assert "\n" not in said
    assert "保留1件、注意1件、行の除外1件" in summary(found, "ja")
    good = [result("volume", passed=True)]
    assert summary(good, "en") == "Newest loads: all checks hold (sources: 1; checks: 1)."


def test_a_course_runs_from_zero_to_its_highest_value() -> None:
    drawn = str(course([0.0, 50.0, 100.0], "rows"))
    (points,) = re.findall(r'points="([^"]*)"', drawn)
    found = [tuple(map(float, point.split(","))) for point in points.split()]
    assert [y for _, y in found] == [22.5, 13.0, 3.5]
    assert found[0][0] < found[1][0] < found[2][0]
    assert 'aria-label="rows"' in drawn
    assert course([None, None], "none") == ""


def test_a_gap_interrupts_the_course() -> None:
    drawn = str(course([1.0, 2.0, None, 2.0, 1.0], "rows"))
    assert drawn.count("<polyline") == 2
    assert str(course([1.0], "rows")).count("<polyline") == 0


def test_a_square_per_load_date() -> None:
    drawn = str(strip(["passed", "warned", "held"], "dates"))
    assert drawn.count("<rect") == 3
    assert len(set(re.findall(r'fill="(\S+)" stroke="(\S+)"', drawn))) == 3
