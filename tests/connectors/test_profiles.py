"""Profiles: what is counted of a batch, whatever its chunks, and what is never kept."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from connectors.contract_texts import garbled, scripts
from connectors.profiles import MOST_CODES, Profiler, point_of, points_of, size_of_class
from connectors.records import RECORDS
from tests.connectors.contract_worlds import CSAT, FIRST_DAY, Answers, Calls, table_of


def profile_of(*tables: pa.Table) -> dict[str, object]:
    record = next(part for part in RECORDS.values() if part.schema == tables[0].schema)
    profiler = Profiler(record)
    for table in tables:
        profiler.take(table)
    return profiler.profile()


def answers(rows: int = 500) -> pa.Table:
    return Answers().draw(np.random.default_rng(1), FIRST_DAY, rows)


def columns_of(profile: dict[str, object], group: str = "service.likelihood") -> dict[str, dict]:  # type: ignore[type-arg]
    groups = profile["groups"]
    assert isinstance(groups, dict)
    return dict(groups[group]["columns"])


def test_chunks_do_not_matter() -> None:
    table = answers()
    cuts = [0, 1, 201, 201, 500]
    slices = [table.slice(a, b - a) for a, b in itertools.pairwise(cuts)]
    one, other = (columns_of(profile_of(*tables)) for tables in ([table], slices))
    for name in ("mean", "m2"):
        assert one["score"].pop(name) == pytest.approx(other["score"].pop(name), rel=1e-9)
    assert one == other


def test_counts_are_those_of_the_rows() -> None:
    table = answers()
    columns = columns_of(profile_of(table))
    rows = table.to_pylist()
    scores = [row["score"] for row in rows]
    assert columns["score"]["cells"] == {
        str(int(s)): scores.count(s) for s in sorted(set(scores), key=lambda s: str(int(s)))
    }
    assert columns["score"]["mean"] == pytest.approx(np.mean(scores))
    assert columns["score"]["m2"] == pytest.approx(np.var(scores) * len(scores))
    assert columns["score"]["scale"] == [0.0, 10.0]
    channels = [row["channel"] for row in rows]
    assert columns["channel"]["cells"] == {c: channels.count(c) for c in sorted(set(channels))}
    missing = sum(row["customer_id"] is None for row in rows)
    assert (columns["customer_id"]["missing"], columns["customer_id"]["present"]) == (
        missing,
        500 - missing,
    )
    hours = [row["responded_at"].hour // 3 for row in rows]
    assert columns["responded_at.hour"]["cells"] == {
        str(h): hours.count(h) for h in sorted(set(hours))
    }
    lengths = columns["comment.length"]["cells"].values()
    assert sum(lengths) == sum(row["comment"] is not None for row in rows)


def test_no_identifier_and_no_comment_is_kept() -> None:
    table = answers()
    text = json.dumps(profile_of(table), ensure_ascii=False)
    for row in table.to_pylist():
        for name in ("response_id", "customer_id", "comment"):
            if row[name]:
                assert row[name] not in text
    assert "email" in text


def test_a_column_of_many_codes_keeps_none() -> None:
    rows = MOST_CODES + 1
    columns = {
        "interaction_id": [str(n) for n in range(rows)],
        "topic": [f"t{n}" for n in range(rows)],
    }
    table = table_of("interaction", columns, rows, RECORDS["interaction"].schema)
    assert columns_of(profile_of(table), "")["topic"]["cells"] is None
    halves = profile_of(table.slice(0, 60), table.slice(60))
    assert columns_of(halves, "")["topic"]["cells"] is None
    few = pa.concat_tables([table.slice(0, MOST_CODES)] * 2)
    assert len(columns_of(profile_of(few), "")["topic"]["cells"]) == MOST_CODES


@pytest.mark.parametrize(
    ("rows", "distinct", "is_kept"),
    [(22, 11, True), (21, 11, False), (19, 1, False), (20, 1, True)],
)
def test_texts_that_hardly_repeat_are_not_kept(rows: int, distinct: int, is_kept: bool) -> None:
    subjects = [f"Parcel of Ms Sato {number % distinct}" for number in range(rows)]
    columns = {"interaction_id": ["a"] * rows, "topic": subjects, "is_flagged": [True] * rows}
    table = table_of("interaction", columns, rows, RECORDS["interaction"].schema)
    found = columns_of(profile_of(table), "")
    assert (found["topic"]["cells"] is not None) is is_kept
    assert found["is_flagged"]["cells"] == {"true": rows}


def test_the_shape_of_comments_is_that_of_a_bounded_sample() -> None:
    rows = 12_000
    columns = {"response_id": ["a"] * rows, "comment": ["良い"] * rows}
    table = table_of("feedback", columns, rows, RECORDS["feedback"].schema)
    found = columns_of(profile_of(table), "")
    assert found["comment"]["present"] == rows
    assert found["comment.script"]["cells"] == {"kana": 4000}


def test_each_question_is_a_group_of_its_own() -> None:
    rng = np.random.default_rng(1)
    first = Answers(question="likelihood").draw(rng, FIRST_DAY, 30)
    second = Answers(points=CSAT, lowest=1.0, question="effort").draw(rng, FIRST_DAY, 20)
    mixed = pa.concat_tables([first, second]).take(pa.array(rng.permutation(50)))
    together, apart = profile_of(mixed), (profile_of(first), profile_of(second))
    assert list(together["groups"]) == ["service.effort", "service.likelihood"]  # type: ignore[call-overload]
    for group, alone in (("service.likelihood", apart[0]), ("service.effort", apart[1])):
        ours, theirs = (columns_of(part, group) for part in (together, alone))
        assert ours["score"]["cells"] == theirs["score"]["cells"]
        assert ours["channel"] == theirs["channel"]


def test_the_newest_instant_is_kept() -> None:
    table = answers()
    newest = max(row["responded_at"] for row in table.to_pylist())
    profile = profile_of(table.slice(0, 250), table.slice(250))
    kept = profile["groups"]["service.likelihood"]["newest"]  # type: ignore[index]
    assert datetime.fromisoformat(kept) == newest.astimezone(UTC)


@pytest.mark.parametrize("size", [0.0, 1.0, 3.7, 1e-9, 1e12, -5.0])
def test_a_size_lies_in_its_class(size: float) -> None:
    table = table_of("order", {"order_id": ["a"], "amount": [size]}, 1, RECORDS["order"].schema)
    (cell,) = columns_of(profile_of(table), "")["amount"]["cells"]
    assert size_of_class(cell) == pytest.approx(size, rel=0.1)


def test_classes_of_sizes_are_in_their_order() -> None:
    sizes = [-100.0, -3.0, -0.5, 0.0, 0.5, 3.0, 100.0]
    table = table_of("order", {"amount": sizes}, 7, RECORDS["order"].schema)
    cells = columns_of(profile_of(table), "")["amount"]["cells"]
    found = [size_of_class(cell) for cell in sorted(cells, key=int)]
    assert len(found) == 7
    assert np.allclose(found, sizes, rtol=0.1)


@pytest.mark.parametrize(
    ("scale", "points", "score", "point"),
    [
        ((0.0, 10.0), 11, 10.0, 10),
        ((1.0, 5.0), 5, 1.0, 0),
        ((1.0, 5.0), 5, 4.4, 3),
        ((0.0, 100.0), 20, 100.0, 19),
        ((0.0, 100.0), 20, 49.9, 9),
        ((0.0, 1.0), 2, 1.0, 1),
        ((0.5, 1.5), 20, 1.0, 10),
    ],
)
def test_points_of_scales(
    scale: tuple[float, float], points: int, score: float, point: int
) -> None:
    assert points_of(scale) == points
    assert point_of(np.array([score]), scale).tolist() == [point]


def test_answers_on_several_scales_are_not_counted_together() -> None:
    rng = np.random.default_rng(1)
    first = Answers().draw(rng, FIRST_DAY, 30)
    second = Answers(points=CSAT, lowest=1.0).draw(rng, FIRST_DAY, 20)
    assert columns_of(profile_of(first, second))["score"]["cells"] is None
    assert columns_of(profile_of(pa.concat_tables([first, second])))["score"]["cells"] is None


def test_calls_have_one_group_without_a_name() -> None:
    table = Calls().draw(np.random.default_rng(1), FIRST_DAY, 40)
    columns = columns_of(profile_of(table), "")
    assert columns["is_flagged"]["kind"] == "marks"
    assert columns["talk_seconds"]["kind"] == "sizes"
    assert columns["agent_id"] == {"kind": "other", "missing": 40, "present": 0}


TEXTS = ("ありがとうございました", "Très bien, où étiez-vous", "サービスが良い")


def test_scripts_are_told_apart() -> None:
    texts = ["ありがとう", "東京", "좋아요", "Good", "Хорошо", "12 :)", "iPhoneが良い"]
    found = ["kana", "han", "hangul", "latin", "cyrillic", "no_letters", "kana"]
    assert scripts(pa.array(texts)).to_pylist() == found


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    ("written", "read"), [("utf-8", "latin-1"), ("utf-8", "cp1252"), ("utf-8", "cp932")]
)
def test_wrongly_decoded_texts_are_seen(text: str, written: str, read: str) -> None:
    spoilt = text.encode(written).decode(read, "replace")
    assert garbled(pa.array([spoilt, text])).to_pylist() == [True, False]


def test_shift_jis_read_as_western_is_seen() -> None:
    spoilt = [text.encode("cp932").decode("cp1252", "replace") for text in TEXTS[::2]]
    assert garbled(pa.array(spoilt)).to_pylist() == [True, True]


def test_rightly_decoded_texts_are_left_alone() -> None:
    texts = ["naïve café – 10 €", "Ünïcödé, Ærø & Łódź", "50 °C ± 2", "“quoted”", "縺れ", "Ãgua"]
    assert not any(garbled(pa.array(texts)).to_pylist())
