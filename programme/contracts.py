"""Declared contracts: what the rows of a record must hold, and what its batch must hold as a whole.

A row can be set aside; a batch cannot, so what is said of it is held or warned about.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from programme.base import Declaration, Identifier, RefusedError, Share

BatchSeverity = Literal["hold", "warn"]

# What Great Expectations says of a row by the row alone.
EXPECTATIONS_OF_ROWS = frozenset(
    [
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_to_be_in_set",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_be_null",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_match_strftime_format",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
        "expect_multicolumn_sum_to_equal",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
    ]
)
# What it says of all rows of a batch together. What it says of a table's columns and types is left
# out, because those of a canonical record are pinned, and what it asks a database.
EXPECTATIONS_OF_BATCHES = frozenset(
    [
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_max_to_be_between",
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_most_common_value_to_be_in_set",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_quantile_values_to_be_between",
        "expect_column_stdev_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_value_z_scores_to_be_less_than",
        "expect_column_values_to_be_unique",
        "expect_column_values_to_not_be_outliers",
        "expect_compound_columns_to_be_unique",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
    ]
)
EXPECTATIONS = EXPECTATIONS_OF_ROWS | EXPECTATIONS_OF_BATCHES


class Check(Declaration):
    """One Great Expectations expectation on a canonical record of this entity.

    ``severity``: ``quarantine`` sends the failing rows there, ``hold`` fails the task and lands
    nothing of the batch, ``warn`` records it. What is said of the batch as a whole, or of a share
    of its rows (``mostly``), names no rows: only ``hold`` and ``warn`` can follow.
    """

    record: str
    expectation: str
    kwargs: dict[str, Any] = Field(default={})
    severity: Literal["quarantine", "hold", "warn"] = "quarantine"
    reason: str = ""

    @model_validator(mode="after")
    def _names_rows_to_set_aside(self) -> Check:
        if self.severity != "quarantine":
            return self
        subject = ""
        if self.expectation in EXPECTATIONS_OF_BATCHES:
            subject = f"`{self.expectation}` is about the batch as a whole"
        elif "mostly" in self.kwargs:
            subject = "`mostly` is about a share of the batch"
        if subject:
            raise RefusedError(
                f"{subject}: it names no rows that could go to quarantine",
                "severity",
                mend="write `severity: hold` or `severity: warn`",
            )
        return self


class Trail(Declaration):
    """Which earlier load dates a batch is compared with.

    The last ``load_dates`` of them count, and none before ``since``: after a change that is meant,
    write the load date of the change there. With fewer than ``at_least`` nothing is said.
    """

    load_dates: int = Field(default=60, ge=1, le=1000)
    at_least: int = Field(default=5, ge=2)
    since: date | None = None


class Freshness(Declaration):
    """The newest row happened at most ``hours`` before the load date began (at 00:00 UTC)."""

    hours: float = Field(gt=0)
    severity: BatchSeverity = "warn"


class Volume(Declaration):
    """The number of rows lies near the median of earlier load dates.

    A finding takes both: fewer than ``1 - least_change`` times the median or more than its
    reciprocal, and more than ``spreads`` robust standard deviations (of the logarithm) away.
    """

    least_change: Share = 0.3
    spreads: float = Field(default=4.0, gt=0)
    severity: BatchSeverity = "warn"


class Reference(Declaration):
    """At least ``min_rate`` of a column's values are known to another record of the lake.

    ``field`` is the column there; without it the column of the same name. Nulls do not count.
    """

    column: str
    record: str
    field: str | None = None
    min_rate: float = Field(gt=0, le=1)
    severity: BatchSeverity = "warn"


class Conflicts(Declaration):
    """At most this share of rows have the key and version of another row and differ from it."""

    max_rate: float = Field(default=0.01, ge=0, lt=1)
    severity: BatchSeverity = "warn"


class Distribution(Declaration):
    """What counts as a column that shifted against earlier load dates.

    Every finding takes a size and a significance. Sizes: a population stability index of ``psi``,
    a mean that moved by ``mean_shift`` standard deviations, a share of missing values that moved by
    ``null_change``, a code that was never seen with ``new_code`` of the rows, a code gone that had
    ``vanished_code`` of them, ``garbled`` of the texts wrongly decoded. ``alpha`` is the chance
    that a batch like the earlier ones is warned about, over all its columns together.
    ``without`` lists columns that are not judged.
    """

    psi: float = Field(default=0.2, gt=0)
    mean_shift: float = Field(default=0.3, gt=0)
    null_change: Share = 0.1
    new_code: Share = 0.005
    vanished_code: Share = 0.05
    garbled: Share = 0.01
    alpha: Share = 0.002
    without: list[str] = Field(default=[])
    severity: BatchSeverity = "warn"


class Held(Declaration):
    """A finding that has a severity and nothing else to declare."""

    severity: BatchSeverity = "hold"


def _switched_off(value: Any) -> Any:
    if value is False:
        return None
    if value is None or not isinstance(value, dict | Declaration):
        said = "no value" if value is None else f"`{value}`"
        raise RefusedError(f"{said} says nothing", mend="write what is expected, or `false`")
    return value


_Part = TypeVar("_Part", bound=Declaration)
# `false` in YAML, None in Python; an empty value is more likely a slip than a wish
Part = Annotated[_Part | None, BeforeValidator(_switched_off)]


class Contract(Declaration):
    """What is said of a record's batches beyond their rows; every part has defaults.

    ``false`` switches a part off. ``emptied`` is a column that had values and has none now;
    ``flipped_scale`` one whose scores fit the mirror image of the earlier ones.
    """

    history: Trail = Trail()
    freshness: Freshness | None = None
    volume: Part[Volume] = Volume()
    references: list[Reference] = Field(default=[])
    conflicts: Part[Conflicts] = Conflicts()
    distribution: Part[Distribution] = Distribution()
    emptied: Part[Held] = Held()
    flipped_scale: Part[Held] = Held()


Contracts = dict[Identifier, Contract]
