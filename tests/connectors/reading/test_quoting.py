"""The quick way through well-written quotes finds what the exact one finds."""

from __future__ import annotations

import random

import numpy as np
import pytest

from connectors.reading.quoting import exactly_quoted, quoted_values

PARTS = ["a", "1", ",", '"', '""', '"a"', '"a,b"', ',"', '",', "\n", "\r\n", "\r", '"\n', '\n"']


@pytest.mark.parametrize("seed", range(300))
def test_both_ways_agree(seed: int) -> None:
    rng = random.Random(seed)
    piece = "".join(rng.choice(PARTS) for _ in range(rng.randint(1, 30))).encode()
    quick = quoted_values(piece, quote='"', delimiter=",")
    exact = exactly_quoted(piece, quote='"', delimiter=",")
    codes = np.frombuffer(piece, np.uint8)
    plain = np.flatnonzero(codes != ord('"'))
    assert quick.holds(plain).tolist() == exact.holds(plain).tolist()
    assert quick.misplaced.tolist() == exact.misplaced.tolist()
    assert quick.is_open == exact.is_open


def test_both_ways_are_taken() -> None:
    well, ill = b'a,"b ""c""\n",d\n', b'a,"b "c"\n",d\n'
    assert len(quoted_values(well, quote='"', delimiter=",").opens) == 3
    assert len(exactly_quoted(well, quote='"', delimiter=",").opens) == 1
    assert quoted_values(ill, quote='"', delimiter=",").misplaced.tolist() == [5]
