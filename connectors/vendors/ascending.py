"""Collections that an API sorts by their last change: read by steps that nothing can slip through.

Page numbers lose an element when an earlier one is changed or deleted while pages are read: all
that follow move up by one. Each request therefore starts anew at the instant of the last element
read; what comes a second time is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.api.answers import Answer
from connectors.api.client import ApiClient
from connectors.pages import Page
from connectors.vendors.stamps import HighWater


@dataclass(frozen=True)
class Ascending:
    """How one collection is asked for and read.

    Attributes:
        client: Asks.
        path: Of the collection.
        params: The query of page ``number`` (from 1) of what changed at or after an instant; the
            instant is None for everything.
        elements: Those of an answer.
        has_more: Whether the vendor holds more of what was asked for.
        wrong: What shows that an answer is not whole.
        stamp: When an element was last changed.
        identity: The element's id.
        early: By how much before an instant it is asked for, where a bound may be exclusive.
    """

    client: ApiClient
    path: str
    params: Callable[[datetime | None, int], Mapping[str, Any]]
    elements: Callable[[Any], list[Any]]
    has_more: Callable[[Answer], bool]
    wrong: Callable[[Answer], str | None]
    stamp: Callable[[Any], datetime | None]
    identity: Callable[[Any], str]
    early: timedelta = timedelta(0)

    def pages(self, start: datetime | None, water: HighWater) -> Iterator[Page]:
        """All elements changed at or after ``start``, each once.

        Raises:
            RefusedRequestError: when the API does not answer with what was asked for.
        """
        low, number, idle = start, 1, 0
        before: set[tuple[str, datetime | None]] = set()
        while True:
            answer = self._answer(low, number)
            found = {(self.identity(e), self.stamp(e)): e for e in self.elements(answer.body)}
            fresh = tuple(element for key, element in found.items() if key not in before)
            water.take((stamp for _, stamp in found), bound=self.client.answered_at)
            yield Page(fresh, water.cursor, True)
            if not self.has_more(answer):
                return
            idle = 0 if fresh else idle + 1
            if idle >= self.client.system.max_attempts:
                raise self._circle(idle)
            reached = self._reached(stamp for _, stamp in found)
            is_further = reached is not None and (low is None or reached > low)
            low, number = (reached, 1) if is_further else (low, number + 1)
            before = {key for key in (*before, *found) if not _is_before(key[1], self._early(low))}

    def _answer(self, low: datetime | None, number: int) -> Answer:
        def wrong(answer: Answer) -> str | None:
            stamps = [self.stamp(element) for element in self.elements(answer.body)]
            reason = self.wrong(answer)
            if reason is None and any(_is_before(stamp, self._early(low)) for stamp in stamps):
                reason = "elements came that are older than what was asked for"
            return reason

        return self.client.ask(self.path, self.params(self._early(low), number), check=wrong)

    def _reached(self, stamps: Iterator[datetime | None]) -> datetime | None:
        """The second of the last element that the vendor's clock has reached."""
        bound = self.client.answered_at
        known = [s for s in stamps if s is not None and (bound is None or s <= bound)]
        return max(known).replace(microsecond=0) if known else None

    def _early(self, low: datetime | None) -> datetime | None:
        return None if low is None else low.replace(microsecond=0) - self.early

    def _circle(self, times: int) -> Exception:
        return self.client.unavailable(
            f"{times} pages running brought nothing new",
            "the API ignores where to go on: run again, or tell its owner",
            path=self.path,
        )


def _is_before(stamp: datetime | None, low: datetime | None) -> bool:
    return stamp is not None and low is not None and stamp < low
