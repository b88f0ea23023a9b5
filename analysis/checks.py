"""Is the experiment sound enough to read? Asked before any effect is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from analysis.differences import difference
from analysis.moments import Moments
from analysis.ratios import Ratio, ratio_of_means
from analysis.results import Estimate
from analysis.srm import THRESHOLD, sample_ratio_mismatch

# Above one unit in a hundred the exclusion of units seen in two arms is itself a selection.
MULTIPLE_EXPOSURE_SHARE = 0.01

Arms = Mapping[str, Moments]


@dataclass(frozen=True)
class Check:
    """One question about the data's soundness.

    Attributes:
        name: sample_ratio, multiple_exposure, pre_period_balance or missing_outcome.
        passed: Whether effects may be read.
        p_value: Of the test behind it, corrected for several metrics; None where it is a share, or
            where there was nothing to test.
        threshold: Below which p-value, or above which share, it fails.
        values: What it saw.
    """

    name: str
    passed: bool
    p_value: float | None
    threshold: float
    values: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return asdict(self)


def sample_ratio_check(counts: Mapping[str, int], shares: Mapping[str, float]) -> Check:
    """Counts against declared shares; units in an arm that the plan does not know also fail it."""
    strangers = {arm: n for arm, n in sorted(counts.items()) if arm not in shares and n > 0}
    observed = {arm: counts.get(arm, 0) for arm in shares}
    values: dict[str, Any] = {"observed": observed, "declared": dict(shares)}
    if strangers:
        values["undeclared"] = strangers
    if sum(observed.values()) == 0:
        return Check("sample_ratio", False, None, THRESHOLD, {**values, "reason": "no_units"})
    test = sample_ratio_mismatch(list(observed.values()), [shares[arm] for arm in observed])
    values |= {"statistic": test.statistic, "df": test.df, "method": test.method}
    passed = test.p_value >= THRESHOLD and not strangers
    return Check("sample_ratio", passed, test.p_value, THRESHOLD, values)


def multiple_exposure_check(n_multiple: int, n_units: int) -> Check:
    """Share of units that met more than one arm; they are excluded from every number."""
    total = n_multiple + n_units
    share = n_multiple / total if total else 0.0
    values = {"n_units": n_multiple, "share": share}
    passed = share <= MULTIPLE_EXPOSURE_SHARE
    return Check("multiple_exposure", passed, None, MULTIPLE_EXPOSURE_SHARE, values)


def pre_period_balance_check(metrics: Mapping[str, Arms], control: str) -> Check:
    """Did the arms already differ before exposure? The smallest p-value, Bonferroni-corrected."""
    tests: dict[str, dict[str, Any]] = {}
    for metric, arms in metrics.items():
        ratios = {
            arm: ratio_of_means(moments, "pre_num", "pre_den") for arm, moments in arms.items()
        }
        known = {arm: ratio for arm, ratio in ratios.items() if isinstance(ratio, Ratio)}
        tests |= _against_control(metric, known, control)
    return _smallest("pre_period_balance", tests, nothing="no_pre_period")


def missing_outcome_check(metrics: Mapping[str, Arms], control: str) -> Check:
    """Do the arms differ in how many answers a unit gave?

    Only for survey metrics: where people withhold their answers more in one arm, those who answer
    are no longer comparable, however well units were randomised.
    """
    tests: dict[str, dict[str, Any]] = {}
    for metric, arms in metrics.items():
        answers = {
            arm: Ratio(moments.mean("den"), moments.variance("den") / moments.n, moments.n)
            for arm, moments in arms.items()
            if moments.n > 1
        }
        tests |= _against_control(metric, answers, control)
    return _smallest("missing_outcome", tests, nothing="no_survey_metric")


def _against_control(
    metric: str, ratios: Mapping[str, Ratio], control: str
) -> dict[str, dict[str, Any]]:
    found = {}
    for arm, ratio in ratios.items():
        if arm == control or control not in ratios:
            continue
        test = difference(ratio, ratios[control], confidence=0.95)
        if isinstance(test, Estimate):
            found[f"{metric}:{arm}"] = {
                "metric": metric,
                "variant": arm,
                "difference": test.value,
                "p_value": test.p_value,
            }
    return found


def _smallest(name: str, tests: Mapping[str, dict[str, Any]], *, nothing: str) -> Check:
    if not tests:
        return Check(name, True, None, THRESHOLD, {"reason": nothing})
    worst = min(tests.values(), key=lambda test: (test["p_value"], test["metric"]))
    corrected = min(1.0, float(worst["p_value"]) * len(tests))
    values = {**worst, "tests": len(tests)}
    return Check(name, corrected >= THRESHOLD, corrected, THRESHOLD, values)
