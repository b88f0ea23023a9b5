"""Response exports of Qualtrics: a job is started, waited for, downloaded, and read from disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import sleep
from typing import Any, BinaryIO

from connectors.api.client import ApiClient, RefusedRequestError
from connectors.vendors.json_archives import DamagedFileError, elements_of, require_whole

_MOST_POLLS = 400
_LONGEST_PAUSE_SECONDS = 30.0


class LostExportError(Exception):
    """An export that brought nothing; another one may."""


class ResponseExport:
    """Exports of one survey's responses.

    A job that fails, expires or delivers a damaged file is started anew, up to ``max_attempts``
    times.

    Attributes:
        continuation: The token of the last finished export; None where none was asked for.
    """

    def __init__(self, client: ApiClient, survey: str) -> None:
        self.client = client
        self.survey = survey
        self.path = f"API/v3/surveys/{survey}/export-responses"
        self.continuation: str | None = None

    @contextmanager
    def opened(self, body: Mapping[str, Any]) -> Iterator[Iterator[Any]]:
        """The responses, as the vendor's objects, one at a time.

        Raises:
            RefusedRequestError: when no export delivers after all attempts.
        """
        with self._delivered(body) as file:
            yield self._responses(file)

    def _delivered(self, body: Mapping[str, Any]) -> BinaryIO:
        lost: list[str] = []
        for attempt in range(self.client.system.max_attempts):
            sleep(min(self.client.system.backoff_seconds * attempt, _LONGEST_PAUSE_SECONDS))
            progress = self._start(body)
            try:
                return self._downloaded(self._finished(progress))
            except LostExportError as error:
                lost.append(str(error))
        raise self.client.unavailable(
            f"{len(lost)} export(s) of survey {self.survey} brought nothing, the last: {lost[-1]}",
            "run again; where it stays so, export less at once (`params: {limit: 50000}`) or give "
            "Qualtrics the request id",
            path=self.path,
        )

    def _start(self, body: Mapping[str, Any]) -> str:
        try:
            answer = self.client.get(self.path, method="POST", json=dict(body), check=no_result)
        except RefusedRequestError as error:
            if error.status == 404:
                raise self.client.unavailable(
                    f"there is no survey {self.survey}", "correct `survey`", path=self.path
                ) from None
            raise
        progress = answer["result"].get("progressId")
        if not progress:
            raise self.client.drift(
                "the answer to a started export has no `result.progressId`",
                "the API has changed: tell the connector's maintainers",
                path=self.path,
            )
        return str(progress)

    def _finished(self, progress: str) -> str:
        """The file's id, once the job is complete."""
        for poll in range(_MOST_POLLS):
            try:
                answer = self.client.get(f"{self.path}/{progress}", check=no_result)
            except RefusedRequestError as error:
                raise _lost(error, f"job {progress} has expired") from None
            result = answer["result"]
            status = result.get("status")
            if status == "complete" and result.get("fileId"):
                self.continuation = result.get("continuationToken")
                return str(result["fileId"])
            if status != "inProgress":
                request = (answer.get("meta") or {}).get("requestId")
                raise LostExportError(f"job {progress} ended as `{status}` (request {request})")
            pause = self.client.system.backoff_seconds * 2 ** min(poll, 10)
            sleep(min(pause, _LONGEST_PAUSE_SECONDS))
        raise LostExportError(f"job {progress} is not complete after {_MOST_POLLS} looks")

    def _downloaded(self, file_id: str) -> BinaryIO:
        try:
            file = self.client.download(f"{self.path}/{file_id}/file")
        except RefusedRequestError as error:
            raise _lost(error, f"file {file_id} has expired") from None
        try:
            require_whole(file)
        except DamagedFileError as error:
            file.close()
            raise LostExportError(f"file {file_id} is {error}") from None
        return file

    def _responses(self, file: BinaryIO) -> Iterator[Any]:
        try:
            yield from elements_of(file, "responses")
        except DamagedFileError as error:
            raise self.client.unavailable(
                f"the export of survey {self.survey} is {error}",
                "run again; where it stays so, tell Qualtrics",
                path=self.path,
            ) from None


def no_result(answer: Any) -> str | None:
    """Whether an answer of success lacks the object that every answer of Qualtrics holds."""
    if isinstance(answer, dict) and isinstance(answer.get("result"), dict):
        return None
    return "the answer has no `result`"


def _lost(error: RefusedRequestError, what: str) -> Exception:
    """What was there and is gone (404, 410) can be had anew; other refusals stand."""
    return LostExportError(what) if error.status in (404, 410) else error
