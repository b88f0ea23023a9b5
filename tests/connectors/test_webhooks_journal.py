"""Deliveries on disk: torn lines, failed writes, closed segments, pages from a cursor, erasure."""

from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import LakeWriteError, SourceUnavailableError
from connectors.webhooks import journal as journal_module
from connectors.webhooks import pull, segments
from connectors.webhooks.erasure import erase_deliveries
from connectors.webhooks.journal import Journal
from connectors.webhooks.pull import pages
from connectors.webhooks.segments import Delivery, Segments
from programme.webhooks import WebhookRead

AT = datetime(2026, 7, 5, 9, 0, tzinfo=UTC)
ALL = WebhookRead()


def delivery(name: str, body: str | bytes | None = None, event: str | None = "e") -> Delivery:
    text = json.dumps({"id": name}) if body is None else body
    return Delivery(name, AT, event, text.encode() if isinstance(text, str) else text)


def opened(home: Path, segment_bytes: int = 1 << 20) -> Journal:
    journal = Journal(home, "src", segment_bytes=segment_bytes)
    journal.open()
    return journal


def names(home: Path, since: Any = None, read: WebhookRead = ALL) -> list[str]:
    return [
        p["delivery_id"] for page in pages(home, "src", read, since=since) for p in page.payloads
    ]


def active(home: Path) -> Path:
    path = Segments.of(home, "src").active()
    assert path is not None
    return path


def last_cursor(home: Path) -> Any:
    return list(pages(home, "src", ALL, since=None))[-1].cursor


def test_a_delivery_is_kept_once_within_a_group_and_over_restarts(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    assert journal.append([delivery("a"), delivery("b"), delivery("a")]) == [True, True, False]
    assert journal.append([delivery("b"), delivery("c")]) == [False, True]
    assert opened(tmp_path).append([delivery("a"), delivery("d")]) == [False, True]
    assert names(tmp_path) == ["a", "b", "c", "d"]
    assert opened(tmp_path).append([delivery("a"), delivery("e")]) == [False, True]


@pytest.mark.parametrize("lost", [1, 5, 40])
def test_a_line_torn_by_a_kill_is_cut_and_its_delivery_taken_again(
    tmp_path: Path, lost: int, caplog: pytest.LogCaptureFixture
) -> None:
    opened(tmp_path).append([delivery("a"), delivery("b")])
    path = active(tmp_path)
    os.truncate(path, path.stat().st_size - lost)
    journal = opened(tmp_path)
    assert "of an unfinished delivery" in caplog.text
    assert path.read_bytes().endswith(b"\n")
    assert journal.append([delivery("b")]) == [True]
    assert names(tmp_path) == ["a", "b"]


def test_a_torn_line_is_cut_by_extraction_too(tmp_path: Path) -> None:
    opened(tmp_path).append([delivery("a")])
    with active(tmp_path).open("ab") as file:
        file.write(b'{"delivery_id":"b","rece')
    assert names(tmp_path) == ["a"]
    assert opened(tmp_path).append([delivery("b")]) == [True]
    assert names(tmp_path) == ["a", "b"]


def test_a_segment_with_nothing_whole_is_not_closed(tmp_path: Path) -> None:
    opened(tmp_path).append([delivery("a")])
    os.truncate(active(tmp_path), 3)
    assert names(tmp_path) == []
    assert active(tmp_path).stat().st_size == 0


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_failed_write_leaves_nothing_and_the_next_one_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    journal = opened(tmp_path)
    journal.append([delivery("a")])
    real = getattr(os, call)
    failures = [1]

    def failing(descriptor: int, *rest: Any) -> Any:
        if failures:
            failures.pop()
            if call == "write":
                real(descriptor, bytes(rest[0])[:20])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, *rest)

    monkeypatch.setattr(journal_module.os, call, failing)
    with pytest.raises(OSError, match="No space"):
        journal.append([delivery("b"), delivery("c")])
    assert active(tmp_path).read_bytes().count(b"\n") == 1
    assert journal.append([delivery("b")]) == [True]
    assert names(tmp_path) == ["a", "b"]


def test_a_write_that_cannot_be_taken_back_is_taken_back_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(tmp_path)
    journal.append([delivery("a")])

    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as disk:
        disk.setattr(journal_module.os, "fsync", broken)
        disk.setattr(journal_module.os, "ftruncate", broken)
        for _ in range(2):
            with pytest.raises(OSError, match="Input/output"):
                journal.append([delivery("b")])
    assert active(tmp_path).read_bytes().count(b"\n") == 2
    assert journal.append([delivery("b"), delivery("c")]) == [True, True]
    assert names(tmp_path) == ["a", "b", "c"]


def test_segments_close_at_their_size_and_their_names_ascend(tmp_path: Path) -> None:
    journal = opened(tmp_path, segment_bytes=200)
    for number in range(10):
        journal.append([delivery(f"{number}")])
    assert len(Segments.of(tmp_path, "src").closed()) > 2
    # the clock stood still, and now it goes back
    late = Delivery("late", AT - timedelta(days=1), None, b"{}")
    journal.append([late])
    assert names(tmp_path) == [*(str(number) for number in range(10)), "late"]


def test_the_writer_goes_on_in_a_new_segment_after_extraction(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([delivery("a")])
    assert names(tmp_path) == ["a"]
    assert Segments.of(tmp_path, "src").active() is None
    assert journal.append([delivery("a"), delivery("b")]) == [False, True]
    assert names(tmp_path) == ["a", "b"]


def test_extraction_that_fails_to_close_is_a_named_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path).append([delivery("a")])

    def broken(*_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(LakeWriteError, match="cannot write"):
        names(tmp_path)


# --- pages


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """Twelve deliveries in four segments, of two events in turn."""
    journal = opened(tmp_path)
    for number in range(12):
        journal.append([delivery(f"{number:02d}", event="ab"[number % 2])])
        if number % 3 == 2:
            assert list(pages(tmp_path, "src", ALL, since=None))
    return tmp_path


def test_every_cursor_goes_on_behind_it(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_PAGE_DELIVERIES", 2)
    found = list(pages(filled, "src", ALL, since=None))
    assert [len(page.payloads) for page in found] == [2] * 6
    assert all(page.resumable for page in found)
    cursors = [str(page.cursor) for page in found]
    assert cursors == sorted(cursors)
    everything = names(filled)
    assert everything == [f"{number:02d}" for number in range(12)]
    for number, cursor in enumerate(cursors, start=1):
        assert names(filled, since=cursor) == everything[2 * number :]
    assert names(filled, since="2026-01-01") == everything


def test_pages_are_bounded_in_bytes(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_PAGE_BYTES", 1)
    assert len(list(pages(filled, "src", ALL, since=None))) == 12


def test_a_payload_is_the_delivery_with_its_body(tmp_path: Path) -> None:
    opened(tmp_path).append([delivery("a", '{"n": 1.50, "data": {"text": "とても"}}')])
    ((payload,),) = [page.payloads for page in pages(tmp_path, "src", ALL, since=None)]
    assert payload == {
        "delivery_id": "a",
        "received_at": "2026-07-05T09:00:00+00:00",
        "event": "e",
        "body": {"n": "1.50", "data": {"text": "とても"}},
    }


def test_events_choose_the_entity(filled: Path) -> None:
    odd = WebhookRead(events=["b"])
    assert names(filled, read=odd) == ["01", "03", "05", "07", "09", "11"]
    assert names(filled, read=WebhookRead(events=["c"])) == []
    by_body = WebhookRead(event_path="id", events=["04", "05"])
    assert names(filled, read=by_body) == ["04", "05"]


@pytest.mark.parametrize("body", [b"no json", b"\xff\xfe", b"", b'{"a":1,"a":2}'])
def test_what_is_no_json_comes_as_text_whatever_the_events(tmp_path: Path, body: bytes) -> None:
    opened(tmp_path).append([delivery("a", body, None), delivery("b")])
    read = WebhookRead(events=["e"])
    ((text, whole),) = [page.payloads for page in pages(tmp_path, "src", read, since=None)]
    assert json.loads(text)["delivery_id"] == "a"
    assert whole["delivery_id"] == "b"


@pytest.mark.parametrize("damage", ["\0" * 20, "5", '{"event":"e"}'])
def test_a_damaged_line_comes_as_text_and_hides_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    opened(tmp_path).append([delivery("a"), delivery("b"), delivery("c")])
    path = active(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + damage.encode() + b"\n" + lines[2])
    assert opened(tmp_path).append([delivery("b"), delivery("c")]) == [True, False]
    assert "line 2 of" in caplog.text
    ((first, damaged, *rest),) = [page.payloads for page in pages(tmp_path, "src", ALL, since=None)]
    assert (first["delivery_id"], damaged) == ("a", damage)
    assert [payload["delivery_id"] for payload in rest] == ["c", "b"]


def test_segments_that_are_gone_are_told(filled: Path) -> None:
    cursor = last_cursor(filled)
    closed = Segments.of(filled, "src").closed()
    lines = closed[-1].read_bytes().splitlines(keepends=True)
    closed[-1].write_bytes(b"".join(lines[:-1]))
    with pytest.raises(SourceUnavailableError, match="2 lines, 3 were read before"):
        names(filled, since=cursor)
    closed[-1].unlink()
    with pytest.raises(SourceUnavailableError, match="read before, are gone"):
        names(filled, since=cursor)
    # what was read may go: earlier segments are not asked for
    assert names(filled, since=f"{closed[1].stem}:000000003") == ["06", "07", "08"]


def test_nothing_received_is_nothing_read(tmp_path: Path) -> None:
    assert names(tmp_path) == []
    assert not list(tmp_path.iterdir())
    opened(tmp_path)
    assert names(tmp_path) == []


# --- erasure


def test_a_person_is_erased_and_cursors_and_ids_keep_their_meaning(filled: Path) -> None:
    journal = opened(filled)
    journal.append([delivery("99", '{"customer": "K1"}')])
    cursor = last_cursor(filled)
    assert erase_deliveries(filled, "src", lambda line: line["delivery_id"] in ("04", "99")) == 2
    assert erase_deliveries(filled, "src", lambda line: line["delivery_id"] in ("04", "99")) == 0
    folder = Segments.of(filled, "src").folder
    assert not any(b"K1" in path.read_bytes() for path in folder.iterdir())
    assert not list(folder.glob("*.unfinished"))
    left = [f"{number:02d}" for number in range(12) if number != 4]
    assert names(filled) == left
    assert names(filled, since=cursor) == []
    assert journal.append([delivery("99"), delivery("100")]) == [False, True]
    assert opened(filled).append([delivery("99"), delivery("04")]) == [False, False]
    assert names(filled, since=cursor) == ["100"]


def test_an_erasure_takes_what_is_not_closed_yet(tmp_path: Path) -> None:
    opened(tmp_path).append([delivery("a")])
    assert erase_deliveries(tmp_path, "src", lambda line: True) == 1
    assert names(tmp_path) == []
    assert erase_deliveries(tmp_path, "other", lambda line: True) == 0


def test_an_erasure_that_fails_leaves_the_segment_as_it_was(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(filled)

    def broken(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "replace", broken)
        with pytest.raises(LakeWriteError, match="disk is full"):
            erase_deliveries(filled, "src", lambda line: True)
    assert names(filled) == before
    assert erase_deliveries(filled, "src", lambda line: True) == 12
    assert not list(Segments.of(filled, "src").folder.glob("*.unfinished"))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "LOCK_SECONDS", 0.2)


def test_a_folder_that_another_holds_is_not_written(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    with (
        Segments.of(tmp_path, "src").locked(),
        pytest.raises(TimeoutError),
    ):
        journal.append([delivery("a")])
    assert journal.append([delivery("a")]) == [True]
