"""Reads ahead in a thread while the caller works on what was read before."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


def ahead(items: Iterable[Item]) -> Generator[Item]:
    """``items`` in their order; while the caller works on one, the next is read in a thread.

    An error of the reader is raised where its item would have come.
    """
    source = iter(items)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="cxloop-reader") as reader:
        coming = reader.submit(next, source, _END)
        while (item := coming.result()) is not _END:
            coming = reader.submit(next, source, _END)
            yield item  # type: ignore[misc]
