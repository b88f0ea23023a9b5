"""Ids of erased persons inside texts, JSON and tables, and what stands there afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MARK = "[erased]"
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp932")
_LEAST_LENGTH = 5
_LEAST_DIGITS = 9


@dataclass(frozen=True)
class Tokens:
    """Ids as they may stand in a text.

    Attributes:
        words: Ids that cannot be mistaken for something else; ``17`` can, and is looked for in
            columns of ids only.
    """

    words: tuple[str, ...]

    @classmethod
    def of(cls, ids: Iterable[str]) -> Tokens:
        """Those of the ids that cannot be mistaken."""
        return cls(tuple(sorted({value for value in ids if is_distinctive(value)})))

    def in_text(self, text: str) -> int:
        """How often they stand in the text as words of their own."""
        return len(self._pattern.findall(text)) if self.words else 0

    def without(self, text: str) -> str:
        """The text with a mark in their place."""
        return self._pattern.sub(MARK, text) if self.words else text

    def in_bytes(self, content: bytes) -> int:
        """How often they stand in the bytes, in UTF-8, UTF-16 or Shift_JIS."""
        return len(self._byte_pattern.findall(content)) if self.words else 0

    @property
    def longest_bytes(self) -> int:
        """The length of the longest, in the widest encoding."""
        return max((len(word.encode(e)) for word, e in self._encoded), default=0)

    def could_be_in(self, texts: pa.Array) -> pa.Array:
        """Which texts may hold them, also where JSON writes their signs as escapes."""
        found = pa.array(np.zeros(len(texts), dtype=bool))
        spellings = {spelt for word in self.words for spelt in (word, json.dumps(word)[1:-1])}
        for spelling in sorted(spellings):
            found = pc.or_(found, pc.fill_null(pc.match_substring(texts, spelling), False))
        return found

    def without_in_json(self, node: Any) -> Any:
        """Parsed JSON with the mark in their place; a number that is one becomes the mark."""
        if isinstance(node, dict):
            return {self.without(key): self.without_in_json(v) for key, v in node.items()}
        if isinstance(node, list):
            return [self.without_in_json(value) for value in node]
        if isinstance(node, str):
            return self.without(node)
        is_number = isinstance(node, int | float) and not isinstance(node, bool)
        return MARK if is_number and str(node) in self.words else node

    def without_in_payload(self, text: str) -> str:
        """A text that is JSON, or any text, with the mark in their place."""
        try:
            node = json.loads(text)
        except ValueError:
            return self.without(text)
        clean = self.without_in_json(node)
        if clean == node:
            return text
        return json.dumps(clean, ensure_ascii=False, separators=(",", ":"))

    def without_in_table(self, table: pa.Table) -> tuple[pa.Table, int]:
        """The table with the mark in their place, and how many rows that changed."""
        changed = np.zeros(table.num_rows, dtype=bool)
        for position, name in enumerate(table.column_names if self.words else ()):
            column = table.column(position).combine_chunks()
            if not pa.types.is_string(column.type):
                continue
            places = np.flatnonzero(self.could_be_in(column).to_numpy(zero_copy_only=False))
            if not len(places):
                continue
            before = column.take(pa.array(places, pa.int64())).to_pylist()
            after = [self.without_in_payload(text) for text in before]
            differs = np.array([a != b for a, b in zip(before, after, strict=True)], dtype=bool)
            changed[places[differs]] = True
            whole = np.zeros(len(column), dtype=bool)
            whole[places] = True
            clean = pc.replace_with_mask(column, pa.array(whole), pa.array(after, pa.string()))
            table = table.set_column(position, table.schema.field(name), clean)
        return table, int(changed.sum())

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        words = "|".join(map(re.escape, sorted(self.words, key=len, reverse=True)))
        return re.compile(rf"(?<![0-9A-Za-z])(?:{words})(?![0-9A-Za-z])")

    @cached_property
    def _encoded(self) -> list[tuple[str, str]]:
        return [(word, encoding) for word in self.words for encoding in _ENCODINGS]

    @cached_property
    def _byte_pattern(self) -> re.Pattern[bytes]:
        found: set[bytes] = set()
        for word, encoding in self._encoded:
            spelt = re.escape(word.encode(encoding, "ignore"))
            # in UTF-16 every other byte of a neighbour is null
            if encoding.startswith("utf-16"):
                found.add(spelt)
            else:
                found.add(rb"(?<![0-9A-Za-z])" + spelt + rb"(?![0-9A-Za-z])")
                escaped = json.dumps(word)[1:-1].encode()
                found.add(rb"(?<![0-9A-Za-z])" + re.escape(escaped) + rb"(?![0-9A-Za-z])")
        return re.compile(b"|".join(sorted(found)))


def is_distinctive(value: str) -> bool:
    """Whether an id cannot be mistaken for a number, a day or a word.

    Example:
        >>> [is_distinctive(one) for one in ("C-1017", "taro@example.jp", "17", "900100200")]
        [True, True, False, True]
    """
    digits = sum(character.isdigit() for character in value)
    if digits == len(value):
        return digits >= _LEAST_DIGITS
    return len(value) >= _LEAST_LENGTH and (digits > 0 or "@" in value)
