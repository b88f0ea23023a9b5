"""The contract of one record of one entity: rows checked chunk by chunk, the batch at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from connectors.contracts import Outcome, standard_checks, validate
from connectors.records import Record
from programme.contracts import Check
from programme.sources import Entity
from programme.surveys import Question

# what Great Expectations can say of each row by that row alone; everything else needs the batch
_OF_ROWS = ("expect_column_values_", "expect_column_pair_values_", "expect_multicolumn_")
_OF_SEVERAL_ROWS = ("expect_column_values_to_be_unique",)


class RecordContract:
    """What rows and batch of one record must hold.

    Hand every chunk to ``check_rows``, those of its rows that pass to ``take``, and ``close`` once.
    """

    def __init__(
        self,
        entity: Entity,
        record: Record,
        question: Question | None,
        *,
        load_date: date,
        history: Sequence[Mapping[str, Any]],
    ) -> None:
        declared = [check for check in entity.checks if check.record == record.name]
        self.record = record
        self.question = question
        self.load_date = load_date
        self.history = tuple(history)
        self._of_rows = [check for check in declared if _is_of_rows(check)]
        self._of_batch = [check for check in declared if not _is_of_rows(check)]
        self._kept: list[pa.Table] = []
        self._rows = 0

    def check_rows(self, table: pa.Table) -> list[Outcome]:
        """Which rows of the chunk break which rule; positions count within the chunk."""
        standard = standard_checks(
            self.record, question=self.question, load_date=self.load_date, table=table
        )
        return validate(table, [*standard, *self._of_rows])

    def take(self, table: pa.Table) -> None:
        """Remember of rows that passed what the end of the batch is judged by."""
        self._rows += table.num_rows
        if self._of_batch:
            self._kept.append(table)

    def close(self) -> tuple[list[Outcome], dict[str, Any]]:
        """What is to be said about the batch as a whole, and its profile for later load dates."""
        outcomes: list[Outcome] = []
        if self._of_batch:
            schema = self.record.schema
            table = pa.concat_tables(self._kept) if self._kept else schema.empty_table()
            outcomes = validate(table, self._of_batch)
        profile = {"load_date": str(self.load_date), "rows": self._rows}
        return outcomes, profile


def _is_of_rows(check: Check) -> bool:
    name = check.expectation
    return name.startswith(_OF_ROWS) and name not in _OF_SEVERAL_ROWS
