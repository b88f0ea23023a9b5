"""SurveyMonkey: responses with their answers, and the survey's details."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from time import sleep
from typing import Any

from connectors.api.answers import Answer
from connectors.api.client import ApiClient
from connectors.batches import CursorValue
from connectors.pages import Page
from connectors.payloads import value_at
from connectors.vendors.ascending import Ascending
from connectors.vendors.stamps import HighWater, instant_of, start_of
from programme.systems import VendorRead

STREAMS = ("responses", "survey_definition")
_PER_PAGE = 100
_MINUTE = "X-Ratelimit-App-Global-Minute"
_LONGEST_PAUSE_SECONDS = 60.0


def pages(
    client: ApiClient,
    read: VendorRead,
    *,
    since: CursorValue | None,
    history_from: date | None,
    lookback_minutes: int,
) -> Iterator[Page]:
    """One stream, from ``since`` less the lookback on.

    ``responses`` are those changed since, by ``date_modified``: partial ones and late edits among
    them, unless ``params`` ask for a ``status``. Deleted responses are no longer listed, and
    nothing says which they were. ``survey_definition`` is the survey with its questions, choices
    and weights (``/details``).

    Raises:
        SourceUnavailableError: when the API does not answer with data after all attempts.
        UnusableDeclarationError: when the declaration names no survey.
    """
    if not read.survey:
        raise client.unusable(f"stream `{read.stream}` needs a survey", "add `survey: <id>`")
    water = HighWater(since)
    if read.stream == "survey_definition":
        return _definition(client, read.survey, water)
    start = start_of(since, history_from=history_from, lookback_minutes=lookback_minutes)
    return _responses(client, read, start, water)


def _definition(client: ApiClient, survey: str, water: HighWater) -> Iterator[Page]:
    found = client.get(f"v3/surveys/{survey}/details", check=_no_questions)
    water.take([instant_of(found.get("date_modified"))], bound=client.answered_at)
    yield Page((found,), water.cursor, True)


def _responses(
    client: ApiClient, read: VendorRead, start: datetime | None, water: HighWater
) -> Iterator[Page]:
    def params(low: datetime | None, number: int) -> Mapping[str, Any]:
        asked: dict[str, Any] = {
            "sort_by": "date_modified",
            "sort_order": "ASC",
            "per_page": _PER_PAGE,
        }
        if low is not None:
            asked["start_modified_at"] = low.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return {**read.params, **asked, "page": number}

    def has_more(answer: Answer) -> bool:
        has_next = value_at(answer.body, "links.next") is not None
        if has_next:
            _spare_the_limit(answer.headers)
        return has_next

    return Ascending(
        client,
        f"v3/surveys/{read.survey}/responses/bulk",
        params=params,
        elements=_elements,
        has_more=has_more,
        wrong=_wrong,
        stamp=lambda response: instant_of(value_at(response, "date_modified")),
        identity=lambda response: str(value_at(response, "id")),
        early=timedelta(seconds=1),  # "after the given date": whether inclusive is not said
    ).pages(start, water)


def _elements(body: Any) -> list[Any]:
    found = value_at(body, "data")
    return found if isinstance(found, list) else []


def _wrong(answer: Answer) -> str | None:
    """Whether fewer responses came than the page's own numbers say."""
    if not isinstance(value_at(answer.body, "data"), list):
        return "the answer has no list `data`"
    numbers = [value_at(answer.body, name) for name in ("total", "page", "per_page")]
    if not all(isinstance(number, int) for number in numbers):
        return None
    total, page, per_page = numbers
    expected = max(0, min(per_page, total - (page - 1) * per_page))
    came = len(_elements(answer.body))
    return f"{came} of {expected} responses came" if came < expected else None


def _no_questions(body: Any) -> str | None:
    found = value_at(body, "pages")
    return None if isinstance(found, list) else "the answer has no list `pages`"


def _spare_the_limit(headers: Mapping[str, str]) -> None:
    """Wait for the next minute where this one's requests are used up: a refusal counts too."""
    left, reset = headers.get(f"{_MINUTE}-Remaining", ""), headers.get(f"{_MINUTE}-Reset", "")
    if left == "0" and reset.isdigit():
        sleep(min(float(reset), _LONGEST_PAUSE_SECONDS))
