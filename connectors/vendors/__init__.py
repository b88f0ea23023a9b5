"""Connectors of named vendors: which module reads which kind of system."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from connectors.batches import CursorValue
from connectors.pages import Page
from programme.systems import VendorRead

if TYPE_CHECKING:
    from connectors.api.client import ApiClient

VENDORS: dict[str, str] = {
    "formbricks": "connectors.vendors.formbricks",
    "intercom": "connectors.vendors.intercom",
    "qualtrics": "connectors.vendors.qualtrics",
    "surveymonkey": "connectors.vendors.surveymonkey",
    "typeform": "connectors.vendors.typeform",
    "zendesk": "connectors.vendors.zendesk",
}


def streams(kind: str) -> tuple[str, ...]:
    """What the vendor's connector can read, as ``stream:`` of an entity names it."""
    found: tuple[str, ...] = importlib.import_module(VENDORS[kind]).STREAMS
    return found


def open_pages(
    kind: str,
    client: ApiClient,
    read: VendorRead,
    *,
    since: CursorValue | None,
    history_from: date | None,
    lookback_minutes: int,
) -> Iterator[Page]:
    """Read one stream from ``since``, less the lookback, or from ``history_from``, to its end.

    Raises:
        UnusableDeclarationError: when the vendor has no such stream.
        SourceUnavailableError: while iterating, when the vendor does not answer with data.
        SchemaDriftError: while iterating, when its answers have another shape.
    """
    known = streams(kind)
    if read.stream not in known:
        raise client.unusable(
            f"{kind} has no stream `{read.stream}`", f"name one of {', '.join(known)}"
        )
    client.window = f"since {since if since is not None else history_from or 'the beginning'}"
    pages: Iterator[Page] = importlib.import_module(VENDORS[kind]).pages(
        client,
        read,
        since=since,
        history_from=history_from,
        lookback_minutes=lookback_minutes,
    )
    return pages
