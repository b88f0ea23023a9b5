"""Landing again after a mended mapping, with an account of what it changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from connectors.errors import ConnectorError
from connectors.lake import Lake, read_json
from connectors.landing import land
from connectors.partition import Counts
from connectors.quarantine import RefusedRow, refused_rows, row_id
from connectors.rehearsal import rehearsed_landing
from ledger import Ledger
from programme import Programme, Settings

Received = tuple[str, str, str, str]
Standing = dict[tuple[date, str, str], Counts]


@dataclass(frozen=True)
class Change:
    """Counts of one load date, entity and record; None where nothing stands."""

    load_date: date
    entity: str
    record: str
    before: Counts | None
    after: Counts | None

    @property
    def is_one(self) -> bool:
        """Whether anything differs."""
        return self.before != self.after


@dataclass(frozen=True)
class Replay:
    """What landing again changed, or would change.

    Attributes:
        source: The source.
        is_rehearsal: Whether it was only tried.
        changes: Every count before and after.
        left: Rows that were in quarantine and no longer are.
        entered: Rows that were not and are now.
        remaining: (record, entity, rule, reason) -> rows that still are.
        failure: Why a load date could not be landed; the counts are then those that stood before.
    """

    source: str
    is_rehearsal: bool
    changes: tuple[Change, ...]
    left: int
    entered: int
    remaining: dict[tuple[str, str, str, str], int]
    failure: ConnectorError | None = None


def replay(
    programme: Programme, settings: Settings, ledger: Ledger, source_id: str, *, run_id: str
) -> Replay:
    """Land every load date whose landing, mapping or releases are not those it was made from."""
    before = _Lake.of(settings, source_id)
    failure = None
    try:
        land(programme, settings, ledger, source_id, run_id=run_id)
    except ConnectorError as error:
        failure = error
    after = _Lake.of(settings, source_id)
    return _compared(source_id, before, after, failure=failure)


def rehearse_replay(
    programme: Programme, settings: Settings, source_id: str, *, load_date: date | None = None
) -> Replay:
    """What landing again would change, tried beside the lake; of one load date or of all.

    Raises:
        ConnectorError: when landing would fail.
    """
    before = _Lake.of(settings, source_id, load_date)
    with rehearsed_landing(programme, settings, source_id, load_date=load_date) as scratch:
        after = _Lake.of(scratch, source_id, load_date)
    return _compared(source_id, before, after, is_rehearsal=True)


def standing_counts(settings: Settings, source_id: str) -> Standing:
    """What stands in ``raw`` and ``quarantine``: (load date, entity, record) -> counts."""
    found: Standing = {}
    for path in sorted(Lake(settings.lake, source_id).manifest(date.min).parent.glob("*.json")):
        for entity, records in read_json(path)["counts"].items():
            for record, counts in records.items():
                found[date.fromisoformat(path.stem), entity, record] = Counts(**counts)
    return found


@dataclass(frozen=True)
class _Lake:
    """What stands of one source: counts, and every refused row by what was received."""

    counts: Standing
    refused: Counter[Received]
    groups: Counter[tuple[str, str, str, str]]

    @classmethod
    def of(cls, settings: Settings, source_id: str, load_date: date | None = None) -> _Lake:
        refused: Counter[Received] = Counter()
        groups: Counter[tuple[str, str, str, str]] = Counter()
        for row in refused_rows(settings, source=source_id):
            if load_date is None or row.load_date == str(load_date):
                refused[_received(row)] += 1
                groups[row.record, row.entity, row.rule, row.reason] += 1
        counts = {
            place: part
            for place, part in standing_counts(settings, source_id).items()
            if load_date is None or place[0] == load_date
        }
        return cls(counts, refused, groups)


def _received(row: RefusedRow) -> Received:
    # the same row may be refused by another rule than before
    return row.load_date, row.record, row.entity, row_id("", "", "", "", row.payload)


def _compared(
    source_id: str,
    before: _Lake,
    after: _Lake,
    *,
    is_rehearsal: bool = False,
    failure: ConnectorError | None = None,
) -> Replay:
    places = sorted({*before.counts, *after.counts})
    return Replay(
        source=source_id,
        is_rehearsal=is_rehearsal,
        changes=tuple(
            Change(*place, before.counts.get(place), after.counts.get(place)) for place in places
        ),
        left=(before.refused - after.refused).total(),
        entered=(after.refused - before.refused).total(),
        remaining=dict(sorted(after.groups.items())),
        failure=failure,
    )
