"""Takes deliveries out of the received segments: persons who are erased, and what is too old."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from connectors.errors import LakeWriteError
from connectors.webhooks.segments import Segments, read_line, sync

_UNFINISHED = ".unfinished"


def erase_deliveries(
    home: Path,
    source: str,
    should_go: Callable[[Mapping[str, Any]], bool],
    *,
    before: str | None = None,
) -> int:
    """Remove event and body of deliveries that are to go; how many these were.

    ``should_go`` is given each line's ``delivery_id``, ``received_at``, ``event`` and ``body`` (the
    text as received; ``body_base64`` where it is none). Id and time stay, so that a repetition
    by the vendor is not taken in again and cursors keep their meaning. Each segment is replaced as
    a whole or not at all. With ``before``, only segments with an earlier name are touched.

    Raises:
        LakeWriteError: when a segment cannot be replaced; it is then as it was.
    """
    segments = Segments.of(home, source)
    if not segments.folder.is_dir():
        return 0
    try:
        with segments.locked():
            segments.close_active()
            chosen = [path for path in segments.closed() if before is None or path.stem < before]
            return sum(_rewritten(path, should_go) for path in chosen)
    except OSError as error:
        raise LakeWriteError.of(error, segments.folder, source) from None


def _rewritten(path: Path, should_go: Callable[[Mapping[str, Any]], bool]) -> int:
    unfinished = path.with_name(path.name + _UNFINISHED)
    erased = 0
    with path.open("rb") as old, unfinished.open("wb") as new:
        unfinished.chmod(0o600)
        for raw in old:
            line = read_line(raw)
            if line is not None and not line.get("is_erased") and should_go(line):
                raw = _tombstone(line)
                erased += 1
            new.write(raw)
        new.flush()
        os.fsync(new.fileno())
    if not erased:
        unfinished.unlink()
        return 0
    unfinished.replace(path)
    sync(path.parent)
    return erased


def _tombstone(line: Mapping[str, Any]) -> bytes:
    kept = {name: line.get(name) for name in ("delivery_id", "received_at")}
    return json.dumps({**kept, "is_erased": True}, separators=(",", ":")).encode() + b"\n"
