"""``${env:NAME}`` and ``${data_root}`` in declarations; the secrets among them are kept quiet."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.errors import MissingSettingError

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


@dataclass
class Placeholders:
    """Fills placeholders for one source and remembers what came from the environment.

    Attributes:
        source: The source, for errors.
        data_root: What ``${data_root}`` means.
        environment: Where ``${env:NAME}`` is looked up; the process's own by default.
        secrets: Values filled in so far; ``redact`` removes them from a text.
    """

    source: str
    data_root: Path
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    secrets: list[str] = field(default_factory=list)

    def fill(self, text: str) -> str:
        """``text`` with every placeholder replaced.

        Raises:
            MissingSettingError: for a variable that is not set, or an unknown placeholder.
        """
        return _PLACEHOLDER.sub(self._value, text)

    def redact(self, text: str) -> str:
        """``text`` without any value that came from the environment."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _value(self, match: re.Match[str]) -> str:
        name = match[1]
        if name == "data_root":
            return str(self.data_root)
        if not name.startswith("env:"):
            what = f"unknown placeholder `{match[0]}`"
            mend = "write ${env:NAME} or ${data_root}"
            raise MissingSettingError(what, source=self.source, mend=mend)
        variable = name.removeprefix("env:")
        value = self.environment.get(variable)
        if not value:
            what = f"the environment variable {variable} is not set"
            mend = f"set {variable} where cxloop runs; the declaration holds its name only"
            raise MissingSettingError(what, source=self.source, mend=mend)
        self.secrets.append(value)
        return value
