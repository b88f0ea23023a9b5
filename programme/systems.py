"""Declared systems and how each is read: files, databases, APIs, vendors, webhooks."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from programme.base import Declaration, Scalar
from programme.files import FileRead as FileRead
from programme.files import FilesSystem as FilesSystem
from programme.paging import PagedRead as PagedRead
from programme.webhooks import WebhookRead as WebhookRead
from programme.webhooks import WebhookSystem

_CREDENTIAL_HEADER = re.compile(r"(?i)authorization|cookie|token|secret|api-?key")


class BearerAuth(Declaration):
    """``Authorization: Bearer <token>``; the token comes from ``${env:NAME}``."""

    kind: Literal["bearer"]
    token: str


class ApiKeyAuth(Declaration):
    """A key in a named header, or in the query parameter that ``query`` names."""

    kind: Literal["api_key"]
    header: str = "X-API-Key"
    query: str | None = None
    key: str


class BasicAuth(Declaration):
    """HTTP basic authentication."""

    kind: Literal["basic"]
    username: str
    password: str


class OAuthAuth(Declaration):
    """OAuth 2 client credentials: a token is fetched from ``token_url`` and renewed in time.

    ``client_in`` says where the token request carries the client: HTTP basic or its form body.
    ``params`` are further form fields, such as ``audience``.
    """

    kind: Literal["oauth2"]
    token_url: str
    client_id: str
    client_secret: str
    client_in: Literal["basic", "body"] = "basic"
    scope: str | None = None
    params: dict[str, str] = Field(default={})


Auth = Annotated[BearerAuth | ApiKeyAuth | BasicAuth | OAuthAuth, Field(discriminator="kind")]


class SqlSystem(Declaration):
    """Any database SQLAlchemy reaches; ``url`` may hold ``${env:NAME}`` and ``${data_root}``."""

    kind: Literal["sql"]
    url: str


class HttpSystem(Declaration):
    """What all systems that are asked over HTTP share.

    A request is repeated up to ``max_attempts`` times on 429, 5xx, time-outs and broken answers,
    after ``backoff_seconds``, twice that, four times and so on, or as ``Retry-After`` says.
    ``headers`` are sent with every request, such as the version of the API that is meant.
    """

    base_url: str
    auth: Auth | None = None
    headers: dict[str, str] = Field(default={})
    timeout_seconds: float = 30.0
    max_attempts: int = Field(default=5, ge=1, le=20)
    backoff_seconds: float = Field(default=1.0, ge=0, le=60)

    @field_validator("headers")
    @classmethod
    def _headers_are_no_credentials(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if _CREDENTIAL_HEADER.search(name):
                raise ValueError(f"`{name}` carries a credential: write it under `auth`")
        return value


class RestSystem(HttpSystem):
    """A JSON API over HTTP, read as each entity declares under ``rest:``."""

    kind: Literal["rest"]


class ZendeskSystem(HttpSystem):
    """Zendesk Support; ``base_url`` is ``https://<subdomain>.zendesk.com``."""

    kind: Literal["zendesk"]


class QualtricsSystem(HttpSystem):
    """Qualtrics; ``base_url`` is ``https://<datacenter>.qualtrics.com``, the key an API token."""

    kind: Literal["qualtrics"]


class SurveyMonkeySystem(HttpSystem):
    """SurveyMonkey API v3; ``base_url`` is ``https://api.surveymonkey.com`` (or .ca, .eu)."""

    kind: Literal["surveymonkey"]


class TypeformSystem(HttpSystem):
    """Typeform; ``base_url`` is ``https://api.typeform.com`` or ``https://api.eu.typeform.com``."""

    kind: Literal["typeform"]


class FormbricksSystem(HttpSystem):
    """Formbricks; ``base_url`` is ``https://app.formbricks.com`` or a server of one's own."""

    kind: Literal["formbricks"]


class IntercomSystem(HttpSystem):
    """Intercom conversations."""

    kind: Literal["intercom"]


VENDOR_KINDS = ("zendesk", "qualtrics", "surveymonkey", "typeform", "formbricks", "intercom")
VendorSystem = (
    ZendeskSystem
    | QualtricsSystem
    | SurveyMonkeySystem
    | TypeformSystem
    | FormbricksSystem
    | IntercomSystem
)
System = Annotated[
    FilesSystem | SqlSystem | RestSystem | WebhookSystem | VendorSystem,
    Field(discriminator="kind"),
]


class VendorRead(Declaration):
    """One stream of a vendor's API, as its connector names it."""

    stream: str
    survey: str | None = None
    params: dict[str, Scalar] = Field(default={})


class SqlRead(Declaration):
    """One table or view, read whole or from the cursor on."""

    table: str
    cursor: str | None = None
