"""Declared transcripts: who speaks, where times lie, what must be said and what is flagged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field, field_validator, model_validator

from programme.base import Declaration, Identifier, RefusedError

Speaker = Literal["customer", "agent", "bot"]
Language = Literal["en", "ja"]
TimeUnit = Literal["seconds", "milliseconds", "ticks", "clock", "iso"]
Measure = Literal[
    "talk_seconds",
    "silence_seconds",
    "longest_silence_seconds",
    "wait_seconds",
    "overlap_seconds",
]


class Wording(Declaration):
    """Words that count as said, by language: any of the phrases, or any match of the patterns.

    Text and phrases are compared after NFKC normalisation and case folding, without punctuation:
    English word by word, Japanese sign by sign, so that no word boundary is needed. ``patterns``
    are regular expressions searched in the normalised text, which keeps its punctuation; write
    them in lower case and half-width signs.
    """

    phrases: dict[Language, list[str]] = Field(default={})
    patterns: dict[Language, list[str]] = Field(default={})
    speaker: Speaker = "agent"

    @field_validator("patterns")
    @classmethod
    def _patterns_compile(cls, value: dict[Language, list[str]]) -> dict[Language, list[str]]:
        for language, pattern in _each(value):
            _require_expression(pattern, language)
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Wording:
        words = [text for _, text in (*_each(self.phrases), *_each(self.patterns))]
        if not words or not all(re.search(r"\w", text) for text in words):
            raise ValueError("give at least one phrase or pattern, each with a letter or digit")
        return self


class Statement(Wording):
    """A statement that the speaker must make, within so many seconds of the beginning if given."""

    within_seconds: float | None = Field(default=None, gt=0)


class FlagRule(Declaration):
    """When a call is marked for a supervisor: exactly one of three grounds.

    ``measure`` with ``above``: a time of the call exceeds that many seconds. ``missing``: the named
    statement was not made. ``said``: words that should be heard of, by whoever they are declared
    for.
    """

    measure: Measure | None = None
    above: float | None = Field(default=None, ge=0)
    missing: Identifier | None = None
    said: Wording | None = None

    @model_validator(mode="after")
    def _one_ground(self) -> FlagRule:
        given = [name for name in ("measure", "missing", "said") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of measure, missing, said; given: {given or 'none'}"
            )
        if (self.measure is None) != (self.above is None):
            raise ValueError("`measure` and `above` go together")
        return self


class TurnList(Declaration):
    """Where a JSON transcript keeps its turns. Paths are dotted; a number picks from a list.

    ``turns`` leads to the list of turns. ``parts`` names a list within each turn whose elements
    carry text and times while the turn carries the speaker. Every other path is looked up in the
    part, then in the turn. A turn ends at ``end`` or after ``duration``.

    ``unit`` is that of times: ``seconds`` (``12.5``, ``12.5s``), ``milliseconds``, ``ticks`` of 100
    nanoseconds, ``clock`` (``00:01:12.5``) or ``iso`` (instants). ``began`` is the path, in the
    whole object, of the interaction's beginning in the same unit; without it numbers count from the
    beginning already and instants from the first turn's. ``call_id`` and ``language`` are paths in
    the object; without ``call_id`` a file holds one call, whose id is the file's stem.
    """

    turns: str
    speaker: str
    text: str
    start: str | None = None
    end: str | None = None
    duration: str | None = None
    unit: TimeUnit = "seconds"
    parts: str | None = None
    speaker_id: str | None = None
    began: str | None = None
    call_id: str | None = None
    language: str | None = None

    @model_validator(mode="after")
    def _one_end(self) -> TurnList:
        if self.end is not None and self.duration is not None:
            raise ValueError("give `end` or `duration`, not both")
        if self.duration is not None and self.start is None:
            raise ValueError("`duration` needs `start`")
        return self


class TranscriptRead(Declaration):
    """How transcripts are read and what is asked of a call.

    ``speakers`` says who is who: names as the source writes them (``*`` and ``?`` stand for any
    signs, case and width do not matter), the first that fits counts; null for somebody who is none
    of the three. A name that fits none sends the transcript to quarantine.

    ``name`` is a regular expression with named groups for the file's stem; its groups are the
    payload's ``name.<group>``, as for the time and the customer of the call. ``language`` is that
    of every call that does not say its own; without any, the words of all languages are tried.
    ``longest_hours`` bounds a time: what lies beyond is a mistaken unit and goes to quarantine.
    """

    speakers: dict[str, Speaker | None] = Field(min_length=1)
    name: str | None = None
    language: str | None = None
    turns: TurnList | None = None
    statements: dict[Identifier, Statement] = Field(default={})
    flags: dict[Identifier, FlagRule] = Field(default={})
    longest_hours: float = Field(default=24.0, gt=0)

    @field_validator("name")
    @classmethod
    def _name_has_groups(cls, value: str | None) -> str | None:
        if value is not None:
            _require_expression(value)
            if not re.compile(value).groupindex:
                raise ValueError("`name` has no named group such as (?P<call>.+)")
        return value

    @model_validator(mode="after")
    def _missing_statements_exist(self) -> TranscriptRead:
        for flag, rule in self.flags.items():
            if rule.missing is not None and rule.missing not in self.statements:
                known = ", ".join(self.statements) or "none"
                raise RefusedError(
                    f"flag `{flag}` waits for statement `{rule.missing}`, which is not declared",
                    *("flags", flag, "missing"),
                    mend=f"name one of {known}",
                )
        return self


def _each(words: dict[Language, list[str]]) -> Iterator[tuple[str, str]]:
    groups: Iterable[tuple[str, list[str]]] = words.items()
    for language, texts in groups:
        for text in texts:
            yield language, text


def _require_expression(pattern: str, *at: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise RefusedError(f"`{pattern}` is no regular expression: {error}", *at) from None
