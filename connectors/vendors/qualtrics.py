"""Qualtrics: responses, the survey's definition, distributions and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors.api.answers import Answer
from connectors.api.client import ApiClient, RefusedRequestError
from connectors.api.following import Ask, follow
from connectors.batches import CursorValue
from connectors.pages import Page
from connectors.payloads import value_at
from connectors.vendors.qualtrics_export import ResponseExport, no_result
from connectors.vendors.stamps import HighWater, cursor_of, instant_of, start_of
from programme.systems import VendorRead

STREAMS = ("responses", "survey_definition", "distributions", "distribution_history")
_AT_ONCE = 1000
_PAGE_SIZE = 100
_STAMPS = ("_lastModifiedDate", "lastModifiedDate", "LastModifiedDate", "recordedDate", "endDate")
_OURS = ("continuation", "window_days")


def pages(
    client: ApiClient,
    read: VendorRead,
    *,
    since: CursorValue | None,
    history_from: date | None,
    lookback_minutes: int,
) -> Iterator[Page]:
    """One stream, from ``since`` less the lookback on.

    ``responses`` are those changed since, by ``_lastModifiedDate``: unfinished ones that Qualtrics
    has closed (``finished`` 0) and late edits among them. Deleted responses are not in an export,
    and nothing says which they were. ``params`` go into the export's body; ``continuation: true``
    goes on from the last export's token instead of an instant, ``window_days`` exports so many days
    of changes at once, one export after the other.
    ``survey_definition`` is the survey itself, for labels, recodes and scales.
    ``distributions`` are those changed since; ``distribution_history`` is what became of each
    recipient of those sent since, with its ``distribution`` and the query of its ``surveyLink``
    (``link``) added, and with ``params: {directory: POOL_…}`` its external reference (``contact``):
    opens and answers come later, which a lookback of weeks covers.

    Raises:
        SourceUnavailableError: when the API does not deliver after all attempts.
        UnusableDeclarationError: when the declaration names no survey.
    """
    if not read.survey:
        raise client.unusable(f"stream `{read.stream}` needs a survey", "add `survey: SV_…`")
    start = start_of(since, history_from=history_from, lookback_minutes=lookback_minutes)
    water = HighWater(since)
    if read.stream == "survey_definition":
        return _definition(client, read.survey, water)
    if read.stream == "distributions":
        return _distributions(client, read.survey, start, water)
    if read.stream == "distribution_history":
        return _History(client, read, water).pages(start)
    token = since.partition(" ")[2] if isinstance(since, str) else ""
    return _Responses(client, read, water).pages(start, token)


class _Responses:
    """The responses of one survey."""

    def __init__(self, client: ApiClient, read: VendorRead, water: HighWater) -> None:
        self.client = client
        self.water = water
        self.survey = str(read.survey)
        self.export = ResponseExport(client, self.survey)
        self.has_tokens = read.params.get("continuation") is True
        self.window_days = int(read.params.get("window_days") or 0)
        self.body: dict[str, Any] = {"format": "json", "compress": True}
        if "filterId" not in read.params:  # which Qualtrics refuses beside it
            self.body["sortByLastModifiedDate"] = True
        self.body |= {name: value for name, value in read.params.items() if name not in _OURS}

    def pages(self, start: datetime | None, token: str) -> Iterator[Page]:
        """All exports from ``start``, or from the token, on."""
        if not self.has_tokens:
            for begin, end in self._windows(start):
                yield from self._exported(_between(begin, end), reached=end)
            return
        if token:
            try:
                yield from self._exported({"continuationToken": token})
                return
            except RefusedRequestError as error:
                if error.status != 400:
                    raise
                # a token lives for a week: the instant beside it says where to go on
        yield from self._exported({"allowContinuation": True, **_between(start, None)})

    def _windows(self, start: datetime | None) -> Iterator[tuple[datetime | None, datetime | None]]:
        """Spans of changes that follow one another, the last without an end."""
        begin = edge = start
        if self.window_days:
            survey = _survey(self.client, self.survey)
            edge = start or _moment(survey, "creationDate") or _created(survey)
        step, now = timedelta(days=self.window_days), self.client.answered_at
        while step and edge and now and edge + step < now:
            edge += step
            yield begin, edge
            begin = edge
        yield begin, None

    def _exported(
        self, span: Mapping[str, Any], *, reached: datetime | None = None
    ) -> Iterator[Page]:
        """The pages of one export; after the last, all up to ``reached`` has been read."""
        with self.export.opened({**self.body, **span}) as responses:
            for batch, is_last in _batches(responses):
                stamps = [_moment(value_at(response, "values"), *_STAMPS) for response in batch]
                self.water.take(stamps, bound=self.client.answered_at)
                if is_last:
                    self.water.take([reached], bound=self.client.answered_at)
                yield Page(tuple(batch), self._cursor(is_last=is_last), is_last)

    def _cursor(self, *, is_last: bool) -> str | None:
        cursor, token = self.water.cursor, self.export.continuation
        if cursor and token and self.has_tokens and is_last:
            return f"{cursor} {token}"
        return cursor


def _definition(client: ApiClient, survey: str, water: HighWater) -> Iterator[Page]:
    found = _survey(client, survey)
    water.take([_moment(found, "LastModified", "lastModifiedDate")], bound=client.answered_at)
    yield Page((found,), water.cursor, True)


def _survey(client: ApiClient, survey: str) -> dict[str, Any]:
    """The survey's definition; in the older form where the token may not read the newer one."""
    try:
        answer = client.get(f"API/v3/survey-definitions/{survey}", check=no_result)
    except RefusedRequestError as error:
        if error.status not in (403, 404):
            raise
        answer = client.get(f"API/v3/surveys/{survey}", check=no_result)
    result: dict[str, Any] = answer["result"]
    return result


def _distributions(
    client: ApiClient, survey: str, start: datetime | None, water: HighWater
) -> Iterator[Page]:
    for found in _listed(client, "API/v3/distributions", {"surveyId": survey}):
        changed = [d for d in found if _not_before(start, d, "modifiedDate")]
        stamps = [_moment(distribution, "modifiedDate") for distribution in changed]
        water.take(stamps, bound=client.answered_at)
        yield Page(tuple(changed), water.cursor, False)
    yield Page((), water.cursor, True)


class _History:
    """What became of the recipients of each distribution of one survey."""

    def __init__(self, client: ApiClient, read: VendorRead, water: HighWater) -> None:
        self.client = client
        self.survey = str(read.survey)
        self.directory = read.params.get("directory")
        self.water = water
        self._contacts: dict[str, dict[str, str | None]] = {}

    def pages(self, start: datetime | None) -> Iterator[Page]:
        """The recipients of the distributions sent since, which are all listed before the first."""
        listed = _listed(self.client, "API/v3/distributions", {"surveyId": self.survey})
        sent = [d for found in listed for d in found if _not_before(start, d, "sendDate")]
        for distribution in sent:
            known = self._references(distribution)
            for found in _listed(
                self.client, f"API/v3/distributions/{distribution.get('id')}/history"
            ):
                recipients = [self._completed(r, distribution, known) for r in found]
                yield Page(tuple(recipients), self.water.cursor, False)
        self.water.take([_moment(d, "sendDate") for d in sent], bound=self.client.answered_at)
        yield Page((), self.water.cursor, True)

    def _completed(
        self, recipient: dict[str, Any], distribution: Any, known: Mapping[str, str | None]
    ) -> dict[str, Any]:
        """The recipient with what its mapping needs and the API says elsewhere."""
        query = urlsplit(str(recipient.get("surveyLink") or "")).query
        completed = {**recipient, "distribution": distribution, "link": dict(parse_qsl(query))}
        if self.directory:
            completed["contact"] = {"extRef": known.get(str(recipient.get("contactId")))}
        return completed

    def _references(self, distribution: Any) -> Mapping[str, str | None]:
        """Contact -> external reference of the mailing list that the distribution went to."""
        mailing_list = value_at(distribution, "recipients.mailingListId")
        if not self.directory or not mailing_list:
            return {}
        if mailing_list not in self._contacts:
            path = f"API/v3/directories/{self.directory}/mailinglists/{mailing_list}/contacts"
            self._contacts[mailing_list] = {
                str(contact.get("contactId")): contact.get("extRef")
                for found in _listed(self.client, path)
                for contact in found
            }
        return self._contacts[mailing_list]


def _listed(
    client: ApiClient, path: str, params: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[list[Any]]:
    """The elements of each page of a list, each element once."""

    def following(answer: Answer, _: Ask) -> Ask | None:
        address = answer.body["result"].get("nextPage")
        return Ask(str(address)) if address else None

    def wrong(answer: Answer, _: Ask) -> str | None:
        return _no_elements(answer.body)

    first = Ask(path, {**params, "pageSize": _PAGE_SIZE})
    before: list[Any] = []
    for answer in follow(client, first, following, elements=_elements, check=wrong):
        found = _elements(answer.body)
        yield [element for element in found if element not in before]
        before = found


def _elements(body: Any) -> list[Any]:
    found = value_at(body, "result.elements")
    return found if isinstance(found, list) else []


def _no_elements(answer: Any) -> str | None:
    if isinstance(value_at(answer, "result.elements"), list):
        return None
    return "the answer has no `result.elements`"


def _batches(responses: Iterator[Any]) -> Iterator[tuple[list[Any], bool]]:
    """Bounded numbers of them; the last batch, which may be empty, is marked."""
    batch = list(islice(responses, _AT_ONCE))
    while batch:
        coming = list(islice(responses, _AT_ONCE))
        if not coming:
            break
        yield batch, False
        batch = coming
    yield batch, True


def _between(begin: datetime | None, end: datetime | None) -> dict[str, str]:
    """The span of an export: ``startDate`` lies within it, ``endDate`` does not."""
    span = {"startDate": begin, "endDate": end}
    return {name: cursor_of(moment) for name, moment in span.items() if moment is not None}


def _moment(found: Any, *names: str) -> datetime | None:
    """The first of the named stamps that is one."""
    stamps = (instant_of(found.get(name)) for name in names) if isinstance(found, dict) else ()
    return next((stamp for stamp in stamps if stamp is not None), None)


def _created(survey: Mapping[str, Any]) -> datetime | None:
    return _moment(survey.get("SurveyOptions"), "SurveyCreationDate")


def _not_before(start: datetime | None, found: Mapping[str, Any], name: str) -> bool:
    """What carries no stamp is read again every time."""
    moment = _moment(found, name)
    return start is None or moment is None or moment >= start
