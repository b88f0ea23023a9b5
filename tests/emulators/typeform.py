"""Typeform on a loopback port: completed and partial responses, and the form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.emulators.base import Emulator, Fault, Reply, Request

TOKEN = "typeform-secret-token"


class TypeformEmulator(Emulator):
    """One form.

    Attributes:
        responses: Completed ones.
        partial: Unfinished ones, in the order they were processed.
        form: The form itself.
        page_size: The most of a page.
    """

    list_paths = ("items",)
    stamp_fields = ("submitted_at",)

    def __init__(self, *faults: Fault, form: str = "abc") -> None:
        super().__init__(*faults)
        self.id = form
        self.responses: list[dict[str, Any]] = []
        self.partial: list[dict[str, Any]] = []
        self.form: dict[str, Any] = {}
        self.page_size = 1000

    def reply(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply({"code": "AUTHENTICATION_FAILED", "description": "no"}, 403)
        if request.path == f"/forms/{self.id}":
            return Reply(self.form)
        if request.path != f"/forms/{self.id}/responses":
            return Reply({"code": "FORM_NOT_FOUND", "description": "Form does not exist"}, 404)
        if request.query.get("response_type") == "partial":
            return self._partial(request)
        assert request.query["sort"] == "submitted_at,asc"
        assert not {"before", "after"} & set(request.query), "not together with sort"
        low = _moment(request.query.get("since", "0001-01-01T00:00:00"))
        chosen = [r for r in self.responses if _moment(r["submitted_at"]) >= low]
        chosen.sort(key=lambda r: str(r["submitted_at"]))
        return self._page(request, chosen)

    def _partial(self, request: Request) -> Reply:
        newest = self.partial[::-1]
        tokens = [response["token"] for response in newest]
        if "before" in request.query:
            newest = newest[tokens.index(request.query["before"]) + 1 :]
        return self._page(request, newest)

    def _page(self, request: Request, chosen: list[dict[str, Any]]) -> Reply:
        size = min(int(request.query.get("page_size", 25)), self.page_size)
        count = len(chosen)
        return Reply(
            {"items": chosen[:size], "total_items": count, "page_count": -(-count // size)}
        )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
