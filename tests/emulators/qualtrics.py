"""Qualtrics on a loopback port: export jobs, definitions, distributions and their history."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tests.emulators.base import Emulator, Fault, Reply, Request

TOKEN = "qualtrics-secret-token"
META = {"httpStatus": "200 - OK", "requestId": "6c2b-emulated"}


def result(content: Any) -> Reply:
    return Reply({"result": content, "meta": META})


def refused(status: int, message: str) -> Reply:
    error = {"errorMessage": message, "errorCode": "ECC_2"}
    return Reply({"meta": {"httpStatus": f"{status} - No", "error": error}}, status)


class QualtricsEmulator(Emulator):
    """One survey.

    Attributes:
        responses: As an export holds them; filtered and sorted by ``_lastModifiedDate``.
        definition: Of the newer form; None refuses it, as a token without that right gets.
        older_definition: Of the older form.
        history: Recipients by distribution.
        contacts: Contacts by mailing list.
        polls: How often a job says that it is under way before it is complete.
        failing: How many jobs fail.
        damaged: How many files come damaged, in a way that HTTP does not show.
        compressed: Whether files come as zip archives.
        tokens: Valid continuation tokens and the instant that each stands for.
        exports: The bodies of the exports started.
    """

    list_paths = ("result.elements",)
    next_fields = ("result.nextPage",)
    stamp_fields = ("modifiedDate", "sendDate")

    def __init__(self, *faults: Fault, survey: str = "SV_1") -> None:
        super().__init__(*faults)
        self.survey = survey
        self.responses: list[dict[str, Any]] = []
        self.definition: dict[str, Any] | None = None
        self.older_definition: dict[str, Any] | None = None
        self.distributions: list[dict[str, Any]] = []
        self.contacts: dict[str, list[dict[str, Any]]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.page_size = 100
        self.polls = 2
        self.failing = 0
        self.damaged = 0
        self.compressed = True
        self.tokens: dict[str, str] = {}
        self.exports: list[dict[str, Any]] = []
        self._jobs: dict[str, int] = {}

    def expire(self) -> None:
        super().expire()
        self._jobs.clear()

    def reply(self, request: Request) -> Reply:
        if request.headers.get("X-API-TOKEN") != TOKEN:
            return refused(401, "Unrecognized X-API-TOKEN.")
        match request.path.removeprefix("/API/v3/").strip("/").split("/"):
            case ["surveys", self.survey, "export-responses"] if request.method == "POST":
                return self._start(request.json)
            case ["surveys", self.survey, "export-responses", job] if job in self._jobs:
                return self._progress(job)
            case ["surveys", self.survey, "export-responses", file, "file"]:
                return self._file(file.removesuffix("-def"))
            case ["survey-definitions", self.survey] if self.definition:
                return result(self.definition)
            case ["survey-definitions", self.survey]:
                return refused(403, "You do not have permission")
            case ["surveys", self.survey] if self.older_definition:
                return result(self.older_definition)
        return self._listed(request)

    def _listed(self, request: Request) -> Reply:
        match request.path.removeprefix("/API/v3/").strip("/").split("/"):
            case ["distributions"] if request.query["surveyId"] == self.survey:
                return self._list(request, self.distributions)
            case ["distributions", distribution, "history"]:
                return self._list(request, self.history.get(distribution, []))
            case ["directories", _, "mailinglists", mailing_list, "contacts"]:
                return self._list(request, self.contacts[mailing_list])
        return refused(404, "The requested resource does not exist.")

    def _start(self, body: dict[str, Any]) -> Reply:
        assert body["format"] == "json"
        if "filterId" in body and body.get("sortByLastModifiedDate"):
            return refused(400, "sortByLastModifiedDate cannot be used with filterId")
        if body.get("continuationToken", "") not in ("", *self.tokens):
            return refused(400, "The continuation token is invalid or has expired.")
        self.exports.append(body)
        job = f"ES_{len(self.exports)}"
        self._jobs[job] = -1 if self.failing > 0 else 0
        self.failing -= 1
        return result({"progressId": job, "percentComplete": 0.0, "status": "inProgress"})

    def _progress(self, job: str) -> Reply:
        looks = self._jobs[job]
        if looks < 0:
            return result({"fileId": None, "percentComplete": 100, "status": "failed"})
        self._jobs[job] += 1
        if looks < self.polls:
            return result({"percentComplete": 100.0 * looks / self.polls, "status": "inProgress"})
        done = {"fileId": f"{job}-def", "percentComplete": 100.0, "status": "complete"}
        body = self.exports[int(job.removeprefix("ES_")) - 1]
        if body.get("allowContinuation") or body.get("continuationToken"):
            token = f"token{len(self.tokens) + 1}"
            self.tokens[token] = max((changed(r) for r in self.responses), default="")
            done["continuationToken"] = token
        return result(done)

    def _file(self, job: str) -> Reply:
        if self._jobs.get(job, -1) < self.polls:
            return refused(404, "File not found")
        body = self.exports[int(job.removeprefix("ES_")) - 1]
        content = json.dumps({"responses": self._chosen(body)}, ensure_ascii=False).encode()
        if self.compressed:
            content = zipped(content)
        if self.damaged > 0:
            self.damaged -= 1
            content = content[: len(content) // 2]
        return Reply(content, headers={"Content-Type": "application/octet-stream"})

    def _chosen(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        after = self.tokens.get(body.get("continuationToken", ""), "")
        low, high = body.get("startDate", ""), body.get("endDate", "9999")
        chosen = [r for r in self.responses if low <= changed(r) < high and changed(r) > after]
        return sorted(chosen, key=changed, reverse=True)

    def _list(self, request: Request, elements: list[dict[str, Any]]) -> Reply:
        size = min(int(request.query.get("pageSize", self.page_size)), self.page_size)
        first = int(request.query.get("skipToken", 0))
        following = first + size
        query = "".join(
            f"{name}={value}&" for name, value in request.query.items() if name != "skipToken"
        )
        address = f"{self.url}{request.path}?{query}skipToken={following}"
        return result(
            {
                "elements": elements[first:following],
                "nextPage": address if following < len(elements) else None,
            }
        )


def changed(response: dict[str, Any]) -> str:
    values = response["values"]
    return str(values.get("_lastModifiedDate") or values["recordedDate"])


def zipped(content: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("Relationship survey.json",):
            archive.writestr(name, content)
    return file.getvalue()
