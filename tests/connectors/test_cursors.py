"""From where a source is read again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from connectors.batches import highest_of
from connectors.cursors import cursor_value, read_from


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        ("2026-07-01 00:30:00", "2026-06-30 23:30:00"),
        ("2026-07-01T00:30:00Z", "2026-06-30T23:30:00Z"),
        ("2026-07-01T00:30:00.123+09:00", "2026-06-30T23:30:00+09:00"),
        ("2026-07-01", "2026-06-30"),
        ("A-17", "A-17"),
        (17, 17),
    ],
)
def test_the_lookback_keeps_the_spelling_of_the_source(
    highest: str | int, expected: str | int
) -> None:
    assert read_from(highest, lookback_minutes=60, history_from=None) == expected


def test_the_first_pull_reads_everything_or_from_the_declared_day() -> None:
    assert read_from(None, lookback_minutes=60, history_from=None) is None
    assert read_from(None, lookback_minutes=60, history_from=date(2023, 7, 1)) == "2023-07-01"


def test_the_earlier_bound_sorts_before_every_spelling_of_the_same_second() -> None:
    bound = read_from("2026-07-01 01:00:00.5", lookback_minutes=60, history_from=None)
    assert str(bound) <= "2026-07-01 00:00:00"
    assert str(bound) <= "2026-07-01 00:00:00.000001"


def test_values_are_kept_as_numbers_or_text() -> None:
    assert cursor_value(datetime(2026, 7, 1, 9, tzinfo=UTC)) == "2026-07-01 09:00:00+00:00"
    assert cursor_value(date(2026, 7, 1)) == "2026-07-01"
    assert cursor_value(9) == 9
    assert cursor_value(None) is None


def test_numbers_are_compared_by_size() -> None:
    assert highest_of([9, 10, None]) == 10
    assert highest_of([]) is None
