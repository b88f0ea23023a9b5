from __future__ import annotations

import pytest

from programme import DeclarationError, check, load_programme
from programme.journey import placed_touchpoints

PLACES = """\
departments:
  insights: {en: Insights, ja: 調査部}
touchpoints:
  relationship:
    stage: use
    department: insights
    label: {en: Relationship, ja: 関係全体}
    metrics: [cost]
"""


def problems(edited):
    known = {"nps", "csat_mean", "cost"}
    return check(load_programme(edited.root), metrics=known, segments={"country"}, records={})


def test_touchpoints_are_optional_and_surveys_stand_in(edited):
    programme = load_programme(edited.root)
    (place,) = placed_touchpoints(programme.journey, programme.surveys)
    assert (place.touchpoint, place.journey_stage, place.department) == (
        "relationship",
        "use",
        "unknown",
    )


def test_declared_touchpoints_bring_department_and_labels(edited):
    edited.write("touchpoints.yml", PLACES)
    programme = load_programme(edited.root)
    (place,) = placed_touchpoints(programme.journey, programme.surveys)
    assert (place.department, place.department_label.ja) == ("insights", "調査部")
    assert place.label.ja == "関係全体"
    assert not [problem for problem in problems(edited) if "touchpoint" in problem.where]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("department: insights", "department: insight", "unknown department `insight`"),
        ("stage: use", "stage: using", "unknown value `using`"),
        ("metrics: [cost]", "metric: cost", "unknown key `metric`"),
    ],
)
def test_what_is_wrong_within_the_file_is_refused_with_its_line(edited, old, new, what):
    text = PLACES.replace(old, new)
    edited.write("touchpoints.yml", text)
    with pytest.raises(DeclarationError) as refused:
        load_programme(edited.root)
    (problem,) = refused.value.problems
    assert what in problem.what
    assert new.split(":")[0] in text.splitlines()[problem.line - 1]


def test_a_metric_belongs_to_one_touchpoint(edited):
    other = PLACES.partition("touchpoints:\n")[2].replace("relationship:", "shop:", 1)
    edited.write("touchpoints.yml", PLACES + other)
    with pytest.raises(DeclarationError, match="belongs to `relationship` already"):
        load_programme(edited.root)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("  relationship:", "  relation:", "touchpoint `relationship` is not declared"),
        ("stage: use", "stage: advocacy", "lies at stage `advocacy` elsewhere"),
        ("[cost]", "[costs]", "unknown metric `costs`"),
    ],
)
def test_what_contradicts_other_files_is_a_problem(edited, old, new, what):
    edited.write("touchpoints.yml", PLACES.replace(old, new))
    assert [problem for problem in problems(edited) if what in problem.what]


def test_two_surveys_place_one_touchpoint_at_one_stage(edited):
    survey = (edited.root / "surveys" / "relationship.yml").read_text(encoding="utf-8")
    edited.write("surveys/second.yml", survey.replace("stage: use", "stage: purchase"))
    found = [problem for problem in problems(edited) if "elsewhere" in problem.what]
    assert [problem.file.name for problem in found] == ["second.yml"]
