from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from ledger import (
    Build,
    Edition,
    Ledger,
    LedgerError,
    LedgerRuleError,
    Load,
    NaiveInstantError,
    NothingLoadedError,
    Registration,
)

JAPAN = timezone(timedelta(hours=9))
LOAD = Load("shop", date(2026, 7, 5), "f1", 10, 7, 2, 1, datetime(2026, 7, 5, 8, 30, tzinfo=JAPAN))


def test_a_load_comes_back_with_its_watermark_in_utc(ledger):
    ledger.record_load(LOAD)
    (load,) = ledger.loads()
    assert load == LOAD
    assert load.watermark == datetime(2026, 7, 4, 23, 30, tzinfo=UTC)
    assert load.watermark.tzinfo is UTC


def test_a_load_of_the_same_day_replaces_the_former(ledger):
    ledger.record_load(LOAD)
    again = dataclasses.replace(LOAD, fingerprint="f2", landed=8, watermark=None)
    ledger.record_load(again)
    ledger.record_load(again)
    other = dataclasses.replace(LOAD, source="desk")
    ledger.record_load(other)
    assert ledger.loads() == [other, again]


def test_as_of_is_the_newest_load_of_any_source(ledger):
    with pytest.raises(NothingLoadedError, match="no source has landed yet"):
        ledger.as_of()
    ledger.record_load(LOAD)
    ledger.record_load(dataclasses.replace(LOAD, source="desk", load_date=date(2026, 7, 3)))
    assert ledger.as_of() == date(2026, 7, 5)


def test_a_watermark_without_zone_is_refused(ledger):
    with pytest.raises(NaiveInstantError, match="2026-07-05T00:00:00 has no time zone"):
        dataclasses.replace(LOAD, watermark=datetime(2026, 7, 5))  # noqa: DTZ001 - the point


def test_the_latest_build_is_the_one_recorded_last(ledger):
    assert ledger.latest_build() is None
    july = Build("a", date(2026, 7, 5), nodes=40, failed=0)
    january = Build("a", date(2026, 1, 5), nodes=40, failed=1)
    for build in (july, january, july):
        ledger.record_build(build)
        assert ledger.latest_build() == build


def test_repeating_the_latest_build_adds_no_row(ledger):
    from sqlalchemy import func, select

    from ledger.database import transaction
    from ledger.tables import builds

    for _ in range(3):
        ledger.record_build(Build("a", date(2026, 7, 5), nodes=40, failed=0))
    with transaction(ledger._engine) as connection:
        assert connection.execute(select(func.count()).select_from(builds)).scalar() == 1


def test_the_first_registration_wins(ledger):
    assert ledger.registration("callback") is None
    first = Registration("callback", "h1", "plan: 一時間以内", date(2026, 1, 4))
    assert ledger.register(first) == first
    assert ledger.register(Registration("callback", "h2", "other", date(2026, 2, 1))) == first
    assert ledger.registration("callback") == first


def test_a_frozen_edition_is_returned_unchanged(ledger, edition):
    assert ledger.freeze(edition) == edition
    assert ledger.freeze(dataclasses.replace(edition, content_hash="other")) == edition
    assert ledger.edition(edition.edition_id) == edition
    assert ledger.edition("benchmark/none/2026H1/r1") is None


def test_editions_are_listed_by_kind_and_id(ledger, edition):
    test = dataclasses.replace(
        edition, edition_id="experiment/a/r1", kind="experiment", subject="a", period=""
    )
    early = dataclasses.replace(
        edition, edition_id="benchmark/half_year/2025H2/r1", period="2025H2"
    )
    for item in (test, edition, early):
        ledger.freeze(item)
    assert ledger.editions() == [early, edition, test]
    assert ledger.editions("experiment") == [test]
    assert ledger.editions("benchmark") == [early, edition]


def test_one_revision_of_a_period_has_one_id(ledger, edition):
    ledger.freeze(edition)
    with pytest.raises(LedgerRuleError, match="UNIQUE constraint"):
        ledger.freeze(dataclasses.replace(edition, edition_id="benchmark/half_year/2026H1/R1"))


def test_a_seed_that_no_database_integer_holds_is_refused(edition):
    with pytest.raises(LedgerError, match="use a seed below 2"):
        dataclasses.replace(edition, seed=2**63)


def test_an_edition_of_unknown_state_is_refused_by_the_database(ledger, edition):
    with pytest.raises(LedgerRuleError, match="ck_editions_state"):
        ledger.freeze(dataclasses.replace(edition, state="done"))


def test_what_is_written_is_read_by_the_next_process(url, ledger, edition):
    ledger.freeze(edition)
    assert Ledger.open(url).editions() == [edition]


def test_rows_cannot_be_changed(edition):
    with pytest.raises(dataclasses.FrozenInstanceError):
        edition.state = "blocked"
    assert isinstance(edition, Edition)
