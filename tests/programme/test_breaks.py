from __future__ import annotations

from datetime import date

import pytest

from programme import DeclarationError, check, load_programme
from programme.breaks import metric_breaks

MARK = """\
metrics: [csat_mean, cost]
date: 2025-10-01
scope: {segment: country, value: JP}
what: source
comparison: withhold
reason: {en: New help desk, ja: ヘルプデスクの入れ替え}
"""


def test_a_break_reaches_each_of_its_metrics(edited):
    edited.write("breaks/new_help_desk.yml", MARK)
    programme = load_programme(edited.root)
    registry = [m for m in metric_breaks(programme.breaks, programme.surveys) if not m.survey]
    assert [(m.break_id, m.metric) for m in registry] == [
        ("new_help_desk", "csat_mean"),
        ("new_help_desk", "cost"),
    ]
    assert {m.segment for m in registry} == {("country", "JP")}
    assert {(m.comparison, m.broke_on) for m in registry} == {("withhold", date(2025, 10, 1))}


def test_a_break_of_a_question_reaches_every_metric_of_its_answers(edited):
    edited.replace("surveys/relationship.yml", "question: price", "question: recommend")
    programme = load_programme(edited.root)
    found = list(metric_breaks(programme.breaks, programme.surveys))
    assert [mark.metric for mark in found] == [
        "question__relationship__recommend",
        "nps",
        "relational_nps",
    ]
    assert {mark.break_id for mark in found} == {"relationship.recommend.2025-04-01"}
    assert {(mark.segment, mark.comparison) for mark in found} == {(("all", "all"), "flag")}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("cost]", "costs]", "unknown metric `costs`"),
        ("country", "county", "unknown segment `county`"),
    ],
)
def test_names_that_nobody_defines_are_problems(edited, old, new, what):
    edited.write("breaks/new_help_desk.yml", MARK.replace(old, new))
    found = check(
        load_programme(edited.root), metrics={"nps", "csat_mean", "cost"}, segments={"country"},
        records={},
    )  # fmt: skip
    (problem,) = [problem for problem in found if problem.file.name == "new_help_desk.yml"]
    assert problem.what == what


def test_a_break_needs_a_metric_and_a_known_kind(edited):
    text = MARK.replace("[csat_mean, cost]", "[]").replace("what: source", "what: sauce")
    edited.write("breaks/new_help_desk.yml", text)
    with pytest.raises(DeclarationError) as refused:
        load_programme(edited.root)
    assert [problem.where for problem in refused.value.problems] == ["metrics", "what"]
