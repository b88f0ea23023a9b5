from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis.multiplicity import benjamini_hochberg, bonferroni, bonferroni_confidence, holm

from .conftest import Oracle


def test_mt01_thrombolysis(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("mt01")
    p = case.inputs["p"]
    adjusted = {"bonferroni": bonferroni(p), "holm": holm(p), "BH": benjamini_hochberg(p)}
    rejected = {
        name: sum(value <= case.inputs["alpha"] for value in adjusted[name])
        for name in ("bonferroni", "BH")
    }
    case.check({"adjusted": adjusted, "rejected": rejected})


@settings(deadline=None, max_examples=30)
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_agrees_with_statsmodels_in_any_order(p: list[float]) -> None:
    for ours, method in (
        (bonferroni, "bonferroni"),
        (holm, "holm"),
        (benjamini_hochberg, "fdr_bh"),
    ):
        assert ours(p) == pytest.approx(multipletests(p, method=method)[1].tolist(), abs=1e-12)


def test_interval_level_and_p_value_reject_together() -> None:
    assert bonferroni_confidence(0.95, 1) == pytest.approx(0.95)
    assert bonferroni_confidence(0.95, 5) == pytest.approx(0.99)
