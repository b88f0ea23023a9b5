"""Times of a call against a witness that looks at it every ten milliseconds.

The witness knows nothing of intervals: it asks at the middle of each ten-millisecond step who
speaks, and counts steps. Turns begin and end on whole steps, so that both must agree exactly.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from connectors.transcripts.intervals import gaps, length, shared_length, union
from connectors.transcripts.times import CallTimes, times_of
from connectors.transcripts.turns import Turn

STEP = 10_000
NAMES = {"agent": ("sato", "ito"), "customer": ("mori", "abe"), "bot": ("ivr",)}


def turn(speaker: str | None, name: str, start: int | None, end: int | None) -> Turn:
    within = None if start is None or end is None else (start, end)
    return Turn(speaker, name, "…", start, end, within)  # type: ignore[arg-type]


def random_call(seed: int) -> list[Turn]:
    draw = random.Random(seed)
    turns = []
    for _ in range(draw.randint(1, 12)):
        speaker = draw.choice(sorted(NAMES))
        start = draw.randint(0, 300)
        end = start + draw.choice((0, 1, draw.randint(1, 80)))
        turns.append(turn(speaker, draw.choice(NAMES[speaker]), start * STEP, end * STEP))
    return turns


def witness(turns: list[Turn]) -> CallTimes:
    known = [(t, t.start or 0, t.end or 0) for t in turns]
    begin = min(start for _, start, _ in known)
    finish = max(end for _, _, end in known)
    counts = dict.fromkeys(("talk", "silence", "overlap", "agent", "customer"), 0)
    run = longest = 0
    for step in range(begin // STEP, finish // STEP):
        middle = step * STEP + STEP // 2
        speaking = [t for t, start, end in known if start <= middle < end]
        counts["talk" if speaking else "silence"] += 1
        counts["overlap"] += len({t.speaker_id for t in speaking}) >= 2
        for role in ("agent", "customer"):
            counts[role] += any(t.speaker == role for t in speaking)
        # a word of no length on the step's edge ends a silence, and another begins
        if any(start == end == step * STEP for _, start, end in known):
            run = 0
        run = 0 if speaking else run + 1
        longest = max(longest, run)
    agents = [start for t, start, _ in known if t.speaker == "agent"]
    return CallTimes(
        talk=counts["talk"] * STEP,
        silence=counts["silence"] * STEP,
        longest_silence=longest * STEP,
        wait=min(agents, default=None),
        overlap=counts["overlap"] * STEP,
        agent_talk=counts["agent"] * STEP,
        customer_talk=counts["customer"] * STEP,
    )


def test_three_hundred_random_calls_against_the_witness() -> None:
    calls = [random_call(seed) for seed in range(300)]
    assert [times_of(call) for call in calls] == [witness(call) for call in calls]
    # the population holds what it must: overlap, silence, calls without an agent
    found = [times_of(call) for call in calls]
    assert sum((times.overlap or 0) > 0 for times in found) > 100
    assert sum((times.silence or 0) > 0 for times in found) > 100
    assert sum(times.wait is None for times in found) > 10


def test_nothing_is_negative_and_the_parts_make_the_whole() -> None:
    for seed in range(300):
        call = random_call(seed)
        times = times_of(call)
        span = max(t.end or 0 for t in call) - min(t.start or 0 for t in call)
        assert all(value is None or value >= 0 for value in vars(times).values())
        assert (times.talk or 0) + (times.silence or 0) == span
        assert (times.overlap or 0) <= (times.talk or 0)


def test_a_call_by_hand() -> None:
    # customer 0–4, agent 10–16, customer 14–18 (2 s over the agent), agent 20–21
    seconds = [("customer", 0, 4), ("agent", 10, 16), ("customer", 14, 18), ("agent", 20, 21)]
    found = times_of([turn(s, s, a * 1_000_000, b * 1_000_000) for s, a, b in seconds])
    expected = {
        "talk": 4 + 8 + 1,
        "silence": 6 + 2,
        "longest_silence": 6,
        "wait": 10,
        "overlap": 2,
        "agent_talk": 7,
        "customer_talk": 8,
    }
    assert vars(found) == {name: value * 1_000_000 for name, value in expected.items()}


def test_the_wait_counts_from_the_beginning_of_the_recording_and_a_bot_is_no_agent() -> None:
    found = times_of([turn("bot", "ivr", 5, 9), turn("agent", "a", 30, 40)])
    assert (found.wait, found.silence) == (30, 21)


@pytest.mark.parametrize("missing", ["start", "end"])
def test_a_missing_time_is_null_and_never_0(missing: str) -> None:
    whole = [turn("customer", "c", 0, 4), turn("agent", "a", 5, 9)]
    holed = [whole[0], replace(whole[1], **{missing: None}, within=None)]  # type: ignore[arg-type]
    found = times_of(holed)
    assert (found.talk, found.silence, found.longest_silence, found.overlap) == (None,) * 4
    assert (found.agent_talk, found.customer_talk) == (None, 4)
    assert found.wait == (None if missing == "start" else 5)


def test_a_call_without_turns_or_without_times_has_no_times() -> None:
    assert times_of([]) == CallTimes()
    assert times_of([turn("agent", "a", None, None)]) == CallTimes(customer_talk=0)


def test_who_shares_a_cue_is_known_to_speak_but_not_when() -> None:
    first = Turn("customer", "c", "hi", 0, None, (0, 10))
    second = Turn("agent", "a", "hello", None, 10, (0, 10))
    found = times_of([first, second, turn("agent", "a", 20, 25)])
    assert (found.talk, found.silence) == (15, 10)
    # the agent spoke somewhere between 0 and 10
    assert (found.wait, found.overlap, found.agent_talk, found.customer_talk) == (None,) * 4


def test_people_who_talk_over_themselves_do_not_overlap() -> None:
    assert times_of([turn("agent", "a", 0, 6), turn("agent", "a", 4, 9)]).overlap == 0
    assert times_of([turn("agent", "a", 0, 6), turn("agent", "b", 4, 9)]).overlap == 2


def test_intervals_that_touch_are_one() -> None:
    assert union([(3, 5), (0, 3), (4, 4)]) == [(0, 5)]
    assert (gaps([(0, 5)]), length([(0, 5), (9, 10)])) == ([], 6)
    assert shared_length([[(0, 5)], [(5, 9)]]) == 0
    assert shared_length([[(0, 9)], [(1, 3)], [(2, 4)]]) == 3
