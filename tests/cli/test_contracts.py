"""`cxloop contracts`: what fails now, what was checked at all, and the page."""

from __future__ import annotations

from pathlib import Path

import pytest

CHECKS = """\
    checks:
      - record: order
        expectation: expect_column_mean_to_be_between
        kwargs: {column: amount, max_value: 15}
        severity: SEVERITY
        reason: orders are small
"""


def declare(cxloop, severity):
    file = cxloop.programme / "sources/shop.yml"
    checks = CHECKS.replace("SEVERITY", severity)
    text = file.read_text("utf-8").replace("  exposures:\n", checks + "  exposures:\n", 1)
    file.write_text(text, "utf-8")


@pytest.fixture
def warned(cxloop):
    declare(cxloop, "warn")
    assert cxloop("source", "pull", "shop", "--load-date", "2026-02-01").exit_code == 0
    return cxloop


def test_what_fails_is_told_with_its_reason_and_mend(warned):
    result = warned("contracts", "show")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "warning  shop.orders 2026-02-01 order: expect_column_mean_to_be_between(amount): "
        "observed 20"
    )
    assert lines[1:3] == [
        "  reason: orders are small",
        "  mend: have the data sent again, or correct the check if the data are right",
    ]
    assert len(lines) == 3


def test_everything_is_told_when_asked(warned):
    found = warned.json("contracts", "show", "--all")
    assert len(found) > 8
    assert [part["expectation"] for part in found if not part["passed"]] == [
        "expect_column_mean_to_be_between"
    ]
    assert "holds  shop.orders 2026-02-01 order:" in warned("contracts", "show", "--all").stdout


def test_a_held_load_date_is_told_first(cxloop):
    declare(cxloop, "hold")
    assert cxloop("source", "pull", "shop", "--load-date", "2026-02-01").exit_code == 1
    (found,) = cxloop.json("contracts", "show")
    assert (found["state"], found["severity"]) == ("held", "hold")
    assert cxloop("contracts", "show").stdout.startswith("held  shop.orders 2026-02-01 order:")


def test_nothing_failing_is_said_so(cxloop):
    assert "no check was made" in cxloop("contracts", "show").output
    assert cxloop("source", "pull", "shop", "--load-date", "2026-02-01").exit_code == 0
    assert "checks on the newest loads hold" in cxloop("contracts", "show").output


def test_an_unknown_source_is_named(cxloop):
    result = cxloop("contracts", "show", "--source", "shopp")
    assert result.exit_code == 1
    assert "did you mean `shop`?" in result.output


def test_the_page_is_written_in_both_languages(warned):
    files = [Path(row["page"]) for row in warned.json("contracts", "page")]
    assert [file.name for file in files] == ["contracts__en.html", "contracts__ja.html"]
    assert "orders are small" in files[0].read_text("utf-8")
    assert "どんぐり" in files[1].read_text("utf-8")


def test_a_run_writes_the_page_although_a_source_is_held(cxloop):
    declare(cxloop, "hold")
    result = cxloop("run", "--only", "collect", "--as-of", "2026-02-01")
    assert result.exit_code == 1
    page = (cxloop.home / "reports" / "contracts__en.html").read_text("utf-8")
    assert 'class="finding finding-hold"' in page
