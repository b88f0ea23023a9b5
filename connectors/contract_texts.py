"""What a text is written in, and whether it was decoded wrongly, by its characters alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# the first that fits names the text, so Japanese with a product's Latin name is Japanese
_SCRIPTS = {
    "kana": r"[\x{3041}-\x{30ff}]",
    "han": r"\p{Han}",
    "hangul": r"\p{Hangul}",
    "latin": r"\p{Latin}",
    "cyrillic": r"\p{Cyrillic}",
    "arabic": r"\p{Arabic}",
    "thai": r"\p{Thai}",
    "other_letters": r"\p{L}",
}
_GARBLED = "|".join(
    [
        r"\x{fffd}",  # what a decoder writes for what it cannot read
        r"[\x{c3}\x{c2}\x{e3}\x{e2}][\x{80}-\x{bf}\x{201a}\x{0192}\x{20ac}]",  # UTF-8 as Latin-1
        r"[\x{7e3a}\x{7e67}\x{7e5d}].?[\x{7e3a}\x{7e67}\x{7e5d}]",  # UTF-8 as Shift_JIS
        r"\p{Latin}[\x{ff82}\x{ff83}][\x{ff61}-\x{ff9f}]",  # the same of accented letters
        r"[\x{201a}\x{0192}]\S[\x{201a}\x{0192}]",  # Shift_JIS as Windows-1252
    ]
)


def scripts(texts: pa.Array) -> pa.Array:
    """For each text the script it is written in; `no_letters` where there is none.

    Example:
        >>> scripts(pa.array(["とても良い", "Very good", "10"])).to_pylist()
        ['kana', 'latin', 'no_letters']
    """
    found = np.full(len(texts), "no_letters", dtype=object)
    for name, pattern in reversed(_SCRIPTS.items()):
        found[_matches(texts, pattern)] = name
    return pa.array(found, pa.string())


def garbled(texts: pa.Array) -> pa.Array:
    r"""For each text whether it looks decoded by another encoding than it was written in.

    Example:
        >>> garbled(pa.array(["ã\x81\x84ã\x81\x84", "カフェ café"])).to_pylist()
        [True, False]
    """
    return pc.match_substring_regex(texts, _GARBLED)


def _matches(texts: pa.Array, pattern: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    matched = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return np.asarray(matched, bool)
