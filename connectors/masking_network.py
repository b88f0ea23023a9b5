"""Mail addresses, links that let somebody in, and IP addresses in a text."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qsl, urlsplit

from connectors.masking_patterns import DIGIT, Pattern, Span

_MAIL = re.compile(
    r"(?<![0-9A-Za-z])(?P<it>[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{0,63})"
    r"(?:@|\s?[\[(](?:at|アットマ-ク|アット|あっと)[\])]\s?)"
    r"(?:[A-Za-z0-9-]{1,63}(?:\.|\s?[\[(](?:dot|ドット)[\])]\s?)){1,6}[A-Za-z]{2,24})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?<![0-9A-Za-z])(?:https?|ftp)://[!#$%&'()*+,./0-9:;=?@A-Za-z\[\]_~-]+", re.I)
_PARAMETER_WORDS = (
    "token key apikey api_key access_token auth sig signature session sessionid sid code otp "
    "password pass pwd email mail e user username uid userid phone tel name reset invite"
)
_PARAMETERS = frozenset(_PARAMETER_WORDS.split())
_LONG_SECRET = re.compile(r"(?=[A-Za-z_-]*[0-9])(?=[0-9_-]*[A-Za-z])[0-9A-Za-z_-]{20,}")
_IPV4 = re.compile(r"(?<![0-9A-Za-z.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z])(?!\.[0-9])")
_IPV6 = re.compile(r"(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])")
_VERSION = re.compile(
    r"(?:\bv|ver|version|バ-ジョン|ファ-ムウェア|ファ-ム|firmware|build|release|update|"
    r"(?:i|mac|ipad)?os|android|windows|driver|ドライバ-?|section|chapter|§)[\s.:はがを]*$",
    re.IGNORECASE,
)


def _link(_: str, match: re.Match[str]) -> Span | None:
    text = match[0].rstrip(".,;:!?'")
    if text.endswith(")") and "(" not in text:
        text = text[:-1]
    span = match.start(), match.start() + len(text)
    try:
        parts = urlsplit(text)
    except ValueError:
        return span
    fields = parse_qsl(parts.query) + parse_qsl(parts.fragment)
    secret = any(name.lower() in _PARAMETERS for name, _ in fields)
    words = [*parts.path.split("/"), parts.fragment, *(value for _, value in fields)]
    if "@" in text or secret or any(_is_long_secret(word) for word in words):
        return span
    return None


def _is_long_secret(word: str) -> bool:
    """Whether it looks drawn by lot: long, letters and digits, and no words joined by dashes."""
    return any(
        _LONG_SECRET.fullmatch(word) is not None and len(part) >= 12
        for part in [max(re.split(r"[-_]", word), key=len)]
    )


def _ip(shadow: str, match: re.Match[str]) -> Span | None:
    text = match[0]
    if text in ("::", "::1", "127.0.0.1", "0.0.0.0"):  # noqa: S104 - written by a customer
        return None
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return None
    version = _VERSION.search(shadow, max(0, match.start() - 20), match.start())
    return None if version else match.span()


def _mail(_: str, match: re.Match[str]) -> Span | None:
    return match.span("it")


NETWORK = (
    Pattern("url", "[url]", r"[:：][/／]{2}", _LINK, _link),
    Pattern("email", "[email]", r"[@＠]|(?i:[\[(（](?:at|アット|あっと))", _MAIL, _mail),
    Pattern("ip", "[ip]", rf"(?:{DIGIT}[.．].{{0,4}}){{3}}", _IPV4, _ip),
    Pattern("ip", "[ip]", r"[:：][0-9A-Fa-f０-９]{0,4}[:：]", _IPV6, _ip),
)
