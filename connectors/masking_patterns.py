"""What personal data in a text look like: the form of a pattern, and the text it is matched on.

Patterns are matched on a *shadow* of the text: full-width letters, digits and signs as ASCII and
every dash as ``-``, character by character, so that a position in the shadow is one in the text.
A gate is a cheap form of a pattern for RE2, run over whole columns of the text itself: it may let
through too much, never too little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]
Judge = Callable[[str, "re.Match[str]"], Span | None]

DASHES = "‐‑‒–—―−ーｰ"
_SHADOW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5E)} | {
    ord("\u3000"): " ",
    ord("\u00a0"): " ",
    ord("’"): "'",
    **dict.fromkeys(map(ord, DASHES), "-"),
}
# for gates, which are matched on the text: digits of either width, and what may part them
DIGIT = "[0-9０-９]"
PARTED = rf"{DIGIT}[ \x{{3000}}\x{{a0}}.．/／()（）\-－{DASHES}]{{0,3}}"

# neither inside a word or number, nor the later part of one that a dash or dot joins
BEFORE = r"(?<![0-9A-Za-z])(?<![0-9A-Za-z][-.])"
AFTER = r"(?![0-9A-Za-z])(?![-.][0-9])"


def whole(_: str, match: re.Match[str]) -> Span | None:
    """Every match is one."""
    return match.span()


@dataclass(frozen=True)
class Pattern:
    """One way in which personal data are written.

    Attributes:
        kind: What is found, as ``Masking.leave`` names it.
        token: What replaces it.
        gate: Only texts that match it are searched.
        expression: Of the shadow.
        judge: What of a match is personal; None where nothing is.
    """

    kind: str
    token: str
    gate: str
    expression: re.Pattern[str]
    judge: Judge = whole

    def spans(self, shadow: str) -> Iterator[Span]:
        """Where it stands in the shadow."""
        for match in self.expression.finditer(shadow):
            span = self.judge(shadow, match)
            if span is not None:
                yield span


def shadow_of(text: str) -> str:
    """``text`` in the widths and dashes that patterns know, as long as before.

    Example:
        >>> shadow_of("０９０－１２３４")
        '090-1234'
    """
    return text if text.isascii() else text.translate(_SHADOW)


def digits_of(text: str) -> str:
    """The digits alone."""
    return re.sub(r"[^0-9]", "", text)


_THING = re.compile(
    r"(?:注文|受注|受付|伝票|追跡|問合せ?|問い?合わせ|予約|会員|顧客|整理|管理|型番|品番|製造|商品|"
    r"シリアル|ロット|\border|tracking|invoice|booking|\breference|\bref|ticket|\bcase|serial|"
    r"parcel|confirmation|\bsku|isbn|\bjan)"
    r"(?:番号|ナンバ-|コ-ド|\s?(?:id|numbers?|num|code|no))?[\s.:#はがを「(=-]*(?:is\s|was\s)?$",
    re.IGNORECASE,
)


def names_a_thing(shadow: str, start: int) -> bool:
    """Whether the words before ``start`` say that an order, a parcel or a product is numbered."""
    return _THING.search(shadow, max(0, start - 28), start) is not None
