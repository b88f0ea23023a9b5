"""Collections that an API lists newest first by offset: read backwards without a gap.

What is added or changed meanwhile goes to the top and pushes the rest down, which brings some of it
a second time. What is deleted pulls the rest up: each request therefore reaches back over the last
element read, and goes back further where that is no longer there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.api.client import ApiClient
from connectors.pages import Page
from connectors.vendors.stamps import HighWater

_OVERLAP = 1


@dataclass(frozen=True)
class NewestFirst:
    """How one collection is asked for and read.

    Attributes:
        client: Asks.
        path: Of the collection, for errors.
        fetch: The elements from an offset on, at most ``limit``.
        limit: Of one request.
        stamp: When an element was last changed.
        identity: The element's id.
        is_sorted: Whether the order is that of ``stamp``, so that reading may end at ``start``.
    """

    client: ApiClient
    path: str
    fetch: Callable[[int], list[Any]]
    limit: int
    stamp: Callable[[Any], datetime | None]
    identity: Callable[[Any], str]
    is_sorted: bool

    def pages(self, start: datetime | None, water: HighWater) -> Iterator[Page]:
        """All elements changed at or after ``start``, each once; the last page is resumable.

        Raises:
            RefusedRequestError: when the API does not answer with data, or its list will not hold
                still.
        """
        seen: dict[str, datetime | None] = {}
        skip, backward = 0, 0
        while True:
            found = self.fetch(skip)
            if skip and not any(self.identity(element) in seen for element in found):
                skip, backward = max(0, skip - self.limit), backward + 1
                if backward > self.client.system.max_attempts:
                    raise self._restless()
                continue
            fresh = [element for element in found if self._is_fresh(element, seen)]
            backward = 0 if fresh else backward
            water.take((self.stamp(e) for e in fresh), bound=self.client.answered_at)
            wanted = [e for e in fresh if not _is_before(self.stamp(e), start)]
            yield Page(tuple(wanted), water.cursor, False)
            is_end = not fresh and len(found) <= _OVERLAP
            if is_end or (self.is_sorted and fresh and not wanted):
                yield Page((), water.cursor, True)
                return
            skip += len(found) - _OVERLAP

    def _is_fresh(self, element: Any, seen: dict[str, datetime | None]) -> bool:
        identity, stamp = self.identity(element), self.stamp(element)
        if identity in seen and seen[identity] == stamp:
            return False
        seen[identity] = stamp
        return True

    def _restless(self) -> Exception:
        return self.client.unavailable(
            "the last element read was no longer where it had been, time and again",
            "run again when nothing is being deleted, or tell the API's owner",
            path=self.path,
        )


def _is_before(stamp: datetime | None, start: datetime | None) -> bool:
    return stamp is not None and start is not None and stamp < start
