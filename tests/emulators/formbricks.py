"""Formbricks on a loopback port: responses of both APIs and a survey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.emulators.base import Emulator, Fault, Reply, Request

TOKEN = "formbricks-secret-key"


class FormbricksEmulator(Emulator):
    """One environment.

    Attributes:
        responses: Of all surveys.
        survey: A survey by id.
        meanwhile: Called before each answer with its number: what happens while pages are read.
    """

    list_paths = ("data",)
    stamp_fields = ("updatedAt",)

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.responses: list[dict[str, Any]] = []
        self.surveys: dict[str, dict[str, Any]] = {}
        self.meanwhile: Callable[[int], None] = lambda count: None

    def reply(self, request: Request) -> Reply:
        if request.headers.get("x-api-key") != TOKEN:
            return Reply({"code": "not_authenticated", "message": "Not authenticated"}, 401)
        self.meanwhile(len(self.requests))
        match request.path.strip("/").split("/"):
            case ["api", version, "management", "responses"]:
                return self._page(version, request.query)
            case ["api", "v1", "management", "surveys", survey] if survey in self.surveys:
                return Reply({"data": self.surveys[survey]})
        return Reply({"code": "not_found", "message": "Survey not found"}, 404)

    def _page(self, version: str, query: dict[str, str]) -> Reply:
        field = query.get("sortBy", "createdAt") if version == "v2" else "createdAt"
        chosen = [r for r in self.responses if query.get("surveyId") in (None, r["surveyId"])]
        chosen.sort(key=lambda r: (str(r[field]), str(r["id"])), reverse=True)
        skip, limit = int(query["skip"]), int(query["limit"])
        body: dict[str, Any] = {"data": chosen[skip : skip + limit]}
        if version == "v2":
            body["meta"] = {"total": len(chosen), "limit": limit, "offset": skip}
        return Reply(body)
