"""A column whose values have become something else: named, instead of quarantined row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from connectors.errors import SchemaDriftError
from connectors.rows import Refusal

# fewer rows, or a smaller share, are bad rows; more are another column
_LEAST_ROWS = 20
_SHARE = 0.5
_KINDS = {
    "is_number": "numbers",
    "is_integer": "whole numbers",
    "is_flag": "true or false",
    "is_instant": "times",
    "is_day": "days",
}


class Conversions:
    """How many rows of one batch could not be converted, by field."""

    def __init__(self) -> None:
        self._rows = 0
        self._refused: Counter[tuple[str, str]] = Counter()

    def take(self, rows: int, refusals: Iterable[Refusal]) -> None:
        """Count a chunk of so many rows, refused ones included."""
        self._rows += rows
        for refusal in refusals:
            if refusal.rule in _KINDS:
                self._refused[refusal.column, refusal.rule] += 1

    def require_types(self, *, source: str, entity: str, where: str, record: str) -> None:
        """Refuse the batch where most values of a field are of another type than the field.

        Raises:
            SchemaDriftError: naming field, type and counts, and no value: it may be personal.
        """
        for (field, rule), count in self._refused.most_common(1):
            if self._rows >= _LEAST_ROWS and count > _SHARE * self._rows:
                raise SchemaDriftError(
                    f"{count} of {self._rows} values of `{record}.{field}` are not "
                    f"{_KINDS[rule]}: the column's type or format has changed",
                    source=source,
                    entity=entity,
                    where=where,
                    mend="map the column that holds them now, or declare its `formats`, "
                    "`missing` or `recode`; if the export is broken, have it sent again",
                )
