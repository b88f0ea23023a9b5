"""Surveys and sources suggested from vendors' definitions: they load, and they map answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from connectors.vendors.definitions import suggest
from connectors.vendors.questionnaires import Choice, is_high_good, scale_of
from programme import Programme
from programme.systems import VendorRead
from tests.emulators import pulls
from tests.emulators.qualtrics import TOKEN, QualtricsEmulator
from tests.shared import SHARED_DATA

RECORDINGS = SHARED_DATA / "api_recordings"


def loaded(folder: Path, kind: str, definition: Any, survey: str) -> tuple[Programme, str]:
    """The suggestion as a programme, and its survey's name."""
    texts = suggest(kind, definition, survey)
    programme = pulls.programme_of(folder, texts)
    (name,) = programme.surveys
    return programme, name


def choices(*labels: str, numbers: list[int] | None = None) -> list[Choice]:
    known = numbers or list(range(1, len(labels) + 1))
    return [Choice(f"c{n}", label, n) for n, label in zip(known, labels, strict=True)]


def test_labels_that_judge_are_a_scale_and_others_are_none() -> None:
    scale = scale_of(choices("Very poor", "Poor", "Fair", "Good", "Very good", "Not applicable"))
    assert scale is not None
    assert (scale.low, scale.high, scale.is_high_good, scale.missing) == (1, 5, True, ("c6",))
    assert scale.recode == (("c1", 1), ("c2", 2), ("c3", 3), ("c4", 4), ("c5", 5))
    assert scale_of(choices("Daily", "Weekly", "Monthly", "Less often")) is None
    assert scale_of(choices("Yes", "No")) is None
    assert scale_of(choices("0", "1", "2", "3", "4 or more")) is None
    japanese = scale_of(choices("とても不満", "不満", "どちらでもない", "満足", "とても満足"))
    assert japanese is not None
    assert japanese.is_high_good


def test_written_numbers_come_before_weights_and_gaps_are_closed() -> None:
    labels = ["0 - Not at all likely", *map(str, range(1, 10)), "10 - Extremely likely"]
    nps = scale_of(choices(*labels, numbers=[-100] * 7 + [0] * 2 + [100] * 2))
    assert nps is not None
    assert (nps.low, nps.high, nps.recode[0], nps.recode[10]) == (0, 10, ("c-100", 0), ("c100", 10))
    gaps = scale_of(choices("Very bad", "Bad", "Good", "Very good", numbers=[4, 5, 7, 9]))
    assert gaps is not None
    assert [number for _, number in gaps.recode] == [1, 2, 3, 4]
    same = scale_of(
        [Choice(str(n), label, n) for n, label in enumerate(("Bad", "So so", "Good"), 1)]
    )
    assert same is not None
    assert same.recode == ()


def test_the_direction_follows_the_labels_of_both_ends() -> None:
    assert is_high_good("Very dissatisfied", "Very satisfied")
    assert not is_high_good("Very easy", "Very difficult")
    assert not is_high_good("とても簡単", "とても大変")
    assert is_high_good("", "")


QUALTRICS: dict[str, Any] = {
    "SurveyID": "SV_1",
    "SurveyName": "After <b>support</b>",
    "SurveyOptions": {"SurveyLanguage": "EN"},
    "Questions": {
        "QID1": {
            "QuestionText": "How likely are you to recommend us?",
            "DataExportTag": "NPS",
            "QuestionType": "MC",
            "Selector": "NPS",
            "SubSelector": "TX",
            "Choices": {str(n): {"Display": str(n)} for n in range(11)},
            "ChoiceOrder": list(range(11)),
        },
        "QID2": {
            "QuestionText": "How easy was it to get help?",
            "DataExportTag": "effort",
            "QuestionType": "MC",
            "Selector": "SAHR",
            "Choices": {
                "1": {"Display": "Very easy"},
                "2": {"Display": "Neither"},
                "3": {"Display": "Very difficult"},
                "4": {"Display": "Not applicable"},
            },
            "ChoiceOrder": ["1", "2", "3", "4"],
            "RecodeValues": {"1": "10", "2": "20", "3": "30", "4": "99"},
        },
        "QID4": {
            "QuestionText": "Rate our",
            "DataExportTag": "quality",
            "QuestionType": "Matrix",
            "Selector": "Likert",
            "SubSelector": "SingleAnswer",
            "Choices": {"1": {"Display": "speed"}, "2": {"Display": "kindness"}},
            "ChoiceOrder": ["1", "2"],
            "Answers": {str(n): {"Display": d} for n, d in enumerate(("Bad", "Fair", "Good"), 1)},
            "AnswerOrder": ["1", "2", "3"],
            "RecodeValues": [],
        },
        "QID5": {
            "QuestionText": "Why?",
            "DataExportTag": "why",
            "QuestionType": "TE",
            "Selector": "ESTB",
            "Choices": [],
        },
        "QID7": {"QuestionText": "Which?", "QuestionType": "MC", "Selector": "MAVR", "Choices": []},
        "QID9": {"QuestionText": "Show us", "QuestionType": "FileUpload", "Selector": "FileUpload"},
        "QID0": {"QuestionText": "Welcome", "QuestionType": "DB", "Selector": "TB"},
    },
}


def test_qualtrics_answers_map_through_the_suggestion(tmp_path: Path) -> None:
    programme, name = loaded(tmp_path, "qualtrics", QUALTRICS, "SV_1")
    questions = programme.surveys[name].questions
    assert name == "after_support"
    assert {
        q: (d.kind, d.scale_min, d.scale_max, d.is_high_good) for q, d in questions.items()
    } == {
        "nps_question": ("nps", 0, 10, True),
        "ces_question": ("ces", 1, 3, False),
        "quality_1": ("rating", 1, 3, True),
        "quality_2": ("rating", 1, 3, True),
        "comment": ("comment", None, None, None),
    }
    text = suggest("qualtrics", QUALTRICS, "SV_1")["surveys/after_support.yml"]
    assert "QID7 () 'Which?': MC MAVR has no single value" in text
    assert "QID9" in text
    assert "QID0" not in text
    shared = {"finished": 1, "status": 0, "endDate": "2026-05-01T00:00:00Z"}
    answers: list[dict[str, Any]] = [
        {"QID1": 9, "QID2": 30, "QID4_1": 3, "QID4_2": 1, "QID5_TEXT": "fast"},
        {"QID1": 0, "QID2": 99},
        {"QID2": 77},
    ]
    given = [
        {"responseId": f"R_{number}", "values": {**shared, **values}}
        for number, values in enumerate(answers, start=1)
    ]
    found = pulls.mapped(programme, "qualtrics", "responses", given)
    assert pulls.column(found, "nps_question", "score")[:2] == [("R_1", 9), ("R_2", 0)]
    assert pulls.column(found, "ces_question", "score") == [("R_1", 3), ("R_2", None)]
    assert [r.value for r in dict(found)["ces_question"].refusals] == ["77"]
    assert pulls.column(found, "quality_2", "score")[0] == ("R_1", 1)


SURVEYMONKEY: dict[str, Any] = {
    "id": "7",
    "title": "満足度調査",
    "language": "ja",
    "pages": [
        {
            "questions": [
                {
                    "id": "11",
                    "family": "matrix",
                    "subtype": "rating",
                    "headings": [{"heading": "<span>当社をすすめたいですか</span>"}],
                    "answers": {
                        "rows": [{"id": "1", "text": ""}],
                        "choices": [
                            {"id": f"11{n:02d}", "text": str(n), "weight": 0} for n in range(11)
                        ],
                    },
                },
                {
                    "id": "22",
                    "family": "matrix",
                    "subtype": "rating",
                    "headings": [{"heading": "満足度"}],
                    "answers": {
                        "rows": [{"id": "r1", "text": "速さ"}, {"id": "r2", "text": "親切さ"}],
                        "choices": [
                            {"id": "2201", "text": "とても不満", "weight": 1},
                            {"id": "2202", "text": "ふつう", "weight": 2},
                            {"id": "2203", "text": "とても満足", "weight": 3},
                            {"id": "2299", "text": "", "is_na": True, "weight": 0},
                        ],
                    },
                },
                {
                    "id": "33",
                    "family": "multiple_choice",
                    "subtype": "vertical",
                    "headings": [{"heading": "Which?"}],
                    "answers": {"choices": []},
                },
                {
                    "id": "44",
                    "family": "open_ended",
                    "subtype": "essay",
                    "headings": [{"heading": "理由"}],
                },
                {"id": "55", "family": "presentation", "subtype": "descriptive_text"},
            ]
        }
    ],
}


def test_surveymonkey_answers_map_through_the_suggestion(tmp_path: Path) -> None:
    programme, name = loaded(tmp_path, "surveymonkey", SURVEYMONKEY, "7")
    assert name == "surveymonkey_survey"  # a title without a Latin letter names nothing
    assert programme.surveys[name].title.ja == "満足度調査"
    assert list(programme.surveys[name].questions) == ["nps_question", "csat", "csat_2", "comment"]
    answers = [
        {"id": "11", "answers": [{"choice_id": "1110", "row_id": "1"}]},
        {
            "id": "22",
            "answers": [
                {"choice_id": "2203", "row_id": "r1"},
                {"choice_id": "2299", "row_id": "r2"},
                {"other_id": "o", "text": "その他"},
            ],
        },
        {"id": "44", "answers": [{"text": "早い"}]},
    ]
    payload = {
        "id": "1",
        "response_status": "completed",
        "date_created": "2026-05-01T00:00:00+00:00",
        "date_modified": "2026-05-01T00:00:00+00:00",
        "pages": [{"id": "p", "questions": answers}],
    }
    found = pulls.mapped(programme, "surveymonkey", "responses", [payload])
    assert pulls.column(found, "nps_question", "score") == [("1", 10)]
    assert pulls.column(found, "csat", "score") == [("1", 3)]
    assert pulls.column(found, "csat_2", "score") == [("1", None)]
    assert pulls.column(found, "comment", "comment") == [("1", "早い")]


TYPEFORM: dict[str, Any] = {
    "id": "abc",
    "title": "Quick check",
    "settings": {"language": "en"},
    "fields": [
        {"ref": "n", "type": "nps", "title": "Recommend?", "properties": {}},
        {
            "ref": "g",
            "type": "group",
            "title": "More",
            "properties": {
                "fields": [
                    {
                        "ref": "e",
                        "type": "opinion_scale",
                        "title": "How hard was it?",
                        "properties": {
                            "steps": 7,
                            "start_at_one": True,
                            "labels": {"left": "Very easy", "right": "Very hard"},
                        },
                    },
                    {"ref": "s", "type": "rating", "title": "Speed", "properties": {"steps": 4}},
                ]
            },
        },
        {
            "ref": "c",
            "type": "multiple_choice",
            "title": "Quality",
            "properties": {"choices": [{"label": x} for x in ("Bad", "Fair", "Good")]},
        },
        {"ref": "t", "type": "long_text", "title": "Why?", "properties": {}},
        {"ref": "y", "type": "yes_no", "title": "Again?", "properties": {}},
        {"ref": "w", "type": "statement", "title": "Thanks", "properties": {}},
    ],
}


def test_typeform_answers_map_through_the_suggestion(tmp_path: Path) -> None:
    programme, name = loaded(tmp_path, "typeform", TYPEFORM, "abc")
    questions = programme.surveys[name].questions
    assert {
        q: (d.kind, d.scale_min, d.scale_max, d.is_high_good) for q, d in questions.items()
    } == {
        "nps_question": ("nps", 0, 10, True),
        "ces_question": ("ces", 1, 7, False),
        "s": ("rating", 1, 4, True),
        "c": ("rating", 1, 3, True),
        "comment": ("comment", None, None, None),
    }
    answers = [
        {"field": {"ref": "n"}, "type": "number", "number": 7},
        {"field": {"ref": "c"}, "type": "choice", "choice": {"label": "Good"}},
        {"field": {"ref": "t"}, "type": "text", "text": "fast"},
    ]
    at = "2026-05-01T00:00:00Z"
    payload = {"response_id": "r1", "submitted_at": at, "answers": answers}
    found = pulls.mapped(programme, "typeform", "responses", [payload])
    assert pulls.column(found, "nps_question", "score") == [("r1", 7)]
    assert pulls.column(found, "c", "score") == [("r1", 3)]
    assert pulls.column(found, "ces_question", "score") == []
    assert pulls.column(found, "comment", "comment") == [("r1", "fast")]


FORMBRICKS: dict[str, Any] = {
    "id": "cm1",
    "name": "In the app",
    "blocks": [
        {
            "elements": [
                {"id": "q1", "type": "nps", "headline": {"default": "Recommend?"}},
                {
                    "id": "q2",
                    "type": "rating",
                    "range": 7,
                    "headline": {"default": "Effort"},
                    "lowerLabel": {"default": "Easy"},
                    "upperLabel": {"default": "Hard"},
                },
                {"id": "q3", "type": "openText", "headline": {"default": "Why?"}},
                {"id": "q4", "type": "fileUpload", "headline": {"default": "File"}},
            ]
        }
    ],
}


@pytest.mark.parametrize("is_newer", [True, False])
def test_formbricks_answers_map_through_the_suggestion(tmp_path: Path, is_newer: bool) -> None:
    definition = dict(FORMBRICKS)
    if not is_newer:
        definition = {"name": "In the app", "questions": FORMBRICKS["blocks"][0]["elements"]}
    programme, name = loaded(tmp_path, "formbricks", definition, "cm1")
    assert programme.surveys[name].questions["ces_question"].is_high_good is False
    at = "2026-05-01T00:00:00Z"
    payload = {"id": "r1", "createdAt": at, "updatedAt": at, "data": {"q1": 9, "q2": 2, "q3": "x"}}
    found = pulls.mapped(programme, "formbricks", "responses", [payload])
    assert pulls.column(found, "nps_question", "score") == [("r1", 9)]
    assert pulls.column(found, "ces_question", "score") == [("r1", 2)]
    assert pulls.column(found, "comment", "comment") == [("r1", "x")]


def test_a_definition_without_questions_is_refused_with_the_reasons() -> None:
    definition = {"title": "T", "fields": [{"ref": "y", "type": "yes_no", "title": "Again?"}]}
    with pytest.raises(ValueError, match="'Again\\?': yes_no is no scale and no text"):
        suggest("typeform", definition, "abc")


@pytest.mark.parametrize("cassette", ["column_map", "fetch_description", "metadata"])
def test_recorded_definitions_become_programmes_that_load(tmp_path: Path, cassette: str) -> None:
    path = RECORDINGS / "qualtrics" / f"{cassette}.yml"
    if not path.exists():
        pytest.skip(f"no recording {path}")
    (interaction,) = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["http_interactions"]
    answer = json.loads(interaction["response"]["body"]["string"])["result"]
    survey = str(answer.get("SurveyID") or answer.get("id"))
    with QualtricsEmulator(survey=survey) as emulator:
        emulator.definition = answer if "SurveyID" in answer else None
        emulator.older_definition = answer
        auth = {"kind": "api_key", "header": "X-API-TOKEN", "key": "${env:TOKEN}"}
        system = pulls.system_of("qualtrics", emulator.url, auth)
        read = VendorRead(stream="survey_definition", survey=survey)
        (page,) = pulls.pull(system, read, {"TOKEN": TOKEN})
    programme, name = loaded(tmp_path, "qualtrics", page.payloads[0], survey)
    scales = [q for q in programme.surveys[name].questions.values() if q.kind != "comment"]
    assert scales
    assert {(q.scale_min, q.scale_max, q.is_high_good) for q in scales} == {(1, 5, True)}


def test_recorded_details_become_a_programme_that_loads(tmp_path: Path) -> None:
    path = RECORDINGS / "surveymonkey" / "surveys_318754279_details.json"
    if not path.exists():
        pytest.skip(f"no recording {path}")
    details = json.loads(path.read_text(encoding="utf-8"))
    bulk = json.loads((path.parent / "surveys_318754279_responses_bulk.json").read_text())
    programme, _ = loaded(tmp_path, "surveymonkey", details, "318754279")
    found = pulls.mapped(programme, "surveymonkey", "responses", bulk["data"])
    assert sorted(comment for _, comment in pulls.column(found, "comment", "comment")) == [
        "Donut, Mango, Phil",
        "Phil, Mango, Donut",
    ]
