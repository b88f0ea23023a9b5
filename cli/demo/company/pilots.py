"""Two surveys on trial since July 2026: of visitors of the shops, and of a panel of households.

Who answers is not told, so that nothing known of a customer changes. The tool records who could
have been asked, not only who was. Drawn from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cli.demo.company.calendar import HISTORY_END, HOUR, MINUTE, NEVER, Ints, instant, stream
from cli.demo.company.calendar import utc_text as text
from cli.demo.company.records import write_json_lines

BEGINNING = instant(2026, 7, 1)
ELIGIBLE = {"SHOP": 700, "PANEL": 500}
_STEPS = ("eligibleTs", "invitedTs", "deliveredTs", "openedTs", "answeredTs")
# The share that goes on from each step to the next, and the longest wait before it.
_GOES_ON = (0.62, 0.96, 0.71, 0.58)
_WAITS = (2 * HOUR, 3 * MINUTE, 30 * HOUR, 9 * MINUTE)
_NPS = (0.02, 0.01, 0.02, 0.02, 0.03, 0.08, 0.09, 0.16, 0.23, 0.16, 0.18)
_CSAT = (0.04, 0.08, 0.21, 0.40, 0.27)
_CES = (0.03, 0.05, 0.08, 0.16, 0.25, 0.27, 0.16)


@dataclass(frozen=True)
class Pilots:
    """What was simulated, for the truth."""

    eligible: int
    invited: int
    answers: int

    @property
    def truth(self) -> dict[str, int]:
        """The counts by name."""
        return dict(vars(self))


def write_pilots(directory: Path, *, seed: int) -> Pilots:
    """Write ``pilot_invitations.jsonl`` and ``pilot_answers.jsonl``."""
    rng = stream(seed, "pilots")
    invitations = [line for survey in ELIGIBLE for line in _invitations(rng, survey)]
    answered = [line for line in invitations if line["answeredTs"]]
    write_json_lines(directory / "pilot_invitations.jsonl", invitations)
    write_json_lines(directory / "pilot_answers.jsonl", [_answer(rng, line) for line in answered])
    invited = sum(line["invitedTs"] is not None for line in invitations)
    return Pilots(len(invitations), invited, len(answered))


def _invitations(rng: np.random.Generator, survey: str) -> Iterator[dict[str, Any]]:
    """One line for each person who could be asked: how far it went, null from there on."""
    size = ELIGIBLE[survey]
    now: Ints = np.sort(rng.integers(BEGINNING, HISTORY_END - 3 * HOUR, size))
    reached = [now]
    for share, longest in zip(_GOES_ON, _WAITS, strict=True):
        later = now + rng.integers(1, longest, size)
        goes_on = (rng.random(size) < share) & (later < HISTORY_END) & (now != NEVER)
        now = np.where(goes_on, later, NEVER)
        reached.append(now)
    for k, stamps in enumerate(zip(*map(text, reached), strict=True)):
        known = {step: str(stamp) or None for step, stamp in zip(_STEPS, stamps, strict=True)}
        yield {"inviteId": f"{survey}-{k + 1:05d}", "survey": survey, **known}


def _answer(rng: np.random.Generator, invitation: dict[str, Any]) -> dict[str, Any]:
    is_shop = invitation["survey"] == "SHOP"
    asked = {"NPS": (0, _NPS)} if is_shop else {"CSAT": (1, _CSAT), "CES": (1, _CES)}
    return {
        "answerId": f"A-{invitation['inviteId']}",
        "inviteId": invitation["inviteId"],
        "survey": invitation["survey"],
        "answeredTs": invitation["answeredTs"],
        "items": [
            {"item": item, "value": lowest + int(rng.choice(len(shares), p=shares))}
            for item, (lowest, shares) in asked.items()
        ],
    }
