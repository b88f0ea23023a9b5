"""Where the reference data lie that some tests read: `../shared`, or `CXLOOP_SHARED`."""

from __future__ import annotations

import os
from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[2] / "shared"
SHARED_DATA = Path(os.environ.get("CXLOOP_SHARED", str(_BESIDE))) / "data"
