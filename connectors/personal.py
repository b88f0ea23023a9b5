"""Personal data is hashed or dropped before anything is written."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from connectors.errors import MissingSettingError

KEY_VARIABLE = "CXLOOP_HASH_KEY"
Treatment = Literal["hash", "drop"]


@dataclass(frozen=True)
class Privacy:
    """What happens to the declared personal columns of one entity.

    Attributes:
        treatments: Column or dotted path -> hash or drop.
        key: Secret of the keyed hash.
    """

    treatments: Mapping[str, Treatment]
    key: bytes

    @classmethod
    def of(
        cls, treatments: Mapping[str, Treatment], environment: Mapping[str, str], *, source: str
    ) -> Privacy:
        """Take the key from ``CXLOOP_HASH_KEY``.

        Raises:
            MissingSettingError: when something is to be hashed and no key is set. There is no
                default: with a known key, a hash of an address is as good as the address.
        """
        key = environment.get(KEY_VARIABLE, "")
        if not key and "hash" in treatments.values():
            columns = ", ".join(name for name, what in treatments.items() if what == "hash")
            what = f"{columns} must be hashed, but {KEY_VARIABLE} is not set"
            mend = (
                f"set {KEY_VARIABLE} to a long random secret and keep it: another key, other hashes"
            )
            raise MissingSettingError(what, source=source, mend=mend)
        return cls(treatments, key.encode())

    def hashed(self, value: str) -> str:
        """HMAC-SHA256 of the text, in hex: the same person has the same value everywhere."""
        return hmac.new(self.key, value.encode(), hashlib.sha256).hexdigest()

    def protect_table(self, table: pa.Table) -> pa.Table:
        """``table`` with the declared columns hashed or dropped; empty values stay as they are."""
        for column, treatment in self.treatments.items():
            position = table.column_names.index(column)
            if treatment == "drop":
                table = table.remove_column(position)
                continue
            values = table.column(position).cast(pa.string()).combine_chunks()
            encoded = values.dictionary_encode()
            words = [self.hashed(word) if word else word for word in encoded.dictionary.to_pylist()]
            replaced = pa.array(words, pa.string()).take(encoded.indices)
            table = table.set_column(position, column, replaced)
        return table

    def protect_payload(self, payload: Any) -> Any:
        """``payload`` (parsed JSON, changed in place) with the declared paths hashed or dropped.

        Of a text, as which a delivery comes that could not be parsed, only the length is kept where
        something is declared.
        """
        if self.treatments and isinstance(payload, str):
            return _withheld(payload)
        for path, treatment in self.treatments.items():
            self._protect(payload, path.split("."), treatment)
        return payload

    def protect_text(self, text: str) -> str:
        """``text`` (JSON) with the declared paths hashed or dropped, otherwise exactly as it is.

        Where something is declared and the text cannot be parsed, only its length is kept: what
        cannot be read cannot be protected.
        """
        if not self.treatments:
            return text
        try:
            payload = json.loads(text)
        except ValueError:
            return _withheld(text)
        return json.dumps(self.protect_payload(payload), ensure_ascii=False, separators=(",", ":"))

    def _protect(self, node: Any, path: list[str], treatment: Treatment) -> None:
        if isinstance(node, list):
            for element in node:
                self._protect(element, path, treatment)
            return
        if not isinstance(node, dict) or path[0] not in node:
            return
        if len(path) > 1:
            self._protect(node[path[0]], path[1:], treatment)
        elif treatment == "drop":
            del node[path[0]]
        else:
            node[path[0]] = self._hashed_node(node[path[0]])

    def _hashed_node(self, value: Any) -> Any:
        if value is None or value == "":
            return value
        if isinstance(value, list):
            return [self._hashed_node(element) for element in value]
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        return self.hashed(text)


def _withheld(text: str) -> str:
    return f"{len(text)} characters that are no JSON, withheld because of `personal`"
