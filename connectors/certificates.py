"""What an erasure removed, how that was verified, and what it does not reach; without the id."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

OUTSIDE = (
    "the source systems themselves, which are the company's own to erase in",
    "backups and copies made outside the programme's home",
    "mails that were delivered; they and the editions hold figures about groups, no rows",
)


@dataclass(frozen=True)
class Place:
    """One file or table that held something of the person.

    Attributes:
        layer: landing, raw, quarantine, webhooks, notes or warehouse.
        path: Below the programme's home; a table's name in the warehouse.
        rows: Rows or deliveries that were theirs.
        changed: Other rows, or places in a text, in which their id stood.
    """

    layer: str
    path: str
    rows: int
    changed: int

    def at_least(self, other: Place | None) -> Place:
        """The larger of two findings of one place."""
        if other is None:
            return self
        rows, changed = max(self.rows, other.rows), max(self.changed, other.changed)
        return Place(self.layer, self.path, rows, changed)


@dataclass(frozen=True)
class Verification:
    """A search of everything after the removal.

    Attributes:
        rows_left: Rows of theirs that are still found by the mappings.
        files: Files below the home that were read.
        size: Bytes read, decompressed.
        hits: File -> how often an id stands in it.
        unread: File -> why it could not be read.
        words: How many spellings of the ids were searched for in bytes.
        too_short: How many ids are too short for that: they were searched for in columns of ids.
    """

    rows_left: tuple[Place, ...]
    files: int
    size: int
    hits: Mapping[str, int]
    unread: Mapping[str, str]
    words: int
    too_short: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing of theirs was found."""
        return not (self.rows_left or self.hits or self.unread)


@dataclass(frozen=True)
class Certificate:
    """The proof of one erasure.

    Attributes:
        erasure_id: Its name in the ledger.
        reason: As the request gave it.
        requested_at: When it began.
        completed_at: When it was verified.
        places: What held something of theirs before.
        digests: sha256 of those files that remain, after they were rewritten.
        verification: What a search of everything found afterwards.
        troubles: Load dates that could not be made anew; their files were rewritten in place.
    """

    erasure_id: str
    reason: str
    requested_at: datetime
    completed_at: datetime
    places: tuple[Place, ...]
    digests: Mapping[str, str]
    verification: Verification
    troubles: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing of theirs is left."""
        return self.verification.is_clean

    def by_layer(self) -> dict[str, dict[str, int]]:
        """Layer -> files, rows and places before, and rows after."""
        totals: dict[str, dict[str, int]] = defaultdict(
            lambda: {"files": 0, "rows_before": 0, "mentions_before": 0, "rows_after": 0}
        )
        for place in self.places:
            total = totals[place.layer]
            total["files"] += 1
            total["rows_before"] += place.rows
            total["mentions_before"] += place.changed
        for place in self.verification.rows_left:
            totals[place.layer]["rows_after"] += place.rows + place.changed
        return dict(totals)

    def content(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {
            "erasure_id": self.erasure_id,
            "reason": self.reason,
            "requested_at": self.requested_at.isoformat(),
            "completed_at": self.completed_at.isoformat(),
            "complete": self.is_complete,
            "layers": self.by_layer(),
            "files": [
                {**asdict(place), "sha256_after": self.digests.get(place.path)}
                for place in self.places
            ],
            "verification": asdict(self.verification),
            "troubles": list(self.troubles),
            "outside": list(OUTSIDE),
        }

    def as_json(self) -> str:
        """``content`` as text."""
        return json.dumps(self.content(), ensure_ascii=False, indent=1, sort_keys=True)

    def lines(self) -> list[str]:
        """For people to read and to file."""
        state = "complete" if self.is_complete else "NOT COMPLETE"
        checked = self.verification
        lines = [
            f"Erasure {self.erasure_id}: {state}",
            f"requested {self.requested_at:%Y-%m-%d %H:%M} UTC, reason: {self.reason}",
        ]
        for layer, total in sorted(self.by_layer().items()):
            lines.append(
                f"{layer}: {total['rows_before']} rows and {total['mentions_before']} mentions in "
                f"{total['files']} places before, {total['rows_after']} after"
            )
        lines.append(
            f"verified: {checked.files} files, {checked.size} bytes read; ids found in "
            f"{len(checked.hits)} of them"
        )
        if checked.too_short:
            lines.append(
                f"{checked.too_short} ids are too short to be told from other numbers in a text: "
                "they were searched for in every column of ids, and not in other bytes"
            )
        lines += [f"still found: {name} ({hits} times)" for name, hits in checked.hits.items()]
        lines += [f"still found: {left.path} ({left.rows} rows)" for left in checked.rows_left]
        lines += [f"not readable: {name}: {why}" for name, why in checked.unread.items()]
        lines += [f"not made anew: {trouble}" for trouble in self.troubles]
        return [*lines, *(f"not reached: {what}" for what in OUTSIDE)]
