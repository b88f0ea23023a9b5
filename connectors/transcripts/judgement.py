"""What is asked of a call: the statements that must be made, and what marks it for a supervisor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.transcripts.times import CallTimes
from connectors.transcripts.turns import MICROSECONDS, Turn, seconds
from connectors.transcripts.wording import search
from programme.calls import FlagRule, Statement, TranscriptRead


def statements_of(
    turns: Sequence[Turn], declared: Mapping[str, Statement], language: str | None
) -> list[dict[str, Any]]:
    """Each declared statement with ``is_said`` and ``said_seconds``.

    ``is_said`` is null where the call's language has no words declared, and where the statement is
    made at an unknown time although it has a limit. A statement made too late is not said, and its
    time tells when it was made.
    """
    found = []
    for name, statement in declared.items():
        is_said, said = _judged(turns, statement, language)
        found.append({"statement_id": name, "is_said": is_said, "said_seconds": seconds(said)})
    return found


def flags_of(
    turns: Sequence[Turn],
    times: CallTimes,
    statements: Sequence[Mapping[str, Any]],
    read: TranscriptRead,
    language: str | None,
) -> tuple[bool | None, list[str]]:
    """Whether the call is flagged, and by which rules.

    Null where no rule is declared, or none holds and one cannot be judged.
    """
    is_said = {statement["statement_id"]: statement["is_said"] for statement in statements}
    verdicts = {
        name: _holds(rule, turns, times, is_said, language) for name, rule in read.flags.items()
    }
    flags = [name for name, holds in verdicts.items() if holds]
    if flags:
        return True, flags
    return (False if verdicts and None not in verdicts.values() else None), []


def _judged(
    turns: Sequence[Turn], statement: Statement, language: str | None
) -> tuple[bool | None, int | None]:
    heard = search(turns, statement, language)
    if not heard.is_judged:
        return None, None
    if heard.turn is None:
        return False, None
    said = heard.turn.start
    if statement.within_seconds is None:
        return True, said
    return (None if said is None else said <= statement.within_seconds * MICROSECONDS), said


def _holds(
    rule: FlagRule,
    turns: Sequence[Turn],
    times: CallTimes,
    is_said: Mapping[str, bool | None],
    language: str | None,
) -> bool | None:
    if rule.measure is not None:
        measured = getattr(times, rule.measure.removesuffix("_seconds"))
        return None if measured is None else measured > (rule.above or 0.0) * MICROSECONDS
    if rule.missing is not None:
        said = is_said[rule.missing]
        return None if said is None else not said
    assert rule.said is not None  # noqa: S101  (the declaration's validator sees to it)
    heard = search(turns, rule.said, language)
    return heard.turn is not None if heard.is_judged else None
