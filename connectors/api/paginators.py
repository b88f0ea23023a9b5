"""The declared ways from one page to the next."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any
from urllib.parse import urljoin

from connectors.api.answers import Answer
from connectors.api.following import Ask, Following
from connectors.payloads import value_at
from programme.paging import PagedRead

_NO_MORE = (None, False, 0, "", "false")


def first_ask(read: PagedRead, start: str | int | None) -> Ask:
    """The request for the first page; ``start`` is what ``since_param`` is set to."""
    body = copy.deepcopy(read.json_body) if read.method == "POST" else None
    ask = Ask(read.path, dict(read.params), read.method, body)
    if read.since_param and start is not None:
        ask = changed(ask, read.since_param, start)
    if read.page_size is not None and read.paginator != "single":
        ask = changed(ask, read.size_param, read.page_size)
    if read.paginator == "page_number":
        ask = changed(ask, read.page_param, read.base_page)
    if read.paginator == "offset":
        ask = changed(ask, read.offset_param, 0)
    return ask


def elements_of(body: Any, read: PagedRead) -> list[Any] | None:
    """The elements of an answer: a list, or the single object in its place; None where missing."""
    path = read.data_selector.removeprefix("$").removeprefix(".")
    if not path:
        found = body
    else:
        *steps, last = path.split(".")
        holder = value_at(body, ".".join(steps)) if steps else body
        if not isinstance(holder, dict) or last not in holder:
            return None
        found = holder[last]
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def following(read: PagedRead) -> Following:
    """How the declared paginator goes on from an answer."""
    steps = {
        "page_number": _next_number,
        "offset": _next_offset,
        "cursor": _next_cursor,
        "next_link": _next_link,
        "header_link": _next_header_link,
    }
    step = steps.get(read.paginator)

    def go_on(answer: Answer, ask: Ask) -> Ask | None:
        if step is None or (read.more_path and value_at(answer.body, read.more_path) in _NO_MORE):
            return None
        return step(answer, ask, read)

    return go_on


def wrong_count(answer: Answer, read: PagedRead) -> str | None:
    """What is wrong where the answer counts more elements than it holds."""
    if read.count_path is None:
        return None
    said, held = _number(answer.body, read.count_path), len(elements_of(answer.body, read) or [])
    if said is None or held >= said:
        return None
    return f"a page says that it has {said} elements and has {held}"


def missing_of_total(answer: Answer, ask: Ask, read: PagedRead) -> str | None:
    """What is wrong where an offset comes to no more elements before the total."""
    if read.paginator != "offset" or read.total_path is None:
        return None
    total, offset = _number(answer.body, read.total_path), _present(ask, read.offset_param)
    if total is None or elements_of(answer.body, read) or offset >= total:
        return None
    return f"the API says that there are {total} elements and sends {offset}"


def changed(ask: Ask, name: str, value: Any) -> Ask:
    """``ask`` with one parameter set: in the query, or at a dotted path of a POST's body."""
    if ask.method != "POST":
        return Ask(ask.path, {**ask.params, name: value}, ask.method, ask.json)
    body = copy.deepcopy(ask.json)
    node, steps = body, name.split(".")
    for step, coming in pairwise(steps):
        fresh: Any = [] if coming.isdigit() else {}
        node = _below(node, step, fresh)
    if isinstance(node, list):
        _below(node, steps[-1], value)
        node[int(steps[-1])] = value
    else:
        node[steps[-1]] = value
    return Ask(ask.path, ask.params, ask.method, body)


def _below(node: Any, step: str, fresh: Any) -> Any:
    if isinstance(node, list):
        if int(step) >= len(node):
            node.append(fresh)
        return node[int(step)]
    return node.setdefault(step, fresh)


def _next_number(answer: Answer, ask: Ask, read: PagedRead) -> Ask | None:
    page = _present(ask, read.page_param)
    count = len(elements_of(answer.body, read) or [])
    if read.total_path is not None:
        total = _number(answer.body, read.total_path)
        if total is not None:
            last = read.base_page + total - 1
            return changed(ask, read.page_param, page + 1) if page < last else None
    # a page with less than was asked for need not be the last: many an API has a lower limit
    return changed(ask, read.page_param, page + 1) if count else None


def _next_offset(answer: Answer, ask: Ask, read: PagedRead) -> Ask | None:
    count = len(elements_of(answer.body, read) or [])
    # where more came than was asked for, some of it was repeated
    step = count if read.page_size is None else min(count, read.page_size)
    offset = _present(ask, read.offset_param) + step
    total = _number(answer.body, read.total_path) if read.total_path else None
    if not count or (total is not None and offset >= total):
        return None
    return changed(ask, read.offset_param, offset)


def _next_cursor(answer: Answer, ask: Ask, read: PagedRead) -> Ask | None:
    cursor = value_at(answer.body, read.cursor_path or "")
    return None if cursor in (None, "") else changed(ask, read.cursor_param or "", cursor)


def _next_link(answer: Answer, ask: Ask, read: PagedRead) -> Ask | None:
    return _linked(value_at(answer.body, read.next_path or ""), answer, ask)


def _next_header_link(answer: Answer, ask: Ask, read: PagedRead) -> Ask | None:
    from requests.utils import parse_header_links

    links = parse_header_links(answer.headers.get("Link", ""))
    found = next((link["url"] for link in links if link.get("rel") == "next"), None)
    return _linked(found, answer, ask)


def _linked(link: Any, answer: Answer, ask: Ask) -> Ask | None:
    if not isinstance(link, str) or not link:
        return None
    # a link is whole: it carries the parameters that the first request was given
    return Ask(urljoin(answer.url, link), {}, ask.method, ask.json)


def _present(ask: Ask, name: str) -> int:
    if ask.method != "POST":
        return int(ask.params[name])
    node = ask.json
    for step in name.split("."):
        node = node[int(step)] if isinstance(node, list) else node[step]
    return int(node)


def _number(body: Any, path: str) -> int | None:
    value = value_at(body, path)
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
