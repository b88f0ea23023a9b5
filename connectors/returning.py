"""Takes erased persons out of landing again, where a source has sent them since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from connectors.erased import Erased
from connectors.erasing_files import DeliverySearch
from connectors.erasing_landing import LandingSearch
from connectors.lake import Lake
from connectors.scrubbing import Tokens
from ledger import Ledger
from programme import Programme, Settings

_NO_TOKENS = Tokens(())


@dataclass(frozen=True)
class Sweep:
    """What of erased persons had come back to one source.

    Attributes:
        source: The source.
        batches: Landed batches rewritten.
        rows: Rows taken out of them, or in which something was.
        deliveries: Received deliveries emptied.
    """

    source: str
    batches: int
    rows: int
    deliveries: int

    def __str__(self) -> str:
        return (
            f"{self.source}: {self.rows} rows in {self.batches} batches and {self.deliveries} "
            "deliveries of erased persons had come back"
        )


def sweep(
    programme: Programme,
    settings: Settings,
    ledger: Ledger,
    source: str,
    *,
    environment: Mapping[str, str],
    since: date | None = None,
) -> Sweep:
    """Rewrite batches (of load dates from ``since`` on) without the rows of erased persons.

    ``raw`` never holds them: ``land`` leaves them out. Run ``land`` afterwards, so that counts are
    those of the batches as they are now.

    Raises:
        MissingSettingError: when persons were erased and the key to recognise them is not set.
        LakeBusyError: when a run holds the source for longer than ten minutes.
        LakeWriteError: when the disk is full; the same call completes the sweep.
    """
    erased = Erased.of(ledger, environment)
    if not erased or erased.hashing is None:
        return Sweep(source, 0, 0, 0)
    lake = Lake(settings.lake, source)
    batches = rows = 0
    with lake.locked():
        landed = LandingSearch(programme, lake, erased, _NO_TOKENS, since=since)
        for place in landed.places():
            if place.rows or place.changed:
                landed.rewrite(place)
                batches += 1
                rows += place.rows + place.changed
    # what hangs on an interaction of theirs is recognised from now on
    newest = ledger.erasures()[-1].erasure_id
    links = [
        (kind, erased.hashing.of_id(kind, value))
        for kind, values in landed.links.items()
        for value in values
    ]
    ledger.add_erased_ids(newest, links)
    deliveries = DeliverySearch(programme, settings.home, source, erased, _NO_TOKENS).erase()
    return Sweep(source, batches, rows, deliveries)
