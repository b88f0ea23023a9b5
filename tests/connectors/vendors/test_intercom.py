"""Intercom: windows of a search that shifts, parts looked at, and the template to the lake."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.api.client import RefusedRequestError
from connectors.errors import ConnectorError, SchemaDriftError
from connectors.pages import Page
from connectors.records import RECORDS
from connectors.vendors import intercom
from programme.systems import VendorRead
from tests.emulators import pulls
from tests.emulators.base import (
    PAGE_FAULTS,
    TRANSPORT_FAULTS,
    Fault,
    Reply,
    Request,
    contacted_hosts,
)
from tests.emulators.intercom import START, TOKEN, Intercom, author, conversation, epoch, part
from tests.emulators.lakes import TemplateLake

AUTH = {"kind": "bearer", "token": "${env:TOKEN}"}
DAY, NEXT_DAY = date(2026, 6, 2), date(2026, 6, 3)
USER, ADMIN, BOT = author("user", 501), author("admin", 7), author("bot", 1)


@pytest.fixture
def desk() -> Any:
    with Intercom() as emulator:
        emulator.conversations = [
            conversation(number, number, part(number * 10, "comment", number, ADMIN, body="Hi"))
            for number in range(1, 26)
        ]
        yield emulator


def pull(desk: Intercom, **more: Any) -> list[Page]:
    system = pulls.system_of("intercom", desk.url, AUTH, **more.pop("system", {}))
    read = VendorRead(stream="conversations", params={"per_page": 10})
    return pulls.pull(system, read, {"TOKEN": TOKEN}, **more)


def received(pages: list[Page]) -> list[str]:
    found = {
        json.dumps({k: v for k, v in payload.items() if not k.startswith("_")}, sort_keys=True)
        for payload in pulls.payloads(pages)
    }
    return sorted(found)


def held(desk: Intercom) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in desk.conversations)


def stamp(minutes: int) -> str:
    return datetime.fromtimestamp(epoch(minutes), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def searches(desk: Intercom) -> list[Request]:
    return [request for request in desk.requests if request.path == "/conversations/search"]


def test_conversations_come_with_their_parts_in_the_version_asked_for(desk: Intercom) -> None:
    with contacted_hosts() as hosts:
        pages = pull(desk)
    assert received(pages) == held(desk)
    assert [len(page.payloads) for page in pages] == [10, 10, 5, 0]
    assert [page.resumable for page in pages] == [False, False, False, True]
    assert pages[-1].cursor == stamp(25)
    assert {request.headers["Intercom-Version"] for request in desk.requests} == {"2.11"}
    assert hosts == {"127.0.0.1"}
    first = pages[0].payloads[0]
    assert first["_customer"] == {"id": "501", "external_id": "K1"}
    looks = [r for r in desk.requests if r.method == "GET"]
    assert {look.query["display_as"] for look in looks} == {"plaintext"}
    assert len(looks) == 25


SLOW = ("retry_after_seconds", "retry_after_date", "timeout")
CASES = [
    (path, kind)
    for path in ("/conversations/search", "/conversations/1")
    for kind in (*TRANSPORT_FAULTS, *PAGE_FAULTS)
    if path.endswith("search") or kind not in (*SLOW, "repeated_page", "cursor_back", "duplicates")
]


@pytest.mark.parametrize(("path", "kind"), CASES)
def test_a_passing_fault_changes_nothing(desk: Intercom, path: str, kind: str) -> None:
    # the third search asks for the second page: the first asks how many there are
    at = 3 if path.endswith("search") else 2
    wait = 3 if kind == "timeout" else 0
    desk.faults = [Fault(kind, at_request=at, path=path, wait_seconds=wait)]
    pages = pull(desk, system={"timeout_seconds": 0.4})
    if kind == "clock_skew":
        numbers = {payload["id"] for payload in pulls.payloads(pages)}
        assert numbers == {item["id"] for item in desk.conversations}
    else:
        assert received(pages) == held(desk)
    assert pages[-1].cursor == stamp(25)


@pytest.mark.parametrize("path", ["/conversations/search", "/conversations/1"])
@pytest.mark.parametrize("kind", ["status_503", "invalid_json", "html", "truncated_page", "reset"])
def test_a_fault_that_stays_ends_in_an_error_and_the_next_pull_reads_all(
    desk: Intercom, path: str, kind: str
) -> None:
    if "search" not in path:
        for item in desk.conversations:
            item["conversation_parts"]["conversation_parts"] *= 2
            item["conversation_parts"]["total_count"] = 2
    desk.faults = [Fault(kind, at_request=3, times=40, path=path)]
    with pytest.raises(RefusedRequestError) as caught:
        pull(desk, since=stamp(0))
    assert f"voices.conversations: {desk.url}/conversations/" in str(caught.value)
    assert f"after 4 attempt(s), since {stamp(0)}. Mend: " in str(caught.value)
    assert TOKEN not in str(caught.value)
    if kind == "truncated_page":
        found = "has 5 conversations instead of 10" if "search" in path else "has 2 parts and has 1"
        assert found in str(caught.value)
    desk.faults = []
    assert received(pull(desk, since=stamp(0))) == held(desk)


def test_a_token_revoked_in_the_middle(desk: Intercom) -> None:
    desk.faults = [Fault("revoked_token", at_request=7, times=1)]
    with pytest.raises(ConnectorError, match=r"HTTP 401 after 1 attempt.*the token"):
        pull(desk)
    assert received(pull(desk)) == held(desk)


def test_many_are_read_window_by_window_each_of_which_is_final(
    desk: Intercom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intercom, "_LARGEST_WINDOW", 7)
    desk.order = "newest first"
    pages = pull(desk)
    assert received(pages) == held(desk)
    final = [page for page in pages if page.resumable]
    assert len(final) > 4
    assert [page.cursor for page in final] == sorted(str(page.cursor) for page in final)
    for page in final:  # all up to its cursor came before it
        before = pages[: pages.index(page) + 1]
        known = {payload["id"] for payload in pulls.payloads(before)}
        missing = [c for c in desk.conversations if c["id"] not in known]
        assert all(stamp(int(c["id"])) > str(page.cursor) for c in missing)


def test_a_page_that_shifts_while_it_is_read_loses_nothing(desk: Intercom) -> None:
    undisturbed = desk.reply

    def shifting(request: Request) -> Reply:
        reply = undisturbed(request)
        if len(searches(desk)) == 2 and request.path == "/conversations/search":
            # after the first page was made, two of it change: the next pages begin two too late
            for item in desk.conversations[:2]:
                item["updated_at"] = epoch(100)
        return reply

    desk.reply = shifting  # type: ignore[method-assign]
    pages = pull(desk)
    assert {payload["id"] for payload in pulls.payloads(pages)} == {
        item["id"] for item in desk.conversations
    }
    latest = {payload["id"]: payload["updated_at"] for payload in pulls.payloads(pages)}
    assert latest["1"] == epoch(100)


def test_a_search_that_counts_more_than_it_gives(desk: Intercom) -> None:
    undisturbed = desk.reply

    def counting(request: Request) -> Reply:
        reply = undisturbed(request)
        if "total_count" in reply.body:
            reply.body["total_count"] = 26
        return reply

    desk.reply = counting  # type: ignore[method-assign]
    with pytest.raises(RefusedRequestError, match="tells of 26 conversations and gives 25 after 4"):
        pull(desk)


def test_the_next_pull_asks_for_what_changed_since(desk: Intercom) -> None:
    desk.conversations[3]["updated_at"] = epoch(60)
    pages = pull(desk, since=stamp(24), lookback_minutes=1)
    asked = searches(desk)[-1].json["query"]["value"]
    assert asked == [{"field": "updated_at", "operator": ">", "value": epoch(23) - 1}]
    assert sorted(int(p["id"]) for p in pulls.payloads(pages)) == [4, 23, 24, 25]
    pull(desk, history_from=date(2026, 6, 1))
    assert searches(desk)[-1].json["query"]["value"][0]["value"] == int(START.timestamp()) - 32401


def test_what_was_deleted_meanwhile_is_said_to_be_gone(desk: Intercom) -> None:
    desk.deleted = {"5"}
    found = {payload["id"]: payload["_gone"] for payload in pulls.payloads(pull(desk))}
    assert [number for number, gone in found.items() if gone] == ["5"]
    assert len(found) == 25


def test_more_parts_than_intercom_gives_are_named_in_the_log(
    desk: Intercom, caplog: pytest.LogCaptureFixture
) -> None:
    parts = [part(n, "comment", 1, USER, body="Hm") for n in range(500)]
    desk.conversations = [conversation(77, 30, *parts, count=612)]
    with caplog.at_level(logging.WARNING):
        assert len(pulls.payloads(pull(desk))) == 1
    assert "conversation 77 has 612 parts, of which Intercom gives the newest 500" in caplog.text


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"data": [], "total_count": 1}, "has no list `conversations`; present: data, total_count"),
        ({"conversations": []}, "has no `total_count`"),
        ({"conversations": [{"id": "1"}], "total_count": 1}, "no `updated_at` in epoch seconds"),
        ([], "the answer has no `total_count`"),
    ],
)
def test_shapes_that_are_none_are_named(desk: Intercom, answer: Any, found: str) -> None:
    desk.reply = lambda request: Reply(answer)  # type: ignore[method-assign]
    with pytest.raises(SchemaDriftError, match=found):
        pull(desk)


def test_the_template_from_the_api_to_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Intercom() as desk:
        monkeypatch.setenv("CXLOOP_INTERCOM_TOKEN", TOKEN)
        story(desk)
        lake = TemplateLake("intercom", tmp_path, base_url=desk.url)
        assert lake.run(DAY).counts.quarantined == 0
        told(lake)
        desk.conversations[0]["conversation_parts"]["conversation_parts"][1] |= {
            "body": None,
            "redacted": True,
        }
        desk.conversations[0]["updated_at"] = epoch(90)
        desk.deleted = {"2"}
        desk.conversations[1]["updated_at"] = epoch(91)
        lake.run(NEXT_DAY)
        assert [row for name in RECORDS for row in lake.quarantine(name, NEXT_DAY)] == []
        stored = lake.everything()
    redacted = {row["turn_id"]: row for row in lake.raw("interaction_turn", NEXT_DAY)}["12"]
    assert (redacted["text"], redacted["deleted_at"]) == (None, redacted["version"])
    gone = {row["interaction_id"]: row["deleted_at"] for row in lake.raw("interaction", NEXT_DAY)}
    assert {number: at is not None for number, at in gone.items()} == {"1": False, "2": True}
    for secret in (b"Jane Doe", b"501@example.com", b"u=jane", b"s3cret"):
        assert secret not in stored


def story(desk: Intercom) -> None:
    """One conversation that is closed with a reply, opened again and closed; one rated call."""
    assigned = {"type": "admin", "id": "7"}
    rating = {"rating": 5, "remark": "Quick", "created_at": epoch(61), "updated_at": epoch(64)}
    desk.conversations = [
        conversation(
            1,
            60,
            part(11, "comment", 1, BOT, body="A colleague will answer"),
            part(12, "comment", 9, USER, body="Thank you"),
            part(13, "assignment", 10, ADMIN, assigned_to=assigned),
            part(14, "note", 11, ADMIN, body="looks lost"),
            part(15, "close", 20, ADMIN, body="It arrives today"),
            part(16, "open", 30, USER, body="It did not"),
            part(17, "close", 60, ADMIN),
            state="closed",
            admin_assignee_id=7,
        ),
        conversation(2, 30, conversation_rating=rating, priority="priority"),
        conversation(3, 31, conversation_rating={"rating": None, "created_at": epoch(5)}),
    ]
    desk.conversations[1]["source"]["type"] = "phone_call"


def told(lake: TemplateLake) -> None:
    contacts = {row["interaction_id"]: row for row in lake.raw("interaction", DAY)}
    assert [contacts[n]["kind"] for n in "123"] == ["chat", "call", "chat"]
    assert [contacts[n]["priority"] for n in "123"] == ["normal", "high", "normal"]
    assert [contacts[n]["agent_id"] for n in "123"] == ["7", None, None]
    assert contacts["1"]["customer_id"] == "501"
    assert contacts["1"]["opened_at"] == datetime(2026, 6, 1, 9, tzinfo=UTC)
    events = sorted(
        (int((row["occurred_at"] - START).total_seconds() / 60), row["kind"], row["actor"])
        for row in lake.raw("interaction_event", DAY)
        if row["interaction_id"] == "1"
    )
    assert events == [
        (0, "opened", "customer"),
        (1, "replied", "bot"),
        (9, "replied", "customer"),
        (10, "assigned", "agent"),
        (20, "replied", "agent"),
        (20, "resolved", "agent"),
        (30, "reopened", "customer"),
        (30, "replied", "customer"),
        (60, "resolved", "agent"),
    ]
    turns = [row for row in lake.raw("interaction_turn", DAY) if row["interaction_id"] == "1"]
    assert [row["speaker"] for row in turns].count("customer") == 3
    assert len(turns) == 5
    (answer,) = lake.raw("feedback", DAY)
    assert (answer["score"], answer["scale_max"], answer["comment"]) == (5.0, 5.0, "Quick")
    assert answer["responded_at"] == datetime(2026, 6, 1, 10, 4, tzinfo=UTC)
    asked = {row["invitation_id"]: row["answered_at"] for row in lake.raw("invitation", DAY)}
    assert {number: at is not None for number, at in asked.items()} == {"2": True, "3": False}
