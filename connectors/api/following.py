"""From page to page: never twice the same way, and never for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.api.answers import Answer
from connectors.api.client import ApiClient, Check


@dataclass(frozen=True)
class Ask:
    """One request for a page.

    Attributes:
        path: Path or address.
        params: Added to the address's own query.
        method: GET or POST.
        json: The body of a POST.
    """

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    method: str = "GET"
    json: Any = None

    @property
    def key(self) -> str:
        """The same text for the same request."""
        parts = [self.method, self.path, dict(self.params), self.json]
        return json.dumps(parts, sort_keys=True, default=str)


def follow(
    client: ApiClient,
    first: Ask,
    following: Callable[[Answer, Ask], Ask | None],
    *,
    check: Check | None = None,
) -> Iterator[Answer]:
    """The answers from ``first`` on until ``following`` finds no next request in one.

    An answer that leads back to a request already made is asked for again, as one with a passing
    fault is; where it stays so, the API leads in a circle.

    Raises:
        RefusedRequestError: when the API does not answer with data, or leads in a circle.
    """
    asked: set[str] = set()
    ask: Ask | None = first
    while ask is not None:
        asked.add(ask.key)
        answer, ask = _step(client, ask, following, check=check, asked=asked)
        yield answer


def _step(
    client: ApiClient,
    ask: Ask,
    following: Callable[[Answer, Ask], Ask | None],
    *,
    check: Check | None,
    asked: set[str],
) -> tuple[Answer, Ask | None]:
    for _ in range(client.system.max_attempts):
        answer = client.ask(ask.path, ask.params, method=ask.method, json=ask.json, check=check)
        coming = following(answer, ask)
        if coming is None or coming.key not in asked:
            return answer, coming
    raise client.unavailable(
        f"the answer leads back to a page already read after {client.system.max_attempts} "
        "attempt(s)",
        "the API ignores where to go on: check the paging parameters, or tell its owner",
        path=ask.path,
    )
