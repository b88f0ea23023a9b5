"""Intercom on a loopback port: the search for conversations, and each with its parts."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.emulators.base import Emulator, Fault, Reply, Request

TOKEN = "intercom-s3cret-token"
START = datetime(2026, 6, 1, 9, tzinfo=UTC)


def epoch(minutes: float) -> int:
    return int((START + timedelta(minutes=minutes)).timestamp())


def author(kind: str, number: int) -> dict[str, Any]:
    return {"type": kind, "id": str(number), "name": "Jane Doe", "email": f"{number}@example.com"}


def part(number: int, kind: str, minutes: float, by: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "conversation_part",
        "id": str(number),
        "part_type": kind,
        "body": None,
        "created_at": epoch(minutes),
        "updated_at": epoch(minutes),
        "notified_at": epoch(minutes),
        "assigned_to": None,
        "author": by,
        "attachments": [],
        "external_id": None,
        "redacted": False,
        **more,
    }


def conversation(
    number: int, minutes: float, *parts: dict[str, Any], count: int | None = None, **more: Any
) -> dict[str, Any]:
    """A conversation as a look at it shows one, last changed after so many minutes."""
    return {
        "type": "conversation",
        "id": str(number),
        "title": "About Jane Doe",
        "created_at": epoch(0),
        "updated_at": epoch(minutes),
        "waiting_since": None,
        "snoozed_until": None,
        "open": True,
        "state": "open",
        "read": True,
        "priority": "not_priority",
        "admin_assignee_id": 0,
        "team_assignee_id": None,
        "tags": {"type": "tag.list", "tags": []},
        "conversation_rating": None,
        "source": {
            "type": "conversation",
            "id": f"s{number}",
            "delivered_as": "customer_initiated",
            "subject": "",
            "body": "Where is my order?",
            "author": author("user", 500 + number % 3),
            "attachments": [],
            "url": "https://example.com/?u=jane",
            "redacted": False,
        },
        "contacts": {
            "type": "contact.list",
            "contacts": [
                {"type": "contact", "id": str(500 + number % 3), "external_id": f"K{number % 3}"}
            ],
        },
        "custom_attributes": {},
        "statistics": {"type": "conversation_statistics", "time_to_admin_reply": 120},
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": list(parts),
            "total_count": len(parts) if count is None else count,
        },
        **more,
    }


class Intercom(Emulator):
    """One workspace.

    Attributes:
        conversations: What it holds.
        deleted: Numbers that the search still finds and that are gone.
        order: How a search sorts: "ascending", or any other word for the opposite.
    """

    list_paths = ("conversations", "conversation_parts.conversation_parts")
    next_fields = ("pages.next",)

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.conversations: list[dict[str, Any]] = []
        self.deleted: set[str] = set()
        self.order = "ascending"
        self.clock = START + timedelta(days=10)

    def reply(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            error = {"code": "token_unauthorized", "message": "Access Token Invalid"}
            return Reply({"type": "error.list", "errors": [error]}, 401)
        if request.path == "/conversations/search" and request.method == "POST":
            return self._search(request.json)
        number = request.path.removeprefix("/conversations/")
        found = [item for item in self.conversations if item["id"] == number]
        if not found or number in self.deleted:
            error = {"code": "not_found", "message": "Resource Not Found"}
            return Reply({"type": "error.list", "errors": [error]}, 404)
        return Reply(found[0])

    def _search(self, body: dict[str, Any]) -> Reply:
        found = self.conversations
        for asked in body["query"]["value"]:
            assert asked["field"] == "updated_at"
            value, above = asked["value"], asked["operator"] == ">"
            found = [
                item
                for item in found
                if (item["updated_at"] > value if above else item["updated_at"] < value)
            ]
        downward = self.order != "ascending"
        found = sorted(found, key=lambda item: item["updated_at"], reverse=downward)
        size = body["pagination"]["per_page"]
        assert size <= 150
        after = body["pagination"].get("starting_after")
        at = int(base64.b64decode(after)) if after else 0
        pages: dict[str, Any] = {
            "type": "pages",
            "page": at // size + 1,
            "per_page": size,
            "total_pages": -(-len(found) // size),
        }
        if at + size < len(found):
            cursor = base64.b64encode(str(at + size).encode()).decode()
            pages["next"] = {"page": at // size + 2, "starting_after": cursor}
        shown = [
            {key: value for key, value in item.items() if key != "conversation_parts"}
            for item in found[at : at + size]
        ]
        return Reply(
            {
                "type": "conversation.list",
                "pages": pages,
                "total_count": len(found),
                "conversations": shown,
            }
        )
