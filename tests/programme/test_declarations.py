from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from programme.benchmarks import HalfYear
from programme.sources import Entity, FieldMap, Source
from programme.surveys import Question
from programme.systems import PagedRead

WORDS = {"en": "a", "ja": "b"}


@pytest.mark.parametrize(
    ("wave", "starts_on", "ends_before", "previous"),
    [
        ("2026H1", date(2026, 1, 1), date(2026, 7, 1), "2025H2"),
        ("2025H2", date(2025, 7, 1), date(2026, 1, 1), "2025H1"),
    ],
)
def test_a_half_year_has_its_bounds(wave, starts_on, ends_before, previous):
    half_year = HalfYear.parse(wave)
    assert (half_year.starts_on, half_year.ends_before) == (starts_on, ends_before)
    assert str(half_year.previous) == previous
    assert (ends_before - half_year.last_day).days == 1
    assert HalfYear.containing(starts_on) == HalfYear.containing(half_year.last_day) == half_year
    assert str(HalfYear.containing(ends_before).previous) == wave


@pytest.mark.parametrize("text", ["2026H3", "2026", "26H1", "2026h1", "2026H1 "])
def test_what_is_no_half_year_is_refused(text):
    with pytest.raises(ValueError, match="write for example 2026H1"):
        HalfYear.parse(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"is_high_good": None}, "declared, never assumed"),
        ({"kind": "nps"}, "nps is asked from 0 to 10"),
        ({"scale_min": 5}, "scale_min must lie below scale_max"),
        ({"kind": "comment"}, "a comment has no scale_min"),
    ],
)
def test_a_scale_is_declared_and_whole(change, message):
    question = {"kind": "csat", "scale_min": 1, "scale_max": 5, "is_high_good": True}
    assert Question.model_validate({**question, "wording": WORDS}).kind == "csat"
    with pytest.raises(ValidationError, match=message):
        Question.model_validate({**question, "wording": WORDS, **change})


def test_a_field_comes_from_one_place():
    assert FieldMap.model_validate("id").column == "id"
    for given in ({}, {"column": "a", "const": 1}):
        with pytest.raises(ValidationError, match="exactly one of column, const, join"):
            FieldMap.model_validate(given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cursor": "updated_at"}, "go together"),
        ({"paginator": "cursor"}, "needs `cursor_path` and `cursor_param`"),
        ({"paginator": "next_link"}, "needs `next_path`"),
        ({"ordered": True}, "is the order of `cursor`"),
        ({"json": {"a": 1}}, "add `method: POST`"),
        ({"since_format": "unix"}, "one of iso, date, epoch_seconds"),
    ],
)
def test_paging_is_declared_whole(change, message):
    with pytest.raises(ValidationError, match=message):
        PagedRead.model_validate({"path": "/a", "data_selector": "items", **change})


def test_an_entity_is_read_in_the_way_of_its_system():
    files = {"files": {"pattern": "*.csv"}, "records": [{"record": "order", "fields": {}}]}
    assert Entity.model_validate(files).files is not None
    with pytest.raises(ValidationError, match="exactly one of files, sql, rest"):
        Entity.model_validate({"records": files["records"]})
    source = {"description": "a", "owner": "b", "entities": {"orders": files}}
    with pytest.raises(ValidationError, match="has no `sql:` block"):
        Source.model_validate({**source, "system": {"kind": "sql", "url": "sqlite://"}})
