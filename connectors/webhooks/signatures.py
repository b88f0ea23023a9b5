"""Whether a delivery comes from whom it says: signatures as vendors make them."""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.errors import UnusableDeclarationError
from connectors.placeholders import Placeholders
from programme.webhooks import DeliveryId, Scheme, WebhookSignature, WebhookSystem

_STANDARD_SECRET = "whsec_"  # noqa: S105  (the marker before a secret, not one)
_MILLISECONDS_SINCE = 10**11  # as seconds this would be the year 5138


class SignatureError(Exception):
    """A delivery that is not to be trusted; the message says why without the values."""


@dataclass(frozen=True)
class _Way:
    """How one vendor signs.

    ``signed`` is what the key is applied to; ``marks`` precedes each signature of the header.
    """

    header: str
    marks: str
    encoding: str
    algorithm: str
    signed: str = "{body}"
    timestamp_header: str | None = None
    id_header: str | None = None
    has_several: bool = False


@dataclass(frozen=True)
class Habits:
    """Where a vendor writes what identifies a delivery, and the name of the event."""

    delivery_id: DeliveryId | None = None
    event_path: str | None = None


_STANDARD = _Way(
    header="webhook-signature",
    marks="v1,",
    encoding="base64",
    algorithm="sha256",
    signed="{id}.{timestamp}.{body}",
    timestamp_header="webhook-timestamp",
    id_header="webhook-id",
    has_several=True,
)
_WAYS: dict[Scheme, _Way] = {
    "standard_webhooks": _STANDARD,
    "formbricks": _STANDARD,
    "typeform": _Way("typeform-signature", "sha256=", "base64", "sha256"),
    "zendesk": _Way(
        header="x-zendesk-webhook-signature",
        marks="",
        encoding="base64",
        algorithm="sha256",
        signed="{timestamp}{body}",
        timestamp_header="x-zendesk-webhook-signature-timestamp",
    ),
    "surveymonkey": _Way("sm-signature", "", "base64", "sha1"),
    "intercom": _Way("x-hub-signature", "sha1=", "hex", "sha1"),
}
_STANDARD_ID = DeliveryId(header="webhook-id")
HABITS: dict[Scheme, Habits] = {
    "standard_webhooks": Habits(_STANDARD_ID, "type"),
    "formbricks": Habits(_STANDARD_ID, "event"),
    "typeform": Habits(DeliveryId(path="event_id"), "event_type"),
    "zendesk": Habits(DeliveryId(header="x-zendesk-webhook-invocation-id"), "type"),
    "surveymonkey": Habits(DeliveryId(path="event_id"), "event_type"),
    "intercom": Habits(DeliveryId(path="id"), "topic"),
    "hmac": Habits(),
    "token": Habits(),
}


@dataclass(frozen=True)
class Verifier:
    """Verifies deliveries of one source.

    Attributes:
        way: How they are signed; None where a header holds the secret itself.
        header: The header of a bare token.
        keys: Every key that is accepted.
        tolerance_seconds: How far a timestamp may be from the receiver's clock, either way.
    """

    way: _Way | None
    header: str
    keys: tuple[bytes, ...]
    tolerance_seconds: int

    @classmethod
    def of(cls, system: WebhookSystem, placeholders: Placeholders) -> Verifier:
        """The declared way with its secrets filled in.

        Raises:
            MissingSettingError: when a secret's environment variable is not set.
            UnusableDeclarationError: when a secret is not written as the scheme demands.
        """
        declared = system.signature
        way = _way(declared)
        filled = [placeholders.fill(secret) for secret in declared.secrets]
        if way is _STANDARD:
            keys = tuple(_standard_key(secret, placeholders.source) for secret in filled)
        else:
            keys = tuple(secret.encode() for secret in filled)
        return cls(way, (declared.header or "").lower(), keys, declared.tolerance_seconds)

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Accept the delivery.

        Args:
            headers: By lower-case name.
            body: As received.
            now: The receiver's clock.

        Raises:
            SignatureError: when the signature is missing or wrong, or its time too far off.
        """
        way = self.way
        if way is None:
            self._require_any([_header(headers, self.header).encode()], list(self.keys))
            return
        given = _header(headers, way.header)
        candidates = given.split() if way.has_several else [given]
        signatures = [
            part.removeprefix(way.marks).encode()
            for part in candidates
            if part.startswith(way.marks)
        ]
        content = _content(way, headers, body)
        self._require_any(signatures, [_signature(way, key, content) for key in self.keys])
        # only now: until it is signed, a timestamp says nothing
        if way.timestamp_header is not None:
            self._require_fresh(_header(headers, way.timestamp_header), now)

    def _require_any(self, given: Sequence[bytes], expected: Sequence[bytes]) -> None:
        is_good = False
        # every pair is compared, so that the time taken tells nothing
        for one in given:
            for other in expected:
                is_good |= hmac.compare_digest(one, other)
        if not is_good:
            raise SignatureError("the signature is wrong")

    def _require_fresh(self, text: str, now: datetime) -> None:
        moment = _moment(text)
        if moment is None:
            raise SignatureError("the timestamp cannot be read")
        if abs((now - moment).total_seconds()) > self.tolerance_seconds:
            raise SignatureError("the timestamp is too far from the receiver's clock")


def _way(declared: WebhookSignature) -> _Way | None:
    if declared.scheme == "token":
        return None
    if declared.scheme != "hmac":
        return _WAYS[declared.scheme]
    return _Way(
        header=(declared.header or "").lower(),
        marks=declared.prefix,
        encoding=declared.encoding,
        algorithm=declared.algorithm,
        signed=declared.signed,
        timestamp_header=declared.timestamp_header and declared.timestamp_header.lower(),
        id_header=declared.id_header and declared.id_header.lower(),
    )


def _standard_key(secret: str, source: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(_STANDARD_SECRET), validate=True)
    except (binascii.Error, ValueError):
        raise UnusableDeclarationError(
            "a secret is no base64 after `whsec_`",
            source=source,
            where="system.signature.secrets",
            mend="copy the secret as the vendor shows it",
        ) from None


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise SignatureError(f"header `{name}` is missing")
    return value


def _content(way: _Way, headers: Mapping[str, str], body: bytes) -> bytes:
    before, _, after = way.signed.partition("{body}")
    values = {
        name: _header(headers, header)
        for name, header in (("timestamp", way.timestamp_header), ("id", way.id_header))
        if header is not None
    }
    return before.format(**values).encode() + body + after.format(**values).encode()


def _signature(way: _Way, key: bytes, content: bytes) -> bytes:
    digest = hmac.digest(key, content, way.algorithm)
    return b64encode(digest) if way.encoding == "base64" else digest.hex().encode()


def _moment(text: str) -> datetime | None:
    try:
        if re.fullmatch(r"\d{1,13}", text, re.ASCII):
            count = int(text)
            seconds = count / 1000 if count >= _MILLISECONDS_SINCE else count
            return datetime.fromtimestamp(seconds, UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
