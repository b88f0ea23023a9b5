"""Where frozen editions lie: one file each, whose hash the ledger holds."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from filelock import FileLock

from analysis.canonical import canonical_json, sha256, write_atomically
from analysis.errors import EditionError
from ledger import Edition, Ledger
from programme import Settings


def edition_file(settings: Settings, edition_id: str) -> Path:
    """``<editions>/<edition id with / as __>/edition.json``."""
    return settings.editions / edition_id.replace("/", "__") / "edition.json"


def is_kept(settings: Settings, ledger: Ledger, edition_id: str) -> bool:
    """Whether an edition is frozen and its file is there."""
    return ledger.edition(edition_id) is not None and edition_file(settings, edition_id).is_file()


def keep(settings: Settings, ledger: Ledger, content: dict[str, Any], *, period: str) -> str:
    """Write the content and freeze it under its hash; an edition that is frozen stays as it is.

    The file comes first: a crash in between leaves a file that the next run overwrites. A frozen
    edition whose file was lost is written again where the same bytes result.

    Returns:
        The edition's id.

    Raises:
        EditionError: the file of a frozen edition is gone, and the data have moved on.
    """
    edition_id, written = str(content["edition_id"]), canonical_json(content)
    file = edition_file(settings, edition_id)
    settings.editions.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.editions / ".freeze.lock"):
        frozen = ledger.edition(edition_id)
        if frozen is None:
            write_atomically(file, written)
            ledger.freeze(_entry(content, period=period, content_hash=sha256(written)))
        elif not file.is_file():
            if sha256(written) != frozen.content_hash:
                what = f"the file of edition `{edition_id}` is gone and its data have moved on"
                raise EditionError(what, f"restore {file} from a backup")
            write_atomically(file, written)
    return edition_id


def read_edition(settings: Settings, ledger: Ledger, edition_id: str) -> dict[str, Any]:
    """A frozen edition's content, after its hash is compared with the ledger's.

    Raises:
        EditionError: not frozen, its file is gone, or the file is not the frozen one.
    """
    edition = ledger.edition(edition_id)
    file = edition_file(settings, edition_id)
    if edition is None or not file.is_file():
        fact = "frozen, but its file is gone" if edition else "not frozen"
        what = f"edition `{edition_id}` is {fact}"
        raise EditionError(what, "run `cxloop run`, or restore the editions directory")
    content = file.read_bytes()
    if sha256(content) != edition.content_hash:
        what = f"{file} is not the content that was frozen"
        raise EditionError(what, "restore the file; a frozen edition is never edited")
    found: dict[str, Any] = json.loads(content)
    return found


def _entry(content: dict[str, Any], *, period: str, content_hash: str) -> Edition:
    return Edition(
        edition_id=str(content["edition_id"]),
        kind=content["kind"],
        subject=str(content["subject"]),
        period=period,
        revision=1,
        state=content["state"],
        as_of=date.fromisoformat(content["as_of"]),
        content_hash=content_hash,
        inputs_hash=str(content["inputs_hash"]),
        code_version=str(content["code_version"]),
        seed=int(content["seed"]),
    )
