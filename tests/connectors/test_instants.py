"""Texts as instants: what is read, and what is refused with its reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from connectors.instants import InstantFormat, parse_instants


def parse(text: str | None, *formats: str, timezone: str = "UTC") -> tuple[datetime | None, str]:
    found = parse_instants(pd.Series([text], dtype="str"), InstantFormat(formats, timezone))
    value = found.values.iloc[0]
    return (None if pd.isna(value) else value.to_pydatetime()), str(found.reasons[0])


@pytest.mark.parametrize(
    ("text", "timezone", "expected"),
    [
        ("2024-05-01T10:00:00Z", "Asia/Tokyo", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        ("2024-05-01 10:00:00", "Asia/Tokyo", datetime(2024, 5, 1, 1, tzinfo=UTC)),
        ("2024-05-01T10:00+0900", "UTC", datetime(2024, 5, 1, 1, tzinfo=UTC)),
        ("2024-05-01", "Asia/Tokyo", datetime(2024, 4, 30, 15, tzinfo=UTC)),
        (" 2024-05-01T10:00:00,5Z ", "UTC", datetime(2024, 5, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("9999-12-31", "UTC", datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_iso_8601_is_read_in_the_declared_zone(
    text: str, timezone: str, expected: datetime
) -> None:
    assert parse(text, timezone=timezone) == (expected, "")


@pytest.mark.parametrize(
    "text", ["2024-02-30", "01/02/2024", "20240501", "yesterday", "2024-05-01T10", "2024-13-01"]
)
def test_what_is_no_iso_8601_is_refused(text: str) -> None:
    assert parse(text) == (None, "no ISO 8601 date or time")


def test_midnight_as_24_00_is_refused_with_its_reason() -> None:
    value, reason = parse("2024-05-01T24:00:00")
    assert value is None
    assert reason.startswith("24:00")


def test_local_times_that_the_clock_skips_or_repeats_are_refused() -> None:
    skipped = parse("2024-03-31 02:30:00", timezone="Europe/Berlin")
    twice = parse("2024-10-27 02:30:00", timezone="Europe/Berlin")
    assert skipped == (None, "this local time does not exist in Europe/Berlin: the clock skips it")
    assert twice[0] is None
    assert "happens twice" in twice[1]


def test_a_day_begins_at_its_first_instant_where_midnight_is_skipped() -> None:
    # In Brazil summer time began at midnight: 2017-10-15 began at 01:00.
    expected = datetime(2017, 10, 15, 3, tzinfo=UTC)
    assert parse("2017-10-15", timezone="America/Sao_Paulo") == (expected, "")
    assert parse("15/10/2017", "%d/%m/%Y", timezone="America/Sao_Paulo") == (expected, "")
    assert parse("2017-10-15 00:00:00", timezone="America/Sao_Paulo")[0] is None


def test_formats_are_tried_in_their_order() -> None:
    day_first = ("%d/%m/%Y", "%m/%d/%Y")
    assert parse("02/12/2022", *day_first)[0] == datetime(2022, 12, 2, tzinfo=UTC)
    assert parse("10/17/2021", *day_first)[0] == datetime(2021, 10, 17, tzinfo=UTC)
    assert parse("2021-10-17", *day_first) == (
        None,
        "matches none of the formats %d/%m/%Y, %m/%d/%Y",
    )


def test_an_earlier_format_that_refuses_is_not_overruled_by_a_later_one() -> None:
    forms = ("%Y-%m-%d %H:%M", "%Y-%d-%m %H:%M")
    assert "does not exist" in parse("2024-03-31 02:30", *forms, timezone="Europe/Berlin")[1]


def test_epochs_and_offsets_are_formats_too() -> None:
    expected = datetime(2024, 7, 3, 9, 46, 40, tzinfo=UTC)
    assert parse("1720000000", "epoch_seconds")[0] == expected
    assert parse("1720000000000", "epoch_milliseconds")[0] == expected
    assert parse("03/07/2024 18:46:40 +0900", "%d/%m/%Y %H:%M:%S %z")[0] == expected


def test_no_value_is_no_refusal() -> None:
    assert parse(None) == (None, "")
    assert parse(None, "%Y") == (None, "")
