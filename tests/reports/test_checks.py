from __future__ import annotations

import json
from typing import Any

import pytest

from reports.checks import problems
from reports.composing import Composed
from tests.reports.conftest import Lay
from tests.reports.fixtures import editions


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("outcome", ["ship", "null", "no_verdict"])
def test_a_sound_experiment_passes(lay: Lay, outcome: str, language: str) -> None:
    assert problems(lay(editions.experiment(outcome), language)) == []


@pytest.mark.parametrize(("state", "language"), [("complete", "en"), ("partial", "ja")])
def test_a_sound_benchmark_passes(lay: Lay, state: str, language: str) -> None:
    composed = lay(editions.benchmark(state), language)
    assert composed.html.count("data-ref=") > 200
    assert problems(composed) == []


def tampered(composed: Composed, old: str, new: str) -> list[str]:
    assert old in composed.html
    composed.__dict__["html"] = composed.html.replace(old, new)
    return problems(composed)


def test_a_number_that_is_not_the_editions_is_found(lay: Lay) -> None:
    found = tampered(lay(editions.small_benchmark()), ">28.3</span>", ">29.3</span>")
    assert found
    assert all("'29.3' is '28.3' in the edition" in problem for problem in found)


def test_a_number_without_a_row_is_found(lay: Lay) -> None:
    found = tampered(lay(editions.small_benchmark()), "Scorecard</h2>", "Scorecard 12</h2>")
    assert found == ["number without a row: 'Scorecard 12'"]


def test_a_pointer_to_nothing_is_found(lay: Lay) -> None:
    found = tampered(lay(editions.small_benchmark()), 'data-ref="/as_of"', 'data-ref="/as_if"')
    assert "points to /as_if" in found[0]


def test_a_blank_chart_is_found(lay: Lay) -> None:
    import base64

    composed = lay(editions.experiment("ship"))
    start = composed.html.index('<img src="') + 10
    source = composed.html[start : composed.html.index('"', start)]
    blank = "data:image/svg+xml;base64," + base64.b64encode(b"<svg/>").decode()
    assert "blank chart: chart 1" in tampered(composed, source, blank)[0]


def change(content: dict[str, Any], statistic: str, **values: Any) -> dict[str, Any]:
    row = next(r for r in content["rows"] if r["statistic"] == statistic)
    row.update(values)
    return content


def test_a_change_without_an_interval_is_found(lay: Lay) -> None:
    content = change(editions.small_benchmark(), "change", lower=None, upper=None)
    assert any("change of nps (all=all) has no interval" in p for p in problems(lay(content)))


def test_a_row_without_estimate_and_reason_is_found(lay: Lay) -> None:
    content = change(editions.small_benchmark(), "change", estimate=None, lower=None, upper=None)
    found = problems(lay(content))
    assert any("neither an estimate nor a reason" in problem for problem in found)


def test_a_reason_that_the_page_keeps_to_itself_is_found(lay: Lay) -> None:
    composed = lay(editions.small_benchmark())
    composed.__dict__["html"] = composed.html.replace("too few answers", "…")
    assert "too_few_answers" in problems(composed)[0]


@pytest.mark.parametrize(
    ("landed", "aside", "found"), [(0, 5, True), (60, 40, True), (95, 5, False)]
)
def test_failing_coverage_is_found(lay: Lay, landed: int, aside: int, found: bool) -> None:
    content = editions.small_benchmark()
    content["coverage"][0].update(landed=landed, quarantined=aside)
    assert any("source `crm`" in problem for problem in problems(lay(content))) is found


def test_a_character_no_font_draws_is_found(lay: Lay) -> None:
    content = json.loads(json.dumps(editions.experiment("no_verdict")))
    content["plan"]["title"]["en"] = "Callback 한"
    assert problems(lay(content)) == ["missing glyph: no packaged font draws '한'"]
