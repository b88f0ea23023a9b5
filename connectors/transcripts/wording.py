"""Whether and where words are said: by normalised words, in Japanese sign by sign."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from connectors.transcripts.turns import MICROSECONDS, Turn
from programme.calls import Language, Wording

_JOINED_WITHIN = 3 * MICROSECONDS
_APOSTROPHES = re.compile("['\u2019\u02bc]")
_WORD = re.compile(r"\w+")
_WITHOUT_SPACES: frozenset[Language] = frozenset({"ja"})


@dataclass(frozen=True)
class Heard:
    """What became of a search.

    Attributes:
        is_judged: Whether the declaration has words in the call's language.
        turn: The turn in which they begin for the first time; None where they were not said.
    """

    is_judged: bool
    turn: Turn | None = None


def normalised(text: str) -> str:
    """``text`` with one form of every sign, without case, single blanks.

    Example:
        >>> normalised("Ｇｏｏｄ  MORNING ｶﾀｶﾅ")
        'good morning カタカナ'
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def search(turns: Sequence[Turn], wording: Wording, language: str | None) -> Heard:
    """Where the words are first said by whom they are declared for.

    Words may run over consecutive turns of one person, as captions are cut at any word; what
    others say in between does not break them when no more than three seconds lie between.
    """
    tried = {
        name
        for name in (*wording.phrases, *wording.patterns)
        if language is None or name == language
    }
    if not tried:
        return Heard(is_judged=False)
    found: list[int] = []
    for passage in _passages(turns, wording):
        spoken = [turns[place].text or "" for place in passage]
        for name in sorted(tried):
            found += [passage[at] for at in _matches(spoken, wording, name)]
    return Heard(is_judged=True, turn=turns[min(found)] if found else None)


def _passages(turns: Sequence[Turn], wording: Wording) -> list[list[int]]:
    """Places of turns that follow each other in one person's speech."""
    latest: dict[str, list[int]] = {}
    passages: list[list[int]] = []
    for place, turn in enumerate(turns):
        if turn.speaker != wording.speaker:
            continue
        passage = latest.get(turn.speaker_id)
        if passage is not None and _follows(turns, passage[-1], place):
            passage.append(place)
        else:
            latest[turn.speaker_id] = [place]
            passages.append(latest[turn.speaker_id])
    return passages


def _follows(turns: Sequence[Turn], earlier: int, later: int) -> bool:
    end, start = turns[earlier].end, turns[later].start
    if later == earlier + 1:
        return True
    return end is not None and start is not None and start - end <= _JOINED_WITHIN


def _matches(spoken: Sequence[str], wording: Wording, language: Language) -> Iterator[int]:
    """The first turn, by its place in ``spoken``, of the first match of each phrase and pattern."""
    texts = [normalised(text) for text in spoken]
    blank = "" if language in _WITHOUT_SPACES else " "
    words = [_words(text, language) for text in texts]
    running = [word for part in words for word in part]
    owners = [place for place, part in enumerate(words) for _ in part]
    for phrase in wording.phrases.get(language, []):
        at = _position(running, _words(normalised(phrase), language))
        if at is not None:
            yield owners[at]
    begins = list(accumulate((len(text) + len(blank) for text in texts), initial=0))
    for pattern in wording.patterns.get(language, []):
        match = re.search(pattern, blank.join(texts), re.IGNORECASE)
        if match:
            yield min(bisect_right(begins, match.start()), len(texts)) - 1


def _words(text: str, language: Language) -> list[str]:
    if language in _WITHOUT_SPACES:
        return [sign for sign in text if unicodedata.category(sign)[0] not in "PSZC"]
    return _WORD.findall(_APOSTROPHES.sub("", text))


def _position(running: list[str], wanted: list[str]) -> int | None:
    if not wanted:
        return None
    first, count = wanted[0], len(wanted)
    for at, word in enumerate(running):
        if word == first and running[at : at + count] == wanted:
            return at
    return None
