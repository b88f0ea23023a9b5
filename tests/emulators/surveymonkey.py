"""SurveyMonkey on a loopback port: responses by pages, details, and its request limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.emulators.base import Emulator, Fault, Reply, Request

TOKEN = "surveymonkey-secret-token"


class SurveyMonkeyEmulator(Emulator):
    """One survey.

    Attributes:
        responses: As the bulk list holds them.
        details: Of the survey.
        per_page: The most of a page.
        is_exclusive: Whether ``start_modified_at`` itself is left out.
        left: What the header says of the requests left this minute.
        meanwhile: Called before each page with its number: what happens while pages are read.
    """

    list_paths = ("data",)
    next_fields = ("links.next",)
    stamp_fields = ("date_modified",)

    def __init__(self, *faults: Fault, survey: str = "1") -> None:
        super().__init__(*faults)
        self.survey = survey
        self.responses: list[dict[str, Any]] = []
        self.details: dict[str, Any] = {}
        self.per_page = 100
        self.is_exclusive = False
        self.left = "100"
        self.meanwhile: Callable[[int], None] = lambda count: None

    def reply(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _refused(401, "1010", "The authorization token was not provided.")
        if request.path == f"/v3/surveys/{self.survey}/details":
            return Reply(self.details, headers=self._limits())
        if request.path == f"/v3/surveys/{self.survey}/responses/bulk":
            return self._bulk(request)
        return _refused(404, "1020", "There was an error retrieving the requested resource.")

    def _bulk(self, request: Request) -> Reply:
        self.meanwhile(len(self.requests))
        query = request.query
        assert (query["sort_by"], query["sort_order"]) == ("date_modified", "ASC")
        page, size = int(query["page"]), min(int(query["per_page"]), self.per_page)
        low = query.get("start_modified_at", "0001-01-01T00:00:00")
        chosen = [r for r in self.responses if self._is_after(str(r["date_modified"]), low)]
        chosen.sort(key=lambda r: str(r["date_modified"]))
        first = (page - 1) * size
        links = {"self": f"https://api.surveymonkey.com/v3/x?page={page}&per_page={size}"}
        if first + size < len(chosen):
            # as recorded, the links lead to the public host whatever the proxy
            links["next"] = f"https://api.surveymonkey.com/v3/x?page={page + 1}&per_page={size}"
        body = {"data": chosen[first : first + size], "per_page": size, "page": page}
        return Reply({**body, "total": len(chosen), "links": links}, headers=self._limits())

    def _is_after(self, stamp: str, low: str) -> bool:
        moment = datetime.fromisoformat(stamp)
        bound = datetime.fromisoformat(low).replace(tzinfo=moment.tzinfo)
        return moment > bound if self.is_exclusive else moment >= bound

    def _limits(self) -> dict[str, str]:
        name = "X-Ratelimit-App-Global-Minute"
        return {f"{name}-Limit": "120", f"{name}-Remaining": self.left, f"{name}-Reset": "1"}


def _refused(status: int, number: str, message: str) -> Reply:
    return Reply({"error": {"id": number, "message": message, "http_status_code": status}}, status)
