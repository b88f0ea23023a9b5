"""From page to page: never twice the same way, never for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.api.answers import Answer
from connectors.api.client import ApiClient


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


Following = Callable[[Answer, Ask], Ask | None]


def follow(
    client: ApiClient,
    first: Ask,
    following: Following,
    *,
    elements: Callable[[Any], list[Any]] | None = None,
    check: Callable[[Answer, Ask], str | None] | None = None,
) -> Iterator[Answer]:
    """The answers from ``first`` on until ``following`` finds no next request in one.

    Asked for again, like an answer that was cut off, is one that leads back to a request already
    made, that brings the same ``elements`` as the page before it, or with which ``check`` finds
    something wrong.

    Raises:
        RefusedRequestError: when that stays so, or the API does not answer with data.
    """
    walk = _Walk(following, elements, check)
    ask: Ask | None = first
    while ask is not None:
        walk.set_out(ask)
        answer = client.ask(
            ask.path, ask.params, method=ask.method, json=ask.json, check=walk.wrong
        )
        yield answer
        ask = walk.after(answer)


@dataclass
class _Walk:
    """Where a walk has been."""

    following: Following
    elements: Callable[[Any], list[Any]] | None
    check: Callable[[Answer, Ask], str | None] | None
    current: Ask = field(default_factory=lambda: Ask(""))
    asked: set[str] = field(default_factory=set)
    before: list[Any] = field(default_factory=list)

    def set_out(self, ask: Ask) -> None:
        """Note the request about to be made."""
        self.current = ask
        self.asked.add(ask.key)

    def wrong(self, answer: Answer) -> str | None:
        """What is wrong with an answer to the current request."""
        reason = self.check(answer, self.current) if self.check else None
        repeats = self.before and self.elements and self.elements(answer.body) == self.before
        if reason is None and repeats:
            reason = "the same page came once more"
        if reason is None:
            coming = self.following(answer, self.current)
            if coming is not None and coming.key in self.asked:
                reason = "the answer leads back to a page already read"
        return reason

    def after(self, answer: Answer) -> Ask | None:
        """The next request; None after the last page."""
        self.before = self.elements(answer.body) if self.elements else []
        return self.following(answer, self.current)
