"""Erasures are kept without the id, once each, and continue where they were cut off."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ledger import Erasure, Ledger, NaiveInstantError, UnknownErasureError
from ledger import database as ledger_database

NOON = datetime(2026, 7, 5, 12, tzinfo=UTC)
LATER = datetime(2026, 7, 6, 12, tzinfo=UTC)
REQUEST = Erasure("e1", "check", "asked by mail", NOON, None, '{"a": 1}', None)


def test_a_request_is_kept_with_its_hashes_and_completed(ledger: Ledger) -> None:
    assert ledger.begin_erasure(REQUEST, [("person", "h1"), ("person", "h2")]) == REQUEST
    assert ledger.erased_ids() == {"person": frozenset({"h1", "h2"})}
    done = ledger.complete_erasure("e1", "{}", now=LATER)
    assert (done.certificate, done.completed_at) == ("{}", LATER)
    assert ledger.erasures() == [done]


def test_one_that_was_cut_off_keeps_time_and_reason_and_takes_the_new_plan(ledger: Ledger) -> None:
    ledger.begin_erasure(REQUEST, [("person", "h1")])
    again = replace(REQUEST, requested_at=LATER, reason="other", plan='{"b": 2}')
    kept = ledger.begin_erasure(again, [("person", "h1"), ("interaction_id", "h3")])
    assert kept == replace(REQUEST, plan='{"b": 2}')
    assert ledger.erased_ids()["interaction_id"] == {"h3"}


def test_a_completed_one_begins_anew_and_its_hashes_stay(ledger: Ledger) -> None:
    ledger.begin_erasure(REQUEST, [("person", "h1")])
    ledger.complete_erasure("e1", "{}", now=NOON)
    again = replace(REQUEST, requested_at=LATER)
    assert ledger.begin_erasure(again, []) == again
    assert ledger.erased_ids() == {"person": frozenset({"h1"})}


def test_one_that_was_never_begun_cannot_be_completed(ledger: Ledger) -> None:
    with pytest.raises(UnknownErasureError, match="`e9` was never begun"):
        ledger.complete_erasure("e9", "{}", now=NOON)
    with pytest.raises(NaiveInstantError):
        replace(REQUEST, requested_at=datetime(2026, 7, 5))  # noqa: DTZ001


def test_a_ledger_of_the_first_version_is_brought_up(file, url, monkeypatch) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ledger_database.MIGRATIONS))
    monkeypatch.setattr(ledger_database, "HEAD", "0001")
    monkeypatch.setattr(command, "upgrade", _only_the_first(command.upgrade))
    Ledger.open(url)
    with sqlite3.connect(file) as connection:
        names = {row[0] for row in connection.execute("select name from sqlite_master")}
    connection.close()
    assert "loads" in names
    assert "erasures" not in names
    monkeypatch.undo()
    assert Ledger.open(url).erasures() == []


def _only_the_first(upgrade):
    return lambda config, revision: upgrade(config, "0001")
