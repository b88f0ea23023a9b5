from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import reports.wording
from reports.context import parse_edition
from reports.errors import UnknownCodeError
from reports.wording import Wording, declared, plain, resolve, sentences
from tests.reports.conftest import Lay
from tests.reports.fixtures import editions

ANALYSIS = Path(reports.wording.__file__).parents[1] / "analysis"


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_hold_the_same_sentences_with_the_same_values() -> None:
    en, ja = sentences("en"), sentences("ja")
    assert len(en) > 200
    assert set(en) == set(ja)
    assert {key for key in en if names(en[key]) != names(ja[key])} == set()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_number_is_written_into_a_sentence(language: str) -> None:
    assert [text for text in sentences(language).values() if re.search(r"\d", text)] == []  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_sentences_hold_no_markup_but_emphasis(language: str) -> None:
    bare = [re.sub("</?strong>", "", text) for text in sentences(language).values()]  # type: ignore[arg-type]
    assert [text for text in bare if re.search("[<>&]", text)] == []


def test_every_reason_the_analysis_gives_has_words() -> None:
    found = set()
    for file in ANALYSIS.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "NoEstimate":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(f"no_estimate.{first.value}")
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Verdict":
                found.add(f"verdict_reason.{ast.literal_eval(node.args[1])}") if isinstance(
                    node.args[1], ast.Constant
                ) else None
    assert len(found) > 15
    assert found - set(sentences("en")) == set()


def words(language: str = "en") -> Wording:
    import json

    frozen = parse_edition(json.dumps(editions.benchmark()).encode())
    return Wording(frozen, language)  # type: ignore[arg-type]


def test_an_unknown_code_names_the_file_and_the_nearest_one() -> None:
    with pytest.raises(UnknownCodeError, match=r"en\.yml has no sentence `no_estimate.too_few`"):
        words().no_estimate("too_few")


def test_a_reason_without_the_value_its_sentence_needs_is_an_error() -> None:
    with pytest.raises(UnknownCodeError, match="names the value 'starts_on'"):
        words().code("reason", "registered_after_start", {"registered_on": "2026-01-01"}, "/x")


def test_a_figure_carries_its_pointer_and_its_form() -> None:
    said = words().say("benchmark.period", first=words().figure("/as_of", "date"), last="<b>")
    assert 'data-ref="/as_of" data-form="date">5 July 2026<' in said
    assert "&lt;b&gt;" in said


def test_the_headline_is_said_in_both_languages(lay: Lay) -> None:
    en, ja = (lay(editions.benchmark(), language).page.card for language in ("en", "ja"))
    assert en is not None
    assert ja is not None
    said = "Net Promoter Score rose from 24.1 to 28.3 (+4.2; 95% CI +1.9 to +6.5)."
    assert plain(en.sentence) == said
    said = "NPS(推奨度)は、24.1から28.3へ上昇しました（+4.2、95%信頼区間 +1.9〜+6.5）。"
    assert plain(ja.sentence) == said


@pytest.mark.parametrize(
    ("change", "lower", "upper", "word"),
    [
        (4.2, 1.9, 6.5, "rose from"),
        (-4.2, -6.5, -1.9, "fell from"),
        (1.0, -1.3, 3.3, "no detectable change"),
        (1.0, 0.0, 2.0, "no detectable change"),
        (None, None, None, "no estimate of its change: too few answers"),
    ],
)
def test_the_interval_decides_the_verb(
    lay: Lay, change: float | None, lower: float | None, upper: float | None, word: str
) -> None:
    content = editions.benchmark()
    for row in content["rows"]:
        if (row["metric"], row["statistic"], row["segment_name"]) == ("nps", "change", "all"):
            reason = None if change is not None else "too_few_answers"
            row.update(estimate=change, lower=lower, upper=upper, reason=reason)
    card = lay(content).page.card
    assert card is not None
    assert word in plain(card.sentence)


def test_a_fall_of_a_metric_that_should_fall_is_better(lay: Lay) -> None:
    text = " ".join(plain(line) for line in lay(editions.benchmark()).page.summary)
    better = text[text.index("Better") : text.index("Worse")]
    assert "Time to first reply" in better
    assert "Late deliveries" not in better


def test_resolve_follows_a_pointer() -> None:
    assert resolve({"rows": [{"a/b": 3}]}, "/rows/0/a~1b") == 3


def test_declared_text_is_escaped() -> None:
    assert "<script>" not in declared("<script>alert(1)</script>")
