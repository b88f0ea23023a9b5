"""The demo's declarations: they validate, and they fit the simulated company."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from cli.demo.company import planted
from connectors.records import RECORDS
from programme import Programme, load_programme

AS_OF = date(2026, 7, 5)


@pytest.fixture(scope="module")
def programme(programme_dir: Path) -> Programme:
    return load_programme(programme_dir)


def test_everything_is_declared(programme: Programme) -> None:
    assert set(programme.sources) == {
        "back_office",
        "crm",
        "experimentation",
        "helpdesk",
        "service_line",
        "survey_exports",
        "survey_stream",
    }
    assert len(programme.surveys) == 7
    assert len(programme.experiments) == 3
    assert set(programme.calendars) == {"tokyo_support", "global_support"}
    assert set(programme.service_levels) == {"until_2025", "since_2026"}
    assert set(programme.health) == {"customer_health"}
    assert set(programme.reports) == {"leadership_benchmark", "experiment_readout"}


def test_mappings_name_canonical_fields_and_every_key(programme: Programme) -> None:
    seen = 0
    for source in programme.sources.values():
        for name, entity in source.entities.items():
            for mapping in entity.records:
                record = RECORDS[mapping.record]
                known = {field.name for field in record.fields}
                # A declared question supplies its own id.
                filled = set(mapping.fields) | ({"question_id"} if mapping.question else set())
                assert set(mapping.fields) <= known, name
                assert {*record.key, record.occurred} <= filled, name
                seen += 1
    assert seen == 40


def test_every_question_is_mapped_once(programme: Programme) -> None:
    mapped = [
        (mapping.survey, mapping.question)
        for source in programme.sources.values()
        for entity in source.entities.values()
        for mapping in entity.records
        if mapping.record in ("feedback", "employee_feedback")
    ]
    declared = [
        (survey, question)
        for survey, content in programme.surveys.items()
        for question in content.questions
    ]
    assert sorted(map(str, mapped)) == sorted(map(str, declared))


def test_one_touchpoint_asks_the_other_way_round(programme: Programme) -> None:
    turned = [
        survey
        for survey, content in programme.surveys.items()
        if any(question.is_high_good is False for question in content.questions.values())
    ]
    assert turned == ["onboarding_done"]


def test_drivers_and_break_are_those_simulated(programme: Programme) -> None:
    survey = programme.surveys["relationship"]
    drivers = [name for name, question in survey.questions.items() if question.drives]
    assert drivers == list(planted.DRIVERS)
    assert survey.breaks[0].date == planted.WORDING_BREAK


@pytest.mark.parametrize("trial", [planted.CALLBACK, planted.TOUR, planted.CHATBOT])
def test_plans_are_those_simulated_and_over(programme: Programme, trial: planted.Trial) -> None:
    plan = programme.experiments[trial.id]
    assert (plan.starts_on, plan.ends_on) == (trial.starts_on, trial.ends_on)
    assert plan.window_days == trial.window_days
    assert plan.pre_period_days == trial.pre_period_days
    assert plan.ends_on + timedelta(days=plan.window_days) <= AS_OF
    assert plan.status == "concluded"


def test_recipients_are_declared_roles_of_either_language(programme: Programme) -> None:
    roles = programme.company.roles
    for report in programme.reports.values():
        assert set(report.recipients) <= set(roles)
        assert {roles[name].language for name in report.recipients} == set(report.languages)


def test_no_address_or_secret_stands_in_the_programme(programme: Programme) -> None:
    for text in programme.texts.values():
        assert "http://" not in text
        assert "@example" not in text.replace(programme.company.sender, "")
