"""Transcript files become payloads, one for each call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from connectors.errors import UnusableDeclarationError
from connectors.payloads import text_of
from connectors.reading.chunks import Opener, Place
from connectors.rows import Refusal
from connectors.transcripts import turn_lists, vtt
from connectors.transcripts.content import json_values, whole_text
from connectors.transcripts.judgement import flags_of, statements_of
from connectors.transcripts.times import times_of
from connectors.transcripts.turns import (
    Speakers,
    TranscriptError,
    Turn,
    in_order,
    require_sound,
    seconds,
)
from programme.calls import TranscriptRead
from programme.systems import FileRead

_RULE = "transcript_is_readable"
_COMPRESSED = frozenset({".gz", ".zst", ".zip"})
Payload = dict[str, Any]


def payloads(
    open_: Opener, read: FileRead, place: Place, *, withhold: bool = False
) -> Iterator[tuple[Payload, None] | Refusal]:
    """One payload for each call of the file, or why a transcript is none.

    A payload holds ``call``, ``language``, ``name`` (groups of the file's name), ``received`` (the
    JSON object without its turns), ``agent`` (who of them speaks first), ``turns``, the times of
    ``connectors.transcripts.times`` as ``…_seconds``, ``statements``, ``is_flagged`` and ``flags``.
    A refusal's payload is the text as received, or its length where ``withhold`` says that it may
    hold personal data.

    Raises:
        UnreadableFileError: when the file is empty, too long for a transcript or cannot be decoded.
        UnusableDeclarationError: when it holds several calls and ``call_id`` is not declared.
    """
    assert read.transcript is not None  # noqa: S101  (the declaration's validator sees to it)
    calls = _Calls(read.transcript, place, withhold=withhold)
    if read.format == "vtt":
        yield calls.of_captions(whole_text(open_, read.encoding, place))
        return
    for value, text in json_values(open_, read.encoding, place):
        yield calls.of_object(value, text)


@dataclass
class _Calls:
    read: TranscriptRead
    place: Place
    withhold: bool
    _named_by_file: int = 0

    def of_captions(self, text: str) -> tuple[Payload, None] | Refusal:
        try:
            turns = vtt.turns_of(text, Speakers(self.read.speakers))
            return self._payload(turns, self._stem, self.read.language, {}), None
        except TranscriptError as error:
            return self._refusal(error, text)

    def of_object(self, value: Any, text: str | None) -> tuple[Payload, None] | Refusal:
        lie = self.read.turns
        assert lie is not None  # noqa: S101  (the declaration's validator sees to it)
        received = text if text is not None else json.dumps(value, ensure_ascii=False)
        try:
            if isinstance(value, TranscriptError):
                raise value
            if not isinstance(value, dict):
                raise TranscriptError("no JSON object")
            turns = turn_lists.turns_of(value, lie, Speakers(self.read.speakers))
            said = text_of(turn_lists.value_in(value, lie.language)) if lie.language else None
            rest = turn_lists.without(value, lie.turns)
            call = self._call_of(value)
            return self._payload(turns, call, said or self.read.language, rest), None
        except TranscriptError as error:
            return self._refusal(error, received)

    def _call_of(self, value: Mapping[str, Any]) -> str:
        path = self.read.turns.call_id if self.read.turns else None
        if path is not None:
            call = (text_of(turn_lists.value_in(value, path)) or "").strip()
            if not call:
                raise TranscriptError("the call has no id", column=path)
            return call
        self._named_by_file += 1
        if self._named_by_file > 1:
            raise UnusableDeclarationError(
                "the file holds several calls, and nothing tells one from another",
                source=self.place.source,
                entity=self.place.entity,
                where=self.place.label,
                mend="declare `call_id` under `transcript.turns`",
            )
        return self._stem

    def _payload(
        self, turns: list[Turn], call: str, language: str | None, received: Payload
    ) -> Payload:
        require_sound(turns, self.read.longest_hours)
        turns = in_order(turns)
        spoken = re.split(r"[-_]", language.strip().lower())[0] if language else None
        times = times_of(turns)
        statements = statements_of(turns, self.read.statements, spoken)
        is_flagged, flags = flags_of(turns, times, statements, self.read, spoken)
        measured = {f"{name}_seconds": seconds(value) for name, value in vars(times).items()}
        return {
            "call": call,
            "language": spoken,
            "name": self._name_groups(),
            "received": received,
            "agent": next((turn.speaker_id for turn in turns if turn.speaker == "agent"), None),
            "turns": [_turn(number, turn) for number, turn in enumerate(turns, start=1)],
            **measured,
            "statements": statements,
            "is_flagged": is_flagged,
            "flags": flags,
        }

    @property
    def _stem(self) -> str:
        path = PurePosixPath(self.place.label)
        return PurePosixPath(path.stem).stem if path.suffix.lower() in _COMPRESSED else path.stem

    def _name_groups(self) -> dict[str, str | None]:
        if self.read.name is None:
            return {}
        match = re.fullmatch(self.read.name, self._stem)
        if match is None:
            what = f"the file's name does not fit `{self.read.name}`"
            raise TranscriptError(what, column="name", value=self._stem)
        return match.groupdict()

    def _refusal(self, error: TranscriptError, text: str) -> Refusal:
        value = None if self.withhold else error.value
        withheld = f"{len(text)} characters, withheld because of `personal`"
        payload = withheld if self.withhold else text
        return Refusal(_RULE, error.what, error.column, value, payload)


def _turn(number: int, turn: Turn) -> Payload:
    return {
        "turn_id": f"{number:05d}",
        "speaker": turn.speaker,
        "speaker_id": turn.speaker_id or None,
        "text": turn.text,
        "start_seconds": seconds(turn.start),
        "end_seconds": seconds(turn.end),
        "started_at": turn.started_at,
    }
