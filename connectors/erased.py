"""Persons who were erased stay away: known by keyed hashes of their ids alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import MissingSettingError
from connectors.personal import KEY_VARIABLE
from connectors.persons import Flags, rows_of

if TYPE_CHECKING:
    from ledger import Ledger

_CHECK = "cxloop key check"


@dataclass(frozen=True)
class IdHashes:
    """Keyed hashes that the ledger may keep: not those that stand in the lake for hashed columns.

    Attributes:
        key: Secret of the keyed hash.
    """

    key: bytes

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> IdHashes:
        """Take the key from ``CXLOOP_HASH_KEY``.

        Raises:
            MissingSettingError: when it is not set. Without it the ledger would have to keep ids.
        """
        key = environment.get(KEY_VARIABLE, "")
        if not key:
            raise MissingSettingError(
                f"{KEY_VARIABLE} is not set, and without it an erased person cannot be recognised",
                source="privacy",
                mend=f"set {KEY_VARIABLE} to the long random secret that every run is given",
            )
        return cls(key.encode())

    def of_id(self, kind: str, value: str) -> str:
        """The hash of one id."""
        return self._hash(f"erased {kind}\0{value}")

    def of_request(self, ids: Iterable[str]) -> str:
        """What names an erasure: the same ids, the same name."""
        return self._hash("erasure\0" + "\0".join(sorted(ids)))[:32]

    def check(self) -> str:
        """The same for the same key."""
        return self._hash(_CHECK)

    def _hash(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Erased:
    """All persons who were erased, and what was theirs.

    Attributes:
        hashes: Kind of id -> keyed hashes.
        hashing: Makes the hash of an id; None where nobody was erased.
    """

    hashes: Mapping[str, frozenset[str]]
    hashing: IdHashes | None

    @classmethod
    def of(cls, ledger: Ledger, environment: Mapping[str, str]) -> Erased:
        """Those that the ledger keeps.

        Raises:
            MissingSettingError: when somebody was erased and the key is not set, or another one.
        """
        hashes = ledger.erased_ids()
        if not hashes:
            return cls({}, None)
        hashing = IdHashes.of(environment)
        if any(erasure.key_check != hashing.check() for erasure in ledger.erasures()):
            raise MissingSettingError(
                f"{KEY_VARIABLE} is not the secret with which persons were erased, so that they "
                "would come back unnoticed",
                source="privacy",
                mend=f"set {KEY_VARIABLE} to the secret that was set at their erasure",
            )
        return cls(hashes, hashing)

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def rows(self, table: pa.Table) -> Flags:
        """Which canonical rows belong to an erased person and must not land."""
        if not self:
            return np.zeros(table.num_rows, dtype=bool)
        return rows_of(table, self)

    def among(self, kind: str, ids: pa.Array) -> Flags:
        """Which of the ids were erased; see ``persons.Who``."""
        hashes = self.hashes.get(kind)
        if not hashes or self.hashing is None or ids.null_count == len(ids):
            return np.zeros(len(ids), dtype=bool)
        encoded = pc.utf8_trim_whitespace(ids).dictionary_encode()
        words = encoded.dictionary.to_pylist()
        gone = pa.array([self.hashing.of_id(kind, word) in hashes for word in words], pa.bool_())
        found = pc.fill_null(gone.take(encoded.indices), False)
        flags: Flags = found.to_numpy(zero_copy_only=False)
        return flags
