"""Zendesk: exports against a server that misbehaves, who acted, and the template to the lake."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.api.client import ApiClient, RefusedRequestError
from connectors.errors import ConnectorError, SchemaDriftError, UnusableDeclarationError
from connectors.pages import Page
from connectors.placeholders import Placeholders
from connectors.vendors import open_pages
from programme.systems import VendorRead
from tests.emulators import pulls
from tests.emulators.base import PAGE_FAULTS, TRANSPORT_FAULTS, Fault, Reply, contacted_hosts
from tests.emulators.lakes import TemplateLake
from tests.emulators.zendesk import (
    ADMIN,
    AGENT,
    BOT,
    EMAIL,
    TOKEN,
    Zendesk,
    audit,
    change,
    comment,
    created,
    epoch,
    organization,
    rating,
    stamp,
    ticket,
    user,
)
from tests.shared import SHARED_DATA

BASIC = {"kind": "basic", "username": "${env:EMAIL}/token", "password": "${env:TOKEN}"}
ENVIRONMENT = {"EMAIL": EMAIL, "TOKEN": TOKEN}
RECORDINGS = SHARED_DATA / "api_recordings/zendesk"
DAY, NEXT_DAY = date(2026, 6, 2), date(2026, 6, 3)
KEYS = {
    "tickets": "tickets",
    "ticket_events": "ticket_events",
    "users": "users",
    "organizations": "organizations",
    "satisfaction_ratings": "ratings",
}


@pytest.fixture
def desk() -> Any:
    with Zendesk() as emulator:
        fill(emulator)
        yield emulator


def fill(desk: Zendesk, count: int = 25) -> None:
    desk.tickets = [ticket(number, number) for number in range(1, count + 1)]
    desk.ticket_events = [
        audit(number, number, number, 100 + number % 5, *created(status="new"), comment(100, "Hi"))
        for number in range(1, count + 1)
    ]
    desk.users = [user(number, number - 99) for number in range(100, 100 + count)]
    desk.users += [user(AGENT, 1, "agent"), user(ADMIN, 2, "admin")]
    desk.organizations = [organization(number, number) for number in range(1, count + 1)]
    desk.ratings = [rating(number, number, "good") for number in range(1, count + 1)]


def pull(desk: Zendesk, stream: str, auth: dict[str, Any] = BASIC, **more: Any) -> list[Page]:
    system = pulls.system_of("zendesk", desk.url, auth, **more.pop("system", {}))
    read = VendorRead(stream=stream, params=more.pop("params", {}))
    return pulls.pull(system, read, ENVIRONMENT, **more)


def received(pages: list[Page]) -> list[str]:
    """What Zendesk sent, each object once, without what the connector adds."""
    found = set()
    for payload in pulls.payloads(pages):
        own = {key: value for key, value in payload.items() if not key.startswith("_")}
        for child in own.get("child_events", []):
            child.pop("_author", None)
        found.add(json.dumps(own, sort_keys=True))
    return sorted(found)


def held(desk: Zendesk, stream: str) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in getattr(desk, KEYS[stream]))


@pytest.mark.parametrize("stream", KEYS)
def test_a_stream_is_read_to_its_end(desk: Zendesk, stream: str) -> None:
    with contacted_hosts() as hosts:
        pages = pull(desk, stream)
    assert received(pages) == held(desk, stream)
    ordered = stream != "satisfaction_ratings"
    assert [page.resumable for page in pages] == [ordered] * len(pages)
    assert len(pages) == 3
    assert pages[-1].cursor == stamp(25)
    assert hosts == {"127.0.0.1"}
    assert desk.secrets_sent == {desk.requests[0].headers["Authorization"]}


SLOW = ("retry_after_seconds", "retry_after_date", "timeout")
STREAMS = ("tickets", "ticket_events", "organizations", "satisfaction_ratings")
CASES = [
    (stream, kind)
    for stream in STREAMS
    for kind in (*TRANSPORT_FAULTS, *PAGE_FAULTS)
    # exports by cursor and ratings do not say how many elements a page has
    if not (kind == "truncated_page" and stream in ("tickets", "satisfaction_ratings"))
    and not (kind in SLOW and stream != "tickets")
]


@pytest.mark.parametrize(("stream", "kind"), CASES)
def test_a_passing_fault_changes_nothing(desk: Zendesk, stream: str, kind: str) -> None:
    path = "users" if stream == "users" else stream.removeprefix("satisfaction_")
    desk.faults = [Fault(kind, at_request=2, path=path, wait_seconds=3 if kind == "timeout" else 0)]
    pages = pull(desk, stream, system={"timeout_seconds": 0.4})
    if kind == "clock_skew":
        numbers = {payload["id"] for payload in pulls.payloads(pages)}
        assert numbers == {row["id"] for row in getattr(desk, KEYS[stream])}
    else:
        assert received(pages) == held(desk, stream)
    # not the stamp of another century
    assert pages[-1].cursor == stamp(25)


@pytest.mark.parametrize("kind", ["status_503", "invalid_json", "html", "truncated_page", "reset"])
def test_a_fault_that_stays_keeps_what_was_read_and_the_next_pull_continues(
    desk: Zendesk, kind: str
) -> None:
    desk.faults = [Fault(kind, at_request=2, times=4, path="ticket_events")]
    system = pulls.system_of("zendesk", desk.url, BASIC)
    client = ApiClient(system, Placeholders("voices", Path(), ENVIRONMENT), entity="ticket_events")
    read = VendorRead(stream="ticket_events")
    asking = open_pages(
        "zendesk", client, read, since=stamp(0), history_from=None, lookback_minutes=0
    )
    kept: list[Page] = []
    with pytest.raises(RefusedRequestError) as caught:
        kept.extend(asking)
    client.close()
    text = str(caught.value)
    address = f"voices.ticket_events: {desk.url}/api/v2/incremental/ticket_events.json: "
    assert text.startswith(address)
    assert f"after 4 attempt(s), since {stamp(0)}. Mend: " in text
    assert TOKEN not in text
    assert len(kept) == 1
    assert kept[0].resumable
    again = pull(desk, "ticket_events", since=kept[0].cursor)
    assert set(received(kept)) | set(received(again)) == set(held(desk, "ticket_events"))


def test_a_token_revoked_in_the_middle(desk: Zendesk) -> None:
    desk.faults = [Fault("revoked_token", at_request=2)]
    with pytest.raises(ConnectorError, match=r"HTTP 401 after 1 attempt.*the token"):
        pull(desk, "tickets")
    assert received(pull(desk, "tickets")) == held(desk, "tickets")


def test_a_bearer_token_and_a_refused_one(desk: Zendesk) -> None:
    bearer = {"kind": "bearer", "token": "${env:TOKEN}"}
    assert received(pull(desk, "tickets", bearer)) == held(desk, "tickets")
    with pytest.raises(ConnectorError, match="HTTP 401"):
        pull(desk, "tickets", {"kind": "bearer", "token": "${env:EMAIL}"})


def test_the_next_pull_starts_a_lookback_before_the_cursor(desk: Zendesk) -> None:
    pull(desk, "tickets", history_from=date(2026, 6, 1))
    assert desk.requests[0].query["start_time"] == str(epoch(-540))
    again = pull(desk, "tickets", since=stamp(20), lookback_minutes=3)
    assert desk.requests[-1].query == {"start_time": str(epoch(17)), "include": "users,groups"}
    assert [payload["id"] for payload in pulls.payloads(again)] == list(range(17, 26))
    pull(desk, "tickets")
    assert desk.requests[-3].query["start_time"] == "0"
    nothing = pull(desk, "tickets", since=stamp(26))
    assert [(page.payloads, page.cursor) for page in nothing] == [((), None)]


def test_a_change_by_the_system_is_seen(desk: Zendesk) -> None:
    desk.tickets[0] = ticket(1, 40) | {"updated_at": stamp(1)}
    (page,) = pull(desk, "tickets", since=stamp(26))
    assert [payload["id"] for payload in page.payloads] == [1]
    assert page.cursor == stamp(40)


def test_events_of_before_end_of_stream_was_told() -> None:
    with Zendesk(page_size=1000) as desk:
        fill(desk, 1500)
        desk.tells_end = False
        pages = pull(desk, "ticket_events")
        assert [len(page.payloads) for page in pages] == [1000, 501]
        assert received(pages) == held(desk, "ticket_events")


def test_more_events_in_one_second_than_a_page_holds_do_not_loop_for_ever(desk: Zendesk) -> None:
    for event in desk.ticket_events:
        event["timestamp"] = epoch(3)
    found = "leads back to a page already read after 4 attempt"
    with pytest.raises(RefusedRequestError, match=found):
        pull(desk, "ticket_events", since=stamp(3))


def test_who_acted_is_looked_up_once(desk: Zendesk) -> None:
    pages = pull(desk, "ticket_events")
    asked = [request for request in desk.requests if request.path.endswith("show_many.json")]
    assert len(asked) == 1
    event = pages[0].payloads[0]
    assert event["_updater"] == {"id": 101, "role": "end-user", "external_id": "K101"}
    assert event["_opens"] is True
    assert event["child_events"][1]["_author"]["role"] == "end-user"
    assert "_author" not in event["child_events"][0]


def test_tickets_carry_requester_group_and_fields_by_number(desk: Zendesk) -> None:
    desk.tickets[1]["requester_id"] = 777  # deleted for good
    first, second = pull(desk, "tickets")[0].payloads[:2]
    assert first["_requester"] == {"id": 101, "role": "end-user", "external_id": "K101"}
    assert second["_requester"] is None
    assert first["_group"] == {"id": 7, "name": "Returns"}
    assert first["_custom_fields"] == {"27642": "billing"}


def test_policies_are_a_snapshot(desk: Zendesk) -> None:
    (page,) = pull(desk, "sla_policies")
    assert (page.payloads[0]["title"], page.cursor, page.resumable) == ("Incidents", None, False)


def test_shapes_that_are_none_are_named(desk: Zendesk) -> None:
    with pytest.raises(UnusableDeclarationError, match=r"no stream `chats`.*tickets, ticket_eve"):
        pull(desk, "chats")
    undisturbed = desk.reply
    answers: dict[str, Any] = {
        "has no list `tickets`; present: end_of_stream": {"end_of_stream": True},
        "has no list `tickets`; present: list": [],
        "an element of `tickets` has no `generated_timestamp`": {
            "tickets": [{"id": 1}],
            "end_of_stream": True,
        },
        "neither `end_of_stream` nor `count` after 4": {"tickets": []},
        "there is more and not where after 4": {"tickets": [], "end_of_stream": False},
    }
    for found, answer in answers.items():
        desk.reply = lambda request, answer=answer: Reply(answer)  # type: ignore[method-assign]
        with pytest.raises((SchemaDriftError, RefusedRequestError), match=found):
            pull(desk, "tickets")
    desk.reply = undisturbed  # type: ignore[method-assign]


def test_the_template_from_the_api_to_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Zendesk() as desk:
        monkeypatch.setenv("CXLOOP_ZENDESK_URL", desk.url)
        monkeypatch.setenv("CXLOOP_ZENDESK_EMAIL", EMAIL)
        monkeypatch.setenv("CXLOOP_ZENDESK_TOKEN", TOKEN)
        story(desk)
        lake = TemplateLake("zendesk", tmp_path)
        summary = lake.run(DAY)
        assert summary.counts.quarantined == 0
        told(lake)
        later(desk, lake)
        stored = lake.everything()
    for secret in (b"Jane Doe", b"u101@example.com", b"p@example.com", b"192.0.2.1", b"s3cret"):
        assert secret not in stored


def story(desk: Zendesk) -> None:
    """One ticket that is solved, opened again and solved; one that is deleted; one by an agent."""
    desk.users = [user(101, 1), user(102, 2, active=False), user(AGENT, 1, "agent")]
    desk.users += [user(ADMIN, 1, "admin")]
    desk.organizations = [organization(50, 3), organization(51, 4, deleted_at=stamp(4))]
    desk.tickets = [
        ticket(1, 60, status="solved"),
        ticket(2, 30, status="deleted", requester_id=102, via={"channel": "voice"}),
        ticket(3, 5, group_id=None, via={"channel": "something_new"}),
    ]
    desk.ticket_events = [
        audit(10, 1, 0, 101, *created(status="new", priority="high"), comment(101, "My tel is")),
        audit(11, 1, 1, BOT, comment(BOT, "We got it"), change(None, assignee_id=AGENT)),
        audit(12, 1, 10, AGENT, comment(AGENT, "a note", public=False)),
        audit(13, 1, 20, AGENT, comment(AGENT, "Hello"), change("open", status="solved")),
        audit(14, 1, 30, 101, comment(101, "Not yet"), change("solved", status="open")),
        audit(15, 1, 60, ADMIN, change("open", status="solved")),
        audit(16, 3, 5, AGENT, *created(status="solved"), comment(AGENT, "For you")),
    ]
    desk.ratings = [
        rating(1, 70, "good_with_comment", comment="Thanks"),
        rating(2, 71, "bad"),
        rating(3, 1, "offered"),
        rating(4, 1, "unoffered"),
    ]


def told(lake: TemplateLake) -> None:
    tickets = {row["interaction_id"]: row for row in lake.raw("interaction", DAY)}
    assert [tickets[n]["channel"] for n in "123"] == ["email", "phone", None]
    assert [tickets[n]["team"] for n in "123"] == ["Returns", "Returns", None]
    assert [tickets[n]["customer_id"] for n in "123"] == ["101", "102", "103"]
    at = {n: tickets[n]["deleted_at"] for n in "123"}
    assert at == {"1": None, "2": datetime(2026, 6, 1, 9, 30, tzinfo=UTC), "3": None}
    assert tickets["1"]["version"] == datetime(2026, 6, 1, 10, tzinfo=UTC)
    events = sorted(
        (row["occurred_at"], row["kind"], row["actor"] or "", row["agent_id"] or "")
        for row in lake.raw("interaction_event", DAY)
        if row["interaction_id"] == "1"
    )
    minutes = {at: (at - events[0][0]).total_seconds() / 60 for at, *_ in events}
    assert [(minutes[at], *rest) for at, *rest in events] == [
        (0, "opened", "customer", ""),
        (1, "assigned", "bot", str(AGENT)),
        (1, "replied", "bot", ""),
        (20, "replied", "agent", str(AGENT)),
        (20, "resolved", "agent", str(AGENT)),
        (30, "reopened", "customer", ""),
        (30, "replied", "customer", ""),
        (60, "resolved", "agent", str(ADMIN)),
    ]
    other = {
        row["kind"] for row in lake.raw("interaction_event", DAY) if row["interaction_id"] == "3"
    }
    assert other == {"opened", "resolved"}
    answers = {row["response_id"]: row for row in lake.raw("feedback", DAY)}
    assert {n: (row["score"], row["comment"]) for n, row in answers.items()} == {
        "1": (1.0, "Thanks"),
        "2": (0.0, None),
    }
    asked = {row["invitation_id"]: row["answered_at"] for row in lake.raw("invitation", DAY)}
    assert {n: at is not None for n, at in asked.items()} == {"1": True, "2": True, "3": False}
    people = {row["customer_id"]: row for row in lake.raw("customer", DAY)}
    assert set(people) == {"101", "102"}
    assert people["101"]["language"] == "ja"
    assert [people[n]["deleted_at"] is None for n in ("101", "102")] == [True, False]
    assert [row["deleted_at"] is None for row in lake.raw("account", DAY)] == [True, False]
    turns = {row["turn_id"]: row["speaker"] for row in lake.raw("interaction_turn", DAY)}
    assert sorted(turns.values()) == ["agent", "agent", "bot", "customer", "customer"]


def later(desk: Zendesk, lake: TemplateLake) -> None:
    """The next day a comment is redacted and a ticket changes; the rest is not landed again."""
    redacted = {"event_type": "CommentRedactEvent", "comment_id": 1002}
    desk.ticket_events.append(audit(17, 1, 90, AGENT, redacted))
    desk.tickets[0] = ticket(1, 95, status="closed")
    assert lake.run(NEXT_DAY).counts.quarantined == 0
    (changed,) = lake.raw("interaction", NEXT_DAY)
    assert (changed["interaction_id"], changed["status"]) == ("1", "closed")
    (gone,) = lake.raw("interaction_turn", NEXT_DAY)
    assert (gone["turn_id"], gone["text"]) == ("1002", None)
    assert gone["deleted_at"] == gone["version"]
    assert lake.raw("feedback", NEXT_DAY) == []


def test_recorded_answers_fit_the_template(tmp_path: Path) -> None:
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recorded answers at {RECORDINGS}")
    read = lambda name: json.loads((RECORDINGS / f"go-zendesk_GET_{name}.json").read_text())  # noqa: E731
    with Zendesk() as desk:
        # an export adds one key to what the list holds
        for place, found in enumerate([*read("tickets")["tickets"], read("ticket")["ticket"]]):
            desk.tickets.append({**found, "generated_timestamp": epoch(place)})
        desk.users = read("users")["users"]
        desk.organizations = read("organizations")["organizations"]
        programme = pulls.template("zendesk", tmp_path / "programme")
        for stream in ("tickets", "users", "organizations"):
            payloads = pulls.payloads(pull(desk, stream))
            assert len(payloads) == len(getattr(desk, stream)) > 0
            for _, mapped in pulls.mapped(programme, "zendesk", stream, payloads):
                assert not mapped.refusals
                assert not mapped.absent
                assert mapped.table.num_rows + mapped.not_applicable == len(payloads)
