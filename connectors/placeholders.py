"""``${env:NAME}``, ``${conn:NAME.password}`` and ``${data_root}`` in declarations.

The secrets among them are kept quiet: ``redact`` takes them out of a text however it spells them.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, urlsplit

from connectors.connections import (
    FIELDS,
    PUBLIC_FIELDS,
    connection,
    hide_from_task_logs,
    variable_of,
)
from connectors.errors import MissingSettingError

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_WITH_LOGIN = re.compile(r"([a-z0-9+]+://)((?:\$\{[^}]*\}|[^/@])*@)(.*)", re.IGNORECASE | re.DOTALL)


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
            MissingSettingError: for a variable or connection that is not set, or an unknown
                placeholder.
        """
        return _PLACEHOLDER.sub(self._value, text)

    def fill_address(self, text: str) -> str:
        """An address with every placeholder replaced, encoded where it is a login or a password.

        What the environment holds is the password itself, whatever signs it contains. An address
        that is one placeholder as a whole is taken as it is.

        Raises:
            MissingSettingError: as ``fill`` does.
        """
        parts = _WITH_LOGIN.match(text)
        if parts is None:
            return self.fill(text)
        scheme, login, rest = parts.groups()
        encoded = _PLACEHOLDER.sub(lambda match: quote(self._value(match), safe=""), login)
        return f"{self.fill(scheme)}{encoded}{self.fill(rest)}"

    def redact(self, text: str) -> str:
        """``text`` without any value that came from the environment, as it is or encoded."""
        spelt = {spelling for secret in self.secrets for spelling in _spellings(secret)}
        for secret in sorted(spelt, key=lambda value: (-len(value), value)):
            text = text.replace(secret, "***")
        return text

    def _value(self, match: re.Match[str]) -> str:
        kind, _, name = match[1].partition(":")
        if match[1] == "data_root":
            return str(self.data_root)
        if kind == "env" and name:
            return self._from_environment(name)
        if kind == "conn" and "." in name:
            return self._from_connection(name)
        raise self._missing(
            f"unknown placeholder `{match[0]}`",
            "write ${env:NAME}, ${conn:NAME.password} or ${data_root}",
        )

    def _from_environment(self, variable: str) -> str:
        value = self.environment.get(variable)
        if not value:
            raise self._missing(
                f"the environment variable {variable} is not set",
                f"set {variable} where cxloop runs; the declaration holds its name only",
            )
        self.keep_quiet(value)
        return value

    def _from_connection(self, path: str) -> str:
        name, _, part = path.partition(".")
        variable = variable_of(name)
        try:
            found = connection(name, self.environment)
        except ValueError as error:
            mend = 'write JSON such as {"login": "…", "password": "…"}, or an address'
            raise self._missing(f"{variable} cannot be read: {error}", mend) from None
        if found is None:
            raise self._missing(
                f"there is no connection `{name}`",
                f"add it to Airflow's connections, or set {variable} where cxloop runs",
            )
        in_extra = part.startswith("extra.")
        value = found["extra"].get(part.removeprefix("extra.")) if in_extra else found.get(part)
        if value in (None, "") or not (in_extra or part in FIELDS):
            raise self._missing(
                f"the connection `{name}` has no `{part}`",
                f"fill it in, or name one of {', '.join(FIELDS)}, extra.<key>",
            )
        if part not in PUBLIC_FIELDS:
            self.keep_quiet(str(value))
        return str(value)

    def keep_quiet(self, secret: str) -> None:
        """Keep out of errors and task logs what was received later, such as a token."""
        self.secrets.append(secret)
        hide_from_task_logs(secret)

    def _missing(self, what: str, mend: str) -> MissingSettingError:
        return MissingSettingError(what, source=self.source, mend=mend)


def _spellings(secret: str) -> Iterator[str]:
    """A secret as written, in an address and in a header; of an address, its password too."""
    yield secret
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret))
    # fewer characters would be found in words that hold no secret
    if len(secret) >= 6:
        yield base64.b64encode(secret.encode()).decode()
    if "://" in secret:
        try:
            password = urlsplit(secret).password
        except ValueError:
            return
        if password:
            yield from (password, unquote(password), quote(unquote(password), safe=""))
