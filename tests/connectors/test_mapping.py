"""Declared mappings: origins, missing, recode, where, explode, first_by, questions, refusals."""

from __future__ import annotations

import json

import pytest

from connectors.errors import SchemaDriftError, UnusableDeclarationError
from tests.connectors.conftest import Bench

HEAD = """
    system: {kind: files}
    entities:
      answers:
        files: {pattern: "answers*.csv"}
        records:
"""


def feedback(bench: Bench, mapping: str, rows: str) -> Bench:
    bench.source(HEAD + "          - record: feedback\n" + mapping)
    bench.file("answers.csv", rows)
    bench.run()
    return bench


def test_a_question_supplies_kind_scale_direction_and_place(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            question: effort
            fields: {response_id: id, score: s, responded_at: at}
        """,
        "id,s,at\na,2,2026-07-01\n",
    )
    (row,) = bench.raw("feedback")
    supplied = {
        "survey_id": "service",
        "question_id": "effort",
        "kind": "ces",
        "scale_min": 1.0,
        "scale_max": 7.0,
        "is_high_good": False,
        "touchpoint": "support",
        "journey_stage": "use",
        "is_relational": False,
        "score": 2.0,
    }
    assert {name: row[name] for name in supplied} == supplied
    assert row["version"] is None


def test_a_row_may_name_its_question_itself(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            fields: {response_id: id, question_id: q, score: s, responded_at: at}
        """,
        "id,q,s,at\na,satisfaction,2,2026-07-01\na,effort,7,2026-07-01\na,mood,3,2026-07-01\n"
        "b,satisfaction,6,2026-07-01\n",
    )
    rows = {(row["question_id"], row["kind"], row["scale_max"]) for row in bench.raw("feedback")}
    assert rows == {("satisfaction", "csat", 5.0), ("effort", "ces", 7.0)}
    refused = {(row["rule"], row["value"]) for row in bench.quarantine("feedback")}
    assert refused == {
        ("question_is_declared", "mood"),
        ("expect_column_pair_values_a_to_be_greater_than_b", "5.0, 6.0"),
    }


def test_missing_values_become_null_and_are_no_answer(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            question: satisfaction
            fields:
              response_id: id
              score: {column: s, missing: [6, 7.0, "-"]}
              responded_at: at
        """,
        "id,s,at\na,5,2026-07-01\nb,6,2026-07-01\nc,7,2026-07-01\nd,-,2026-07-01\ne,,2026-07-01\n",
    )
    scores = {row["response_id"]: row["score"] for row in bench.raw("feedback")}
    assert scores == {"a": 5.0, "b": None, "c": None, "d": None, "e": None}


@pytest.mark.parametrize(
    ("other", "landed", "refused"),
    [
        ("quarantine", {"a": "ja", "b": None}, ["fr"]),
        ("keep", {"a": "ja", "b": None, "c": "fr"}, []),
        ("null", {"a": "ja", "b": None, "c": None}, []),
    ],
)
def test_a_value_that_recode_does_not_list(
    bench: Bench, other: str, landed: dict[str, str], refused: list[str]
) -> None:
    feedback(
        bench,
        f"""
            survey: service
            question: satisfaction
            fields:
              response_id: id
              language: {{column: l, recode: {{JPN: ja, N/A: null}}, recode_other: {other}}}
              responded_at: at
        """,
        "id,l,at\na, JPN,2026-07-01\nb,N/A,2026-07-01\nc,fr,2026-07-01\n",
    )
    assert {row["response_id"]: row["language"] for row in bench.raw("feedback")} == landed
    rows = bench.quarantine("feedback")
    assert [row["value"] for row in rows] == refused
    assert all(row["rule"] == "recode" and "JPN, N/A" in row["reason"] for row in rows)


def test_a_text_for_a_score_goes_to_quarantine_and_is_neither_null_nor_zero(scores: Bench) -> None:
    scores.file("answers.csv", "id,score,at\na,five,2026-07-01\nb,5,2026-07-01\n")
    scores.run(run_id="run-7")
    assert [row["response_id"] for row in scores.raw("feedback")] == ["b"]
    (refused,) = scores.quarantine("feedback")
    payload = json.loads(refused.pop("payload"))
    assert refused == {
        "rule": "is_number",
        "reason": "no finite number",
        "column": "score",
        "value": "five",
        "entity": "answers",
        "run_id": "run-7",
    }
    assert payload == {
        "id": "a",
        "score": "five",
        "at": "2026-07-01",
        "_file": "answers.csv",
        "_row": 1,
    }


def test_join_and_constants(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            question: satisfaction
            fields:
              response_id: {join: [id, order], separator: "/"}
              is_relational: {const: true}
              design_weight: {const: 2.5}
              responded_at: {const: "2026-07-01"}
        """,
        "id,order\na,1\nb,\n",
    )
    (row,) = bench.raw("feedback")
    assert (row["response_id"], row["is_relational"], row["design_weight"]) == ("a/1", True, 2.5)
    assert bench.quarantine("feedback")[0]["column"] == "response_id"


def test_rows_without_an_id_are_told_apart_by_their_columns(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            question: satisfaction
            fields:
              response_id: {fingerprint: [shop, score]}
              score: score
              responded_at: {const: "2026-07-01"}
        """,
        "shop,score\na,1\na,1\na,2\n,1\n1,\n",
    )
    rows = bench.raw("feedback")
    assert sorted(str(row["score"]) for row in rows) == ["1.0", "1.0", "2.0", "None"]
    assert len({row["response_id"] for row in rows}) == 4
    counts = bench.manifest()["counts"]["answers"]["feedback"]
    assert (counts["received"], counts["landed"], counts["duplicate"]) == (5, 4, 1)


def test_a_constant_of_the_wrong_type_is_refused(bench: Bench) -> None:
    with pytest.raises(UnusableDeclarationError, match=r"constant `many` of feedback\.score"):
        feedback(
            bench,
            """
            survey: service
            question: satisfaction
            fields: {response_id: id, score: {const: many}, responded_at: id}
            """,
            "id\na\n",
        )


def test_where_counts_what_does_not_apply_and_null_never_matches(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            question: comment
            where:
              - {column: text, not_null: true, is_not_in: [n/a]}
              - {column: kind, is_in: [1, x]}
            fields: {response_id: id, comment: text, responded_at: at}
        """,
        "id,text,kind,at\na,good,1,2026-07-01\nb,,1,2026-07-01\nc,n/a,1,2026-07-01\n"
        "d,bad,,2026-07-01\ne,fine,2,2026-07-01\nf,so so,x,2026-07-01\n",
    )
    assert [row["comment"] for row in bench.raw("feedback")] == ["good", "so so"]
    assert bench.manifest()["counts"]["answers"]["feedback"]["not_applicable"] == 4


def test_a_value_is_taken_only_when_its_condition_holds(bench: Bench) -> None:
    bench.source(
        """
        system: {kind: files}
        entities:
          tickets:
            files: {pattern: "*.csv"}
            records:
              - record: interaction
                fields:
                  interaction_id: id
                  kind: {const: ticket}
                  team: {const: care, when: {column: state, is_not_in: [spam]}}
                  agent_id: {column: who, when: {column: role, is_in: [agent]}}
                  customer_id:
                    column: who
                    when: {column: nowhere, not_null: true, optional: true}
                  opened_at: at
                  deleted_at: {column: changed, when: {column: state, is_in: [deleted, gone]}}
        """
    )
    bench.file(
        "a.csv",
        "id,who,role,state,at,changed\n"
        "1,ann,agent,open,2026-07-01,2026-07-02\n"
        "2,bob,user,gone,2026-07-01,2026-07-03\n"
        "3,cleo,,,2026-07-01,no date and never read\n"
        "4,dan,agent,spam,2026-07-01,\n",
    )
    assert bench.run().counts.quarantined == 0
    found = {row["interaction_id"]: row for row in bench.raw("interaction")}
    assert [found[number]["agent_id"] for number in "1234"] == ["ann", None, None, "dan"]
    assert [found[number]["team"] for number in "1234"] == ["care", "care", None, None]
    assert {row["customer_id"] for row in found.values()} == {None}
    deleted = [str(found[number]["deleted_at"])[:10] for number in "1234"]
    assert deleted == ["None", "2026-07-03", "None", "None"]


def test_the_column_of_a_condition_must_be_there(bench: Bench) -> None:
    bench.source(
        """
        system: {kind: files}
        entities:
          tickets:
            files: {pattern: "*.csv"}
            records:
              - record: interaction
                fields:
                  interaction_id: id
                  kind: {const: ticket}
                  agent_id: {column: who, when: {column: rolle, is_in: [agent]}}
                  opened_at: at
        """
    )
    bench.file("a.csv", "id,who,role,at\n1,ann,agent,2026-07-01\n")
    with pytest.raises(SchemaDriftError, match=r"`rolle` \(nearest: `role`\)"):
        bench.run()


def test_first_by_keeps_the_first_row_of_a_person_and_counts_the_rest(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            question: satisfaction
            first_by: [person]
            where: [{column: s, not_null: true}]
            fields: {response_id: id, score: s, responded_at: at}
        """,
        "id,person,s,at\na,p,,2026-07-01\nb,p,4,2026-07-01\nc,p,5,2026-07-01\nd,,3,2026-07-01\n"
        "e,,2,2026-07-01\n",
    )
    assert [row["response_id"] for row in bench.raw("feedback")] == ["b", "d", "e"]
    counts = bench.manifest()["counts"]["answers"]["feedback"]
    assert (counts["duplicate"], counts["not_applicable"]) == (1, 1)


def test_explode_makes_a_row_of_each_element(bench: Bench) -> None:
    bench.source("""
        system: {kind: files}
        entities:
          answers:
            files: {pattern: "*.jsonl", format: jsonl}
            records:
              - record: feedback
                survey: service
                question: satisfaction
                explode: form.answers
                where: [{column: form.answers.item, is_in: [CSAT]}]
                fields:
                  response_id: id
                  score: form.answers.value
                  responded_at: form.at
    """)
    lines = [
        {
            "id": 1,
            "form": {
                "at": "2026-07-01",
                "answers": [{"item": "CSAT", "value": 4}, {"item": "CES", "value": 9}],
            },
        },
        {"id": 2, "form": {"at": "2026-07-01", "answers": [{"item": "CSAT", "value": [1]}]}},
        {"id": 3, "form": {"at": "2026-07-01", "answers": []}},
        {"id": 4, "form": None},
        {"id": 5, "form": {"at": "2026-07-01", "answers": "none"}},
    ]
    bench.file("a.jsonl", "\n".join(json.dumps(line) for line in lines))
    bench.run()
    assert [(row["response_id"], row["score"]) for row in bench.raw("feedback")] == [("1", 4.0)]
    assert bench.manifest()["counts"]["answers"]["feedback"] == {
        "received": 6,
        "landed": 1,
        "quarantined": 2,
        "duplicate": 0,
        "not_applicable": 3,
        "erased": 0,
    }
    assert {(row["rule"], row["value"]) for row in bench.quarantine("feedback")} == {
        ("is_list", "none"),
        ("is_number", "[1]"),
    }


def test_a_list_in_a_csv_cell_can_be_exploded(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            question: satisfaction
            explode: scores
            fields: {response_id: {join: [id, scores.n]}, score: scores.v, responded_at: at}
        """,
        'id,scores,at\na,"[{""n"": 1, ""v"": 4}, {""n"": 2, ""v"": 5}]",2026-07-01\n',
    )
    assert [(r["response_id"], r["score"]) for r in bench.raw("feedback")] == [
        ("a-1", 4.0),
        ("a-2", 5.0),
    ]


def test_required_values_and_keys(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            question: satisfaction
            fields: {response_id: id, score: {column: s, required: true}, responded_at: at}
        """,
        "id,s,at\na,,2026-07-01\n,5,2026-07-01\nc,5,\nd,5,2026-07-01\n",
    )
    assert [row["response_id"] for row in bench.raw("feedback")] == ["d"]
    refused = {(row["rule"], row["column"]) for row in bench.quarantine("feedback")}
    assert refused == {
        ("required", "score"),
        ("expect_column_values_to_not_be_null", "response_id"),
        ("expect_column_values_to_not_be_null", "responded_at"),
    }


def test_a_mapping_changed_after_landing_names_the_column_it_misses(scores: Bench) -> None:
    scores.file("answers.csv", "id,score,at\na,5,2026-07-01\n")
    scores.run()
    path = scores.root / "programme" / "sources" / "src.yml"
    path.write_text(path.read_text().replace("score: score", "score: stars"))
    with pytest.raises(SchemaDriftError, match=r"answers\.csv: column missing: `stars`"):
        scores.land()


def test_mixed_date_formats_and_reasons(bench: Bench) -> None:
    feedback(
        bench,
        """
            survey: service
            question: satisfaction
            fields:
              response_id: id
              responded_at:
                column: at
                formats: ["%d/%m/%Y", "%m/%d/%Y"]
                timezone: Asia/Tokyo
        """,
        "id,at\na,02/12/2025\nb,10/17/2025\nc,2025-10-17\n",
    )
    days = {row["response_id"]: str(row["responded_at"]) for row in bench.raw("feedback")}
    assert days == {"a": "2025-12-01 15:00:00+00:00", "b": "2025-10-16 15:00:00+00:00"}
    assert bench.quarantine("feedback")[0]["rule"] == "is_instant"
