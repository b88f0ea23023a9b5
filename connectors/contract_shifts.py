"""Compares the columns of one group of a batch with those of earlier load dates.

Every comparison says how large the difference is and how likely chance alone is to make it; what
counts as a finding is decided over all of them together, in `connectors.contract_findings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from connectors.contract_findings import Comparison
from connectors.contract_statistics import (
    Counts,
    Moments,
    classes_of_equal_share,
    is_mirrored,
    mean_shift,
    quantile_of_cells,
    shift,
    tail_of_binomial,
)
from connectors.profiles import points_of, size_of_class
from programme.contracts import Distribution

Column = Mapping[str, Any]
_CLASSES = 10
_NAMED_CELLS = ("codes", "marks")
_LEAST_ROWS = 20
_LEAST_OF_A_CODE = 3
_NAMED = 5


class Columns:
    """One column now and on each earlier load date that had the group.

    Attributes:
        name: The column, or a view of it such as ``comment.length``.
        now: Its counts in the batch.
        earlier: Its counts on earlier load dates, oldest first.
    """

    def __init__(self, name: str, now: Column, earlier: Sequence[Column]) -> None:
        self.name = name
        self.now = now
        self.earlier = tuple(earlier)

    @property
    def rows(self) -> int:
        """Rows of the batch."""
        return int(self.now["present"] + self.now["missing"])

    @property
    def is_view(self) -> bool:
        """Whether it is counted from another column, which has the same values missing."""
        return "." in self.name

    def vectors(self) -> tuple[list[str], Counts, list[Counts]] | None:
        """Names of the cells, counts now and counts earlier.

        None where codes were not kept now, or on more than half of the load dates.
        """
        kept = [part for part in self.earlier if part.get("cells", {}) is not None]
        if self.now.get("cells", {}) is None or 2 * len(kept) < len(self.earlier):
            return None
        parts = [self.now, *kept]
        numeric = self.now["kind"] not in _NAMED_CELLS
        found = {cell for part in parts for cell in part.get("cells", {})}
        names = sorted(found, key=int) if numeric else sorted(found)
        if self.now["kind"] == "scale":
            names = [str(point) for point in range(points_of(tuple(self.now["scale"])))]
        now, *earlier = (
            np.array([part.get("cells", {}).get(name, 0) for name in names], np.float64)
            for part in parts
        )
        return names, now, earlier

    def on_the_same_scale(self) -> Columns:
        """Without load dates on which the question had another scale."""
        scale = self.now.get("scale")
        return Columns(self.name, self.now, [c for c in self.earlier if c.get("scale") == scale])


def emptied(columns: Columns) -> Iterator[Comparison]:
    """A column that had values on every earlier load date has none, with at least 20 rows."""
    present = sum(part["present"] for part in columns.earlier)
    rows = present + sum(part["missing"] for part in columns.earlier)
    if columns.is_view or not rows or not present or columns.rows < _LEAST_ROWS:
        return
    share = present / rows
    usual = [
        p for p in columns.earlier if (p["present"] + p["missing"]) * share >= _LEAST_OF_A_CODE
    ]
    always = bool(usual) and all(part["present"] for part in usual)
    is_empty = not columns.now["present"] and columns.rows * share >= _LEAST_ROWS
    facts = {"rows": columns.rows, "before": 1 - share}
    yield Comparison("emptied", columns.name, columns.rows, always and is_empty, None, facts)


def null_share(columns: Columns, limits: Distribution) -> Iterator[Comparison]:
    """The share of missing values moved."""
    counts = [_missing_and_present(part) for part in (columns.now, *columns.earlier)]
    if columns.is_view or not columns.now["present"] or not (found := shift(counts[0], counts[1:])):
        return
    before = float(sum(part[0] for part in counts[1:]) / sum(part.sum() for part in counts[1:]))
    now = float(counts[0][0] / counts[0].sum())
    is_large = abs(now - before) >= limits.null_change
    facts = {"now": now, "before": before, "limit": limits.null_change}
    yield Comparison("null_share", columns.name, columns.rows, is_large, found.p_value, facts)


def codes(columns: Columns, limits: Distribution) -> Iterator[Comparison]:
    """Codes that were never seen, and codes that are gone."""
    if columns.now["kind"] not in _NAMED_CELLS or not (found := columns.vectors()):
        return
    names, now, earlier = found
    pooled, n = np.sum(earlier, axis=0), float(now.sum())
    if n < _LEAST_ROWS or pooled.sum() < _LEAST_ROWS:
        return
    new, gone = (pooled == 0) & (now > 0), _gone(now, earlier, limits.vanished_code)
    if not _takes_new_codes(earlier, limits.new_code):
        count = float(now[new].sum())
        # Good-Turing (Good 1953): the share of codes not seen yet is that of those seen once
        unseen = max(1.0, float((pooled == 1).sum())) / pooled.sum()
        is_large = count >= max(_LEAST_OF_A_CODE, limits.new_code * n)
        facts = {**_named(names, new, now), "share": count / n, "limit": limits.new_code}
        p_value = tail_of_binomial(int(count), int(n), unseen)
        yield Comparison("new_codes", columns.name, int(n), is_large, p_value, facts)
    shares = pooled / pooled.sum()
    chance = float(((1 - shares[gone]) ** n).max()) if gone.any() else 1.0
    facts = {**_named(names, gone, pooled), "share": float(shares[gone].sum())}
    yield Comparison("vanished_codes", columns.name, int(n), bool(gone.any()), chance, facts)


def distribution(columns: Columns, limits: Distribution) -> Iterator[Comparison]:
    """The population stability index over codes, points, hours, or tenths of earlier sizes."""
    alike = columns.on_the_same_scale()
    if columns.now["kind"] == "other" or not (found := alike.vectors()):
        return
    names, now, earlier = found
    facts: dict[str, Any] = {"limit": limits.psi}
    if columns.now["kind"] == "sizes" and names and now.sum():
        pooled = np.sum(earlier, axis=0)
        facts |= _medians(names, now, pooled)
        classes = classes_of_equal_share(pooled, _CLASSES)
        now, *earlier = (_summed(classes, part) for part in (now, *earlier))
    if not (moved := shift(now, earlier)):
        return
    facts["psi"] = moved.psi
    is_large = moved.psi >= limits.psi
    evaluated = int(columns.now["present"])
    yield Comparison("distribution", columns.name, evaluated, is_large, moved.p_value, facts)


def means(columns: Columns, limits: Distribution) -> Iterator[Comparison]:
    """The mean of a score moved, in standard deviations and in standard errors."""
    if "scale" not in columns.now:
        return
    now, *earlier = (
        Moments(part["present"], part["mean"], part["m2"])
        for part in (columns.now, *columns.on_the_same_scale().earlier)
    )
    if not (moved := mean_shift(now, earlier)):
        return
    is_large = abs(moved.sds) >= limits.mean_shift
    facts = {"now": moved.now, "before": moved.before, "sds": moved.sds, "limit": limits.mean_shift}
    evaluated = int(columns.now["present"])
    yield Comparison("mean_shift", columns.name, evaluated, is_large, moved.p_value, facts)


def flipped(columns: Columns) -> Iterator[Comparison]:
    """Scores fit the mirror image of the earlier ones; one load date before is enough to say so."""
    alike = columns.on_the_same_scale()
    if "scale" not in columns.now or not alike.earlier or not (found := alike.vectors()):
        return
    _, now, earlier = found
    pooled = sum(
        (Moments(part["present"], part["mean"], part["m2"]) for part in alike.earlier),
        Moments(0.0, 0.0, 0.0),
    )
    low, high = columns.now["scale"]
    facts = {
        "now": columns.now["mean"],
        "before": pooled.mean,
        "mirrored": low + high - pooled.mean,
        "scale": [low, high],
    }
    is_flipped = is_mirrored(now, earlier)
    evaluated = int(columns.now["present"])
    yield Comparison("flipped_scale", columns.name, evaluated, is_flipped, None, facts)


def garbled(columns: Columns, limits: Distribution) -> Iterator[Comparison]:
    """Texts that look decoded by another encoding than they were written in; needs no history."""
    if not columns.name.endswith(".garbled") or not columns.now["present"]:
        return
    share, before = (_share_of("true", parts) for parts in ([columns.now], columns.earlier))
    count = columns.now["cells"].get("true", 0)
    is_large = count >= _LEAST_OF_A_CODE and share >= max(limits.garbled, 2 * before)
    name = columns.name.removesuffix(".garbled")
    facts = {"share": share, "before": before, "limit": limits.garbled}
    yield Comparison("garbled_text", name, int(columns.now["present"]), is_large, None, facts)


WITH_HISTORY: tuple[Callable[[Columns, Distribution], Iterator[Comparison]], ...] = (
    null_share,
    codes,
    distribution,
    means,
)


def _missing_and_present(column: Column) -> Counts:
    return np.array([column["missing"], column["present"]], np.float64)


def _gone(now: Counts, earlier: Sequence[Counts], least: float) -> Any:
    """Codes with that share before, on every load date with enough rows to show them, not now."""
    pooled = np.sum(earlier, axis=0)
    shares = pooled / pooled.sum()
    shown = np.array([(part > 0) | (part.sum() * shares < _LEAST_OF_A_CODE) for part in earlier])
    return (now == 0) & (shares >= least) & shown.all(axis=0)


def _takes_new_codes(earlier: Sequence[Counts], least: float) -> bool:
    """Whether codes came up for the first time on one of the newer half of the load dates."""
    half = len(earlier) // 2
    seen = np.sum(earlier[:half], axis=0) > 0
    for part in earlier[half:]:
        if part[~seen].sum() >= max(_LEAST_OF_A_CODE, least * part.sum()):
            return True
        seen |= part > 0
    return False


def _summed(classes: Any, counts: Counts) -> Counts:
    return np.bincount(classes, counts, _CLASSES).astype(np.float64)


def _named(names: Sequence[str], which: Any, counts: Counts) -> dict[str, Any]:
    """The codes with most rows, and how many more there are."""
    order = [place for place in np.argsort(-counts, kind="stable") if which[place]]
    left = max(0, len(order) - _NAMED)
    return {"codes": [names[place] for place in order[:_NAMED]], "more": left}


def _medians(names: Sequence[str], now: Counts, pooled: Counts) -> dict[str, float]:
    sizes = [size_of_class(name) for name in names]
    median, before = (sizes[quantile_of_cells(part, 0.5)] for part in (now, pooled))
    return {"factor": median / before} if before and median / before > 0 else {}


def _share_of(cell: str, parts: Sequence[Column]) -> float:
    present = sum(part["present"] for part in parts)
    return sum(part.get("cells", {}).get(cell, 0) for part in parts) / present if present else 0.0
