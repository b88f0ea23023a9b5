"""How long a call is spoken in, silent and waited in; null wherever a time is missing.

talk
    Length of the union of all turns: speech of several people at once counts once.
silence
    From the first turn's start to the last turn's end, less talk. The time before the first turn
    is ``wait``'s, the time after the last is not in a transcript.
wait
    From the beginning of the interaction (second 0) until an agent first speaks; a bot is no agent.
overlap
    Time in which at least two persons speak at once.
agent talk, customer talk
    Length of the union of the turns of that role.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.transcripts.intervals import Interval, gaps, length, shared_length, union
from connectors.transcripts.turns import Turn
from programme.calls import Speaker


@dataclass(frozen=True)
class CallTimes:
    """The times of one call in microseconds; None where the transcript does not tell."""

    talk: int | None = None
    silence: int | None = None
    longest_silence: int | None = None
    wait: int | None = None
    overlap: int | None = None
    agent_talk: int | None = None
    customer_talk: int | None = None


def times_of(turns: Sequence[Turn]) -> CallTimes:
    """The times of a call with these turns.

    Example:
        >>> a = Turn("customer", "c", "hello?", 0, 2, (0, 2))
        >>> b = Turn("agent", "a", "good day", 5, 8, (5, 8))
        >>> times_of([a, b])
        CallTimes(talk=5, silence=3, longest_silence=3, wait=5, overlap=0, agent_talk=3, \
customer_talk=2)
    """
    if not turns:
        return CallTimes()
    talk = silence = longest = None
    spoken = _all(turn.within for turn in turns)
    if spoken is not None:
        merged = union(spoken)
        silences = gaps(merged)
        talk, silence = length(merged), length(silences)
        longest = max((end - start for start, end in silences), default=0)
    return CallTimes(
        talk=talk,
        silence=silence,
        longest_silence=longest,
        wait=_wait(turns),
        overlap=_overlap(turns),
        agent_talk=_talk_of(turns, "agent"),
        customer_talk=_talk_of(turns, "customer"),
    )


def _wait(turns: Sequence[Turn]) -> int | None:
    agents = [turn for turn in turns if turn.speaker == "agent"]
    first = min((turn.start for turn in agents if turn.start is not None), default=None)
    for turn in agents:
        if turn.start is None and (first is None or turn.within is None or turn.within[0] < first):
            return None
    return first


def _overlap(turns: Sequence[Turn]) -> int | None:
    persons: dict[tuple[Speaker | None, str], list[Interval]] = {}
    for turn in turns:
        interval = _own(turn)
        if interval is None:
            return None
        persons.setdefault((turn.speaker, turn.speaker_id), []).append(interval)
    return shared_length(persons.values())


def _talk_of(turns: Sequence[Turn], speaker: Speaker) -> int | None:
    own = _all(_own(turn) for turn in turns if turn.speaker == speaker)
    return None if own is None else length(union(own))


def _own(turn: Turn) -> Interval | None:
    return None if turn.start is None or turn.end is None else (turn.start, turn.end)


def _all(intervals: Iterable[Interval | None]) -> list[Interval] | None:
    found = list(intervals)
    known = [interval for interval in found if interval is not None]
    return known if len(known) == len(found) else None
