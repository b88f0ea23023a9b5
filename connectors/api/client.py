"""One entity's way to an HTTP API: bounded retries, one host only, errors without secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlsplit, urlunsplit

from connectors.api.answers import LONGEST_WAIT_SECONDS, Answer, Trouble, incomplete
from connectors.api.credentials import credentials
from connectors.api.transport import Transport
from connectors.errors import SchemaDriftError, SourceUnavailableError, UnusableDeclarationError
from connectors.placeholders import Placeholders
from programme.systems import HttpSystem

_PORTS = {"http": 80, "https": 443}
Found = TypeVar("Found")
Check = Callable[[Answer], str | None]


class RefusedRequestError(SourceUnavailableError):
    """The API did not answer with data after all attempts.

    Attributes:
        status: The last HTTP status; None where there was no answer.
        body: The parsed JSON of the refusal; None where there was none.
    """

    status: int | None = None
    body: Any = None


class ApiClient:
    """Asks one API for one entity.

    A request is repeated up to ``max_attempts`` times on 408, 425, 429, 5xx, broken connections,
    time-outs, answers cut off and answers that are no JSON: after ``backoff_seconds``, twice that,
    and so on, up to half of ``backoff_seconds`` longer by chance, or as ``Retry-After`` says.
    Credentials go to the host of ``base_url`` and nowhere else.

    Attributes:
        window: What is being read, for errors: ``since 2026-07-01``.
        headers: Sent with every request to ``base_url``.
    """

    def __init__(self, system: HttpSystem, placeholders: Placeholders, *, entity: str) -> None:
        self.system = system
        self.placeholders = placeholders
        self.entity = entity
        self.window = ""
        self.headers = {name: placeholders.fill(text) for name, text in system.headers.items()}
        # an address is no secret: only what else comes from the environment is kept out of errors
        address = Placeholders(
            placeholders.source, placeholders.data_root, placeholders.environment
        )
        self.base_url = address.fill_address(system.base_url).rstrip("/")
        self._transport = Transport(
            credentials(system.auth, placeholders),
            headers=self.headers,
            timeout_seconds=system.timeout_seconds,
            address=self.address,
            redacted=self.redacted,
        )

    @property
    def answered_at(self) -> datetime | None:
        """The earliest ``Date`` of an answer, by the API's own clock; None without one.

        What the API dates after it was written while reading went on, or by a wrong clock.
        """
        return self._transport.answered_at

    def get(
        self,
        path_or_url: str,
        params: Mapping[str, Any] | None = None,
        *,
        method: str = "GET",
        json: Any = None,
        check: Callable[[Any], str | None] | None = None,
    ) -> Any:
        """The parsed JSON of a 2xx answer; see ``ask``. ``check`` is given that JSON."""

        def wrong(answer: Answer) -> str | None:
            return check(answer.body) if check else None

        return self.ask(path_or_url, params, method=method, json=json, check=wrong).body

    def ask(
        self,
        path_or_url: str,
        params: Mapping[str, Any] | None = None,
        *,
        method: str = "GET",
        json: Any = None,
        check: Check | None = None,
    ) -> Answer:
        """Ask until an answer holds JSON; ``params`` are added to the address's own query.

        ``check`` says what is wrong with an answer, such as fewer elements than it counts; such an
        answer is asked for again like one that was cut off.

        Raises:
            RefusedRequestError: after all attempts, or at once where another would not help.
        """
        url = self.address(path_or_url)

        def attempt() -> Answer | Trouble:
            answer = self._transport.send(method, url, params, json)
            wrong = check(answer) if check and isinstance(answer, Answer) else None
            return incomplete(wrong) if wrong else answer

        return self._repeated(attempt, url)

    def download(self, path_or_url: str, params: Mapping[str, Any] | None = None) -> BinaryIO:
        """The content of a 2xx answer in a temporary file, at its start; the caller closes it.

        Raises:
            RefusedRequestError: after all attempts.
        """
        url = self.address(path_or_url)
        return self._repeated(lambda: self._transport.fetch(url, params), url)

    def close(self) -> None:
        """Close the connections; another request opens them again."""
        self._transport.close()

    def address(self, path_or_url: str) -> str:
        """The full address, refused where it lies at another host than ``base_url``.

        Raises:
            RefusedRequestError: naming the other host.
        """
        if "://" not in path_or_url:
            return f"{self.base_url}/{path_or_url.lstrip('/')}"
        base, other = urlsplit(self.base_url), urlsplit(path_or_url)
        if (base.hostname, base.port or _PORTS.get(base.scheme)) == (
            other.hostname,
            other.port or _PORTS.get(base.scheme),
        ):
            # behind a proxy, an API may write http where it is asked by https
            return urlunsplit(other._replace(scheme=base.scheme, netloc=base.netloc))
        raise self.unavailable(
            f"the next address lies at another host, {other.netloc.rpartition('@')[2]}",
            "the credentials are not sent there; correct `base_url` or ask the API's owner",
        )

    def unavailable(self, what: str, mend: str, *, path: str = "") -> RefusedRequestError:
        """An error of this entity's API, for the caller to raise."""
        window = f", {self.window}" if self.window else ""
        return RefusedRequestError(
            self.redacted(f"{what}{window}"),
            source=self.placeholders.source,
            entity=self.entity,
            where=self._where(path or self.base_url),
            mend=mend,
        )

    def drift(self, what: str, mend: str, *, path: str = "") -> SchemaDriftError:
        """An error about an answer of another shape, for the caller to raise."""
        return SchemaDriftError(
            self.redacted(what),
            source=self.placeholders.source,
            entity=self.entity,
            where=self._where(path or self.base_url),
            mend=mend,
        )

    def unusable(self, what: str, mend: str) -> UnusableDeclarationError:
        """An error about the declaration, for the caller to raise."""
        return UnusableDeclarationError(
            self.redacted(what), source=self.placeholders.source, entity=self.entity, mend=mend
        )

    def redacted(self, text: str) -> str:
        """``text`` without a secret, as it is or as an address spells it."""
        return self.placeholders.redact(text)

    def _where(self, path_or_url: str) -> str:
        url = path_or_url if "://" in path_or_url else f"{self.base_url}/{path_or_url.lstrip('/')}"
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return self.redacted(f"{parts.scheme}://{host}{parts.path}")

    def _repeated(self, attempt: Callable[[], Found | Trouble], url: str) -> Found:
        from tenacity import (
            RetryCallState,
            Retrying,
            retry_if_result,
            stop_after_attempt,
            wait_exponential,
            wait_random,
        )

        backoff = self.system.backoff_seconds
        growing = wait_exponential(backoff, LONGEST_WAIT_SECONDS) + wait_random(0, backoff / 2)

        def wait(state: RetryCallState) -> float:
            said = state.outcome.result().wait_seconds if state.outcome else None
            return growing(state) if said is None else float(said)

        retrying = Retrying(
            stop=stop_after_attempt(self.system.max_attempts),
            wait=wait,
            retry=retry_if_result(lambda found: isinstance(found, Trouble) and found.is_passing),
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        found = retrying(attempt)
        attempts = retrying.statistics.get("attempt_number", 1)
        if isinstance(found, Trouble):
            error = self.unavailable(
                f"{found.what} after {attempts} attempt(s)", found.mend, path=url
            )
            error.status, error.body = found.status, found.body
            raise error
        return found
