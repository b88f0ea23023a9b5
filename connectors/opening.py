"""Opens whatever answers with pages: a declared API, a vendor's, or received webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.batches import CursorValue
from connectors.placeholders import Placeholders
from programme.sources import Entity
from programme.systems import HttpSystem, RestSystem, System
from programme.webhooks import WebhookSystem

if TYPE_CHECKING:
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
    try:
        if isinstance(system, RestSystem):
            from connectors.extract_rest import rest_pages

            assert entity.rest is not None  # noqa: S101  (the declaration's validator sees to it)
            yield rest_pages(
                client,
                entity.rest,
                since=highest,
                history_from=history_from,
                lookback_minutes=entity.lookback_minutes,
            )
        else:
            from connectors.vendors import open_pages as vendor_pages

            assert entity.api is not None  # noqa: S101  (the declaration's validator sees to it)
            yield vendor_pages(
                system.kind,
                client,
                entity.api,
                since=highest,
                history_from=history_from,
                lookback_minutes=entity.lookback_minutes,
            )
    finally:
        client.close()
