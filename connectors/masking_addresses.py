"""Postal addresses in a text, Japanese and English.

An address begins to tell who somebody is where it names a block or a house: 東京都新宿区 stays, as
does "5 minutes from Oxford Street".
"""

from __future__ import annotations

import re

from connectors.masking_patterns import DASHES, DIGIT, Pattern, Span

_PREFECTURE = (
    "(?:東京都|北海道|京都府|大阪府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|"
    "富山|石川|福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|"
    "香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県)"
)
_KANJI = "一-龥々ヶケ"
_MUNICIPALITY = (
    rf"(?:(?:[{_KANJI}]{{1,7}}|さいたま|いわき|つくば|つくばみらい|ひたちなか|あきる野|ふじみ野|みどり|"
    r"かすみがうら|うるま|うきは|みやま|いすみ|むつ|つがる|にかほ|かほく|あわら|たつの|さぬき|えびの)"
    r"[市区町村郡])"
)
# towns may hold any of these but the particles を, へ, で and に, with which a sentence goes on
_TOWN = rf"(?:[{_KANJI}ァ-ヴ]|(?![をへでに])[ぁ-ん])"
_N = r"(?:[0-9]{1,5}|[〇一二三四五六七八九十百]{1,5})"
_BLOCK = (
    rf"(?:{_N}\s?丁目\s?{_N}(?:\s?(?:番地?|-)(?:\s?の?{_N}(?:号|-[0-9]{{1,4}})?)?)?"
    rf"|{_N}\s?番地(?:\s?の?\s?{_N})?(?:号)?|{_N}\s?番\s?{_N}\s?号"
    r"|[0-9]{1,4}-[0-9]{1,4}-[0-9]{1,5}(?:-[0-9]{1,5})?"
    r"|[0-9]{1,4}-[0-9]{1,4}(?![0-9-])(?!\s?(?:[分人名日時回泊年月階割倍個店件円本台度週歳才つか代位%]|km|号店)))"
)
_BUILDING = (
    r"(?:[ ]?[^\s、。,.!?0-9]{0,16}?"
    r"(?:マンション|ビル|アパ-ト|ハイツ|コ-ポ|メゾン|レジデンス|タワ-|荘)"
    r"[^\s、。,.!?0-9]{0,8}?)?(?:[ ]?[0-9]{1,4}(?:号室|号|階|F\b))?"
)
_POSTAL = r"(?:〒?\s?[0-9]{3}-[0-9]{4}\s*)"
_JAPANESE_BLOCK = re.compile(rf"(?<![0-9-]){_BLOCK}{_BUILDING}")
# what leads to a block; it is looked for backwards from there, so that a text of nothing but
# place names is read once
_LEAD = re.compile(
    rf"{_POSTAL}?(?:{_PREFECTURE}\s?{_TOWN}{{0,20}}|{_MUNICIPALITY}{_TOWN}{{0,14}})\s?\Z"
)
_LONGEST_LEAD = 44
_DISTRICT = re.compile(rf"[{_KANJI}]{{1,8}}\Z")
_POSTAL_CODE = re.compile(
    rf"〒\s?[0-9]{{3}}-?[0-9]{{4}}(?:\s*{_PREFECTURE}(?:[{_KANJI}]{{1,7}}[市区町村郡])?)?"
    rf"|{_POSTAL}{_PREFECTURE}(?:[{_KANJI}]{{1,7}}[市区町村郡])?"
    r"|郵便番号[\s:はが]*(?P<zip>[0-9]{3}-?[0-9]{4})"
)
_NOT_A_STREET_WORDS = (
    "the a an of on in at to by from for with and or down up along across over off out this "
    "that their our my your his her hours hour hrs minutes minute mins min miles mile metres "
    "meters days day weeks week months month years year times time people patients staff cars "
    "lane lanes way more long new extra different busy main steps doors houses shops stops is "
    "was were are per each every am pm st nd rd th km cm yards feet"
)
_NOT_A_STREET = frozenset(_NOT_A_STREET_WORDS.split())
_NOT_A_NAME_WORDS = "The A An In On At Of My Our Their Minute Minutes Mile Hour Star"
_NOT_A_NAME = frozenset(_NOT_A_NAME_WORDS.split())
_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Sq|"
    r"Terrace|Close|Way|Crescent|Cres|Parkway|Pkwy|Highway|Hwy|Gardens|Grove|Mews|Circle|Trail|Loop)"
)
_STATE = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|"
    r"T[NX]|UT|V[AT]|W[AIVY])"
)
_UK_POSTCODE = r"(?:[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][ABD-HJLNP-UW-Z]{2})"
_AFTER_STREET = (
    r"(?:,?\s+(?:Apt|Apartment|Unit|Flat|Suite|Ste|Room|#)\.?\s?#?[0-9]{0,5}[A-Za-z]?\b)?"
    rf"(?:,?\s+(?:[A-Z][A-Za-z.'-]+[ ]?){{1,3}},?\s+(?:{_STATE}\s+[0-9]{{5}}(?:-[0-9]{{4}})?"
    rf"|{_UK_POSTCODE})\b)?"
)
_ENGLISH_ADDRESS = re.compile(
    r"(?:\b(?:Flat|Apartment|Apt|Unit)\.?\s[0-9]{1,4}[A-Za-z]?,?\s)?"
    r"(?<![0-9A-Za-z£$€#.,:-])[0-9]{1,5}[A-Za-z]?,?\s(?:(?:N|S|E|W|North|South|East|West)\.?\s)?"
    rf"(?P<words>(?:[0-9]{{1,3}}(?:st|nd|rd|th)|[A-Z][A-Za-z'-]+\.?)(?:\s[A-Z][A-Za-z'-]+){{0,3}}?)\s"
    rf"{_STREET}\b(?!\.?\s[A-Z][a-z]+\s(?:was|is|said|has|told))\.?{_AFTER_STREET}"
    r"|(?<![0-9A-Za-z£$€#.,:-])[0-9]{1,4}[a-z]?\s(?P<low>[a-z'-]+(?:\s[a-z'-]+)?)\s"
    r"(?:street|road|avenue|lane|close|crescent|boulevard)\b"
    rf"|\b(?:P\.?\s?O\.?\s|Post\sOffice\s)Box\s[0-9]{{1,6}}\b|\b{_UK_POSTCODE}\b"
    rf"|\b(?:[A-Z][A-Za-z.'-]+\s){{0,2}}[A-Z][A-Za-z.'-]+,?\s{_STATE}\s[0-9]{{5}}(?:-[0-9]{{4}})?\b"
)


def _street(_: str, match: re.Match[str]) -> Span | None:
    """Unless the words between number and street are those of a sentence."""
    if _NOT_A_STREET.intersection((match["low"] or "").split()):
        return None
    return None if _NOT_A_NAME.intersection((match["words"] or "").split()) else match.span()


def _japanese(shadow: str, match: re.Match[str]) -> Span | None:
    """The block with what leads to it; nothing where it could be any number."""
    before = shadow[max(0, match.start() - _LONGEST_LEAD) : match.start()]
    lead = _LEAD.search(before)
    if lead is None and "丁目" in match[0] and "番" in match[0]:
        lead = _DISTRICT.search(before)
    return None if lead is None else (match.start() - len(lead[0]), match.end())


def _postal(_: str, match: re.Match[str]) -> Span | None:
    return match.span("zip" if match["zip"] else 0)


_CAPITAL = "[A-ZＡ-Ｚ]"
ADDRESSES = (
    Pattern(
        "address",
        "[address]",
        rf"丁目|番地|番.{{1,6}}号|[市区町村郡県都府道].{{0,24}}?{DIGIT}{{1,4}}[\-－{DASHES}]{DIGIT}",
        _JAPANESE_BLOCK,
        _japanese,
    ),
    Pattern("address", "[address]", "〒|郵便番号|[県都府道]", _POSTAL_CODE, _postal),
    Pattern(
        "address",
        "[address]",
        rf"{DIGIT}[A-Za-z]?,?\s|Box|{_CAPITAL}{DIGIT}[0-9A-Z]?\s{DIGIT}{_CAPITAL}|{_CAPITAL}{{2}}\s{DIGIT}{{5}}",
        _ENGLISH_ADDRESS,
        _street,
    ),
)
