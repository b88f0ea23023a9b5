"""Results of checks: what they name, what the manifest keeps of them, and when they stop a load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import HeldBatchError
from programme.contracts import Check

MEND = "have the data sent again, or correct the check if the data are right"
# names of checks of our own; everything else is an expectation of Great Expectations
OF_THE_HISTORY = frozenset(
    [
        "distribution",
        "emptied",
        "flipped_scale",
        "mean_shift",
        "new_codes",
        "null_share",
        "vanished_codes",
        "volume",
    ]
)
_VALUES_KEPT = 20


@dataclass(frozen=True)
class Outcome:
    """The result of one check on one entity's rows of one record.

    Attributes:
        check: What was expected.
        evaluated: Rows looked at.
        failed: Positions of the rows that break it.
        values: Their values as text, where the check is about one column.
        error: Why it could not be computed; empty where it could.
        observed: What was found, where the check is about the batch as a whole.
        passed: Whether it holds.
        group: The question it is about, as ``survey.question``; empty for the whole record.
        facts: What was found as values, for a page in any language.
    """

    check: Check
    evaluated: int
    passed: bool
    failed: tuple[int, ...] = field(repr=False)
    values: tuple[str | None, ...] = field(repr=False)
    error: str = ""
    observed: str = ""
    group: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def summary(self, entity: str) -> dict[str, Any]:
        """Counts for the manifest: no value of a person."""
        return {
            "entity": entity,
            "record": self.check.record,
            "group": self.group,
            "expectation": self.check.expectation,
            "columns": check_columns(self.check),
            "severity": self.check.severity,
            "passed": self.passed,
            "evaluated": self.evaluated,
            "failed": len(self.failed),
            "observed": self.observed,
            "error": self.error,
            "reason": self.check.reason,
            "facts": {**_arguments(self.check), **self.facts},
        }


def check_columns(check: Check) -> list[str]:
    """The columns a check is about."""
    names = [check.kwargs.get(key) for key in ("column", "column_A", "column_B")]
    listed = [*(check.kwargs.get("column_list") or []), *(check.kwargs.get("column_set") or [])]
    return [name for name in [*names, *listed] if isinstance(name, str)]


def hold_or_pass(outcomes: Iterable[Outcome], *, source: str, entity: str, where: str) -> None:
    """Stop the load where a check of severity ``hold`` fails.

    So does a check that could not be computed, and one about the batch as a whole that asks for
    quarantine: it names no rows.

    Raises:
        HeldBatchError: naming the first such check; its ``checks`` are the summaries of all.
    """
    outcomes = list(outcomes)
    holding = next((outcome for outcome in outcomes if _holds(outcome)), None)
    if holding is None:
        return
    check = holding.check
    columns = ", ".join(check_columns(check))
    reason = f" ({check.reason})" if check.reason else ""
    of_group = f" of {holding.group}" if holding.group else ""
    error = HeldBatchError(
        f"{check.expectation}({columns}) on {check.record}{of_group}{reason}: {_fact(holding)}",
        source=source,
        entity=entity,
        where=where,
        mend=mend_of(check),
    )
    error.checks = tuple(outcome.summary(entity) for outcome in outcomes)
    raise error


def mend_of(check: Check) -> str:
    """What to do about a check that fails."""
    if check.expectation not in OF_THE_HISTORY:
        return MEND
    return (
        "have the data sent again or correct the mapping; if the change is meant, write this load "
        f"date under `contract: {{{check.record}: {{history: {{since: ...}}}}}}` of the entity"
    )


def _holds(outcome: Outcome) -> bool:
    severity = outcome.check.severity
    if outcome.passed or severity == "warn":
        return False
    names_no_rows = severity == "quarantine" and not outcome.failed
    return severity == "hold" or bool(outcome.error) or names_no_rows


def _fact(outcome: Outcome) -> str:
    rows = f"{len(outcome.failed)} of {outcome.evaluated} rows fail"
    return outcome.error or outcome.observed or rows


def _arguments(check: Check) -> dict[str, Any]:
    """The bounds of an expectation, short enough to print and plain enough for JSON."""
    kept: dict[str, Any] = {}
    for name, value in check.kwargs.items():
        if isinstance(value, list):
            scalars = [part for part in value if isinstance(part, str | int | float)]
            if name == "value_set" and len(scalars) == len(value) <= _VALUES_KEPT:
                kept[name] = scalars
        elif isinstance(value, str | int | float) and not name.startswith("column"):
            kept[name] = value
        elif hasattr(value, "isoformat"):
            kept[name] = value.isoformat()
    return kept
