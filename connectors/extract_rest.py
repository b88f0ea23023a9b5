"""Collections of a JSON API as declared: page by page, to the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

from connectors.api.answers import Answer
from connectors.api.client import ApiClient
from connectors.api.following import Ask, follow
from connectors.api.paginators import (
    elements_of,
    first_ask,
    following,
    missing_of_total,
    wrong_count,
)
from connectors.api.windows import Progress, Unit, declared_start
from connectors.batches import CursorValue
from connectors.pages import Page
from connectors.payloads import value_at
from programme.paging import PagedRead

_log = logging.getLogger(__name__)
_UNITS: dict[str, Unit] = {"epoch_seconds": "seconds", "epoch_milliseconds": "milliseconds"}


def rest_pages(
    client: ApiClient,
    read: PagedRead,
    *,
    since: CursorValue | None,
    history_from: date | None = None,
    lookback_minutes: int = 0,
) -> Iterator[Page]:
    """Read all pages, or those with what changed since the cursor less the lookback.

    Raises:
        RefusedRequestError: when the API does not answer with data after all attempts.
        SchemaDriftError: when the answer has no ``data_selector``.
    """
    start = declared_start(
        since, read.since_format, history_from=history_from, lookback_minutes=lookback_minutes
    )
    client.window = f"since {start}" if read.since_param and start is not None else "from the start"
    progress = Progress(_UNITS.get(read.since_format))

    def elements(body: Any) -> list[Any]:
        return _elements(client, read, body)

    def check(answer: Answer, ask: Ask) -> str | None:
        elements(answer.body)
        return wrong_count(answer, read) or missing_of_total(answer, ask, read)

    ordered = read.ordered
    for answer in follow(
        client, first_ask(read, start), following(read), elements=elements, check=check
    ):
        found = elements(answer.body)
        cursor = progress.take(_stamps(found, read), answered_at=client.answered_at)
        if ordered and not progress.in_order:
            ordered = False
            _log.warning(
                "%s.%s: elements do not come in the order of `%s`, as `ordered` declares",
                client.placeholders.source,
                client.entity,
                read.cursor,
            )
        yield Page(tuple(found), cursor, resumable=ordered and cursor is not None)


def _stamps(elements: list[Any], read: PagedRead) -> list[Any]:
    if read.cursor is None:
        return []
    if "." in read.cursor:
        return [value_at(element, read.cursor) for element in elements]
    return [element.get(read.cursor) for element in elements if isinstance(element, dict)]


def _elements(client: ApiClient, read: PagedRead, body: Any) -> list[Any]:
    found = elements_of(body, read)
    if found is None:
        present = ", ".join(sorted(body)) if isinstance(body, dict) else type(body).__name__
        raise client.drift(
            f"the answer has no `{read.data_selector}`; present: {present}",
            "correct `data_selector`",
            path=read.path,
        )
    return found
