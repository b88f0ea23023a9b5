"""From comparisons to outcomes: what counts as a finding, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.contract_outcomes import Outcome
from programme.contracts import BatchSeverity, Check

# what follows from another finding about the same column is not said again
_IMPLIED = {
    "emptied": ("null_share", "distribution", "vanished_codes"),
    "flipped_scale": ("mean_shift", "distribution"),
    "new_codes": ("distribution",),
    "vanished_codes": ("distribution",),
    "garbled_text": ("distribution",),
}
_OBSERVED = {
    "volume": "{rows} rows; {low:.0f} to {high:.0f} after {dates} earlier load dates, whose median "
    "is {median:.0f}",
    "freshness": "the newest row is {hours:.0f} hours older than the load date; at most {limit:g}",
    "references": "{rate:.2%} of {rows} values are known to {to}; at least {min_rate:.2%}",
    "conflicts": "{rate:.2%} of rows share key and version with another row and differ from it; "
    "at most {max_rate:.2%}",
    "emptied": "no value in {rows} rows; {before:.1%} were missing before",
    "null_share": "{now:.1%} of values are missing; {before:.1%} before",
    "new_codes": "{share:.1%} of rows have codes never seen before: {codes}",
    "vanished_codes": "codes with {share:.1%} of earlier rows are gone: {codes}",
    "distribution": "population stability index {psi:.2f}; {limit:g} or more is a shift",
    "mean_shift": "mean {now:.2f}; {before:.2f} before ({sds:+.2f} standard deviations)",
    "flipped_scale": "the scores fit the mirror image of the earlier ones: mean {now:.2f}, before "
    "{before:.2f}, mirrored {mirrored:.2f}",
    "garbled_text": "{share:.1%} of texts look decoded by the wrong encoding; {before:.1%} before",
}
_NAMED = frozenset(["new_codes", "vanished_codes"])


@dataclass(frozen=True)
class Comparison:
    """One column, or the batch, against what it should be.

    Attributes:
        rule: What was compared: a key of the report's words.
        column: The column; empty for the batch.
        evaluated: Rows looked at.
        is_large: Whether the difference is as large as declared.
        p_value: Chance of one as large in a batch like the earlier ones; None where the size alone
            decides.
        facts: What was found, as plain values.
        group: The question it is about.
    """

    rule: str
    column: str
    evaluated: int
    is_large: bool
    p_value: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""


def outcomes_of(
    comparisons: Sequence[Comparison],
    record: str,
    severities: Mapping[str, BatchSeverity],
    *,
    alpha: float,
) -> list[Outcome]:
    """One outcome per finding, and one per rule and group that has none.

    ``alpha`` is shared evenly among all comparisons that have a p-value (Bonferroni), so that a
    batch like the earlier ones is reported with that chance, however many columns it has.
    """
    tested = sum(part.p_value is not None for part in comparisons)
    level = alpha / max(1, tested)
    found = [c for c in comparisons if c.is_large and (c.p_value is None or c.p_value < level)]
    implied = {
        (part.group, part.column, rule) for part in found for rule in _IMPLIED.get(part.rule, ())
    }
    findings = [
        part
        for part in found
        if (part.group, part.column, part.rule) not in implied
        and (part.group, _stem(part.column), part.rule) not in implied
    ]
    outcomes = [
        _outcome(part, record, severities[part.rule], [part.column], passed=False)
        for part in findings
    ]
    failed = {(part.group, part.rule) for part in found}
    return outcomes + _passing(comparisons, failed, record, severities)


def _passing(
    comparisons: Iterable[Comparison],
    failed: set[tuple[str, str]],
    record: str,
    severities: Mapping[str, BatchSeverity],
) -> list[Outcome]:
    together: dict[tuple[str, str], list[Comparison]] = {}
    for part in comparisons:
        if (part.group, part.rule) not in failed:
            together.setdefault((part.group, part.rule), []).append(part)
    outcomes = []
    for (_, rule), parts in together.items():
        names = [part.column for part in parts]
        widest = parts[0] if len(parts) == 1 else max(parts, key=_size)
        outcomes.append(_outcome(widest, record, severities[rule], names, passed=True))
    return outcomes


def _outcome(
    part: Comparison, record: str, severity: BatchSeverity, columns: list[str], *, passed: bool
) -> Outcome:
    named = [name for name in columns if name]
    check = Check(
        record=record, expectation=part.rule, kwargs={"column_list": named}, severity=severity
    )
    facts = {**part.facts, **({"column": part.column} if part.column else {})}
    if part.p_value is not None:
        facts["p_value"] = part.p_value
    observed = "" if passed and part.rule in _NAMED else _observed(part)
    return Outcome(
        check, part.evaluated, passed, (), (), observed=observed, group=part.group, facts=facts
    )


def _observed(part: Comparison) -> str:
    values = dict(part.facts)
    if "codes" in values:
        more = f" and {values['more']} more" if values.get("more") else ""
        values["codes"] = ", ".join(map(str, values["codes"])) + more
    text = _OBSERVED[part.rule].format_map(values)
    if part.rule == "distribution" and not 1 / 3 < float(values.get("factor", 1)) < 3:
        text += f"; the median is {values['factor']:.3g} times the earlier one: another unit?"
    return text


def _size(part: Comparison) -> float:
    """How near a comparison came to being a finding."""
    for name in ("psi", "share"):
        if name in part.facts:
            return float(part.facts[name])
    if "sds" in part.facts:
        return abs(float(part.facts["sds"]))
    return abs(float(part.facts.get("now", 0)) - float(part.facts.get("before", 0)))


def _stem(column: str) -> str:
    return column.split(".", maxsplit=1)[0]
