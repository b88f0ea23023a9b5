"""Lets go of what a source need not keep any longer, and of persons who were erased."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date

from connectors.landing import LandSummary, land
from connectors.retention import Letting, retain
from connectors.returning import Sweep, sweep
from ledger import Ledger
from programme import Programme, Settings


@dataclass(frozen=True)
class Forgotten:
    """What one source let go of, and what stands in ``raw`` afterwards."""

    let_go: tuple[Letting, ...]
    swept: Sweep
    landed: LandSummary

    def __str__(self) -> str:
        gone = ", ".join(str(part) for part in self.let_go) or "nothing was past its time"
        return f"{gone}; {self.swept}; {self.landed}"


def forget(
    programme: Programme,
    settings: Settings,
    ledger: Ledger,
    source_id: str,
    *,
    as_of: date,
    run_id: str,
) -> Forgotten:
    """Apply the retention periods, sweep erased persons out of landing, bring ``raw`` up to date.

    Raises:
        ConnectorError: as ``retain``, ``sweep`` and ``land``; the same call completes it.
    """
    let_go = retain(programme, settings, source_id, as_of=as_of, dry_run=False)
    swept = sweep(programme, settings, ledger, source_id, environment=os.environ)
    landed = land(programme, settings, ledger, source_id, run_id=run_id)
    return Forgotten(tuple(let_go), swept, landed)
