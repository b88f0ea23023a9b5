"""Declared REST collections: how pages follow, and from where to read on."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from programme.base import Declaration, Scalar


class PagedRead(Declaration):
    """One REST collection.

    ``path`` is asked with ``params`` in the query. With ``method: POST`` it is asked with ``json``
    as body, and what changes from page to page stands in that body too: names of parameters are
    then dotted paths in it, such as ``pagination.starting_after`` or ``query.value.0.value``.

    ``data_selector`` is the dotted path of the list in an answer; empty where the answer is the
    list itself.

    ``paginator`` names how pages follow: ``page_number`` (``page_param`` from ``base_page`` on),
    ``offset`` (``offset_param``), ``cursor`` (``cursor_path`` in the answer, ``cursor_param`` in
    the next request), ``next_link`` (``next_path`` in the answer), ``header_link`` or ``single``.
    The last page is the one without a cursor or link; for ``page_number`` and ``offset`` an empty
    one, or the one that ``total_path`` tells (of pages, or of elements for ``offset``); for all,
    one where ``more_path`` is false. ``page_size`` is sent as ``size_param``. ``count_path`` is
    where the answer says how many elements it holds: with fewer it is asked for again.

    ``cursor`` is the dotted path in an element of what says when it changed, ``since_param`` what
    asks for later ones, in ``since_format``: ``iso`` (as the source writes it), ``date``,
    ``epoch_seconds``, ``epoch_milliseconds`` or a strftime pattern. ``ordered`` says that elements
    come in the cursor's order: what a broken pull has read is then not read again.
    """

    path: str
    method: Literal["GET", "POST"] = "GET"
    data_selector: str
    params: dict[str, Scalar] = Field(default={})
    json_body: dict[str, Any] = Field(default={}, alias="json")
    paginator: Literal["page_number", "offset", "cursor", "next_link", "header_link", "single"] = (
        "single"
    )
    page_param: str = "page"
    base_page: int = 1
    offset_param: str = "offset"
    page_size: int | None = Field(default=None, ge=1)
    size_param: str = "limit"
    total_path: str | None = None
    count_path: str | None = None
    more_path: str | None = None
    cursor_path: str | None = None
    cursor_param: str | None = None
    next_path: str | None = None
    cursor: str | None = None
    since_param: str | None = None
    since_format: str = "iso"
    ordered: bool = False

    @model_validator(mode="after")
    def _incremental_is_whole(self) -> PagedRead:
        if (self.cursor is None) != (self.since_param is None):
            raise ValueError("`cursor` and `since_param` go together: declare both or neither")
        if self.ordered and self.cursor is None:
            raise ValueError("`ordered` is the order of `cursor`: declare `cursor` too")
        words = ("iso", "date", "epoch_seconds", "epoch_milliseconds")
        if self.since_format not in words and "%" not in self.since_format:
            raise ValueError(f"`since_format` is one of {', '.join(words)} or a strftime pattern")
        return self

    @model_validator(mode="after")
    def _paging_is_whole(self) -> PagedRead:
        if self.paginator == "cursor" and not (self.cursor_path and self.cursor_param):
            raise ValueError("paginator `cursor` needs `cursor_path` and `cursor_param`")
        if self.paginator == "next_link" and not self.next_path:
            raise ValueError("paginator `next_link` needs `next_path`")
        if self.json_body and self.method != "POST":
            raise ValueError("`json` is the body of a POST: add `method: POST`")
        return self
