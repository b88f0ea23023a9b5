"""Values become typed columns exactly, or are refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from connectors.conversion import convert
from connectors.instants import InstantFormat
from connectors.records import FieldType

PLAIN = InstantFormat()


def values(texts: list[Any], kind: FieldType, kind_in: Any = None) -> tuple[list[Any], list[int]]:
    converted = convert(pa.array(texts, kind_in), kind, PLAIN)
    return converted.values.to_pylist(), converted.refused.tolist()


def test_numbers_are_read_strictly() -> None:
    texts = ["4", " 4.5 ", "+3", "-.5", "1e3", "", None]
    assert values(texts, "number") == ([4.0, 4.5, 3.0, -0.5, 1000.0, None, None], [])


@pytest.mark.parametrize("text", ["five", "1,000", "NaN", "inf", "1e999", "0x10", "5/5", "true"])
def test_a_text_that_is_no_finite_number_is_refused(text: str) -> None:
    assert values([text], "number") == ([None], [0])


def test_not_a_number_in_a_database_column_is_refused() -> None:
    assert values([1.0, float("nan"), float("inf"), None], "number")[1] == [1, 2]


def test_integers_keep_all_their_digits_and_fractions_are_refused() -> None:
    texts = ["900719925474099301", "5.0", "5.5", "x"]
    assert values(texts, "integer") == ([900719925474099301, 5, None, None], [2, 3])


def test_flags() -> None:
    assert values(["TRUE", "no", "1", "0", "perhaps"], "flag") == (
        [True, False, True, False, None],
        [4],
    )
    assert values([1, 0, None], "flag") == ([True, False, None], [])


def test_identifiers_keep_their_leading_zeros_and_blank_text_is_no_value() -> None:
    assert values(["007", "  ", ""], "text") == (["007", None, None], [])
    assert values([7, None], "text") == (["7", None], [])
    assert values([7.0], "text") == (["7"], [])


def test_a_day_is_the_day_in_the_declared_zone() -> None:
    tokyo = InstantFormat((), "Asia/Tokyo")
    found = convert(pa.array(["2024-05-01T20:00:00Z", "2024-05-01"]), "day", tokyo)
    assert found.values.to_pylist() == [date(2024, 5, 2), date(2024, 5, 1)]


def test_a_databases_own_timestamps_are_placed_in_the_zone() -> None:
    tokyo = InstantFormat((), "Asia/Tokyo")
    naive = pa.array([datetime(2024, 5, 1, 9), None], pa.timestamp("us"))  # noqa: DTZ001
    found = convert(naive, "instant", tokyo).values
    assert found.type == pa.timestamp("us", tz="UTC")
    assert found.cast(pa.string()).to_pylist() == ["2024-05-01 00:00:00.000000Z", None]
