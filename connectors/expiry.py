"""Load dates whose landing was let go: ``raw`` stands as it was made, whatever changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import chain
from typing import Any

from connectors.batches import Batch
from connectors.fingerprints import landing_fingerprint
from connectors.lake import Lake, read_json

_log = logging.getLogger(__name__)
KEPT = "what was received has been let go: this load date stays as it was mapped before"


def standing_though_expired(
    lake: Lake, load_date: date, batches: Mapping[str, list[Batch]]
) -> dict[str, Any] | None:
    """The manifest of a load date that cannot be made anew, warning where it ought to be.

    None where its landing still stands, or was let go before it was ever made.
    """
    path = lake.manifest(load_date)
    if not any_expired(chain.from_iterable(batches.values())) or not path.exists():
        return None
    manifest = read_json(path)
    if manifest["landing_fingerprint"] != landing_fingerprint(batches):
        return None
    _log.warning("%s %s: %s", lake.source, load_date, KEPT)
    return manifest | {"warnings": [*manifest["warnings"], KEPT]}


def any_expired(batches: Iterable[Batch]) -> bool:
    """Whether the data of one of the batches were let go."""
    return any(batch.expired for batch in batches)
