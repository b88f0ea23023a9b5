"""Typeform: completed responses, unfinished ones, and the form itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from connectors.api.answers import Answer
from connectors.api.client import ApiClient
from connectors.api.following import Ask, follow
from connectors.batches import CursorValue
from connectors.pages import Page
from connectors.payloads import value_at
from connectors.vendors.ascending import Ascending
from connectors.vendors.stamps import HighWater, instant_of, start_of
from programme.systems import VendorRead

STREAMS = ("responses", "partial_responses", "survey_definition")
_MOST_AT_ONCE = 1000


def pages(
    client: ApiClient,
    read: VendorRead,
    *,
    since: CursorValue | None,
    history_from: date | None,
    lookback_minutes: int,
) -> Iterator[Page]:
    """One stream, from ``since`` less the lookback on.

    ``responses`` are the completed ones by ``submitted_at``; a response is not changed afterwards.
    Typeform shows a response up to half an hour late: the lookback must be longer than that.
    ``partial_responses`` have no instant to go on from and are read whole every time, from
    ``history_from`` on. A response that is completed keeps its id. Deleted responses are no longer
    listed, and nothing says which they were. ``params: {page_size: …}`` asks for fewer than 1,000
    at once. ``survey_definition`` is the form with its fields.

    Raises:
        SourceUnavailableError: when the API does not answer with data after all attempts.
        UnusableDeclarationError: when the declaration names no form.
    """
    if not read.survey:
        raise client.unusable(f"stream `{read.stream}` needs a form", "add `survey: <form id>`")
    if read.stream == "partial_responses":
        start = start_of(None, history_from=history_from, lookback_minutes=0)
        return _partial(client, read, start)
    water = HighWater(since)
    if read.stream == "survey_definition":
        return _definition(client, read.survey, water)
    start = start_of(since, history_from=history_from, lookback_minutes=lookback_minutes)
    return _completed(client, read, start, water)


def _definition(client: ApiClient, form: str, water: HighWater) -> Iterator[Page]:
    found = client.get(f"forms/{form}", check=_no_fields)
    water.take([instant_of(found.get("last_updated_at"))], bound=client.answered_at)
    yield Page((found,), water.cursor, True)


def _completed(
    client: ApiClient, read: VendorRead, start: datetime | None, water: HighWater
) -> Iterator[Page]:
    size = _page_size(read)

    def params(low: datetime | None, number: int) -> Mapping[str, Any]:
        if number > 1:
            raise client.unavailable(
                f"{size} responses or more within one second, {low:%Y-%m-%dT%H:%M:%SZ}",
                f"ask for more at once: `params: {{page_size: {_MOST_AT_ONCE}}}` is the most",
                path=f"forms/{read.survey}/responses",
            )
        asked = {"response_type": "completed", "sort": "submitted_at,asc"}
        return {**read.params, **asked, **_since(low), "page_size": size}

    return Ascending(
        client,
        f"forms/{read.survey}/responses",
        params=params,
        elements=_elements,
        has_more=lambda answer: len(_elements(answer.body)) < _total(answer.body),
        wrong=lambda answer: _wrong(answer.body, size),
        stamp=lambda response: instant_of(value_at(response, "submitted_at")),
        identity=_identity,
    ).pages(start, water)


def _partial(client: ApiClient, read: VendorRead, start: datetime | None) -> Iterator[Page]:
    """Page by page through their tokens, until one is empty: a page cut short loses nothing."""
    asked = {"response_type": "partial", **_since(start), "page_size": _page_size(read)}
    path = f"forms/{read.survey}/responses"

    def following(answer: Answer, _: Ask) -> Ask | None:
        found = _elements(answer.body)
        return Ask(path, {**asked, "before": value_at(found[-1], "token")}) if found else None

    seen: set[str] = set()
    for answer in follow(client, Ask(path, asked), following, check=lambda a, _: _no_items(a.body)):
        found = _elements(answer.body)
        yield Page(tuple(r for r in found if _identity(r) not in seen), None, False)
        seen |= {_identity(response) for response in found}


def _since(low: datetime | None) -> dict[str, str]:
    return {} if low is None else {"since": low.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")}


def _elements(body: Any) -> list[Any]:
    found = value_at(body, "items")
    return found if isinstance(found, list) else []


def _identity(response: Any) -> str:
    return str(value_at(response, "response_id") or value_at(response, "token"))


def _total(body: Any) -> int:
    total = value_at(body, "total_items")
    return total if isinstance(total, int) else 0


def _page_size(read: VendorRead) -> int:
    return int(read.params.get("page_size", _MOST_AT_ONCE))


def _wrong(body: Any, page_size: int) -> str | None:
    """Whether fewer responses came than the answer counts."""
    came, expected = len(_elements(body)), min(page_size, _total(body))
    short = f"{came} of {expected} responses came" if came < expected else None
    return _no_items(body) or short


def _no_items(body: Any) -> str | None:
    found = value_at(body, "items")
    return None if isinstance(found, list) else "the answer has no list `items`"


def _no_fields(body: Any) -> str | None:
    found = value_at(body, "fields")
    return None if isinstance(found, list) else "the answer has no list `fields`"
