from __future__ import annotations

import pytest

from programme import DeclarationError, load_programme


def refusal(edited):
    with pytest.raises(DeclarationError) as caught:
        load_programme(edited.root)
    return caught.value.problems


def only(edited):
    problems = refusal(edited)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def test_a_valid_programme_loads_with_its_files_and_texts(edited):
    programme = load_programme(edited.root)
    assert sorted(programme.files) == [
        "benchmarks/half_year",
        "experiments/callback",
        "health/customers",
        "programme",
        "reports/board",
        "sources/shop",
        "surveys/relationship",
    ]
    assert programme.texts["reports/board"].startswith("kind: benchmark")
    assert programme.experiments["callback"].metrics == ("nps", "cost", "csat_mean")


SINGLE_FILE_CASES = {
    "unknown key beside a known one": (
        "surveys/relationship.yml",
        "    is_high_good: true\n    drives",
        "    is_hihg_good: true\n    drives",
        -1,
        "unknown key `is_hihg_good`",
        "did you mean `is_high_good`?",
    ),
    "unknown key in a nested list": (
        "experiments/callback.yml",
        "    margin: 1\n",
        "    margin: 1\n    margn: 2\n",
        0,
        "unknown key `margn`",
        "did you mean `margin`?",
    ),
    "unknown key of a tagged union": (
        "sources/shop.yml",
        "  base_url: http://127.0.0.1:8080\n",
        "  base_url: http://127.0.0.1:8080\n  max_attemps: 3\n",
        0,
        "unknown key `max_attemps`",
        "did you mean `max_attempts`?",
    ),
    "a number where the source writes text": (
        "sources/shop.yml",
        "          response_id: id\n",
        "          response_id: {column: id, recode: {7: a}}\n",
        0,
        "`7` is no text",
        "put it in quotes, as the source writes it",
    ),
    "unknown tag of a union": (
        "sources/shop.yml",
        "  kind: rest\n",
        "  kind: rset\n",
        0,
        "unknown kind `rset`",
        "did you mean `rest`?",
    ),
    "unknown value of an enumeration": (
        "surveys/relationship.yml",
        "    what: wording\n",
        "    what: wordings\n",
        0,
        "unknown value `wordings`",
        "did you mean `wording`?",
    ),
    "a comma in an unquoted text": (
        "experiments/callback.yml",
        "title: {en: Callback, ja: 折り返し}\n",
        "title: {en: Callback, as before, ja: 折り返し}\n",
        0,
        "unknown key `as before`",
        "put the text before it in quotes: inside { } a comma ends an unquoted text",
    ),
    "missing key inside a list item": (
        "experiments/callback.yml",
        "  - metric: cost\n    harm: increase\n",
        "  - metric: cost\n",
        0,
        "key `harm` is missing",
        "add `harm:`",
    ),
    "a key that is no identifier": (
        "experiments/callback.yml",
        "  fast:\n",
        "  Fast-Lane:\n",
        0,
        "`Fast-Lane` is no identifier",
        "use lower-case letters, digits and `_`, beginning with a letter",
    ),
    "shares that do not sum to one": (
        "experiments/callback.yml",
        "variants:\n  control:\n    share: 0.5\n",
        "variants:\n  control:\n    share: 0.6\n",
        -2,
        "the variants' shares sum to 1.1, not to 1",
        "let the shares sum to 1",
    ),
    "an end before its start": (
        "experiments/callback.yml",
        "ends_on: 2026-03-31\n",
        "ends_on: 2026-01-01\n",
        0,
        "ends_on 2026-01-01 does not lie after starts_on 2026-01-05",
        "write the later day",
    ),
    "a driver of no question": (
        "surveys/relationship.yml",
        "    drives: recommend\n",
        "    drives: recomend\n",
        0,
        "question `price` drives unknown question `recomend`",
        "name one of recommend, price",
    ),
    "a break of no question": (
        "surveys/relationship.yml",
        "  - question: price\n",
        "  - question: prize\n",
        0,
        "break on unknown question `prize`",
        "name one of recommend, price",
    ),
    "a headline that is not measured": (
        "benchmarks/half_year.yml",
        "headline: nps\n",
        "headline: npx\n",
        0,
        "headline `npx` is not among the metrics",
        "name one of nps, csat_mean",
    ),
    "a health component that leads nowhere": (
        "health/customers.yml",
        "    best: 100\n",
        "    best: -100\n",
        0,
        "worst and best are the same",
        "write the value that earns 0 points and the one that earns 100",
    ),
    "a health component older than its window": (
        "health/customers.yml",
        "    max_age_days: 180\n",
        "    max_age_days: 366\n",
        0,
        "max_age_days 366 is longer than the window",
        "write at most 365, or a longer `window_days`",
    ),
    "a cap of no component": (
        "health/customers.yml",
        "  - component: voice\n",
        "  - component: voices\n",
        0,
        "unknown component `voices`",
        "name one of voice",
    ),
    "scores without a level": (
        "health/customers.yml",
        "  risk: {score_from: 0,",
        "  risk: {score_from: 10,",
        -1,
        "the lowest level starts at 10, and scores below it have no name",
        "let one level start at 0",
    ),
    "two levels of one score": (
        "health/customers.yml",
        "  well: {score_from: 50,",
        "  well: {score_from: 0,",
        -2,
        "two levels start at the same score",
        "give each level a start of its own",
    ),
    "a duplicate key": (
        "benchmarks/half_year.yml",
        "headline: nps\n",
        "headline: nps\nheadline: csat_mean\n",
        0,
        "key `headline` is written twice",
        "keep one of the two",
    ),
    "a tab": (
        "reports/board.yml",
        "subjects:\n  - half_year\n",
        "subjects:\n\t- half_year\n",
        0,
        "a tab indents this line",
        "indent with spaces",
    ),
    "a colon that closes nothing": (
        "reports/board.yml",
        "languages: [ja]\n",
        "languages: [ja\n",
        1,
        "not valid YAML: expected ',' or ']', but got ':'",
        "check the indentation, quotes and colons of this line and the one above",
    ),
    "a number out of range": (
        "experiments/callback.yml",
        "    margin: 1\n",
        "    margin: -1\n",
        0,
        "Input should be greater than 0; found `-1`",
        "correct the value",
    ),
}


@pytest.mark.parametrize("case", SINGLE_FILE_CASES)
def test_a_broken_file_is_named_with_its_line_and_mend(edited, case):
    name, old, new, offset, what, mend = SINGLE_FILE_CASES[case]
    file, line = edited.replace(name, old, new)
    problem = only(edited)
    assert (problem.file, problem.line) == (file, line + offset), str(problem)
    assert (problem.what, problem.mend) == (what, mend)
    assert str(problem).startswith(f"{file}:{line + offset}: ")


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("", 0, "the file is empty"),
        ("# nothing but a remark\n", 0, "the file is empty"),
        ("- a\n- b\n", 1, "the file holds a list, not a mapping"),
        ("word\n", 1, "the file holds a single value, not a mapping"),
        ("kind: benchmark\n# \xe9\n".encode("latin-1"), 2, "not UTF-8 at byte 18"),
    ],
)
def test_a_file_without_a_mapping_is_refused(edited, content, line, what):
    file = edited.write("reports/board.yml", content)
    problem = only(edited)
    assert (problem.file, problem.line, problem.what) == (file, line, what)


def test_a_byte_order_mark_is_no_problem(edited):
    text = (edited.root / "reports/board.yml").read_bytes()
    edited.write("reports/board.yml", b"\xef\xbb\xbf" + text)
    assert load_programme(edited.root).reports["board"].kind == "benchmark"


def test_a_value_that_no_member_of_a_union_takes_is_one_problem(edited):
    text = "          score:\n            column: nps\n"
    file, line = edited.replace("sources/shop.yml", text, text + "            missing: [[1]]\n")
    problem = only(edited)
    assert (problem.file, problem.line) == (file, line)


def test_every_problem_is_reported_at_once(edited):
    edited.replace("reports/board.yml", "kind: benchmark", "kind: bench")
    edited.replace("experiments/callback.yml", "window_days: 30", "window_days: 0")
    edited.replace("programme.yml", "currency: JPY", "currency: yen")
    assert {problem.file.name for problem in refusal(edited)} == {
        "board.yml",
        "callback.yml",
        "programme.yml",
    }


@pytest.mark.parametrize(
    ("name", "what", "mend"),
    [
        ("reports/Board-2.yml", "`Board-2` is no identifier", "use lower-case"),
        ("reports/board.yaml", "id `board` is declared by board.yaml as well", "keep one"),
        ("reports/board.json", "this is not read", "name it <id>.yml"),
        ("report/board.yml", "unknown folder `report`", "did you mean `reports`?"),
        ("board.yml", "this is not read", "move it into one of the folders"),
    ],
)
def test_a_file_that_would_be_ignored_is_a_problem(edited, name, what, mend):
    edited.write(name, (edited.root / "reports/board.yml").read_text(encoding="utf-8"))
    problem = only(edited)
    assert what in problem.what
    assert problem.mend.startswith(mend)


def test_a_directory_without_programme_names_the_setting(tmp_path):
    with pytest.raises(DeclarationError, match="CXLOOP_PROGRAMME"):
        load_programme(tmp_path)
