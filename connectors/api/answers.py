"""Answers of an API: what is data, what is a passing fault, and what to do about the others."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_WAIT_SECONDS = 120.0
_EXCERPT_CHARACTERS = 200
_MENDS = {
    401: "the credentials were refused: check the token that `auth` names",
    403: "the credentials lack the right to read this: ask the system's owner",
    404: "there is nothing at this address: check `base_url` and `path`",
    429: "the API limits requests: run later or ask for a higher limit",
}
_REASONS = ("error", "errors", "message", "description", "title", "detail", "details", "meta")


@dataclass(frozen=True)
class Answer:
    """A 2xx answer with JSON in it.

    Attributes:
        body: The parsed JSON.
        headers: Names compare without regard to case.
        url: The address asked, with its query; never to be shown.
    """

    body: Any
    headers: Mapping[str, str] = field(repr=False)
    url: str = field(repr=False)


@dataclass(frozen=True)
class Trouble:
    """An answer that is none.

    Attributes:
        what: The fact, without a secret.
        mend: What to do.
        is_passing: Whether asking again may help.
        status: The HTTP status; None where there was no answer.
        body: The parsed JSON of a refusal; None where there was none.
        wait_seconds: How long the API asks to wait.
    """

    what: str
    mend: str
    is_passing: bool
    status: int | None = None
    body: Any = None
    wait_seconds: float | None = None


def parsed(content: bytes) -> Any:
    """``content`` as JSON. What Python's numbers cannot hold stays text: 1e400, NaN, long decimals.

    Raises:
        ValueError: when it is no JSON, or nested too deep.
    """
    try:
        return json.loads(content, parse_float=_number, parse_constant=str)
    except RecursionError:
        raise ValueError("nested too deep") from None


def no_connection(kind: str) -> Trouble:
    """No answer, or one that broke off; ``kind`` names the fault."""
    return Trouble(kind, "check that the service runs and is reachable, then run again", True)


def incomplete(what: str) -> Trouble:
    """An answer that holds JSON and less, or something else, than it says."""
    return Trouble(what, "run again; where it stays so, tell the API's owner", True)


def no_json(content: bytes, content_type: str) -> Trouble:
    """An answer of success that holds no JSON: cut off, or a page for people."""
    is_page = "html" in content_type.lower() or content.lstrip()[:1] == b"<"
    what = "the answer is HTML and no JSON" if is_page else "the answer is no JSON"
    mend = "check that the service runs and is reachable, then run again"
    if is_page:
        mend = "check `base_url` and the credentials: a page for people came; then run again"
    return Trouble(what, mend, True)


def refusal(status: int, headers: Mapping[str, str], content: bytes) -> Trouble:
    """What an answer other than 2xx says. Only 408, 425, 429 and 5xx are passing.

    A wait of more than ``LONGEST_WAIT_SECONDS`` is left to the next run.
    """
    mend = _MENDS.get(status, "the service fails: run later or tell its owner")
    if 400 <= status < 500 and status not in _MENDS:
        mend = "the request is refused as it stands: check the declaration of the entity"
    try:
        body = parsed(content)
    except ValueError:
        body = None
    what = f"HTTP {status}{_reason(body) if status not in (401, 403) else ''}"
    passing = status in (408, 425, 429) or status >= 500
    wait = _wait_seconds(headers) if passing else None
    if wait is not None and wait > LONGEST_WAIT_SECONDS:
        what += f", and asks to wait {wait:.0f} seconds"
        mend = f"run again in {math.ceil(wait / 60)} minutes, or ask for a higher limit"
        passing = False
    return Trouble(what, mend, passing, status, body, wait)


def date_of(headers: Mapping[str, str], name: str = "Date") -> datetime | None:
    """A header's HTTP date; None where there is none."""
    try:
        return parsedate_to_datetime(headers[name])
    except (KeyError, ValueError):
        return None


def _wait_seconds(headers: Mapping[str, str]) -> float | None:
    """Of ``Retry-After``: seconds, or a date, which is measured from the answer's own ``Date``."""
    value = headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    until, sent = date_of(headers, "Retry-After"), date_of(headers)
    if until is None or sent is None or until.tzinfo is None or sent.tzinfo is None:
        return None
    return max(0.0, (until - sent).total_seconds())


def _reason(body: Any) -> str:
    """The refusal in the API's own words, at most 200 characters."""
    if not isinstance(body, dict):
        return ""
    said = {key: body[key] for key in _REASONS if body.get(key)}
    if not said:
        return ""
    text = json.dumps(said, ensure_ascii=False, default=str)
    return f" {text[:_EXCERPT_CHARACTERS]}{'…' if len(text) > _EXCERPT_CHARACTERS else ''}"


def _number(text: str) -> float | str:
    """A float where it says what the text says, otherwise the text."""
    value = float(text)
    if math.isfinite(value) and (len(text) <= 16 or repr(value) == text):  # 15 digits and a point
        return value
    return text
