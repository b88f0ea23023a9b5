"""Names in a text: those that are declared, those of the same row, those that an honorific marks.

Names are found by what is known about them and not guessed: a word that could be a name and stands
alone stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from connectors.masking_patterns import Pattern, Span, shadow_of

TOKEN = "[name]"  # noqa: S105 - what stands for a name
_HONORIFIC = r"(?:様|さま|さん|氏|先生|くん|君|ちゃん|殿)"
_JAPANESE = re.compile(
    r"(?P<it>[一-龥々ヶ]{1,5}(?:[ ]?[一-龥々ヶ]{1,4}(?=様|さま))?|[ァ-ヴ-]{2,8}"
    r"|[ぁ-ん]{2,3}(?=さん|ちゃん))"
    rf"{_HONORIFIC}(?!(?![宛方達等])[一-龥々]|ざま)"
)
_ENGLISH = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Nurse|Sister|Sir|Madam)\b\.?\s"
    r"(?P<it>[A-Z][A-Za-z'-]+(?:\s[A-Z][A-Za-z'-]+){0,2}|[A-Z]\b\.?(?:\s[A-Z][a-z'-]+)?)"
)
# what stands before 様, さん and 君 without being a name
_NO_NAMES = re.compile(
    r"(?:お?客|皆|各|神|仏|王|女王|姫|若|殿|奥|旦那|貴|仕|模|同|一|多|有|異|上|お?子|嬢|お?孫|患者|利用者|"
    r"会員|担当者?|業者|店員|社員|職員|係員?|係の方|運転手|駅員|医者|医師|看護師|看護婦|介護士|薬剤師|"
    r"大工|本屋|魚屋|花屋|肉屋|八百屋|床屋|屋|姉|兄|母|父|爺|婆|叔父|叔母|伯父|伯母|妹|弟|息子|娘|嫁|婿|"
    r"新郎|新婦|親御|受付|受付嬢|店長|部長|課長|社長|担任|主治医|校長|園長|院長|歯医者|猫|犬|皆々|方々|"
    r"ユ-ザ-|スタッフ|オペレ-タ-|ドライバ-|オ-ナ-|アドバイザ-|インストラクタ-|コンシェルジュ|"
    r"ゲスト|メンバ-|みな|おく|おば|おじ|かあ|とう|ねえ|にい|じい|ばあ|たく|あか|たくさ|赤|諸|彼|彼氏|摂|"
    r"何処|貴社|御社|弊社|会社|企業|工場|業|旅行会社|不動産屋|宅配業者|配達員|配送員|販売員|添乗員|"
    r"従業員|獣医|ガイド|ボランティア|飼育員|ア-ティスト|子供|子ども|ども|声優|俳優|ワン|ニャン|りだく|陰|逆|"
    r"和洋|和洋中|折衷|ちゃん|世話|苦労|疲れ|馳走|待ち遠|ばぁ|じぃ|御|本丸御|介護|保育士|幼稚園|教習所|"
    r"仲居|女将|板前|料理長|支配人|清掃員|警備員|警察|消防士|先輩|後輩|友達|隣|外国人|日本人|観光客|乗客)$"
)
_NO_ENGLISH_NAMES_WORDS = (
    "And Or The Who Was Is Are In On At To Has Had I I've I'm I'd Team Staff Led Call Surgery "
    "Practice Room Reception"
)
_NO_ENGLISH_NAMES = frozenset(_NO_ENGLISH_NAMES_WORDS.split())


def _japanese(_: str, match: re.Match[str]) -> Span | None:
    return None if _NO_NAMES.search(match["it"]) else match.span("it")


def _english(_: str, match: re.Match[str]) -> Span | None:
    return None if match["it"].split()[0] in _NO_ENGLISH_NAMES else match.span("it")


HONORIFICS = (
    Pattern("honorific", TOKEN, _HONORIFIC, _JAPANESE, _japanese),
    Pattern(
        "honorific",
        TOKEN,
        r"\b(?:M[rsx]|Mrs|Miss|Dr|Prof|Professor|Doctor|Nurse|Sister|Sir|Madam)\b",
        _ENGLISH,
        _english,
    ),
)


def listed(names: Iterable[str]) -> Pattern | None:
    """The pattern of declared names; None where there are none."""
    written = sorted(
        {shadow_of(name.strip()) for name in names}, key=lambda name: (-len(name), name)
    )
    if not written:
        return None
    return Pattern("name", TOKEN, "", re.compile("|".join(map(_written, written)), re.IGNORECASE))


def parts_of(name: str) -> list[str]:
    """The spellings of a row's own name: whole, reversed, together, and its parts.

    A part of one character, or a Latin one of two, is too short to be masked by itself.

    Example:
        >>> parts_of("Hanako Sato")
        ['Hanako Sato', 'Sato Hanako', 'Hanako', 'Sato']
    """
    parts = re.split(r"[\s・,]+", shadow_of(name).strip(" ,"))
    whole = [" ".join(parts), " ".join(reversed(parts))]
    if not name.isascii():
        whole += ["".join(parts), "".join(reversed(parts))]
    long = [part for part in parts if len(part) >= (3 if part.isascii() else 2)]
    return [text for text in dict.fromkeys([*whole, *long]) if len(text) >= 2]


def _written(name: str) -> str:
    """A name as an expression: between Latin letters only whole, spaces of any number."""
    text = r"\s?".join(re.escape(part) for part in name.split(" ") if part)
    before = r"(?<![0-9A-Za-z])" if name[0].isascii() else ""
    after = r"(?![0-9A-Za-z])" if name[-1].isascii() else ""
    return f"{before}{text}{after}"
