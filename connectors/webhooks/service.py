"""Runs the webhook receiver on a loopback address; TLS is for the proxy in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from connectors.errors import LakeBusyError, LakeWriteError, UnusableDeclarationError
from connectors.placeholders import Placeholders
from connectors.webhooks.journal import Journal
from connectors.webhooks.receiving import RateLimit, Writer
from connectors.webhooks.signatures import Verifier
from programme import Programme, Settings
from programme.webhooks import WebhookSystem

if TYPE_CHECKING:
    from connectors.webhooks.application import Route

_CONNECTIONS = 256
_GRACE_SECONDS = 10


def webhook_sources(programme: Programme) -> dict[str, WebhookSystem]:
    """The sources that take deliveries in.

    Raises:
        UnusableDeclarationError: when there is none.
    """
    found = {
        name: source.system
        for name, source in programme.sources.items()
        if isinstance(source.system, WebhookSystem)
    }
    if not found:
        raise UnusableDeclarationError(
            "no source takes deliveries in",
            source="webhooks",
            mend="declare one with `system: {kind: webhook}`",
        )
    return found


def serve(
    programme: Programme,
    settings: Settings,
    *,
    host: str,
    port: int,
    now: Callable[[], datetime],
) -> None:
    """Take deliveries in until a signal ends it.

    Raises:
        UnusableDeclarationError: when no source takes deliveries, or a secret is malformed.
        MissingSettingError: when a secret's environment variable is not set.
        LakeBusyError: when another receiver writes to the same place.
        LakeWriteError: when the place cannot be written.
    """
    systems = webhook_sources(programme)
    place = settings.home / "webhooks"
    verifiers = {
        name: Verifier.of(system, Placeholders(name, settings.data_root))
        for name, system in systems.items()
    }
    with _alone(place):
        _run(_routes(settings.home, systems, verifiers), host=host, port=port, now=now)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Be the only receiver that writes there; two could not tell each other's repetitions."""
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(place / ".serving.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise LakeBusyError(
            f"another receiver writes to {place}",
            source="webhooks",
            mend="stop it first, or give this one another CXLOOP_HOME",
        ) from None
    except OSError as error:
        raise LakeWriteError.of(error, place, "webhooks") from None
    try:
        yield
    finally:
        lock.release()


def _routes(
    home: Path, systems: Mapping[str, WebhookSystem], verifiers: Mapping[str, Verifier]
) -> dict[str, Route]:
    from connectors.webhooks.application import Route

    routes = {}
    for name, system in systems.items():
        journal = Journal(home, name, segment_bytes=system.segment_bytes)
        try:
            journal.open()
        except OSError as error:
            raise LakeWriteError.of(error, home / "webhooks" / name, name) from None
        limit = RateLimit(system.max_per_minute)
        routes[name] = Route(name, system, verifiers[name], Writer(journal), limit)
    return routes


def _run(routes: Mapping[str, Route], *, host: str, port: int, now: Callable[[], datetime]) -> None:
    import uvicorn

    from connectors.webhooks.application import application

    uvicorn.run(
        application(routes, now),
        host=host,
        port=port,
        # its own log would print addresses with what callers put into them
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
