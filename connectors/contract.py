"""The contract of one record of one entity: rows checked chunk by chunk, the batch at its end.

Great Expectations judges the rows and the declared aggregates. What is said of the batch against
earlier load dates (see `programme.contracts.Contract`) is computed from profiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract_batch import BatchChecks, ShareChecks
from connectors.contract_findings import Comparison, outcomes_of
from connectors.contract_history import Past, comparisons, load_dates_compared
from connectors.contract_outcomes import Outcome
from connectors.contract_rows import RowChecks
from connectors.contracts import checks_of_record
from connectors.profiles import Profiler
from connectors.records import Record
from programme.contracts import (
    EXPECTATIONS_OF_BATCHES,
    BatchSeverity,
    Check,
    Contract,
    Distribution,
    Reference,
)
from programme.sources import Entity
from programme.surveys import Question

Contains = Callable[[pa.Array], pa.Array]
Known = Callable[[str, str], Contains | None]


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
        known: Known | None = None,
    ) -> None:
        """Prepare the checks.

        Args:
            entity: With its declared checks and contracts.
            record: The canonical record.
            question: The declared question, where every row answers the same one.
            load_date: The batch's.
            history: Profiles of the same rows on earlier load dates, oldest first.
            known: For a record and a field, what says of values whether the lake holds them; None
                for a record of which the lake holds nothing yet.
        """
        declared = [check for check in entity.checks if check.record == record.name]
        of_batch = [check for check in declared if check.expectation in EXPECTATIONS_OF_BATCHES]
        of_rows = [check for check in declared if check not in of_batch]
        standard = checks_of_record(record, question=question, load_date=load_date)
        self.record = record
        self.load_date = load_date
        self.contract = entity.contract.get(record.name, Contract())
        self._rows = RowChecks([*standard, *(c for c in of_rows if "mostly" not in c.kwargs)])
        self._question = question if "survey_id" in record.schema.names else None
        self._label = ""
        self._standard = len(standard)
        self._shares = ShareChecks([check for check in of_rows if "mostly" in check.kwargs])
        self._batch = BatchChecks(of_batch)
        self._references = [_Counter(part, known) for part in self.contract.references]
        self._profiler = Profiler(record)
        self._past = Past.of(history, self.contract.history, load_date)

    def check_rows(self, table: pa.Table) -> list[Outcome]:
        """Which rows of the chunk break which rule; positions count within the chunk."""
        self._shares.take(table)
        outcomes = self._rows.check(table)
        # so that a page can say in its own language what every batch must hold
        marked = [replace(part, facts={"standard": True}) for part in outcomes[: self._standard]]
        if self._question is not None and table.num_rows:
            first = table.slice(0, 1).select(["survey_id", "question_id"]).to_pylist()[0]
            self._label = ".".join(str(part) for part in first.values() if part)
        return [replace(part, group=self._label) for part in (*marked, *outcomes[self._standard :])]

    def take(self, table: pa.Table) -> None:
        """Remember of rows that passed what the end of the batch is judged by."""
        self._batch.take(table)
        self._profiler.take(table)
        for reference in self._references:
            reference.take(table)

    def close(self) -> tuple[list[Outcome], dict[str, Any]]:
        """What is to be said about the batch as a whole, and its profile for later load dates.

        ``compared_with`` and ``at_least`` of the profile say how many load dates it was compared
        with and how many there must be; with fewer nothing is said of volume and distribution.
        """
        profile: dict[str, Any] = {"load_date": str(self.load_date), **self._profiler.profile()}
        judged = [*self._shares.close(), *self._batch.close()]
        outcomes = [replace(part, group=self._label) for part in judged]
        outcomes += [part.close(self.record.name) for part in self._references]
        found = list(comparisons(profile, self._past, self.contract, self.load_date))
        limits = self.contract.distribution or Distribution()
        outcomes += outcomes_of(found, self.record.name, self._severities(), alpha=limits.alpha)
        profile["compared_with"] = load_dates_compared(profile, self._past)
        profile["at_least"] = self.contract.history.at_least
        return outcomes, profile

    def _severities(self) -> dict[str, BatchSeverity]:
        contract = self.contract
        shifts = contract.distribution.severity if contract.distribution else "warn"
        rules = ("distribution", "garbled_text", "mean_shift", "new_codes", "null_share")
        found: dict[str, BatchSeverity] = dict.fromkeys((*rules, "vanished_codes"), shifts)
        parts = ("conflicts", "emptied", "flipped_scale", "freshness", "volume")
        declared = {name: getattr(contract, name) for name in parts}
        return found | {name: part.severity for name, part in declared.items() if part}


def conflicts_outcome(
    entity: Entity, record: Record, *, rows: int, conflicts: int
) -> Outcome | None:
    """Rows that share key and version with another and differ; None where it is switched off.

    Args:
        entity: With its declared contract.
        record: The canonical record.
        rows: Rows of the record before repetitions were left out.
        conflicts: Those of them whose content was lost by that.
    """
    limits = entity.contract.get(record.name, Contract()).conflicts
    if not limits:
        return None
    rate = conflicts / max(1, rows)
    facts = {"rate": rate, "max_rate": limits.max_rate}
    part = Comparison("conflicts", "", rows, rate > limits.max_rate, None, facts)
    return outcomes_of([part], record.name, {"conflicts": limits.severity}, alpha=1.0)[0]


class _Counter:
    """How many values of a column another record of the lake knows."""

    def __init__(self, reference: Reference, known: Known | None) -> None:
        self.reference = reference
        field = reference.field or reference.column
        self._contains = known(reference.record, field) if known else None
        self._is_asked = known is not None
        self._to = f"{reference.record}.{field}"
        self._rows = 0
        self._found = 0

    def take(self, table: pa.Table) -> None:
        values = table.column(self.reference.column).combine_chunks().drop_null()
        self._rows += len(values)
        if self._contains is not None and len(values):
            encoded = pc.dictionary_encode(values)
            held = pc.fill_null(self._contains(encoded.dictionary), False)
            self._found += int(pc.sum(held.take(encoded.indices)).as_py())

    def close(self, record: str) -> Outcome:
        limits = self.reference
        rate = self._found / max(1, self._rows)
        facts = {"rate": rate, "min_rate": limits.min_rate, "rows": self._rows, "to": self._to}
        judged = self._contains is not None and self._rows > 0
        is_low = judged and rate < limits.min_rate
        part = Comparison("references", limits.column, self._rows, is_low, None, facts)
        outcome = outcomes_of([part], record, {"references": limits.severity}, alpha=1.0)[0]
        if judged or (self._is_asked and self._contains is not None):
            return outcome
        reason = (
            f"no row of `{limits.record}` has landed yet"
            if self._is_asked
            else "no lake to look in"
        )
        return _unjudged(outcome.check, reason)


def _unjudged(check: Check, reason: str) -> Outcome:
    """An outcome that stops nothing and says why there is no verdict."""
    return Outcome(check, 0, True, (), (), "", f"no verdict: {reason}", facts={"judged": False})
