"""JSON transcripts as turns, by declared paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.payloads import text_of
from connectors.transcripts.turns import MICROSECONDS, Speakers, TranscriptError, Turn
from programme.calls import TimeUnit, TurnList

_MOST_DIGITS = 20
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CLOCK = re.compile(r"^(?:(\d{1,9}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def value_in(payload: Any, path: str) -> Any:
    """The value at a dotted path whose whole numbers pick from lists; None where a step is missing.

    Example:
        >>> value_in({"best": [{"text": "hello"}]}, "best.0.text")
        'hello'
    """
    for step in path.split("."):
        if isinstance(payload, dict):
            payload = payload.get(step)
        elif isinstance(payload, list) and step.isdecimal() and int(step) < len(payload):
            payload = payload[int(step)]
        else:
            return None
    return payload


def without(payload: dict[str, Any], path: str) -> dict[str, Any]:
    """The object without what lies at ``path``; the given one stays as it is."""
    head, _, rest = path.partition(".")
    below = payload.get(head)
    kept = {key: value for key, value in payload.items() if key != head}
    return kept | {head: without(below, rest)} if rest and isinstance(below, dict) else kept


def turns_of(payload: dict[str, Any], lie: TurnList, speakers: Speakers) -> list[Turn]:
    """The turns of one call.

    Raises:
        TranscriptError: when there is no list of turns, a time cannot be read, or a speaker is
            unknown.
    """
    moment = _READERS[lie.unit]
    origin = 0
    if lie.began is not None:
        origin = _time(moment, lie.began, value_in(payload, lie.began)) or 0
        if value_in(payload, lie.began) is None:
            raise TranscriptError("the beginning of the call is missing", column=lie.began)
    reader = _TurnReader(lie, speakers, moment, origin)
    turns = [reader.turn(part, turn) for turn, part in _parts(payload, lie)]
    return turns if lie.began is not None or lie.unit != "iso" else _from_the_first(turns)


@dataclass(frozen=True)
class _TurnReader:
    lie: TurnList
    speakers: Speakers
    moment: Callable[[str], int]
    origin: int

    def turn(self, part: Any, turn: Any) -> Turn:
        lie = self.lie

        def at(path: str | None) -> Any:
            if path is None:
                return None
            found = value_in(part, path)
            return value_in(turn, path) if found is None else found

        name = text_of(at(lie.speaker)) or ""
        start = self._offset(lie.start, at(lie.start))
        end = self._offset(lie.end, at(lie.end))
        if lie.duration is not None and start is not None:
            lasted = _time(_DURATIONS.get(lie.unit, self.moment), lie.duration, at(lie.duration))
            end = None if lasted is None else start + lasted
        return Turn(
            speaker=self.speakers.role(name),
            speaker_id=name if lie.speaker_id is None else text_of(at(lie.speaker_id)) or "",
            text=text_of(at(lie.text)),
            start=start,
            end=end,
            within=None if start is None or end is None else (start, end),
            started_at=text_of(at(lie.start)) if lie.unit == "iso" else None,
        )

    def _offset(self, path: str | None, value: Any) -> int | None:
        found = None if path is None else _time(self.moment, path, value)
        return None if found is None else found - self.origin


def _parts(payload: dict[str, Any], lie: TurnList) -> Iterator[tuple[Any, Any]]:
    turns = value_in(payload, lie.turns)
    if not isinstance(turns, list):
        what = "there is no list of turns here" if turns is None else "this is no list of turns"
        raise TranscriptError(what, column=lie.turns)
    for turn in turns:
        parts = [turn] if lie.parts is None else value_in(turn, lie.parts)
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise TranscriptError("this is no list of objects", column=lie.parts or lie.turns)
        for part in parts:
            yield turn, part


def _from_the_first(turns: list[Turn]) -> list[Turn]:
    """Instants count from the earliest turn where nothing says when the call began."""
    first = min((turn.start for turn in turns if turn.start is not None), default=0)

    def moved(moment: int | None) -> int | None:
        return None if moment is None else moment - first

    return [
        replace(
            turn,
            start=moved(turn.start),
            end=moved(turn.end),
            within=turn.within and (turn.within[0] - first, turn.within[1] - first),
        )
        for turn in turns
    ]


def _time(read: Callable[[str], int], path: str, value: Any) -> int | None:
    text = (text_of(value) or "").strip()
    if not text:
        return None
    try:
        return read(text)
    except (ValueError, ArithmeticError):
        raise TranscriptError(
            "this is no time in the declared `unit`", column=path, value=text
        ) from None


def _scaled(microseconds: str) -> Callable[[str], int]:
    factor = Decimal(microseconds)

    def read(text: str) -> int:
        number = text.removesuffix("s") if factor == MICROSECONDS else text
        # bounded before it is multiplied out: 1e999999999 is a number of as many digits
        if not _NUMBER.fullmatch(number) or Decimal(number).adjusted() > _MOST_DIGITS:
            raise ValueError(text)
        return round(Decimal(number) * factor)

    return read


def _clock(text: str) -> int:
    match = _CLOCK.match(text)
    if match is None or int(match[2]) > 59 or Decimal(match[3].replace(",", ".")) >= 60:
        raise ValueError(text)
    whole = int(match[1] or 0) * 3600 + int(match[2]) * 60
    return round((whole + Decimal(match[3].replace(",", "."))) * MICROSECONDS)


def _instant(text: str) -> int:
    moment = datetime.fromisoformat(text)
    # without an offset in either, only the differences count
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * MICROSECONDS + since.microseconds


_READERS: dict[TimeUnit, Callable[[str], int]] = {
    "seconds": _scaled("1000000"),
    "milliseconds": _scaled("1000"),
    "ticks": _scaled("0.1"),
    "clock": _clock,
    "iso": _instant,
}
_DURATIONS: dict[TimeUnit, Callable[[str], int]] = {"iso": _READERS["seconds"]}
