"""Opens whatever answers with pages: a declared API, a vendor's, or received webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.batches import CursorValue
from connectors.pipelining import ahead
from connectors.placeholders import Placeholders
from programme.sources import Entity
from programme.systems import HttpSystem, RestSystem, System, VendorSystem
from programme.webhooks import WebhookSystem

if TYPE_CHECKING:
    from connectors.api.client import ApiClient
    from connectors.pages import Page


@contextmanager
def open_pages(
    system: System,
    entity: Entity,
    placeholders: Placeholders,
    *,
    name: str,
    home: Path,
    highest: CursorValue | None,
    history_from: date | None,
) -> Iterator[Iterator[Page]]:
    """The pages of one entity that are new since ``highest``; the connection is closed at the end.

    Raises:
        ConnectorError: as the pages are read.
    """
    if isinstance(system, WebhookSystem):
        from connectors.webhooks.pull import pages

        assert entity.webhook is not None  # noqa: S101  (the declaration's validator sees to it)
        yield pages(home, placeholders.source, entity.webhook, since=highest)
        return
    assert isinstance(system, HttpSystem)  # noqa: S101  (files and databases have readers of their own)
    from connectors.api.client import ApiClient

    client = ApiClient(system, placeholders, entity=name)
    start = {
        "since": highest,
        "history_from": history_from,
        "lookback_minutes": entity.lookback_minutes,
    }
    # the next page comes while the last one is landed
    coming = ahead(_asked(system, entity, client, **start))
    try:
        yield coming
    finally:
        coming.close()
        client.close()


def _asked(
    system: RestSystem | VendorSystem, entity: Entity, client: ApiClient, **start: Any
) -> Iterator[Page]:
    if isinstance(system, RestSystem):
        from connectors.extract_rest import rest_pages

        assert entity.rest is not None  # noqa: S101  (the declaration's validator sees to it)
        return rest_pages(client, entity.rest, **start)
    from connectors.vendors import open_pages as vendor_pages

    assert entity.api is not None  # noqa: S101  (the declaration's validator sees to it)
    return vendor_pages(system.kind, client, entity.api, **start)
