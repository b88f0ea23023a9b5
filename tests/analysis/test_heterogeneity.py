from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from analysis.heterogeneity import interaction, pooled_effect
from analysis.results import Estimate, NoEstimate

from .conftest import Oracle


def effect(value: float, error: float) -> Estimate:
    return Estimate(value, error, None, None, 10, "given")


def test_ht05_thirteen_trials(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("ht05")
    rows = case.data()
    treated, control = rows["tpos"] + rows["tneg"], rows["cpos"] + rows["cneg"]
    values = np.log(rows["tpos"] / treated) - np.log(rows["cpos"] / control)
    errors = np.sqrt(1 / rows["tpos"] - 1 / treated + 1 / rows["cpos"] - 1 / control)
    pairs = list(zip(values, errors, strict=True))
    found = interaction([effect(*pair) for pair in pairs])
    mean, error = pooled_effect(pairs)
    assert isinstance(found, Estimate)
    case.check({"Q": found.value, "Q_df": found.df, "fixed": {"log_rr": mean, "se": error}})


def test_ht01_two_subgroups(oracle: Callable[[str], Oracle]) -> None:
    # For two segments Q is the square of Altman and Bland's z.
    case = oracle("ht01")
    effects = []
    for name in ("group1", "group2"):
        low, high = case.inputs[name]["ci"]
        error = (math.log(high) - math.log(low)) / (2 * 1.96)
        effects.append(effect(math.log(case.inputs[name]["rr"]), error))
    found = interaction(effects)
    assert isinstance(found, Estimate)
    case.check({"z": -math.sqrt(found.value), "p": found.p_value})


def test_segments_without_estimate_do_not_count() -> None:
    missing = NoEstimate("too_few_answers", 5)
    assert interaction([effect(1, 1), missing]) == NoEstimate("fewer_than_two_segments", 15)
    found = interaction([effect(1, 1), missing, effect(3, 1)])
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(2.0)
    assert found.df == 1
