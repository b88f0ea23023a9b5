"""Witnesses shared by the tests of the analysis room."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Oracle:
    """One published case: inputs, expected numbers, tolerances, and its data."""

    case: Mapping[str, Any]
    folder: Path

    @property
    def inputs(self) -> Any:
        return self.case["inputs"]

    @property
    def expected(self) -> Any:
        return self.case["expected"]

    def data(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "data" / self.inputs["csv"])

    def check(self, got: Mapping[str, Any]) -> None:
        """Compare every key of ``got``; each must be one that the case expects."""
        expected = dict(_flat("", self.expected))
        found = dict(_flat("", got))
        assert found, "nothing to compare"
        for key, value in found.items():
            absolute, relative = self._tolerance(key)
            allowed = absolute + relative * abs(expected[key])
            assert abs(value - expected[key]) <= allowed, (key, value, expected[key], allowed)

    def _tolerance(self, key: str) -> tuple[float, float]:
        tolerance = self.case["tolerance"]
        chosen = tolerance
        for prefix, own in tolerance.get("override", {}).items():
            if key.startswith(prefix):
                chosen = own
                break
        return chosen.get("abs", 0.0), chosen.get("rel", 0.0)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _flat(f"{prefix}[{position}]", inner)
    else:
        yield prefix, float(value)


@pytest.fixture
def oracle() -> Callable[[str], Oracle]:
    """Read a case by the first word of its id; skip where the cases are not at hand."""
    folder = Path(os.environ.get("CXLOOP_SHARED", REPOSITORY.parent / "shared")) / "oracles"

    def read(word: str) -> Oracle:
        if not folder.is_dir():
            pytest.skip(f"no oracles at {folder}; set CXLOOP_SHARED to the folder that holds them")
        files = sorted((folder / "cases").glob(f"{word}_*.json"))
        assert len(files) == 1, (word, files)
        return Oracle(json.loads(files[0].read_text(encoding="utf-8")), folder)

    return read


@pytest.fixture
def assert_rate() -> Callable[[int, int, float], None]:
    """Assert that ``hits`` of ``trials`` lie in the central 99% of a binomial with ``rate``."""

    def check(hits: int, trials: int, rate: float) -> None:
        low, high = stats.binom.interval(0.99, trials, rate)
        assert low <= hits <= high, (hits / trials, low / trials, high / trials)

    return check


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260705)
