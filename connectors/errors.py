"""What can go wrong between the world and the lake: each error says where, what and the mend."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class ConnectorError(Exception):
    """A load that cannot go on.

    Attributes:
        source: The declared source.
        entity: The entity of it; empty where the whole source is meant.
        where: File, table or address, without credentials.
        what: The fact, with the offending value where it is no secret.
        mend: What to do.
    """

    def __init__(
        self, what: str, *, source: str, mend: str, entity: str = "", where: str = ""
    ) -> None:
        self.source = source
        self.entity = entity
        self.where = where
        self.what = what
        self.mend = mend
        place = f"{source}.{entity}" if entity else source
        super().__init__(f"{place}: {f'{where}: ' if where else ''}{what}. Mend: {mend}")


class SchemaDriftError(ConnectorError):
    """The vendor's columns are not the declared ones; nothing of the batch is taken."""


class HeldBatchError(ConnectorError):
    """A check of severity ``hold`` failed; nothing of the load date is landed.

    Attributes:
        checks: Summaries of the checks made, as a manifest would hold them.
    """

    checks: tuple[dict[str, Any], ...] = ()


class ReconciliationError(ConnectorError):
    """Rows received do not equal rows landed, quarantined, duplicate and not applicable."""


class SourceUnavailableError(ConnectorError):
    """The source did not answer, refused, or answered with something else than data."""


class UnreadableFileError(ConnectorError):
    """A file that is not what it is declared to be: encoding, compression, header."""


class ExpiredLandingError(ConnectorError):
    """What was received is needed again after the retention rule has let it go."""


class MissingSettingError(ConnectorError):
    """An environment variable that a declaration names is not set."""


class UnusableDeclarationError(ConnectorError):
    """A declaration that loads and cannot be applied: a constant of the wrong type, for example."""


class LakeBusyError(ConnectorError):
    """Another run holds the source's lock."""


class LakeWriteError(ConnectorError):
    """The lake could not be written; what stood before still stands."""

    @classmethod
    def of(cls, error: OSError, path: Path, source: str) -> LakeWriteError:
        """Describe ``error`` with the path, the space left and the mend."""
        folder = next((parent for parent in (path, *path.parents) if parent.is_dir()), Path("/"))
        free = shutil.disk_usage(folder).free
        full = error.errno == errno.ENOSPC or "No space left" in str(error)
        reason = (
            "the disk is full"
            if full
            else (os.strerror(error.errno) if error.errno else str(error))
        )
        mend = "make the path writable, then run again: the run takes up where it stopped"
        if full:
            mend = (
                "free space or move CXLOOP_HOME, then run again: the run takes up where it stopped"
            )
        what = f"cannot write, {reason} ({free} bytes free)"
        return cls(what, source=source, where=str(path), mend=mend)


def raise_first(failures: Sequence[ConnectorError]) -> None:
    """Raise the first failure, with the others as notes; return where there is none."""
    if not failures:
        return
    for other in failures[1:]:
        failures[0].add_note(str(other))
    raise failures[0]
