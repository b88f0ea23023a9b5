"""Intercom: conversations with their parts, by a search for what changed and a look at each.

A search finds at most 150 conversations a page, in an order that is not promised, and shifts while
conversations change. So it is made for windows of time small enough to be read at once, each of
which is read again where fewer came than it counts. What a finished window holds need not be read
again when a later one breaks off.
Keys that begin with an underscore are added here; everything else is as received.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from connectors.api.answers import Answer
from connectors.api.client import ApiClient, RefusedRequestError
from connectors.api.following import Ask, follow
from connectors.api.windows import Progress, epoch_start, epoch_text
from connectors.batches import CursorValue
from connectors.pages import Page
from programme.systems import VendorRead

STREAMS = ("conversations",)
_SEARCH = "/conversations/search"
_VERSION = "2.11"
_PAGE_SIZE = 150
_LARGEST_WINDOW = 3000
_MOST_PARTS = 500
_AT_ONCE = 4
_GONE = 404
_TELL = "tell the maintainers: Intercom answers otherwise"
_log = logging.getLogger(__name__)
Window = tuple[int, int | None]
Element = dict[str, Any]


def pages(
    client: ApiClient,
    read: VendorRead,
    *,
    since: CursorValue | None,
    history_from: date | None,
    lookback_minutes: int,
) -> Iterator[Page]:
    """Read conversations changed from the cursor less the lookback on.

    ``params`` of the declaration: ``per_page``, up to 150.

    Raises:
        RefusedRequestError: when Intercom does not answer with data after all attempts.
        SchemaDriftError: when an answer has another shape.
    """
    client.headers.setdefault("Intercom-Version", _VERSION)
    start = epoch_start(since, history_from=history_from, lookback_minutes=lookback_minutes)
    reading = _Reading(client, int(read.params.get("per_page", _PAGE_SIZE)))
    for window in reading.windows(max(start or 0, 0)):
        yield from reading.pages(window)


class _Reading:
    """One pull."""

    def __init__(self, client: ApiClient, page_size: int) -> None:
        self.client = client
        self.page_size = page_size
        self.progress = Progress()

    def windows(self, start: int) -> Iterator[Window]:
        """From ``start`` on, in the order of time; the last one is open."""
        if self._count((start, None)) <= _LARGEST_WINDOW or self.client.answered_at is None:
            yield start, None
            return
        now = int(self.client.answered_at.timestamp())
        if start < now:
            yield from self._divided(start, now)
        yield max(start, now), None

    def pages(self, window: Window) -> Iterator[Page]:
        """The conversations of one window; once it is whole, an empty page says so."""
        seen: dict[str, int] = {}
        told = 0
        for _ in range(self.client.system.max_attempts):
            counts = []
            for answer in self._answers(window):
                counts.append(_total(self.client, answer.body))
                found = _conversations(self.client, answer.body)
                fresh = [item for item in found if seen.get(item["id"]) != item["updated_at"]]
                seen |= {item["id"]: item["updated_at"] for item in found}
                stamps = [epoch_text(item["updated_at"]) for item in fresh]
                cursor = self.progress.take(stamps, answered_at=self.client.answered_at)
                yield Page(tuple(self._whole(fresh)), cursor, resumable=False)
            # what changes meanwhile leaves a closed window, and enters an open one
            told = counts[-1] if window[1] is not None else counts[0]
            if len(seen) >= told:
                yield Page((), cursor, resumable=cursor is not None)
                return
        raise self.client.unavailable(
            f"the search tells of {told} conversations and gives {len(seen)} "
            f"after {self.client.system.max_attempts} attempt(s)",
            "run again; where it stays so, tell Intercom",
            path=_SEARCH,
        )

    def _divided(self, start: int, end: int) -> Iterator[Window]:
        count = self._count((start, end))
        if count > _LARGEST_WINDOW and end - start > 1:
            middle = (start + end) // 2
            yield from self._divided(start, middle)
            yield from self._divided(middle, end)
        elif count:
            yield start, end

    def _count(self, window: Window) -> int:
        ask = _search(window, 1)
        return _total(self.client, self.client.get(ask.path, method=ask.method, json=ask.json))

    def _answers(self, window: Window) -> Iterator[Answer]:
        first = _search(window, self.page_size)
        return follow(
            self.client, first, _following, elements=self._elements, check=self._incomplete
        )

    def _elements(self, body: Any) -> list[Element]:
        return _conversations(self.client, body)

    def _incomplete(self, answer: Answer, ask: Ask) -> str | None:
        found = len(self._elements(answer.body))
        said = (answer.body.get("pages") or {}).get("per_page") or 0
        if _following(answer, ask) is not None and found < said:
            return f"a page with others after it has {found} conversations instead of {said}"
        return None

    def _whole(self, found: list[Element]) -> list[Element]:
        """The conversations with their parts, in the same order."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._with_parts, found))

    def _with_parts(self, item: Element) -> Element:
        path = f"/conversations/{item['id']}"
        try:
            whole = self.client.get(path, {"display_as": "plaintext"}, check=_parts_missing)
        except RefusedRequestError as error:
            if error.status != _GONE:
                raise
            # deleted since the search found it
            return _added({**item, "conversation_parts": {"conversation_parts": []}}, is_gone=True)
        if not isinstance(whole, dict) or whole.get("id") != item["id"]:
            raise self.client.drift(
                "another conversation came than was asked for", _TELL, path=path
            )
        parts = whole.get("conversation_parts") or {}
        if (parts.get("total_count") or 0) > _MOST_PARTS:
            _log.warning(
                "%s.%s: conversation %s has %s parts, of which Intercom gives the newest %s",
                self.client.placeholders.source,
                self.client.entity,
                item["id"],
                parts["total_count"],
                _MOST_PARTS,
            )
        return _added(whole, is_gone=False)


def _search(window: Window, page_size: int) -> Ask:
    start, end = window
    # seconds, and both comparisons exclude the value itself
    asked: list[Element] = [{"field": "updated_at", "operator": ">", "value": start - 1}]
    if end is not None:
        asked.append({"field": "updated_at", "operator": "<", "value": end})
    body = {
        "query": {"operator": "AND", "value": asked},
        "sort": {"field": "updated_at", "order": "ascending"},
        "pagination": {"per_page": page_size},
    }
    return Ask(_SEARCH, method="POST", json=body)


def _following(answer: Answer, ask: Ask) -> Ask | None:
    coming = (answer.body.get("pages") or {}).get("next") or {}
    after = coming.get("starting_after")
    if not after:
        return None
    paging = {**ask.json["pagination"], "starting_after": after}
    return Ask(ask.path, method="POST", json={**ask.json, "pagination": paging})


def _parts_missing(body: Any) -> str | None:
    parts = body.get("conversation_parts") if isinstance(body, dict) else None
    if not isinstance(parts, dict):
        return "a conversation came without its parts"
    said, found = parts.get("total_count") or 0, len(parts.get("conversation_parts") or [])
    if found < min(said, _MOST_PARTS):
        return f"a conversation says that it has {said} parts and has {found}"
    return None


def _conversations(client: ApiClient, body: Any) -> list[Element]:
    found = body.get("conversations") if isinstance(body, dict) else None
    if not isinstance(found, list):
        present = ", ".join(sorted(body)) if isinstance(body, dict) else type(body).__name__
        what = f"the answer has no list `conversations`; present: {present}"
        raise client.drift(what, _TELL, path=_SEARCH)
    for item in found:
        stamp = item.get("updated_at") if isinstance(item, dict) else None
        if not isinstance(stamp, int) or not item.get("id"):
            what = "a conversation has no `id`, or no `updated_at` in epoch seconds"
            raise client.drift(what, _TELL, path=_SEARCH)
    return found


def _total(client: ApiClient, body: Any) -> int:
    count = body.get("total_count") if isinstance(body, dict) else None
    if not isinstance(count, int):
        raise client.drift("the answer has no `total_count`", _TELL, path=_SEARCH)
    return count


def _added(conversation: Element, *, is_gone: bool) -> Element:
    contacts = (conversation.get("contacts") or {}).get("contacts") or []
    first = contacts[0] if contacts and isinstance(contacts[0], dict) else None
    rating = conversation.get("conversation_rating") or {}
    return {
        **conversation,
        "_customer": first and {key: first.get(key) for key in ("id", "external_id")},
        # when it was given; older versions of the API tell only when it was asked for
        "_rated_at": rating.get("updated_at") or rating.get("created_at"),
        "_gone": is_gone,
    }
