"""One turn of a call, and who is meant by a name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from connectors.transcripts.intervals import Interval
from programme.calls import Speaker

MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Turn:
    """What one person says without a break. Times are microseconds from the beginning.

    Attributes:
        speaker: The role; None for somebody who is declared to be none of the three.
        speaker_id: The name as the source writes it; empty where it gives none.
        text: What was said; None where the source gives no text.
        start: None where it is not known.
        end: None where it is not known.
        within: A time in which the turn is known to lie, with those of others where several
            voices share one cue; None where a time is missing.
        started_at: The instant as the source writes it, where it writes instants.
    """

    speaker: Speaker | None
    speaker_id: str
    text: str | None
    start: int | None = None
    end: int | None = None
    within: Interval | None = None
    started_at: str | None = None


class TranscriptError(ValueError):
    """A transcript that cannot be taken.

    Attributes:
        what: The fact.
        column: The part of the transcript that is wrong.
        value: The offending value.
    """

    def __init__(self, what: str, *, column: str = "", value: str | None = None) -> None:
        self.what = what
        self.column = column
        self.value = value
        super().__init__(what)


@dataclass(frozen=True)
class Speakers:
    """The declared names: patterns and their roles, the first that fits counts."""

    declared: Mapping[str, Speaker | None]

    def role(self, name: str) -> Speaker | None:
        """Whose name it is.

        Raises:
            TranscriptError: when none of the patterns fits.
        """
        plain = _plain(name)
        for pattern, role in self.declared.items():
            if fnmatchcase(plain, _plain(pattern)):
                return role
        what = "this name fits none of `speakers`" if name else "a turn names nobody"
        raise TranscriptError(what, column="speaker", value=name or None)


def in_order(turns: list[Turn]) -> list[Turn]:
    """By their beginning where every turn has one; as they stand otherwise."""
    begins = [turn.within[0] if turn.within else turn.start for turn in turns]
    if any(begin is None for begin in begins):
        return turns
    places = sorted(range(len(turns)), key=lambda place: (begins[place], place))
    return [turns[place] for place in places]


def require_sound(turns: list[Turn], longest_hours: float) -> None:
    """Refuse turns that end before they begin, begin before the call, or lie far beyond it.

    Raises:
        TranscriptError: naming the turn.
    """
    limit = longest_hours * 3600 * MICROSECONDS
    for number, turn in enumerate(turns, start=1):
        start, end = turn.within or (turn.start, turn.end)
        for moment in (start, end):
            if moment is not None and moment < 0:
                raise _unsound(f"turn {number} lies before the beginning of the call", moment)
            if moment is not None and moment > limit:
                what = f"turn {number} lies more than {longest_hours:g} hours after the beginning"
                raise _unsound(f"{what}: check `unit` and `began`", moment)
        if start is not None and end is not None and end < start:
            raise _unsound(f"turn {number} ends before it begins", end)


def seconds(microseconds: int | None) -> float | None:
    """Microseconds as seconds; None stays None."""
    return None if microseconds is None else microseconds / MICROSECONDS


def _unsound(what: str, moment: int) -> TranscriptError:
    return TranscriptError(what, column="turns", value=f"{moment / MICROSECONDS:g} seconds")


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
