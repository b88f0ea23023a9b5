"""The HTTP application: ``POST /webhooks/<source>`` for every declared source, ``GET /healthz``.

A delivery is answered with 200 when it is durable, and when it was before. 401: signature wrong or
too old; 404: no such source; 408 and 413: body too slow or too long; 429 and 503 (with
``Retry-After``): the vendor is to repeat it. A signed body that is no JSON is kept too and goes to
quarantine: asking for it again would bring the same.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from connectors.webhooks.receiving import RateLimit, Writer, identified
from connectors.webhooks.signatures import SignatureError, Verifier
from programme.webhooks import WebhookSystem

_log = logging.getLogger(__name__)
_BODY_SECONDS = 30.0
_REPEAT_AFTER_SECONDS = 60


class RefusedDeliveryError(Exception):
    """What a delivery is answered with instead of being kept.

    Attributes:
        status: The HTTP status.
        reason: For the vendor and the log; holds nothing of what was received.
        retry_after: Seconds after which the vendor may repeat it.
    """

    def __init__(self, status: int, reason: str, retry_after: int | None = None) -> None:
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(reason)


@dataclass(frozen=True)
class Route:
    """One source that takes deliveries in."""

    source: str
    system: WebhookSystem
    verifier: Verifier
    writer: Writer
    limit: RateLimit

    async def receive(self, request: Request, now: Callable[[], datetime]) -> bool:
        """Keep one delivery; whether it is new.

        Raises:
            RefusedDeliveryError: when it is refused or put off.
        """
        body = await self._body(request)
        headers = dict(request.headers)
        moment = now()
        try:
            self.verifier.verify(headers, body, moment)
        except SignatureError as error:
            raise RefusedDeliveryError(401, str(error)) from None
        wait = self.limit.wait_seconds()
        if wait:
            raise RefusedDeliveryError(429, "too many deliveries", wait)
        try:
            return await self.writer.keep(identified(self.system, headers, body, moment))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise RefusedDeliveryError(
                503, f"cannot be kept: {reason}", _REPEAT_AFTER_SECONDS
            ) from None

    async def _body(self, request: Request) -> bytes:
        longest = self.system.max_body_bytes
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > longest:
            raise RefusedDeliveryError(413, f"longer than {longest} bytes")
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > longest:
                        raise RefusedDeliveryError(413, f"longer than {longest} bytes")
        except TimeoutError:
            raise RefusedDeliveryError(
                408, f"not received within {_BODY_SECONDS:.0f} seconds"
            ) from None
        return bytes(body)


@dataclass(frozen=True)
class Endpoints:
    """What the application answers; ``now`` is the receiver's clock."""

    routes: Mapping[str, Route]
    now: Callable[[], datetime]

    async def receive(self, source: str, request: Request) -> Response:
        """Take one delivery in."""
        route = self.routes.get(source)
        try:
            if route is None:
                raise RefusedDeliveryError(404, "no such source")
            if request.method == "HEAD":  # how some vendors try an address before they use it
                return Response()
            is_new = await route.receive(request, self.now)
        except ClientDisconnect:
            return Response(status_code=400)
        except RefusedDeliveryError as refused:
            # the name of an unknown source is the caller's text
            name = route.source if route else "unknown source"
            _log.warning("%s: answered %d, %s", name, refused.status, refused.reason)
            wait = {"Retry-After": str(refused.retry_after)} if refused.retry_after else None
            return Response(refused.reason, refused.status, wait, "text/plain")
        outcome = "stored" if is_new else "already stored"
        _log.info("%s: %s", source, outcome)
        return Response(f'{{"status":"{outcome}"}}', media_type="application/json")

    async def health(self) -> Response:
        """Whether the last write of every source succeeded."""
        failing = sorted(name for name, route in self.routes.items() if route.writer.is_failing)
        if failing:
            return Response(f"cannot write: {', '.join(failing)}", 503, media_type="text/plain")
        return Response("ok", media_type="text/plain")


def application(routes: Mapping[str, Route], now: Callable[[], datetime]) -> FastAPI:
    """The application for these sources."""

    @asynccontextmanager
    async def writing(_: FastAPI) -> AsyncIterator[None]:
        for route in routes.values():
            await route.writer.start()
        yield
        for route in routes.values():
            await route.writer.stop()

    app = FastAPI(lifespan=writing, docs_url=None, redoc_url=None, openapi_url=None)
    ends = Endpoints(routes, now)
    app.add_api_route(
        "/webhooks/{source}", ends.receive, methods=["POST", "HEAD"], response_model=None
    )
    app.add_api_route("/healthz", ends.health, methods=["GET"], response_model=None)
    return app
