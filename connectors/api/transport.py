"""One HTTP request at a time: signed, bounded, within one host, and never an exception."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import urljoin, urlsplit

from connectors.api.answers import (
    Answer,
    Trouble,
    date_of,
    no_connection,
    no_json,
    parsed,
    refusal,
)
from connectors.api.credentials import Credentials

_CHUNK_BYTES = 1 << 18
_LARGEST_ANSWER_BYTES = 1 << 28
_SLOWEST_FACTOR = 20
_MOST_REDIRECTS = 5
_WIRE_LOG = "urllib3.connectionpool"
Found = TypeVar("Found")


class _TooLargeError(Exception):
    """An answer that does not end within bounds."""


class Transport:
    """A session with one host.

    Attributes:
        answered_at: The earliest ``Date`` of an answer; None without one.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        headers: Mapping[str, str],
        timeout_seconds: float,
        address: Callable[[str], str],
        redacted: Callable[[str], str],
    ) -> None:
        self.answered_at: datetime | None = None
        self._credentials = credentials
        self._headers = headers
        self._timeout_seconds = timeout_seconds
        self._address = address
        self._redacted = redacted
        self._session: Any = None

    def close(self) -> None:
        """Close the connections; another request opens them again."""
        if self._session is not None:
            self._session.close()
            self._session = None
            logging.getLogger(_WIRE_LOG).removeFilter(self._redact_record)

    def send(
        self, method: str, url: str, params: Mapping[str, Any] | None, body: Any
    ) -> Answer | Trouble:
        """One request; a token that can be had anew is fetched once more where it was refused."""
        answer = self._signed(method, url, self._read, params=params, json=body)
        if isinstance(answer, Trouble) and answer.status == 401 and self._credentials.drop():
            return self._signed(method, url, self._read, params=params, json=body)
        return answer

    def fetch(self, url: str, params: Mapping[str, Any] | None) -> BinaryIO | Trouble:
        """The content of one answer, in a temporary file at its start."""
        return self._signed("GET", url, self._store, params=params)

    def _signed(
        self, method: str, url: str, take: Callable[[Any], Found | Trouble], **request: Any
    ) -> Found | Trouble:
        wanted = self._credentials.token_request()
        if wanted is not None:
            token = self._exchange("POST", wanted.pop("url"), self._read, **wanted)
            if isinstance(token, Trouble):
                return token
            if not self._credentials.accept(token.body):
                return Trouble("no `access_token` in the answer", "check `token_url`", False)
        signed = {"auth": self._credentials, "headers": self._headers}
        return self._exchange(method, url, take, **signed, **request)

    def _exchange(
        self, method: str, url: str, take: Callable[[Any], Found | Trouble], **request: Any
    ) -> Found | Trouble:
        """One request and what ``take`` makes of its answer; redirects within the host only."""
        from requests import RequestException
        from urllib3.exceptions import HTTPError

        try:
            for _ in range(_MOST_REDIRECTS):
                with self._opened().request(
                    method,
                    url,
                    timeout=self._timeout_seconds,
                    allow_redirects=False,
                    stream=True,
                    **request,
                ) as response:
                    if not response.is_redirect:
                        return self._taken(response, take)
                    target = urljoin(url, response.headers["Location"])
                if method != "GET" or urlsplit(target).hostname != urlsplit(url).hostname:
                    host = urlsplit(target).hostname
                    mend = "the credentials are not sent there; correct `base_url`"
                    return Trouble(f"HTTP {response.status_code} to {host}", mend, False)
                url, request["params"] = self._address(target), None
        except (RequestException, HTTPError) as error:
            return no_connection(type(error).__name__)
        except _TooLargeError:
            mend = "ask for fewer elements a page"
            return Trouble(f"an answer of more than {_LARGEST_ANSWER_BYTES} bytes", mend, False)
        except ValueError:  # it would show the credential
            what = "a credential or header has characters that HTTP cannot carry"
            return Trouble(what, "set it anew, without line breaks", False)
        return Trouble("the API sends from address to address", "correct `base_url`", False)

    def _taken(self, response: Any, take: Callable[[Any], Found | Trouble]) -> Found | Trouble:
        sent = date_of(response.headers)
        if sent is not None and sent.tzinfo is not None:
            self.answered_at = sent if self.answered_at is None else min(sent, self.answered_at)
        if response.status_code // 100 == 2:
            return take(response)
        return refusal(response.status_code, response.headers, self._content(response))

    def _read(self, response: Any) -> Answer | Trouble:
        content = self._content(response)
        try:
            return Answer(parsed(content), response.headers, response.url)
        except ValueError:
            return no_json(content, response.headers.get("Content-Type", ""))

    def _store(self, response: Any) -> BinaryIO | Trouble:
        if "html" in response.headers.get("Content-Type", "").lower():
            return no_json(b"", "html")
        with contextlib.ExitStack() as stack:
            file = cast("BinaryIO", stack.enter_context(tempfile.TemporaryFile()))
            for chunk in response.iter_content(_CHUNK_BYTES):
                file.write(chunk)
            file.seek(0)
            stack.pop_all()
        return file

    def _content(self, response: Any) -> bytes:
        """The body, as long as it stays within bounds of size and time."""
        from requests import Timeout

        pieces, size = [], 0
        until = time.monotonic() + self._timeout_seconds * _SLOWEST_FACTOR
        # what has arrived, not what fills a buffer: a time-out is for a server that says nothing
        while piece := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > _LARGEST_ANSWER_BYTES:
                raise _TooLargeError
            if time.monotonic() > until:
                raise Timeout
        return b"".join(pieces)

    def _opened(self) -> Any:
        if self._session is None:
            from requests import Session

            self._session = Session()
            self._session.headers["Accept"] = "application/json"
            # at level DEBUG it writes addresses with their queries, where a key may stand
            logging.getLogger(_WIRE_LOG).addFilter(self._redact_record)
        return self._session

    def _redact_record(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._redacted(record.getMessage()), ()
        return True
