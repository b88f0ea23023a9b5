"""`explode` through lists in elements of lists: rows, ancestors' keys, counts, refusals."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from connectors.nested_lists import holds
from connectors.rows import Rows, readable

ANSWERS = "pages.questions.answers"


def rows_of(*payloads: Any) -> Rows:
    return readable(pa.table({"_payload": [json.dumps(payload) for payload in payloads]}))[0]


def response(*pages: Any, **more: Any) -> dict[str, Any]:
    return {"id": "R1", "pages": list(pages), **more}


def page(name: str, *questions: Any) -> dict[str, Any]:
    return {"id": name, "questions": list(questions)}


def question(name: str, *answers: Any) -> dict[str, Any]:
    return {"id": name, "answers": list(answers)}


def test_every_element_of_the_innermost_list_is_a_row_with_its_ancestors_keys() -> None:
    rows = rows_of(
        response(
            page("p1", question("q1", {"choice": 1}, {"choice": 2}), question("q2", {"text": "x"})),
            page("p2", question("q3", {"choice": 3})),
            status="completed",
        ),
        {"id": "R2", "pages": [page("p1", question("q1", {"choice": 4}))]},
    )
    exploded, empty, wrong = rows.exploded(ANSWERS)
    columns = {
        path: exploded.column(path).to_pylist()
        for path in ("id", "status", "pages.id", "pages.questions.id", f"{ANSWERS}.choice")
    }
    assert columns == {
        "id": ["R1", "R1", "R1", "R1", "R2"],
        "status": ["completed"] * 4 + [None],
        "pages.id": ["p1", "p1", "p1", "p2", "p1"],
        "pages.questions.id": ["q1", "q1", "q2", "q3", "q1"],
        f"{ANSWERS}.choice": ["1", "2", None, "3", "4"],
    }
    assert (empty, wrong) == (0, [])
    assert exploded.payload(4) == rows.payload(1)


def test_rows_taken_keep_their_own_ancestors() -> None:
    exploded, _, _ = rows_of(
        response(page("p1", question("q1", {"c": 1}), question("q2", {"c": 2}, {"c": 3})))
    ).exploded(ANSWERS)
    taken = exploded.take([2, 0])  # type: ignore[arg-type]
    assert taken.column("pages.questions.id").to_pylist() == ["q2", "q1"]
    assert taken.column(f"{ANSWERS}.c").to_pylist() == ["3", "1"]


@pytest.mark.parametrize(
    "payload",
    [
        {"id": "R1"},
        {"id": "R1", "pages": None},
        response(),
        response(None),
        response(page("p1")),
        response({"id": "p1"}),
        response(page("p1", question("q1"))),
        response(page("p1", {"id": "q1", "answers": None})),
    ],
)
def test_a_list_without_elements_counts_once(payload: dict[str, Any]) -> None:
    exploded, empty, wrong = rows_of(payload).exploded(ANSWERS)
    assert (len(exploded), empty, wrong) == (0, 1, [])


@pytest.mark.parametrize(
    ("payload", "column", "value"),
    [
        ({"id": "R1", "pages": "none"}, "pages", "none"),
        (response("p1"), "pages", "p1"),
        (response(page("p1", 7)), "pages.questions", "7"),
        (response(page("p1", {"id": "q1", "answers": {"c": 1}})), ANSWERS, '{"c":1}'),
    ],
)
def test_what_is_no_list_is_refused_at_its_own_step(
    payload: dict[str, Any], column: str, value: str
) -> None:
    exploded, empty, (refusal,) = rows_of(payload).exploded(ANSWERS)
    assert (len(exploded), empty) == (0, 0)
    assert (refusal.rule, refusal.column, refusal.value) == ("is_list", column, value)
    assert json.loads(refusal.payload) == payload


def test_an_object_on_the_way_is_walked_through() -> None:
    rows = rows_of({"form": {"id": "f", "answers": [{"n": 1}, {"n": 2}]}})
    exploded, _, _ = rows.exploded("form.answers")
    assert exploded.column("form.id").to_pylist() == ["f", "f"]
    assert exploded.column("form.answers.n").to_pylist() == ["1", "2"]


def test_a_path_through_lists_is_there_only_for_what_can_be_exploded() -> None:
    rows = rows_of(response(page("p1", question("q1", {"c": 1}))))
    assert rows.has(ANSWERS)
    assert rows.has("pages.questions")
    assert not rows.has("pages.questions.id")
    assert not rows.has("pages.questions.replies")
    exploded, _, _ = rows.exploded(ANSWERS)
    assert exploded.has("pages.questions.id")
    assert exploded.has(f"{ANSWERS}.c")
    assert not exploded.has(f"{ANSWERS}.d")
    assert not exploded.has("pages.questions.title")


@pytest.mark.parametrize("node", [{"pages": None}, {"pages": []}, {"pages": [{"questions": []}]}])
def test_a_null_or_empty_list_on_the_way_leaves_the_path_open(node: Any) -> None:
    assert holds(node, ANSWERS.split("."))
