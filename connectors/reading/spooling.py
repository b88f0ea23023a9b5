"""A stream that can be read from any place, as some formats need."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from connectors.errors import LakeWriteError
from connectors.reading.chunks import Opener, Place

_BLOCK_BYTES = 1 << 20


@contextmanager
def seekable(open_: Opener, place: Place) -> Iterator[BinaryIO]:
    """The content, copied to a temporary file that no killed process leaves behind.

    Raises:
        LakeWriteError: when there is no space for it.
    """
    with open_() as content:
        if content.seekable():
            yield content
            return
        with tempfile.TemporaryFile() as copy:
            try:
                shutil.copyfileobj(content, copy, _BLOCK_BYTES)
            except OSError as error:
                folder = Path(tempfile.gettempdir())
                raise LakeWriteError.of(error, folder, place.source) from None
            copy.seek(0)
            yield cast("BinaryIO", copy)
