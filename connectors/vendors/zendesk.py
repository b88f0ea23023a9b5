"""Zendesk Support: incremental exports of tickets, their events, users and organizations.

Exports come in the order of a stamp and leave out the last minute, so that what is written while
one is read comes with the next. An object on the border of two pages comes in both.
Keys that begin with an underscore are added here; everything else is as received.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.api.answers import Answer
from connectors.api.client import ApiClient
from connectors.api.following import Ask, Following, follow
from connectors.api.windows import Progress, epoch_start, epoch_text
from connectors.batches import CursorValue
from connectors.pages import Page
from connectors.vendors.zendesk_people import (
    People,
    event_with_people,
    rating_with_people,
    ticket_with_sideloads,
)
from programme.systems import VendorRead

_FULL_PAGE = 1000
Element = dict[str, Any]


@dataclass(frozen=True)
class _Stream:
    """How one stream is read.

    Attributes:
        path: Its address.
        key: The list in an answer.
        following: From an answer to the next request; None for an export by cursor or by time.
        params: Of every request; the declaration's own win.
        stamp: What says when an element changed: epoch seconds or ISO 8601 text; empty for none.
        is_ordered: Whether elements come in the order of the stamp.
        enriched: Adds what the element only refers to.
    """

    path: str
    key: str
    following: Following
    params: dict[str, str | int]
    stamp: str
    is_ordered: bool
    enriched: Callable[[Element, People], Element] = lambda element, people: element


def pages(
    client: ApiClient,
    read: VendorRead,
    *,
    since: CursorValue | None,
    history_from: date | None,
    lookback_minutes: int,
) -> Iterator[Page]:
    """Read one stream from the cursor less the lookback to its end.

    Raises:
        RefusedRequestError: when Zendesk does not answer with data after all attempts.
        SchemaDriftError: when an answer has another shape.
    """
    stream = _STREAMS[read.stream]
    params: dict[str, Any] = {**stream.params, **read.params}
    if stream.stamp:
        start = epoch_start(since, history_from=history_from, lookback_minutes=lookback_minutes)
        params["start_time"] = max(start or 0, 0)
    people = People(client)
    progress = Progress()

    def elements(body: Any) -> list[Element]:
        return _elements(client, stream, body)

    def check(answer: Answer, ask: Ask) -> str | None:
        return _incomplete(answer.body, elements(answer.body), stream)

    first = Ask(stream.path, params)
    for answer in follow(client, first, stream.following, elements=elements, check=check):
        found = elements(answer.body)
        stamps = [_stamp(client, stream, element) for element in found] if stream.stamp else []
        cursor = progress.take(stamps, answered_at=client.answered_at)
        people.meet(stream.key, found, answer.body)
        yield Page(
            tuple(stream.enriched(element, people) for element in found),
            cursor,
            resumable=stream.is_ordered and progress.in_order and cursor is not None,
        )


def _elements(client: ApiClient, stream: _Stream, body: Any) -> list[Element]:
    found = body.get(stream.key) if isinstance(body, dict) else None
    if isinstance(found, list) and all(isinstance(element, dict) for element in found):
        return found
    present = ", ".join(sorted(body)) if isinstance(body, dict) else type(body).__name__
    what = f"the answer has no list `{stream.key}`; present: {present}"
    raise client.drift(what, "tell the maintainers: Zendesk answers otherwise", path=stream.path)


def _stamp(client: ApiClient, stream: _Stream, element: Element) -> str:
    stamp = element.get(stream.stamp)
    if isinstance(stamp, int):
        return epoch_text(stamp)
    if isinstance(stamp, str):
        return stamp
    what = f"an element of `{stream.key}` has no `{stream.stamp}`"
    raise client.drift(what, "tell the maintainers: Zendesk answers otherwise", path=stream.path)


def _incomplete(body: Any, found: list[Element], stream: _Stream) -> str | None:
    """What a page says that it has and does not."""
    if not stream.is_ordered:
        meta = body.get("meta") or {}
        lost = meta.get("has_more") and not meta.get("after_cursor")
        return "a page says that there is more and not where" if lost else None
    if "end_of_stream" not in body and "count" not in body:
        return "a page says neither `end_of_stream` nor `count`"
    if not _is_last(body) and not (body.get("after_cursor") or body.get("end_time")):
        return "a page says that there is more and not where"
    said = body.get("count")
    if isinstance(said, int) and len(found) < said:
        return f"a page says that it has {said} elements and has {len(found)}"
    return None


def _is_last(body: Any) -> bool:
    """Whether an export says that it has come up to the present minute."""
    if "end_of_stream" in body:
        return body["end_of_stream"] is True
    return int(body.get("count") or 0) < _FULL_PAGE


def _by_cursor(answer: Answer, ask: Ask) -> Ask | None:
    if _is_last(answer.body) or not answer.body.get("after_cursor"):
        return None
    params = {name: value for name, value in ask.params.items() if name != "start_time"}
    return Ask(ask.path, {**params, "cursor": answer.body["after_cursor"]})


def _by_time(answer: Answer, ask: Ask) -> Ask | None:
    if _is_last(answer.body) or not answer.body.get("end_time"):
        return None
    return Ask(ask.path, {**ask.params, "start_time": answer.body["end_time"]})


def _by_page(answer: Answer, ask: Ask) -> Ask | None:
    meta = answer.body.get("meta") or {}
    if not meta.get("has_more") or not meta.get("after_cursor"):
        return None
    return Ask(ask.path, {**ask.params, "page[after]": meta["after_cursor"]})


_STREAMS = {
    "tickets": _Stream(
        path="/api/v2/incremental/tickets/cursor.json",
        key="tickets",
        following=_by_cursor,
        params={"include": "users,groups"},
        # it counts changes by the system too, which `updated_at` does not
        stamp="generated_timestamp",
        is_ordered=True,
        enriched=ticket_with_sideloads,
    ),
    "ticket_events": _Stream(
        path="/api/v2/incremental/ticket_events.json",
        key="ticket_events",
        following=_by_time,
        params={"include": "comment_events"},
        stamp="timestamp",
        is_ordered=True,
        enriched=event_with_people,
    ),
    "users": _Stream(
        path="/api/v2/incremental/users/cursor.json",
        key="users",
        following=_by_cursor,
        params={},
        stamp="updated_at",
        is_ordered=True,
    ),
    "organizations": _Stream(
        path="/api/v2/incremental/organizations.json",
        key="organizations",
        following=_by_time,
        params={},
        stamp="updated_at",
        is_ordered=True,
    ),
    "satisfaction_ratings": _Stream(
        path="/api/v2/satisfaction_ratings.json",
        key="satisfaction_ratings",
        following=_by_page,
        params={"page[size]": 100},
        stamp="updated_at",
        is_ordered=False,
        enriched=rating_with_people,
    ),
    "sla_policies": _Stream(
        path="/api/v2/slas/policies.json",
        key="sla_policies",
        following=_by_page,
        params={"page[size]": 100},
        stamp="",
        is_ordered=False,
    ),
}
STREAMS = tuple(_STREAMS)
