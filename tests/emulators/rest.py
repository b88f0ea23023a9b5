"""An API of no vendor in particular: one collection of tickets, paged in every declared way."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.emulators.base import Emulator, Fault, Reply, Request

TOKEN = "s3cr3t/token of the+desk"
CLIENT_SECRET = "client-s3cret"
START = datetime(2026, 7, 1, tzinfo=UTC)


def tickets(count: int) -> list[dict[str, Any]]:
    """Tickets one minute apart, each with its stamp as text and as epoch seconds."""
    found = []
    for number in range(1, count + 1):
        at = START + timedelta(minutes=number)
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        found.append(
            {
                "id": number,
                "requester": {"id": f"c{number % 7}"},
                "created_at": stamp,
                "updated_at": stamp,
                "changed": int(at.timestamp()),
                "score": number / 8,
            }
        )
    return found


class Rest(Emulator):
    """Answers `/v1/<way of paging>` with tickets changed since `since`, a page at a time.

    Attributes:
        rows: The tickets, in the order sent.
        page_size: Elements a page.
        tokens: What `/oauth/token` has issued.
    """

    list_paths = ("data", "")
    next_fields = ("meta.next", "links.next")
    stamp_fields = ("updated_at", "changed")

    def __init__(self, *faults: Fault, count: int = 25, page_size: int = 10) -> None:
        super().__init__(*faults)
        self.rows = tickets(count)
        self.page_size = page_size
        self.tokens: list[str] = []
        self.clock = START + timedelta(days=10)

    def reply(self, request: Request) -> Reply:
        if request.path == "/oauth/token":
            return self._token(request)
        if self.tokens and request.headers.get("Authorization") != f"Bearer {self.tokens[-1]}":
            return Reply({"error": "expired"}, 401)
        asked = {**request.query, **_flat(request.json or {})}
        rows = self._since(asked.get("since"))
        way = request.path.rpartition("/")[2]
        start = int(asked.get("offset", 0))
        if way == "page_number":
            start = (int(asked.get("page", 1)) - 1) * self.page_size
        if way in ("cursor", "next_link", "header_link"):
            start = int(base64.b64decode(asked["at"])) if asked.get("at") else 0
        if way == "single":
            return Reply({"data": rows})
        return self._page(request, way, rows, start)

    def _page(self, request: Request, way: str, rows: list[Any], start: int) -> Reply:
        page = rows[start : start + self.page_size]
        more = start + self.page_size < len(rows)
        at = base64.b64encode(str(start + self.page_size).encode()).decode() if more else None
        since = f"&since={request.query['since']}" if "since" in request.query else ""
        link = f"{self.url}{request.path}?at={at}{since}" if more else None
        pages = -(-len(rows) // self.page_size)
        if way == "top":
            return Reply(page)
        body = {
            "data": page,
            "meta": {"next": at, "more": more, "count": len(page), "total": len(rows)},
            "links": {"next": link},
            "pages": pages,
        }
        if way != "header_link":
            return Reply(body)
        return Reply({"data": page}, headers={"Link": f'<{link}>; rel="next"'} if link else {})

    def _since(self, since: str | None) -> list[Any]:
        if since is None:
            return self.rows
        if since.isdigit():
            return [row for row in self.rows if row["changed"] >= int(since)]
        return [row for row in self.rows if row["updated_at"] >= since]

    def _token(self, request: Request) -> Reply:
        if CLIENT_SECRET not in (request.basic + request.body.decode()):
            return Reply({"error": "invalid_client"}, 401)
        self.tokens.append(f"issued-{len(self.tokens) + 1}")
        return Reply({"access_token": self.tokens[-1], "expires_in": 3600})


def _flat(body: dict[str, Any]) -> dict[str, Any]:
    """The body of a search, as its parameters are named in a query."""
    asked = {}
    paging = body.get("pagination", {})
    if "at" in paging:
        asked["at"] = paging["at"]
    if "offset" in paging:
        asked["offset"] = paging["offset"]
    for condition in body.get("filter", []):
        if condition.get("field") == "changed" and condition.get("value") is not None:
            asked["since"] = str(condition["value"])
    return asked


def payload_keys(rows: list[Any]) -> list[str]:
    """Each distinct payload as text, sorted: what arrived, whatever its order and repeats."""
    return sorted({json.dumps(row, sort_keys=True) for row in rows})
