from __future__ import annotations

import pytest

from programme import check, load_programme

METRICS = {"nps", "csat_mean", "cost"}
SEGMENTS = {"country", "plan"}
RECORDS = {
    "feedback": {"response_id", "question_id", "survey_id", "score", "responded_at"},
    "exposure": {"experiment_id", "unit_id", "variant", "exposed_at"},
}
KEYS = {
    "feedback": ("response_id", "question_id"),
    "exposure": ("experiment_id", "unit_id", "variant"),
}


def problems_of(edited, **changes):
    known = {"metrics": METRICS, "segments": SEGMENTS, "records": RECORDS, "record_keys": KEYS}
    return check(load_programme(edited.root), **{**known, **changes})


def test_a_programme_that_holds_together_has_no_problem(edited):
    assert problems_of(edited) == []


BENCHMARK, EXPERIMENT, SOURCE = (
    "benchmarks/half_year.yml",
    "experiments/callback.yml",
    "sources/shop.yml",
)
CASES = {
    "metric of a benchmark": (
        (BENCHMARK, "  - csat_mean\n", "  - csat_maen\n"),
        "unknown metric `csat_maen`",
        "did you mean `csat_mean`?",
    ),
    "metric of a health score": (
        ("health/customers.yml", "    metric: nps\n", "    metric: npx\n"),
        "unknown metric `npx`",
        "did you mean `nps`?",
    ),
    "metric named twice": (
        (BENCHMARK, "  - csat_mean\n", "  - csat_mean\n  - nps\n"),
        "metric `nps` is named twice",
        "keep one of the two",
    ),
    "segment of a benchmark": (
        (BENCHMARK, "weight_by:\n  - country\n", "weight_by:\n  - contry\n"),
        "unknown segment `contry`",
        "did you mean `country`?",
    ),
    "survey of the drivers": (
        (BENCHMARK, "  survey: relationship\n", "  survey: relationships\n"),
        "unknown survey `relationships`",
        "did you mean `relationship`?",
    ),
    "outcome of the drivers": (
        (BENCHMARK, "  outcome: recommend\n", "  outcome: recomend\n"),
        "unknown question `recomend`",
        "did you mean `recommend`?",
    ),
    "outcome that nothing drives": (
        (BENCHMARK, "  outcome: recommend\n", "  outcome: price\n"),
        "no question of `relationship` drives `price`",
        "add `drives: price` to the ratings in surveys/relationship",
    ),
    "success metric": (
        (EXPERIMENT, "  - metric: nps\n", "  - metric: npx\n"),
        "unknown metric `npx`",
        "did you mean `nps`?",
    ),
    "guardrail": (
        (EXPERIMENT, "  - metric: cost\n", "  - metric: costs\n"),
        "unknown metric `costs`",
        "did you mean `cost`?",
    ),
    "secondary metric": (
        (EXPERIMENT, "  - csat_mean\n", "  - ces\n"),
        "unknown metric `ces`",
        "known here: cost, csat_mean, nps",
    ),
    "segment of an experiment": (
        (EXPERIMENT, "  - country\n", "  - cuntry\n"),
        "unknown segment `cuntry`",
        "did you mean `country`?",
    ),
    "segment whose values are labelled": (
        ("programme.yml", "segments: [country]\n", "labels: {plam: {a: {en: A, ja: ア}}}\n"),
        "unknown segment `plam`",
        "did you mean `plan`?",
    ),
    "zone of the company": (
        ("programme.yml", "timezone: Asia/Tokyo\n", "timezone: Japan/Tokyo\n"),
        "unknown time zone `Japan/Tokyo`",
        "write an IANA name such as Asia/Tokyo or UTC",
    ),
    "zone of a field": (
        (SOURCE, "            timezone: Asia/Tokyo\n", "            timezone: JST9\n"),
        "unknown time zone `JST9`",
        "write an IANA name such as Asia/Tokyo or UTC",
    ),
    "zone that is a path": (
        (SOURCE, "\ntimezone: Asia/Tokyo\n", "\ntimezone: /etc/localtime\n"),
        "unknown time zone `/etc/localtime`",
        "write an IANA name such as Asia/Tokyo or UTC",
    ),
    "record": (
        (SOURCE, "      - record: exposure\n", "      - record: exposures\n"),
        "unknown record `exposures`",
        "did you mean `exposure`?",
    ),
    "field": (
        (SOURCE, "          score:\n", "          skore:\n"),
        "unknown field of `feedback` `skore`",
        "did you mean `score`?",
    ),
    "survey of a mapping": (
        (SOURCE, "        survey: relationship\n", "        survey: relation\n"),
        "unknown survey `relation`",
        "did you mean `relationship`?",
    ),
    "question of a mapping": (
        (SOURCE, "        question: recommend\n", "        question: recommended\n"),
        "unknown question of survey `relationship` `recommended`",
        "did you mean `recommend`?",
    ),
    "record of a check": (
        (SOURCE, "checks:\n      - record: feedback\n", "checks:\n      - record: exposure\n"),
        "unknown record of this entity `exposure`",
        "known here: feedback",
    ),
    "field of a check": (
        (SOURCE, "column: score, min", "column: scores, min"),
        "unknown field of `feedback` `scores`",
        "did you mean `score`?",
    ),
    "placeholder": (
        (SOURCE, "    token: ${env:SHOP_TOKEN}\n", "    token: ${SHOP_TOKEN}\n"),
        "`${SHOP_TOKEN}` is no placeholder",
        "write ${env:NAME} in capitals, ${conn:NAME.password}, or ${data_root}",
    ),
    "placeholder without its end": (
        (SOURCE, "    token: ${env:SHOP_TOKEN}\n", "    token: ${env:SHOP_TOKEN\n"),
        "a placeholder is not closed",
        "write ${env:NAME} in capitals, ${conn:NAME.password}, or ${data_root}",
    ),
    "secret in the file": (
        (SOURCE, "    token: ${env:SHOP_TOKEN}\n", "    token: s3cr3t\n"),
        "a credential is written out in a file that is reviewed in git",
        "write ${env:NAME} and set NAME where cxloop runs",
    ),
    "password in an address": (
        (
            SOURCE,
            "base_url: http://127.0.0.1:8080\n",
            "base_url: https://shop:hunter2@shop.example/api\n",
        ),
        "a credential is written out in a file that is reviewed in git",
        "write ${env:NAME} and set NAME where cxloop runs",
    ),
    "field of a connection": (
        (SOURCE, "    token: ${env:SHOP_TOKEN}\n", "    token: ${conn:shop.passwort}\n"),
        "`${conn:shop.passwort}` is no placeholder",
        "write ${env:NAME} in capitals, ${conn:NAME.password}, or ${data_root}",
    ),
    "retention that keeps what it lets go": (
        (
            SOURCE,
            "owner: data_engineering\n",
            "owner: data_engineering\nretention: {comments_days: 30, landing_days: 60}\n",
        ),
        "`comments_days: 30` is of no use while `landing_days` is 60",
        "declare `landing_days: 30` or fewer: the same texts stand there",
    ),
    "role": (
        ("reports/board.yml", "recipients:\n  - board\n", "recipients:\n  - bored\n"),
        "unknown role `bored`",
        "did you mean `board`?",
    ),
    "language of a role": (
        (
            "reports/board.yml",
            "languages: [ja]\nrecipients:\n  - b",
            "languages: [en]\nrecipients:\n  - b",
        ),
        "role `board` reads `ja`, which this report is not written in",
        "add `ja` to the languages",
    ),
    "subject": (
        ("reports/board.yml", "  - half_year\n", "  - half_years\n"),
        "unknown benchmark `half_years`",
        "did you mean `half_year`?",
    ),
    "sender": (
        ("programme.yml", "sender: cx@acorn.example\n", "sender: acorn\n"),
        "`acorn` is no mail address",
        "write an address such as cx@example.com",
    ),
    "domain": (
        ("programme.yml", "  - acorn.example\n", "  - '@acorn.example'\n"),
        "`@acorn.example` is no mail domain",
        "write the part of the address after the @, for example example.com",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_name_that_leads_nowhere_is_found_at_its_line(edited, case):
    edit, what, mend = CASES[case]
    file, line = edited.replace(*edit)
    found = problems_of(edited)
    if case == "record":  # without its record, the experiment has no exposures either
        found = [problem for problem in found if problem.file == file]
    assert [(problem.what, problem.mend) for problem in found] == [(what, mend)]
    assert (found[0].file, found[0].line) == (file, line)


def test_an_experiment_that_runs_needs_a_source_of_exposures(edited):
    text = (edited.root / SOURCE).read_text(encoding="utf-8")
    edited.write(SOURCE, text[: text.index("  exposures:\n")])
    (problem,) = problems_of(edited)
    assert (problem.file.name, problem.line) == ("callback.yml", 5)
    assert problem.what == "status is running, but no source says who was exposed"
    edited.replace(EXPERIMENT, "status: running", "status: draft")
    assert problems_of(edited) == []


def test_a_key_of_a_record_must_be_mapped(edited):
    file, _ = edited.replace(SOURCE, "          unit_id: customer\n", "")
    (problem,) = problems_of(edited)
    line = file.read_text(encoding="utf-8").splitlines().index("          experiment_id: test")
    assert (problem.file, problem.line) == (file, line)
    assert problem.what == "`unit_id` identifies a row of `exposure` and is not mapped"
    assert problem.mend == "add `unit_id:` under `fields`"


def test_a_declared_question_supplies_the_key_of_its_answers(edited):
    edited.replace(SOURCE, "        question: recommend\n", "")
    (problem,) = problems_of(edited)
    assert problem.what == "`question_id` identifies a row of `feedback` and is not mapped"


def test_a_question_needs_its_survey(edited):
    edited.replace(SOURCE, "        survey: relationship\n", "")
    (problem,) = problems_of(edited)
    assert (problem.line, problem.mend) == (17, "add `survey:`")


def test_names_that_are_not_known_are_not_checked(edited):
    edited.replace(BENCHMARK, "  - csat_mean\n", "  - csat_maen\n")
    edited.replace(BENCHMARK, "segments:\n  - country\n", "segments:\n  - cuntry\n")
    assert problems_of(edited, metrics=None, segments=None) == []
    assert len(problems_of(edited)) == 2
