"""Collections of a JSON API as received: one payload per element, pages followed to the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from connectors.batches import CursorValue, Pulled, highest_of
from connectors.cursors import cursor_value, read_from
from connectors.errors import SchemaDriftError, SourceUnavailableError
from connectors.payloads import value_at
from connectors.personal import Privacy
from connectors.placeholders import Placeholders
from programme.sources import Entity
from programme.systems import Auth, PagedRead, RestSystem

_LONGEST_WAIT_SECONDS = 60.0
_SAME_PAGE_LIMIT = 3
_MENDS = {
    401: "the credentials were refused: check the token that `auth` names",
    403: "the credentials lack the right to read this: ask the system's owner",
    404: "there is nothing at this address: check `base_url` and `path`",
    429: "the API limits requests: run later or ask for a higher limit",
}


def pull_collection(
    system: RestSystem,
    entity: Entity,
    placeholders: Placeholders,
    *,
    name: str,
    highest: CursorValue | None,
    history_from: date | None,
    privacy: Privacy,
) -> Pulled:
    """Read all pages, or those changed since the cursor.

    Raises:
        SourceUnavailableError: when the API does not answer with data after all attempts.
        SchemaDriftError: when the answer has no ``data_selector``, or a personal path is missing.
    """
    read = entity.rest
    assert read is not None  # noqa: S101  (the declaration's validator sees to it)
    collection = Collection(placeholders, name, system, read)
    since = read_from(highest, lookback_minutes=entity.lookback_minutes, history_from=history_from)
    payloads: list[Any] = []
    pages: list[int] = []
    for number, elements in enumerate(collection.pages(since), start=1):
        payloads += elements
        pages += [number] * len(elements)
    collection.require_personal(privacy, payloads)
    cursors = (
        [cursor_value(value_at(payload, read.cursor)) for payload in payloads]
        if read.cursor
        else []
    )
    texts = [_text(privacy.protect_payload(payload)) for payload in payloads]
    table = pa.table(
        {
            "_payload": pa.array(texts, pa.string()),
            "_page": pa.array(pages, pa.int64()),
            "_row": pa.array(range(1, len(texts) + 1), pa.int64()),
        }
    )
    return Pulled(table, cursor=highest_of(cursors))


@dataclass
class Collection:
    """One collection of a source's API, with all it takes to say what is wrong with it."""

    placeholders: Placeholders
    entity: str
    system: RestSystem
    read: PagedRead
    _session: Any = field(default=None, init=False)

    def __post_init__(self) -> None:
        # an address is no secret: only what else comes from the environment is kept out of errors
        address = Placeholders(self.placeholders.source, self.placeholders.data_root)
        self.base_url = address.fill(self.system.base_url)
        self.where = _without_secrets(f"{self.base_url.rstrip('/')}/{self.read.path.lstrip('/')}")

    def pages(self, since: CursorValue | None) -> Iterator[list[Any]]:
        """The elements of each page."""
        from requests import RequestException

        params: dict[str, Any] = dict(self.read.params)
        if self.read.since_param and since is not None:
            # a day, which `history_from` is, is sent as its first instant
            is_day = isinstance(since, str) and len(since) == len("2024-01-31")
            params[self.read.since_param] = f"{since}T00:00:00Z" if is_day else since
        last, repeats = "", 0
        try:
            for page in self._client().paginate(
                self.read.path,
                params=params,
                paginator=_paginator(self.read),
                data_selector=self.read.data_selector,
            ):
                self._require_selector(page.response.json())
                # a page's size and ends tell it from another, without writing all of it out again
                content = json.dumps([len(page), page[:1], page[-1:]], sort_keys=True)
                repeats = repeats + 1 if page and content == last else 1
                if repeats >= _SAME_PAGE_LIMIT:
                    raise self._unavailable(
                        f"the same page came {repeats} times running",
                        "check `paginator` and its parameters: the API ignores them",
                    )
                last = content
                yield list(page)
                if page.paginator.has_next_page:
                    self._require_same_host(page.request.url)
        except RequestException as error:
            raise self._failed(error) from None
        finally:
            self._session.close()

    def require_personal(self, privacy: Privacy, payloads: list[Any]) -> None:
        """Refuse a collection in which a personal field is nowhere to be found.

        A renamed e-mail field would otherwise land in the clear.
        """
        heads = {key for payload in payloads if isinstance(payload, dict) for key in payload}
        for path in privacy.treatments:
            if payloads and path.split(".")[0] not in heads:
                raise SchemaDriftError(
                    f"personal field `{path}` is missing; present: {', '.join(sorted(heads))}",
                    source=self.placeholders.source,
                    entity=self.entity,
                    where=self.where,
                    mend="name the field as the API does now, so that it can be protected",
                )

    def _client(self) -> Any:
        from dlt.common.configuration.specs.runtime_configuration import (
            RuntimeConfiguration,
        )
        from dlt.sources.helpers.requests.retry import Client
        from dlt.sources.helpers.rest_client.client import RESTClient

        client = Client(
            request_timeout=self.system.timeout_seconds,
            raise_for_status=False,
            request_max_attempts=self.system.max_attempts,
            request_backoff_factor=self.system.backoff_seconds,
            request_max_retry_delay=_LONGEST_WAIT_SECONDS,
            retry_condition=_is_broken,
        )
        self._session = client.session
        return RESTClient(
            self.base_url,
            auth=_auth(self.system.auth, self.placeholders),
            session=self._session,
            # given, so that dlt does not look for configuration in its providers
            config=RuntimeConfiguration(),
        )

    def _require_selector(self, answer: Any) -> None:
        from dlt.common import jsonpath

        if jsonpath.find_values(self.read.data_selector, answer):
            return
        present = ", ".join(sorted(answer)) if isinstance(answer, dict) else type(answer).__name__
        raise SchemaDriftError(
            f"the answer has no `{self.read.data_selector}`; present: {present}",
            source=self.placeholders.source,
            entity=self.entity,
            where=self.where,
            mend="correct `data_selector`",
        )

    def _require_same_host(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.base_url).netloc:
            raise self._unavailable(
                f"the next page lies at another host, {urlsplit(url).netloc}",
                "the credentials are not sent there; correct `base_url` or ask the API's owner",
            )

    @property
    def _attempts(self) -> int:
        """Of the last request; tenacity keeps count on the function it wraps."""
        return int(self._session.send.statistics.get("attempt_number", 1))

    def _failed(self, error: Any) -> SourceUnavailableError:
        response = error.response
        if response is None or response.ok:
            kind = type(error).__name__
            fact = "the answer is no JSON" if response is not None or "JSON" in kind else kind
            mend = "check that the service runs and is reachable, then run again"
            return self._unavailable(f"{fact} after {self._attempts} attempt(s)", mend)
        status = response.status_code
        mend = _MENDS.get(status, "the service fails: run later or tell its owner")
        return self._unavailable(f"HTTP {status} after {self._attempts} attempt(s)", mend)

    def _unavailable(self, what: str, mend: str) -> SourceUnavailableError:
        return SourceUnavailableError(
            self.placeholders.redact(what),
            source=self.placeholders.source,
            entity=self.entity,
            where=self.where,
            mend=mend,
        )


def _is_broken(response: Any, error: BaseException | None) -> bool:
    """Whether an answer of success holds no JSON: cut off, or a page for people."""
    if error is not None or response is None or not response.ok:
        return False
    try:
        response.json()
    except ValueError:
        return True
    return False


def _paginator(read: PagedRead) -> Any:
    from dlt.sources.helpers.rest_client import paginators

    if read.paginator == "page_number":
        return paginators.PageNumberPaginator(
            base_page=read.base_page, page_param=read.page_param, total_path=read.total_path
        )
    if read.paginator == "cursor":
        return paginators.JSONResponseCursorPaginator(
            cursor_path=read.cursor_path or "", cursor_param=read.cursor_param
        )
    if read.paginator == "next_link":
        return paginators.JSONLinkPaginator(next_url_path=read.next_path or "next")
    if read.paginator == "header_link":
        return paginators.HeaderLinkPaginator()
    return paginators.SinglePagePaginator()


def _auth(auth: Auth | None, placeholders: Placeholders) -> Any:
    from dlt.sources.helpers.rest_client import auth as kinds

    if auth is None:
        return None
    if auth.kind == "bearer":
        return kinds.BearerTokenAuth(token=placeholders.fill(auth.token))
    if auth.kind == "api_key":
        key = placeholders.fill(auth.key)
        return kinds.APIKeyAuth(name=auth.header, api_key=key, location="header")
    return kinds.HttpBasicAuth(
        username=placeholders.fill(auth.username), password=placeholders.fill(auth.password)
    )


def _text(payload: Any) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
