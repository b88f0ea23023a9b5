from __future__ import annotations

import json
from pathlib import Path

import pytest

from programme import check, load_programme
from programme.questions import SCORES, metrics_of, mixed_scores, question_metrics

SURVEY = """\
title: {{en: After delivery, ja: 配送後}}
owner: logistics
is_relational: {relational}
touchpoint: delivery
journey_stage: purchase
questions:
  again:
    kind: {kind}
    scale_min: 0
    scale_max: 10
    is_high_good: true
    wording: {{en: Again?, ja: またご利用になりますか}}
  why:
    kind: comment
    wording: {{en: Why?, ja: 理由}}
"""


def add(edited, name="delivery", *, relational="false", kind="nps"):
    file = edited.root / "surveys" / f"{name}.yml"
    file.write_text(SURVEY.format(relational=relational, kind=kind), encoding="utf-8")
    return file


def test_every_scored_question_is_a_metric_and_no_comment_is(edited):
    add(edited)
    found = question_metrics(load_programme(edited.root).surveys)
    assert sorted(found) == [
        "question__delivery__again",
        "question__relationship__price",
        "question__relationship__recommend",
    ]


def test_answers_count_in_the_scores_of_their_own_population(edited):
    add(edited)
    surveys = load_programme(edited.root).surveys
    assert metrics_of("delivery", surveys["delivery"], "again") == (
        "question__delivery__again",
        "nps",
        "transactional_nps",
    )
    assert metrics_of("relationship", surveys["relationship"], "recommend")[-1] == "relational_nps"
    assert metrics_of("relationship", surveys["relationship"], "price") == (
        "question__relationship__price",
    )


@pytest.mark.parametrize(
    ("relational", "kind", "mixed"),
    [("false", "nps", ["nps"]), ("true", "nps", []), ("false", "rating", [])],
)
def test_scores_mix_where_one_kind_is_asked_in_both_populations(edited, relational, kind, mixed):
    add(edited, relational=relational, kind=kind)
    assert mixed_scores(load_programme(edited.root).surveys) == mixed


def problems(edited):
    known = {"nps", "csat_mean", "relational_nps", "transactional_nps", "cost"}
    return check(load_programme(edited.root), metrics=known, segments=None, records={})


def test_a_plain_score_of_both_populations_is_refused_with_its_line(edited):
    assert not [p for p in problems(edited) if "pool" in p.what]
    add(edited)
    found = [problem for problem in problems(edited) if "pool" in problem.what]
    assert {problem.file.name for problem in found} == {"half_year.yml", "callback.yml"}
    (first,) = [problem for problem in found if problem.file.name == "half_year.yml"]
    lines = first.file.read_text(encoding="utf-8").splitlines()
    assert lines[first.line - 1].strip() == "- nps"
    assert first.mend == "name `relational_nps` or `transactional_nps`"


def test_a_benchmark_may_name_a_question_and_an_experiment_may_not(edited):
    name = "question__relationship__price"
    edited.replace("benchmarks/half_year.yml", "  - csat_mean\n", f"  - {name}\n")
    assert not [problem for problem in problems(edited) if name in problem.what]
    edited.replace("experiments/callback.yml", "metric: nps", f"metric: {name}")
    assert [p.file.name for p in problems(edited) if name in p.what] == ["callback.yml"]


def test_two_questions_of_one_metric_name_are_refused(edited):
    text = SURVEY.format(relational="false", kind="rating")
    for survey, question in (("a", "b__c"), ("a__b", "c")):
        file = edited.root / "surveys" / f"{survey}.yml"
        file.write_text(text.replace("again:", f"{question}:"), encoding="utf-8")
    found = [p.what for p in problems(edited) if "would be" in p.what]
    assert found == ["metric `question__a__b__c` would be a.b__c and a__b.c"]


def test_the_scores_are_those_that_dbt_defines() -> None:
    macro = Path(__file__).parents[2] / "dbt_project" / "macros" / "metrics.sql"
    text = macro.read_text(encoding="utf-8")
    plain = text.split("plain_scores()", 1)[1].split("return(", 1)[1].split("]", 1)[0] + "]"
    listed = json.loads(plain.replace("'", '"'))
    assert listed == [score for scores in SCORES.values() for score in scores]
