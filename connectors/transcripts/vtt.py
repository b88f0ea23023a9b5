"""WebVTT captions as turns: speakers by voice tags, or by ``Name:`` before the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from connectors.transcripts.intervals import Interval
from connectors.transcripts.turns import Speakers, TranscriptError, Turn

_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
# a name is short and holds no end of a sentence; a clock (10:30) and an address (https:) are none
_PREFIX = re.compile(r"^(?:[-–>]+\s*)?([^:：<>?!？！。]{1,40})(?::(?=\s|$)|：)\s*")
_NOT_CUES = ("WEBVTT", "NOTE", "STYLE", "REGION")
_MICROSECONDS_OF_A_MILLISECOND = 1000


@dataclass(frozen=True)
class _Piece:
    """What one person says in one cue."""

    name: str
    text: str


def turns_of(text: str, speakers: Speakers) -> list[Turn]:
    """The turns of a WebVTT file, one for each voice of each cue.

    Where no cue has a voice tag, a name before a colon says who speaks, and a cue or line without
    one goes on with the person before. Several voices in one cue share its time: the first begins
    with it, the last ends with it, and the other times are not known. Cues without text are no
    speech.

    Raises:
        TranscriptError: when it is no WebVTT, when a cue's times cannot be read, and when a turn's
            speaker is unknown.
    """
    # as the format says, and no text column can hold it
    captions = _captions(text.replace("\0", "\ufffd"))
    has_voices = any(_VOICE.search(caption.raw_text) for caption in captions)
    turns: list[Turn] = []
    name = ""
    for caption in captions:
        pieces = _voices(caption) if has_voices else _prefixed(caption, name)
        name = pieces[-1].name if pieces else name
        start, end = (
            moment.in_milliseconds() * _MICROSECONDS_OF_A_MILLISECOND
            for moment in (caption.start_time, caption.end_time)
        )
        turns += _shared(pieces, (start, end), speakers)
    return turns


def _captions(text: str) -> list[Any]:
    import webvtt
    from webvtt.errors import MalformedCaptionError, MalformedFileError

    try:
        captions: list[Any] = webvtt.from_string(text).captions
    except MalformedFileError:
        raise TranscriptError("does not begin with WEBVTT") from None
    except MalformedCaptionError as error:
        raise TranscriptError(f"a cue cannot be read ({error})") from None
    lost = _timing_lines(text) - len(captions)
    if lost > 0:
        what = f"{lost} line(s) with --> are no times such as 00:01:02.500 --> 00:01:04.000"
        raise TranscriptError(what, column="start")
    return captions


def _timing_lines(text: str) -> int:
    """How many cues there should be; the library leaves out those it cannot read."""
    blocks = re.split(r"(?:\r\n|\r|\n){2,}", text)
    return sum(
        sum("-->" in line for line in block.splitlines())
        for block in blocks
        if not block.lstrip("\r\n").startswith(_NOT_CUES)
    )


def _voices(caption: Any) -> list[_Piece]:
    parts = _VOICE.split(caption.raw_text)
    named = zip(["", *parts[1::2]], parts[::2], strict=True)
    return [
        _Piece(unescape(name).strip(), words) for name, part in named if (words := _spoken(part))
    ]


def _prefixed(caption: Any, name: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    for line in caption.raw_text.split("\n"):
        plain = _spoken(line)
        prefix = _PREFIX.match(plain)
        if prefix:
            name = prefix[1].strip()
        words = plain[prefix.end() :] if prefix else plain
        if pieces and pieces[-1].name == name:
            pieces[-1] = _Piece(name, f"{pieces[-1].text} {words}".strip())
        else:
            pieces.append(_Piece(name, words))
    return [piece for piece in pieces if piece.text]


def _spoken(raw: str) -> str:
    """The words without tags, in one line."""
    import webvtt

    return " ".join(unescape(webvtt.Caption(text=raw).text).split())


def _shared(pieces: list[_Piece], cue: Interval, speakers: Speakers) -> Iterator[Turn]:
    last = len(pieces) - 1
    for place, piece in enumerate(pieces):
        yield Turn(
            speaker=speakers.role(piece.name),
            speaker_id=piece.name,
            text=piece.text,
            start=cue[0] if place == 0 else None,
            end=cue[1] if place == last else None,
            within=cue,
        )
