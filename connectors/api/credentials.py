"""Credentials as a declaration names them, put on requests to the declared host."""

from __future__ import annotations

import time
from typing import Any, Protocol

from connectors.placeholders import Placeholders
from programme.systems import ApiKeyAuth, Auth, BasicAuth, BearerAuth, OAuthAuth

_RENEW_EARLIER_SECONDS = 60.0
_DEFAULT_LIFE_SECONDS = 600.0


class Credentials(Protocol):
    """What a request is signed with."""

    def __call__(self, request: Any) -> Any:
        """The prepared request with the credentials on it."""

    def token_request(self) -> dict[str, Any] | None:
        """How to ask for a fresh token (url, data, auth); None where none is needed now."""

    def accept(self, answer: Any) -> bool:
        """Take the token of an answer; False where there is none in it."""

    def drop(self) -> bool:
        """Forget a token that was refused; whether another can be had."""


def credentials(auth: Auth | None, placeholders: Placeholders) -> Credentials:
    """The credentials that the declaration names.

    Raises:
        MissingSettingError: when a variable is not set.
    """
    if isinstance(auth, BearerAuth):
        return _Header("Authorization", f"Bearer {placeholders.fill(auth.token)}")
    if isinstance(auth, ApiKeyAuth):
        key = placeholders.fill(auth.key)
        return _Query(auth.query, key) if auth.query else _Header(auth.header, key)
    if isinstance(auth, BasicAuth):
        return _Basic(placeholders.fill(auth.username), placeholders.fill(auth.password))
    if isinstance(auth, OAuthAuth):
        return _ClientCredentials(auth, placeholders)
    return _Fixed()


class _Fixed:
    """No credentials, or such as do not change. Given even then: netrc is not asked."""

    def __call__(self, request: Any) -> Any:
        return request

    def token_request(self) -> dict[str, Any] | None:
        return None

    def accept(self, answer: Any) -> bool:
        return False

    def drop(self) -> bool:
        return False


class _Header(_Fixed):
    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def __call__(self, request: Any) -> Any:
        request.headers[self._name] = self._value
        return request


class _Query(_Fixed):
    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def __call__(self, request: Any) -> Any:
        from urllib.parse import parse_qsl, urlsplit

        # the API's own link to the next page may carry it already
        if self._name not in dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)):
            request.prepare_url(request.url, {self._name: self._value})
        return request


class _Basic(_Fixed):
    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password

    def __call__(self, request: Any) -> Any:
        from requests.auth import HTTPBasicAuth

        return HTTPBasicAuth(self._username.encode(), self._password.encode())(request)


class _ClientCredentials(_Fixed):
    """OAuth 2 client credentials: a token for the client's own id and secret (RFC 6749, 4.4)."""

    def __init__(self, auth: OAuthAuth, placeholders: Placeholders) -> None:
        # an address is no secret
        address = Placeholders(
            placeholders.source, placeholders.data_root, placeholders.environment
        )
        self.token_url = address.fill_address(auth.token_url)
        self._placeholders = placeholders
        self._auth = auth
        self._client = (
            placeholders.fill(auth.client_id),
            placeholders.fill(auth.client_secret),
        )
        self._token = ""
        self._until = 0.0

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def token_request(self) -> dict[str, Any] | None:
        if self._token and time.monotonic() < self._until:
            return None
        data = {"grant_type": "client_credentials", **self._auth.params}
        if self._auth.scope:
            data["scope"] = self._auth.scope
        if self._auth.client_in == "body":
            data |= {"client_id": self._client[0], "client_secret": self._client[1]}
            return {"url": self.token_url, "data": data, "auth": _Fixed()}
        return {"url": self.token_url, "data": data, "auth": _Basic(*self._client)}

    def accept(self, answer: Any) -> bool:
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            return False
        life = answer.get("expires_in")
        seconds = float(life) if isinstance(life, int | float) else _DEFAULT_LIFE_SECONDS
        self._token = token
        self._until = time.monotonic() + max(seconds - _RENEW_EARLIER_SECONDS, seconds / 2)
        self._placeholders.keep_quiet(token)
        return True

    def drop(self) -> bool:
        self._token = ""
        return True
