"""Formbricks: responses, finished or not, and the survey itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from connectors.api.client import ApiClient
from connectors.batches import CursorValue
from connectors.pages import Page
from connectors.payloads import value_at
from connectors.vendors.newest_first import NewestFirst
from connectors.vendors.stamps import HighWater, instant_of, start_of
from programme.systems import VendorRead

STREAMS = ("responses", "survey_definition")
_MOST_AT_ONCE = 250


def pages(
    client: ApiClient,
    read: VendorRead,
    *,
    since: CursorValue | None,
    history_from: date | None,
    lookback_minutes: int,
) -> Iterator[Page]:
    """One stream, from ``since`` less the lookback on.

    ``responses`` are those changed since, by ``updatedAt``: a response comes again under its id
    with every page that is answered, until ``finished`` is true. Deleted responses are no longer
    listed, and nothing says which they were. With ``params: {api: v1}`` the older API is asked,
    which knows no order of change: all responses are read, and those changed since are kept.
    Without ``survey`` responses to all surveys come. ``survey_definition`` is the survey itself.

    Raises:
        SourceUnavailableError: when the API does not answer with data after all attempts.
        UnusableDeclarationError: when the definition of no survey is asked for.
    """
    water = HighWater(since)
    if read.stream == "survey_definition":
        if not read.survey:
            raise client.unusable("stream `survey_definition` needs a survey", "add `survey: <id>`")
        return _definition(client, read.survey, water)
    start = start_of(since, history_from=history_from, lookback_minutes=lookback_minutes)
    return _responses(client, read, start, water)


def _definition(client: ApiClient, survey: str, water: HighWater) -> Iterator[Page]:
    found = client.get(f"api/v1/management/surveys/{survey}", check=_no_survey)["data"]
    water.take([instant_of(found.get("updatedAt"))], bound=client.answered_at)
    yield Page((found,), water.cursor, True)


def _responses(
    client: ApiClient, read: VendorRead, start: datetime | None, water: HighWater
) -> Iterator[Page]:
    version = str(read.params.get("api", "v2"))
    path = f"api/{version}/management/responses"
    limit = int(read.params.get("limit", _MOST_AT_ONCE))
    params: dict[str, Any] = {"limit": limit}
    if version != "v1":
        # no `startDate`: servers without `filterDateField` take it for the day of creation, which
        # passes over what was begun earlier and finished since
        params |= {"sortBy": "updatedAt", "order": "desc"}
    if read.survey:
        params["surveyId"] = read.survey

    def fetch(skip: int) -> list[Any]:
        def wrong(body: Any) -> str | None:
            return _wrong(body, limit, skip)

        found: list[Any] = client.get(path, {**params, "skip": skip}, check=wrong)["data"]
        return found

    return NewestFirst(
        client,
        path,
        fetch,
        limit,
        stamp=lambda response: instant_of(value_at(response, "updatedAt")),
        identity=lambda response: str(value_at(response, "id")),
        is_sorted=version != "v1",
    ).pages(start, water)


def _wrong(body: Any, limit: int, skip: int) -> str | None:
    """Whether fewer responses came than the answer counts; the older API counts nothing."""
    data, total = value_at(body, "data"), value_at(body, "meta.total")
    if not isinstance(data, list):
        return "the answer has no list `data`"
    if not isinstance(total, int):
        return None
    expected = max(0, min(limit, total - skip))
    return f"{len(data)} of {expected} responses came" if len(data) < expected else None


def _no_survey(body: Any) -> str | None:
    return None if isinstance(value_at(body, "data"), dict) else "the answer has no object `data`"
