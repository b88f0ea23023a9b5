"""Zendesk Support on a loopback port: incremental exports, ratings, users, in the API's shapes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.emulators.base import Emulator, Fault, Reply, Request

EMAIL = "robot@example.com"
TOKEN = "zendesk-s3cret-token"
START = datetime(2026, 6, 1, 9, tzinfo=UTC)
AGENT, ADMIN, BOT = 900, 901, -1


def stamp(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(minutes: float) -> int:
    return int((START + timedelta(minutes=minutes)).timestamp())


def ticket(number: int, minutes: float, **more: Any) -> dict[str, Any]:
    """A ticket as the incremental export writes it, last changed after so many minutes."""
    return {
        "url": f"https://example.zendesk.com/api/v2/tickets/{number}.json",
        "id": number,
        "external_id": None,
        "via": {"channel": "email", "source": {"from": {"address": "p@example.com"}, "rel": None}},
        "created_at": stamp(0),
        "updated_at": stamp(minutes),
        "generated_timestamp": epoch(minutes),
        "type": "question",
        "subject": "Where is my order?",
        "raw_subject": "Where is my order?",
        "description": "Hello, I am Jane Doe",
        "priority": "normal",
        "status": "open",
        "recipient": "support@example.com",
        "requester_id": 100 + number % 5,
        "submitter_id": 100 + number % 5,
        "assignee_id": AGENT,
        "organization_id": 50 + number % 2,
        "group_id": 7,
        "is_public": True,
        "tags": ["vip"],
        "custom_fields": [{"id": 27642, "value": "billing"}],
        "satisfaction_rating": {"score": "unoffered"},
        "ticket_form_id": 1,
        "brand_id": 2,
        **more,
    }


def audit(number: int, of: int, minutes: float, updater: int, *children: dict[str, Any]) -> Any:
    """One ticket event: an update of a ticket with all that it changed."""
    at = stamp(minutes)
    made = []
    for place, child in enumerate(children):
        made.append(
            {
                "id": number * 100 + place,
                "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
                "via_reference_id": None,
                **({"created_at": at} if child["event_type"] == "Comment" else {}),
                **child,
            }
        )
    return {
        "id": number,
        "ticket_id": of,
        "timestamp": epoch(minutes),
        "created_at": at,
        "updater_id": updater,
        "via": "Web form",
        "system": {"client": "Mozilla/5.0", "ip_address": "192.0.2.1", "location": "Osaka"},
        "metadata": {},
        "event_type": "Audit",
        "child_events": made,
    }


def comment(author: int, body: str, *, public: bool = True) -> dict[str, Any]:
    return {
        "event_type": "Comment",
        "type": "Comment",
        "author_id": author,
        "body": body,
        "html_body": f"<p>{body}</p>",
        "plain_body": body,
        "public": public,
        "attachments": [],
    }


def created(**fields: Any) -> list[dict[str, Any]]:
    return [{"event_type": "Create", name: value} for name, value in fields.items()]


def change(previous: Any, **field: Any) -> dict[str, Any]:
    return {"event_type": "Change", "previous_value": previous, **field}


def user(number: int, minutes: float, role: str = "end-user", **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "url": f"https://example.zendesk.com/api/v2/users/{number}.json",
        "name": "Jane Doe",
        "email": f"u{number}@example.com",
        "created_at": stamp(0),
        "updated_at": stamp(minutes),
        "time_zone": "Osaka",
        "iana_time_zone": "Asia/Tokyo",
        "phone": None,
        "locale": "ja",
        "organization_id": 50,
        "role": role,
        "external_id": f"K{number}",
        "active": True,
        "suspended": False,
        "user_fields": {"plan": "pro"},
        **more,
    }


def organization(number: int, minutes: float, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Company {number}",
        "created_at": stamp(0),
        "updated_at": stamp(minutes),
        "domain_names": ["example.com"],
        "group_id": None,
        "tags": [],
        "organization_fields": {"industry": "retail"},
        "deleted_at": None,
        **more,
    }


def rating(number: int, minutes: float, score: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "assignee_id": AGENT,
        "group_id": 7,
        "requester_id": 100 + number % 5,
        "ticket_id": number,
        "score": score,
        "comment": None,
        "reason": None,
        "created_at": stamp(1),
        "updated_at": stamp(minutes),
        **more,
    }


class Zendesk(Emulator):
    """One account.

    Attributes:
        tickets, ticket_events, users, organizations, ratings: What it holds.
        page_size: Elements a page.
        tells_end: Whether time-based exports say `end_of_stream`, which older ones do not.
    """

    list_paths = ("tickets", "ticket_events", "users", "organizations", "satisfaction_ratings")
    next_fields = ("after_cursor", "after_url", "end_time", "next_page", "meta.after_cursor")
    stamp_fields = ("generated_timestamp", "timestamp", "updated_at")

    def __init__(self, *faults: Fault, page_size: int = 10) -> None:
        super().__init__(*faults)
        self.page_size = page_size
        self.tells_end = True
        self.clock = START + timedelta(days=30)
        self.tickets: list[dict[str, Any]] = []
        self.ticket_events: list[dict[str, Any]] = []
        self.users: list[dict[str, Any]] = []
        self.organizations: list[dict[str, Any]] = []
        self.ratings: list[dict[str, Any]] = []
        self.groups = [{"id": 7, "name": "Returns"}]

    def reply(self, request: Request) -> Reply:
        authorization = request.headers.get("Authorization")
        if request.basic != f"{EMAIL}/token:{TOKEN}" and authorization != f"Bearer {TOKEN}":
            return Reply({"error": "Couldn't authenticate you"}, 401)
        if request.path == "/api/v2/incremental/tickets/cursor.json":
            return self._by_cursor(request, "tickets", self.tickets, "generated_timestamp")
        if request.path == "/api/v2/incremental/users/cursor.json":
            return self._by_cursor(request, "users", self.users, "updated_at")
        if request.path == "/api/v2/incremental/ticket_events.json":
            return self._by_time(request, "ticket_events", self.ticket_events, "timestamp")
        if request.path == "/api/v2/incremental/organizations.json":
            return self._by_time(request, "organizations", self.organizations, "updated_at")
        if request.path == "/api/v2/satisfaction_ratings.json":
            return self._ratings(request)
        if request.path == "/api/v2/users/show_many.json":
            wanted = {int(number) for number in request.query["ids"].split(",")}
            assert len(wanted) <= 100
            return Reply({"users": [user for user in self.users if user["id"] in wanted]})
        if request.path == "/api/v2/slas/policies.json":
            return Reply({"sla_policies": [{"id": 1, "title": "Incidents"}], "count": 1})
        return Reply({"error": "InvalidEndpoint", "description": "Not found"}, 404)

    def _by_cursor(self, request: Request, key: str, rows: list[Any], by: str) -> Reply:
        """Where a page ends stands in the cursor: stamp and id of its last element."""
        ordered = sorted(rows, key=lambda row: (_seconds(row[by]), row["id"]))
        if "cursor" in request.query:
            at, _, number, _ = base64.b64decode(request.query["cursor"]).decode().split("|")
            after = (float(at), int(number))
            ordered = [row for row in ordered if (_seconds(row[by]), row["id"]) > after]
        else:
            start = int(request.query["start_time"])
            ordered = [row for row in ordered if _seconds(row[by]) >= start]
        page = ordered[: self.page_size]
        last = page[-1] if page else None
        cursor = f"{_seconds(last[by]):.1f}||{last['id']}|" if last else "0.0||0|"
        encoded = base64.b64encode(cursor.encode()).decode()
        body: dict[str, Any] = {
            key: page,
            "after_url": f"{self.url}{request.path}?cursor={encoded}",
            "after_cursor": encoded,
            "before_url": None,
            "before_cursor": None,
            "end_of_stream": len(ordered) <= self.page_size,
        }
        if "users" in request.query.get("include", "") and key == "tickets":
            wanted = {row["requester_id"] for row in page}
            body["users"] = [user for user in self.users if user["id"] in wanted]
            body["groups"] = self.groups
        return Reply(body)

    def _by_time(self, request: Request, key: str, rows: list[Any], by: str) -> Reply:
        """A page begins where the one before ended, so that what lies there comes in both."""
        start = int(request.query["start_time"])
        ordered = sorted((row for row in rows if _seconds(row[by]) >= start), key=lambda r: r[by])
        page = ordered[: self.page_size]
        end = int(_seconds(page[-1][by])) if page else None
        body = {
            key: page,
            "next_page": f"{self.url}{request.path}?start_time={end}" if page else None,
            "count": len(page),
            "end_time": end,
        }
        if self.tells_end:
            body["end_of_stream"] = len(ordered) <= self.page_size
        return Reply(body)

    def _ratings(self, request: Request) -> Reply:
        start = int(request.query["start_time"])
        found = [row for row in self.ratings if _seconds(row["created_at"]) >= start]
        at = int(base64.b64decode(request.query.get("page[after]", "MA==")))
        page = found[at : at + self.page_size]
        more = at + self.page_size < len(found)
        cursor = base64.b64encode(str(at + self.page_size).encode()).decode()
        meta = {"has_more": more, "after_cursor": cursor if page else None, "before_cursor": None}
        links = {"next": f"{self.url}{request.path}?page[after]={cursor}" if more else None}
        return Reply({"satisfaction_ratings": page, "meta": meta, "links": links})


def _seconds(value: Any) -> float:
    return value if isinstance(value, int) else datetime.fromisoformat(value).timestamp()
