"""Every published case is either checked by a test of this room or named here as not claimed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from .conftest import Oracle

NOT_CLAIMED = {
    "av": "no always-valid inference: a readout is made once, when the last window has closed",
    "gs": "no group-sequential looks, for the same reason",
    "pw": "sample sizes are not computed",
    "cb": "no probability predictions are scored",
    "dc": "a change is not decomposed into mix and rate",
    "rb": "no trimmed means, medians or quantiles",
    "ht03": "no stratified odds ratios",
    "ht07": "no stratified odds ratios",
    "cl01": "no regression standard errors; clusters enter as units of the moments",
    "rl07": "Fieller's interval is not used; relative effects lie on the log scale",
    "ni05": "guardrails use the unrestricted variance, not the constrained maximum likelihood",
    "pp01": "Wald's z with divisor n; differences here are Welch's t with n - 1",
    "pp02": "score and odds intervals of two small proportions",
    "pp06": "pooled z with z = 1.96",
    "pp08": "pooled z, Yates and Fisher",
    "sw01": "no strata and no finite population correction: customers are an open population",
    "sw02": "weights are made in the warehouse",
    "sw04a": "weights are made in the warehouse",
}


def test_no_case_is_passed_over(oracle: Callable[[str], Oracle]) -> None:
    folder = oracle("tt01").folder
    words = {file.name.split("_")[0] for file in (folder / "cases").glob("*.json")}
    assert len(words) >= 60
    used: set[str] = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        used |= set(re.findall(r'oracle\("(\w+)"\)', file.read_text(encoding="utf-8")))
    assert len(used) >= 25
    open_words = {
        word
        for word in words - used
        if word not in NOT_CLAIMED and word.rstrip("0123456789") not in NOT_CLAIMED
    }
    assert open_words == set()
    assert not used & NOT_CLAIMED.keys()
