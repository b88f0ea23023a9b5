from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import reports.wording
from programme.base import Words
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


def texts_in(node: ast.AST | None) -> set[str]:
    """The texts a value may be: itself, or either branch of a choice."""
    if isinstance(node, ast.IfExp):
        return texts_in(node.body) | texts_in(node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.JoinedStr):  # `check_failed:<check>`: the part before the colon
        return {text.partition(":")[0] for text in texts_in(node.values[0])}
    return set()


def argument(call: ast.Call, place: int, name: str) -> ast.AST | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return call.args[place] if len(call.args) > place else next(iter(named), None)


def codes_of_call(call: ast.Call) -> set[str]:
    called = getattr(call.func, "id", "")
    if called == "Verdict":
        reasons = texts_in(argument(call, 1, "reason"))
        found = {f"verdict_reason.{code}" for code in reasons}
        if "no_verdict" in texts_in(argument(call, 0, "decision")):
            found |= {f"reason.{code}" for code in reasons}
        return found
    if called == "Check":
        return {f"check.{code}" for code in texts_in(call.args[0])}
    if called == "Driver":
        return {f"no_estimate.{code}" for code in texts_in(argument(call, 9, "reason"))}
    place = 0 if called == "NoEstimate" else 99
    return {f"no_estimate.{code}" for code in texts_in(argument(call, place, "reason"))}


def codes_under(name: str, value: ast.AST) -> set[str]:
    groups = {"code": "reason", "reason": "no_estimate", "state": "outcome"}
    texts = texts_in(value) if name in groups else set()
    of_edition = {"complete", "partial", "blocked"}
    return {f"{'state' if text in of_edition else groups[name]}.{text}" for text in texts}


def codes_of_dict(node: ast.Dict) -> set[str]:
    return {
        code
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        for code in codes_under(str(key.value), value)
    }


def codes_of_assignment(node: ast.Assign) -> set[str]:
    return codes_under(getattr(node.targets[0], "id", ""), node.value)


def codes_of_function(node: ast.FunctionDef) -> set[str]:
    """A function that returns a reason or None names what stands in the way of an estimate."""
    if node.returns is None or ast.unparse(node.returns) != "str | None":
        return set()
    returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return)]
    return {f"no_estimate.{code}" for value in returned for code in texts_in(value)}


def emitted(tree: ast.Module) -> set[str]:
    """Every code that a module of the analysis can put into an edition, with its locale group."""
    found: set[str] = set()
    of_checks: set[ast.AST] = set()  # a check's own reason is only ever "does not apply"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found |= codes_of_call(node)
            if getattr(node.func, "id", "") == "Check":
                of_checks |= set(ast.walk(node))
        elif isinstance(node, ast.Dict) and node not in of_checks:
            found |= codes_of_dict(node)
        elif isinstance(node, ast.Assign):
            found |= codes_of_assignment(node)
        elif isinstance(node, ast.FunctionDef):
            found |= codes_of_function(node)
    return found


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_code_the_analysis_emits_has_words(language: Any) -> None:
    found = set().union(*(emitted(ast.parse(file.read_text())) for file in ANALYSIS.glob("*.py")))
    assert found >= {
        "no_estimate.too_few_buckets",
        "no_estimate.check_failed",
        "no_estimate.constant_item",
        "reason.metric_no_estimate",
        "reason.headline_not_defined",
        "reason.plan_changed",
        "verdict_reason.success_superior",
        "outcome.ruled_out",
        "check.sample_ratio",
    }
    assert found - set(sentences(language)) == set()


def test_values_are_called_what_the_company_calls_them() -> None:
    labels = {"plan": {"lite": Words(en="Lite plan", ja="ライト")}}
    for language, lite, punctual, unknown in (
        ("en", "Lite plan", "On time", "Not known"),
        ("ja", "ライト", "予定どおり", "不明"),
    ):
        said = Wording(words().frozen, language, labels)  # type: ignore[arg-type]
        assert said.segment_value("plan", "lite") == lite
        assert said.segment_value("plan", "gold_2") == "gold_2"
        assert said.segment_value("region", "lite") == "lite"
        assert said.segment_value("delivery_punctuality", "on_time") == punctual
        assert said.segment_value("region", "unknown") == unknown
    assert words("ja").segment_value("country", "jp") == "日本"


def test_a_metric_without_estimate_is_said_of_tests_as_of_half_years() -> None:
    values = {"metric": "nps", "reason": "too_few_answers"}
    said = plain(words().code("reason", "metric_no_estimate", values, "/reasons/0"))
    assert said == "Net Promoter Score: no estimate – too few answers."
    failed = words().code("reason", "check_failed", {"checks": ["sample_ratio"]}, "/reasons/0")
    assert "Customers split between the arms as planned" in failed


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
