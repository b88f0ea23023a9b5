"""What reading a file gives, and how it says what is wrong with the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from connectors.errors import UnreadableFileError
from connectors.rows import Refusal, Rows

ROW_RULE = "is_row"
Opener = Callable[[], BinaryIO]


@dataclass(frozen=True)
class Chunk:
    """Rows of one file that were read together.

    Attributes:
        rows: Tables carry ``_file`` and ``_row``, the number of the data row from 1.
        refusals: Rows that are none, with what was received (withheld where it may be personal).
        left_out: Rows that the declaration's ``skip_pattern`` or ``skip_footer`` leaves out.
    """

    rows: Rows
    refusals: tuple[Refusal, ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class Place:
    """Where a file belongs, for errors.

    Attributes:
        source: The declared source.
        entity: Its entity.
        label: The file's path below the root.
    """

    source: str
    entity: str
    label: str

    def unreadable(self, what: str, mend: str) -> UnreadableFileError:
        """The error that says ``what`` of this file."""
        return UnreadableFileError(
            what, source=self.source, entity=self.entity, where=self.label, mend=mend
        )


def refusal(reason: str, text: str, *, withhold: bool) -> Refusal:
    """A row that is none; its text is replaced by its length where it may hold personal data."""
    payload = f"{len(text)} characters, withheld because of `personal`" if withhold else text
    return Refusal(ROW_RULE, reason, "", None, payload)
