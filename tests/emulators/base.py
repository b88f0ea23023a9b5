"""A vendor's API on a free loopback port: real HTTP, and faults by a script.

A vendor's emulator subclasses ``Emulator``, answers in ``reply`` and says where in its answers the
elements, the way to the next page and the stamps stand; the faults of pages then need no code.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

TRANSPORT_FAULTS = (
    "retry_after_seconds",
    "retry_after_date",
    "status_500",
    "status_502",
    "status_503",
    "timeout",
    "reset",
    "truncated_body",
    "invalid_json",
    "html",
)
PAGE_FAULTS = ("truncated_page", "repeated_page", "cursor_back", "clock_skew", "duplicates")
LASTING_FAULTS = ("revoked_token", "expired_job")
FAULTS = (*TRANSPORT_FAULTS, *PAGE_FAULTS, *LASTING_FAULTS)
FUTURE = datetime(2099, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and when.

    Attributes:
        kind: One of ``FAULTS``.
        at_request: From which request on, counted from 1 among those whose path holds ``path``.
        times: For how many such requests.
        path: Part of the path of the requests meant; empty for all.
        wait_seconds: What ``Retry-After`` asks for; how late a slow answer comes.
    """

    kind: str
    at_request: int = 2
    times: int = 1
    path: str = ""
    wait_seconds: float = 1

    def __post_init__(self) -> None:
        assert self.kind in FAULTS, self.kind


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def basic(self) -> str:
        """User and password of basic authentication, joined by a colon."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(value).decode() if scheme == "Basic" else ""


@dataclass
class Reply:
    """One answer. ``body`` is written as JSON unless it is bytes."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Emulator:
    """A server between ``with`` and its end.

    Attributes:
        list_paths: Dotted paths of the lists of elements in an answer's body; "" for the body.
        next_fields: Dotted paths of what leads to the next page.
        stamp_fields: Keys of an element that say when it changed (ISO 8601 text, or epoch
            seconds where it is a number).
        clock: What the ``Date`` of answers says; the real time where it is None.
        requests: Everything asked, in order.
        faults: The script.
        latency_seconds: Before every answer.
        pause_seconds: After every byte of an answer; 0 sends it at once.
        is_chunked: Whether answers come in chunks instead of with their length.
    """

    list_paths: tuple[str, ...] = ("data",)
    next_fields: tuple[str, ...] = ()
    stamp_fields: tuple[str, ...] = ("updated_at",)
    pause_seconds: float = 0
    is_chunked = False

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.requests: list[Request] = []
        self.clock: datetime | None = None
        self.latency_seconds = 0.0
        self.expired = False
        self._earlier: dict[str, list[Reply]] = {}
        self._matched: dict[int, int] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def reply(self, request: Request) -> Reply:
        """The undisturbed answer."""
        raise NotImplementedError

    def expire(self) -> None:
        """Let a job under way expire: what ``expired_job`` does; the emulator reads ``expired``."""
        self.expired = True

    # -- the server -------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        emulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # otherwise an answer waits for the acknowledgement of its header
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                parts = urlsplit(self.path)
                emulator._serve(
                    self,
                    Request(
                        self.command,
                        parts.path,
                        dict(parse_qsl(parts.query, keep_blank_values=True)),
                        dict(self.headers),
                        self.rfile.read(length) if length else b"",
                    ),
                )

            do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

            def date_time_string(self, timestamp: float | None = None) -> str:
                return format_datetime(emulator._now(), usegmt=True)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # a client that has gone away

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def secrets_sent(self) -> set[str]:
        """Every value of a header in which a credential may travel."""
        names = {"authorization", "x-api-key", "x-api-token"}
        return {
            value
            for request in self.requests
            for name, value in request.headers.items()
            if name.lower() in names
        }

    def _now(self) -> datetime:
        return self.clock or datetime.now(UTC)

    def _serve(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
            fault = self._due(request)
            if fault is not None and fault.kind == "expired_job":
                self.expire()
            reply = self._disturbed(request, fault)
        if self.latency_seconds:
            self._closing.wait(self.latency_seconds)
        kind = fault.kind if fault else ""
        if kind == "timeout":
            self._closing.wait(fault.wait_seconds if fault else 0)
        content = reply.content
        if kind == "reset":
            handler.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            handler.close_connection = True
            handler.connection.close()
            return
        with contextlib.suppress(OSError):  # the client may have given up
            handler.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                handler.send_header(name, value)
            if self.is_chunked:
                handler.send_header("Transfer-Encoding", "chunked")
                pieces = [content[at : at + 7000] for at in range(0, len(content), 7000)]
                framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
                content = framed + b"0\r\n\r\n"
            else:
                handler.send_header("Content-Length", str(len(content)))
            if kind == "truncated_body":
                content = content[: len(content) // 2]
                handler.close_connection = True
            handler.end_headers()
            if not self.pause_seconds:
                handler.wfile.write(content)
                return
            for place in range(len(content)):
                handler.wfile.write(content[place : place + 1])
                self._closing.wait(self.pause_seconds)

    def _due(self, request: Request) -> Fault | None:
        due = None
        for place, fault in enumerate(self.faults):
            if fault.path in request.path:
                count = self._matched[place] = self._matched.get(place, 0) + 1
                if fault.at_request <= count < fault.at_request + fault.times and due is None:
                    due = fault
        return due

    def _disturbed(self, request: Request, fault: Fault | None) -> Reply:
        if fault is None or fault.kind in {"timeout", "truncated_body", "reset", "expired_job"}:
            return self._kept(request, self.reply(request))
        if fault.kind in PAGE_FAULTS:
            return self._distorted(request, fault.kind)
        if fault.kind == "retry_after_seconds":
            return Reply(b"slow down", 429, {"Retry-After": f"{fault.wait_seconds:.0f}"})
        if fault.kind == "retry_after_date":
            until = self._now() + timedelta(seconds=fault.wait_seconds)
            return Reply(b"slow down", 429, {"Retry-After": format_datetime(until, usegmt=True)})
        if fault.kind == "revoked_token":
            return Reply({"error": "Couldn't authenticate you"}, 401)
        if fault.kind == "invalid_json":
            return Reply(self.reply(request).content[:-2] + b",,")
        if fault.kind == "html":
            page = b"<!DOCTYPE html><html><body>Please log in</body></html>"
            return Reply(page, 200, {"Content-Type": "text/html; charset=utf-8"})
        return Reply({"error": "internal"}, int(fault.kind.removeprefix("status_")))

    # -- pages ------------------------------------------------------------------------------------

    def _kept(self, request: Request, reply: Reply) -> Reply:
        self._earlier.setdefault(request.path, []).append(copy.deepcopy(reply))
        return reply

    def _distorted(self, request: Request, kind: str) -> Reply:
        earlier = self._earlier.get(request.path, [])
        if kind == "repeated_page" and earlier:
            return copy.deepcopy(earlier[-1])
        reply = copy.deepcopy(self.reply(request))
        elements = next((found for found in self._lists(reply.body) if found), [])
        if kind == "truncated_page":
            del elements[len(elements) // 2 :]
        if kind == "cursor_back" and earlier:
            for path in self.next_fields:
                _put(reply.body, path, _at(earlier[0].body, path))
        if kind == "duplicates" and earlier:
            before = [found for found in self._lists(earlier[-1].body) if found]
            elements[:0] = copy.deepcopy(before[0][-2:]) if before else []
        if kind == "clock_skew":
            reply.headers["Date"] = format_datetime(FUTURE, usegmt=True)
            for element in elements[-1:]:
                self._stamp_future(element)
        return reply

    def _lists(self, body: Any) -> list[list[Any]]:
        found = [_at(body, path) for path in self.list_paths]
        return [elements for elements in found if isinstance(elements, list)]

    def _stamp_future(self, element: Any) -> None:
        for name in self.stamp_fields:
            if name in element:
                number = isinstance(element[name], int)
                element[name] = int(FUTURE.timestamp()) if number else "2099-01-01T00:00:00Z"


def _at(body: Any, path: str) -> Any:
    for step in path.split(".") if path else []:
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _put(body: Any, path: str, value: Any) -> None:
    *steps, last = path.split(".")
    for step in steps:
        body = body.get(step) if isinstance(body, dict) else None
    if isinstance(body, dict) and last in body:
        body[last] = value


_contacted: set[str] | None = None


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _contacted is None:
        return
    if event == "socket.getaddrinfo" and isinstance(arguments[0], str):
        _contacted.add(arguments[0])
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        _contacted.add(str(arguments[1][0]))


sys.addaudithook(_audit)


@contextlib.contextmanager
def contacted_hosts() -> Iterator[set[str]]:
    """The hosts that this process resolves or connects to meanwhile."""
    global _contacted
    earlier, _contacted = _contacted, set()
    try:
        yield _contacted
    finally:
        _contacted = earlier
