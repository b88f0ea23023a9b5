"""Declared webhooks: how a vendor signs what it sends, and what tells one delivery from another."""

from __future__ import annotations

import string
from typing import Literal

from pydantic import Field, model_validator

from programme.base import Declaration, RefusedError

Scheme = Literal[
    "standard_webhooks",
    "formbricks",
    "typeform",
    "zendesk",
    "surveymonkey",
    "intercom",
    "hmac",
    "token",
]
_OF_HMAC = ("algorithm", "prefix", "encoding", "signed", "timestamp_header", "id_header")


class WebhookSignature(Declaration):
    """How a delivery proves where it comes from.

    ``scheme`` names a vendor's way: ``standard_webhooks`` (``webhook-signature``; Formbricks signs
    so), ``typeform``, ``zendesk``, ``surveymonkey`` (the secret is
    ``<client id>&<client secret>``), ``intercom``. ``token`` is a header that holds the secret
    itself. ``hmac`` is any other way: a keyed hash of ``signed``, in which ``{timestamp}`` and
    ``{id}`` stand for the headers of that name and ``{body}`` for what was received.

    Each of ``secrets`` is accepted, so that one can be replaced without losing a delivery: add the
    new one, change it at the vendor, take the old one away. A timestamp farther than
    ``tolerance_seconds`` from the receiver's clock is refused.
    """

    scheme: Scheme
    secrets: list[str] = Field(min_length=1)
    tolerance_seconds: int = Field(default=300, ge=1, le=86_400)
    header: str | None = None
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    signed: str = "{body}"
    timestamp_header: str | None = None
    id_header: str | None = None

    @model_validator(mode="after")
    def _named_ways_are_fixed(self) -> WebhookSignature:
        own = ("header", *_OF_HMAC) if self.scheme not in ("hmac", "token") else _OF_HMAC
        given = [name for name in own if name in self.model_fields_set]
        if self.scheme != "hmac" and given:
            raise RefusedError(
                f"scheme `{self.scheme}` settles `{given[0]}`",
                given[0],
                mend=f"leave `{given[0]}` out, or declare scheme `hmac`",
            )
        if self.scheme in ("hmac", "token") and not self.header:
            raise ValueError(f"scheme `{self.scheme}` needs `header`")
        return self

    @model_validator(mode="after")
    def _what_is_signed_is_there(self) -> WebhookSignature:
        try:
            names = [name for _, name, _, _ in string.Formatter().parse(self.signed) if name]
        except ValueError:
            names = []
        if names.count("body") != 1 or not set(names) <= {"timestamp", "id", "body"}:
            what = f"`{self.signed}` does not say what is signed"
            raise RefusedError(what, "signed", mend="write for example '{timestamp}.{body}'")
        for name in ("timestamp", "id"):
            if (name in names) != bool(getattr(self, f"{name}_header")):
                raise ValueError(f"`{{{name}}}` in `signed` goes with `{name}_header`")
        return self


class DeliveryId(Declaration):
    """What is the same when the vendor repeats a delivery: a header, or a path in the body.

    It must differ between any two deliveries that are not repetitions: a response's id does not,
    where the vendor tells of the same response several times, and all but the first would be taken
    for repetitions.
    """

    header: str | None = None
    path: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> DeliveryId:
        if (self.header is None) == (self.path is None):
            raise ValueError("give exactly one of header, path")
        return self


class WebhookSystem(Declaration):
    """What the webhook receiver takes in for this source, at ``/webhooks/<source>``.

    ``delivery_id`` and ``event_path`` (the path of the event's name in the body) follow from a
    named signature scheme; where neither says, or a body lacks it, a delivery is known by the
    sha256 of its body. A body longer than ``max_body_bytes`` is refused; more than
    ``max_per_minute`` deliveries are put off. What is taken in is kept in files of about
    ``segment_bytes``.
    """

    kind: Literal["webhook"]
    signature: WebhookSignature
    delivery_id: DeliveryId | None = None
    event_path: str | None = None
    max_body_bytes: int = Field(default=1 << 20, ge=1, le=64 << 20)
    max_per_minute: int = Field(default=600, ge=1)
    segment_bytes: int = Field(default=16 << 20, ge=1)


class WebhookRead(Declaration):
    """Which deliveries belong to the entity: those of ``events``, or all.

    Each is an object with ``delivery_id``, ``received_at``, ``event`` and ``body``. ``event_path``
    finds the event's name in the body where the system's does not.
    """

    event_path: str | None = None
    events: list[str] = Field(default=[])
