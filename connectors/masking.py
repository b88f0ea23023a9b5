"""Personal data in comments and turns are replaced before the texts leave the raw layer.

``[email]``, ``[phone]``, ``[card]``, ``[address]``, ``[name]``, ``[my_number]``, ``[iban]``,
``[url]`` and ``[ip]`` stand for what was there, the same in every language. Order numbers, amounts,
dates, versions and product names stay.

Most texts hold nothing personal, so whole columns are first asked by RE2 which of them could; only
those are searched, each distinct text once.

Two libraries were tried. ``phonenumbers`` 9.0 (leniency "valid"; Japan, America, Britain) finds 45
of the 49 telephone numbers in the tests' corpus, where the shapes here find all, leaves those with
a digit wrong, takes a parcel's number for a telephone's, and needs 15 times the time. ``presidio``
needs a language model for each language and milliseconds for each text. Neither reads a Japanese
address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.conversion import as_text
from connectors.masking_addresses import ADDRESSES
from connectors.masking_names import HONORIFICS, listed, parts_of
from connectors.masking_network import NETWORK
from connectors.masking_numbers import NUMBERS
from connectors.masking_patterns import Pattern, Span, shadow_of
from connectors.record_types import Record
from connectors.rows import Rows
from programme.privacy import Masking

TEXTS = {
    "feedback": ("comment",),
    "employee_feedback": ("comment",),
    "interaction_turn": ("text",),
}
# the earlier pattern wins where two overlap
_ALL = (*NETWORK, *NUMBERS[:5], *ADDRESSES, *NUMBERS[5:], *HONORIFICS)


def masked(table: pa.Table, record: Record, masking: Masking, rows: Rows | None = None) -> pa.Table:
    """``table`` with personal data in its free texts replaced; other columns are as before.

    Args:
        table: Canonical rows.
        record: What they are.
        masking: As declared.
        rows: The received row of each canonical row; needed for ``names_from``.
    """
    if not masking.enabled:
        return table
    for column in TEXTS.get(record.name, ()):
        position = table.column_names.index(column)
        texts = table.column(position).combine_chunks()
        if texts.null_count < len(texts):
            texts = _without_own_names(texts, masking, rows)
            texts = _masked_column(texts, masking)
            table = table.set_column(position, table.schema.field(position), texts)
    return table


def mask_text(text: str, masking: Masking | None = None) -> str:
    """``text`` with personal data replaced.

    Example:
        >>> mask_text("Call 090-1234-5678 or mail taro@example.jp, order 1234-5678")
        'Call [phone] or mail [email], order 1234-5678'
    """
    return _replaced(text, _patterns(masking or Masking()))


def _masked_column(texts: pa.Array, masking: Masking) -> pa.Array:
    encoded = texts.dictionary_encode()
    words = encoded.dictionary
    chosen: dict[int, list[Pattern]] = {}
    patterns = _patterns(masking)
    suspects = _suspects(words, patterns)
    among = words.take(suspects)
    for pattern in patterns:
        found = _matching(among, pattern.gate) if pattern.gate else range(len(among))
        for place in found:
            chosen.setdefault(int(place), []).append(pattern)
    if not chosen:
        return texts
    places = sorted(chosen)
    before = among.take(pa.array(places, pa.int64())).to_pylist()
    after = [_replaced(text, chosen[place]) for text, place in zip(before, places, strict=True)]
    whole = np.zeros(len(words), dtype=bool)
    whole[suspects.to_numpy()[places]] = True
    changed = pc.replace_with_mask(words, pa.array(whole), pa.array(after, pa.string()))
    return changed.take(encoded.indices)


def _suspects(words: pa.Array, patterns: Sequence[Pattern]) -> pa.Array:
    """Positions of the texts that any gate could let through: a first, coarse sieve."""
    if any(not pattern.gate or pattern.kind == "honorific" for pattern in patterns):
        return pa.array(range(len(words)), pa.int64())
    return pa.array(
        _matching(words, r"[0-9０-９@＠〒]|丁目|番|[\[(（](?:at|AT|アット|あっと)|[:：][/／]")
    )


def _matching(words: pa.Array, gate: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    hits = pc.match_substring_regex(words, gate)
    return np.flatnonzero(hits.to_numpy(zero_copy_only=False))


def _patterns(masking: Masking) -> list[Pattern]:
    chosen = [pattern for pattern in _ALL if pattern.kind not in masking.leave]
    if not masking.honorifics:
        chosen = [pattern for pattern in chosen if pattern.kind != "honorific"]
    names = listed(tuple(masking.names))
    return chosen if names is None else [names, *chosen]


def _replaced(text: str, patterns: Iterable[Pattern]) -> str:
    shadow = shadow_of(text)
    found: list[tuple[Span, str]] = []
    taken = bytearray(len(text))
    for pattern in patterns:
        for start, end in pattern.spans(shadow):
            if taken.find(1, start, end) < 0:
                taken[start:end] = b"\1" * (end - start)
                found.append(((start, end), pattern.token))
    if not found:
        return text
    pieces, at = [], 0
    for (start, end), token in sorted(found):
        pieces += [text[at:start], token]
        at = end
    return "".join([*pieces, text[at:]])


def _without_own_names(texts: pa.Array, masking: Masking, rows: Rows | None) -> pa.Array:
    """Each text without the names that its own row holds."""
    if rows is None or not masking.names_from:
        return texts
    columns = [
        as_text(rows.column(name)).to_pylist() for name in masking.names_from if rows.has(name)
    ]
    words = texts.to_pylist()
    for place, names in enumerate(zip(*columns, strict=True)):
        spellings = [part for name in names if name for part in parts_of(name)]
        if words[place] is not None and spellings:
            words[place] = _replaced(words[place], [_own(tuple(spellings))])
    return pa.array(words, pa.string())


@cache
def _own(spellings: tuple[str, ...]) -> Pattern:
    pattern = listed(spellings)
    assert pattern is not None  # noqa: S101 - there are spellings
    return pattern
