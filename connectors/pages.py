"""What one answer of an API brought: the vendor's objects and how far they reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.batches import CursorValue


@dataclass(frozen=True)
class Page:
    """One page of a collection, not yet durable.

    Attributes:
        payloads: The vendor's objects as received (parsed JSON).
        cursor: The highest cursor value so far; None before the first.
        resumable: Whether everything up to ``cursor`` has been read once this page is durable,
            as where pages come in the cursor's order. The next pull may then begin there even if
            this one breaks off.
    """

    payloads: tuple[Any, ...]
    cursor: CursorValue | None
    resumable: bool
