"""Lets go of what is older than its declared period; what was counted stays counted.

By load date: received payloads, refused rows, comments, rows. A load date leaves its manifest with
all counts, a batch its manifest with cursor and hashes, so that nothing is pulled again and totals
still reconcile. Received deliveries go with the payloads, once they were pulled.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from connectors.batches import committed
from connectors.errors import UnusableDeclarationError
from connectors.lake import Lake
from connectors.retention_dates import Letting, OldLoadDates
from connectors.webhooks.erasure import erase_deliveries
from connectors.webhooks.segments import Segments, read_line
from programme import Programme, Settings
from programme.privacy import Retention

__all__ = ["Letting", "retain", "retention_of"]


def retention_of(programme: Programme, source: str) -> Retention:
    """The source's periods over the programme's.

    Raises:
        UnusableDeclarationError: when payloads would outlive what was taken out of them, or a
            lookback reads what has been let go.
    """
    declared = programme.sources[source]
    periods = (declared.retention or Retention()).over(programme.company.retention)
    longest = max(entity.lookback_minutes for entity in declared.entities.values())
    conflict = periods.conflict(lookback_minutes=longest)
    if conflict is not None:
        what, mend = conflict
        raise UnusableDeclarationError(f"retention: {what}", source=source, mend=mend)
    return periods


def retain(
    programme: Programme, settings: Settings, source: str, *, as_of: date, dry_run: bool
) -> list[Letting]:
    """Let go of what is older on ``as_of`` than the source's periods (or only say so).

    Killed anywhere, the next call completes it.

    Raises:
        UnusableDeclarationError: as ``retention_of``.
        LakeBusyError: when a run holds the source for longer than ten minutes.
        LakeWriteError: when the disk is full.
    """
    periods = retention_of(programme, source)
    lake = Lake(settings.lake, source)
    with lake.locked():
        found = list(OldLoadDates(programme, lake, periods, as_of, dry_run=dry_run).let_go())
    return found + _deliveries(programme, settings, lake, periods, as_of, dry_run=dry_run)


def _deliveries(
    programme: Programme,
    settings: Settings,
    lake: Lake,
    periods: Retention,
    as_of: date,
    *,
    dry_run: bool,
) -> list[Letting]:
    """Received deliveries that were pulled and are older than landing may be."""
    segments = Segments.of(settings.home, lake.source)
    if periods.landing_days is None or not segments.folder.is_dir():
        return []
    entities = programme.sources[lake.source].entities
    pulled = [_pulled_up_to(lake, name) for name in entities]
    first_day = as_of - timedelta(days=periods.landing_days)
    cutoff = datetime.combine(first_day, time.min, UTC)

    def is_old(line: Mapping[str, Any]) -> bool:
        return datetime.fromisoformat(line["received_at"]) < cutoff

    old = 0
    for path in segments.closed():
        # what has not been pulled is nowhere else
        if path.stem < min(pulled, default=""):
            with path.open("rb") as file:
                lines = [line for raw in file if (line := read_line(raw))]
            old += sum(is_old(line) for line in lines if not line.get("is_erased"))
    if not old:
        return []
    if not dry_run:
        names = min(pulled)
        erase_deliveries(settings.home, lake.source, is_old, before=names)
    return [Letting(lake.source, first_day, "webhooks", old)]


def _pulled_up_to(lake: Lake, entity: str) -> str:
    cursors = [str(batch.cursor) for batch in committed(lake, entity) if batch.cursor]
    return max(cursors, default="").partition(":")[0]
