"""Telephone numbers, payment cards, individual numbers and bank accounts in a text.

Telephone numbers are found by their shape. The library ``phonenumbers`` was tried in its place: see
``connectors.masking``.
"""

from __future__ import annotations

import re

from connectors.checksums import is_iban, is_my_number, passes_luhn
from connectors.masking_patterns import (
    AFTER,
    BEFORE,
    DIGIT,
    PARTED,
    Pattern,
    Span,
    digits_of,
    names_a_thing,
)

_EXTENSION = r"(?:\s?(?:ext\.?|x|内線)\s?[0-9]{1,5})?"
_PHONE = re.compile(
    rf"{BEFORE}(?:"
    r"(?:\+|00(?=[1-9][0-9]{0,2}[ .()-])|010-(?=81))[ ]?[1-9][0-9]{0,2}"  # international
    r"[ .()/-]{0,3}(?:[0-9][ .()/-]{0,2}){6,12}[0-9]"
    r"|(?:1[ .-])?(?:\([2-9][0-9]{2}\)[ ]?|[2-9][0-9]{2}[-. ])[0-9]{3}[-. ][0-9]{4}"  # NANP
    r"|0[0-9](?:[ .-][0-9]{2}){4}|0[0-9]{2,3}(?:[ ./-][0-9]{2}){3}"  # in pairs
    r"|\(?0[0-9]{1,4}\)?[-.() ]{1,2}[0-9]{1,4}[-.() ]{1,2}[0-9]{3,4}"  # in three groups
    r"|\(?0[1-9][0-9]{1,4}\)?[-/ ][0-9]{5,8}"  # in two groups
    r"|0[1-9][0-9]{8,9}"
    rf"){AFTER}{_EXTENSION}"
)
_CALLED = re.compile(
    r"(?:(?<![A-Za-z])(?:tele?|telephone|ph|phone|mobile|cell|fax|whatsapp|call|ring|text|reach|"
    r"contact)\b|(?<![A-Za-z])(?:TEL|FAX)|電話|携帯|ケ-タイ|ファックス|連絡先)"
    r"(?:番号|\s|number|num|no\b|is\b|was\b|me\b|us\b|at\b|on\b|my\b|phone\b|[:.=#(]|は|が|に|を|へ){0,6}"
    r"(?P<it>\+?\(?[0-9][0-9 ()./-]{5,18}[0-9])(?![0-9A-Za-z])" + _EXTENSION,
    re.IGNORECASE,
)
_DAY_OR_TIME = re.compile(
    r"(?:19|20)[0-9]{2}[-/. ][01]?[0-9]|[0-3]?[0-9][-/. ][0-3]?[0-9][-/. ](?:19|20)[0-9]{2}"
    r"|[0-2]?[0-9]\.[0-5][0-9]\s?-"
)
_CARD = re.compile(rf"{BEFORE}[2-6](?:[ -]?[0-9]){{13,18}}{AFTER}")
# first digits and lengths in use (ISO/IEC 7812): Visa, Mastercard, JCB, Diners, Amex, others
_NETWORK = re.compile(
    r"4(?:\d{15}|\d{18})|5\d{15}|2[2-7]\d{14}|35\d{14}|3[0689]\d{12}|3[47]\d{13}|6\d{15,18}"
)
_CARD_NAMED = re.compile(
    r"(?:(?<![A-Za-z])(?:card|visa|mastercard|amex|jcb)\b|カ-ド)"
    r"(?:番号|\s|number|num|no\b|is\b|was\b|[:.=#(]|は|が|を){0,6}"
    r"(?P<it>[0-9](?:[ -]?[0-9]){12,18})(?![0-9])",
    re.IGNORECASE,
)
_MY_NUMBER = re.compile(
    rf"{BEFORE}(?<![0-9] )[0-9]{{4}}([ -]?)[0-9]{{4}}\1[0-9]{{4}}{AFTER}(?! [0-9])"
)
_MY_NUMBER_NAMED = re.compile(
    r"(?:マイナンバ-|個人番号)(?:カ-ド)?(?:の?番号)?[\s:.は#(がを]{0,4}"
    r"(?P<it>[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4})(?![0-9])"
)
_IBAN = re.compile(
    r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![0-9a-z])"
)


def _phone(shadow: str, match: re.Match[str]) -> Span | None:
    text = match[0]
    start = match.start() + (text.startswith("(") and ")" not in text)
    span = start, match.end()
    number = digits_of(re.split(r"ext|x|内線", text)[0])
    if text.startswith(("+", "010-", "00")):
        return span if 8 <= len(number) <= 18 else None
    if not text.startswith(("0", "(0")):
        return span
    unmarked = text.isdigit() and names_a_thing(shadow, match.start())
    return span if 10 <= len(number) <= 12 and not unmarked else None


def _called(_: str, match: re.Match[str]) -> Span | None:
    number = match["it"]
    if not 7 <= len(digits_of(number)) <= 15 or _DAY_OR_TIME.match(number):
        return None
    return match.start("it"), match.end()


def _card(_: str, match: re.Match[str]) -> Span | None:
    number = digits_of(match[0])
    return match.span() if _NETWORK.fullmatch(number) and passes_luhn(number) else None


def _named(_: str, match: re.Match[str]) -> Span | None:
    return match.span("it")


def _my_number(shadow: str, match: re.Match[str]) -> Span | None:
    if names_a_thing(shadow, match.start()) or not is_my_number(digits_of(match[0])):
        return None
    return match.span()


def _iban(_: str, match: re.Match[str]) -> Span | None:
    """The account, without a word in capitals that follows it."""
    end = len(match[0])
    while end >= 15:
        if is_iban(match[0][:end].replace(" ", "")):
            return match.start(), match.start() + end
        end = match[0].rfind(" ", 0, end)
    return None


_SEVEN = rf"(?:{PARTED}){{7}}"
_THIRTEEN = rf"(?:{PARTED}){{13}}"
_TWELVE = rf"(?:{PARTED}){{12}}"

NUMBERS = (
    Pattern("iban", "[iban]", rf"[A-ZＡ-Ｚ]{{2}}{DIGIT}{{2}}", _IBAN, _iban),
    Pattern("card", "[card]", _THIRTEEN, _CARD, _card),
    Pattern("card", "[card]", _THIRTEEN, _CARD_NAMED, _named),
    Pattern("my_number", "[my_number]", _TWELVE, _MY_NUMBER, _my_number),
    Pattern("my_number", "[my_number]", _TWELVE, _MY_NUMBER_NAMED, _named),
    Pattern("phone", "[phone]", _SEVEN, _PHONE, _phone),
    Pattern("phone", "[phone]", _SEVEN, _CALLED, _called),
)
