"""The packaged Japanese font (IPAex Gothic), for charts, for PDF pages and as a page's fallback."""

from __future__ import annotations

import base64
import importlib.util
import io
import logging
from functools import lru_cache
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from matplotlib import font_manager

from programme.benchmarks import Language
from reports.errors import MissingGlyphError

Flavour = Literal["ttf", "woff2"]
FAMILY = "IPAexGothic"
QUOTES_FAMILY = "CX Quotes"
# It tells each table of each font it cuts at INFO, which a scheduler's root logger would keep.
logging.getLogger("fontTools").setLevel(logging.WARNING)
_QUOTES = frozenset(map(ord, "‘’“”"))


@lru_cache
def font_file() -> Path:
    """The font that the package matplotlib-fontja carries, found without importing it."""
    spec = importlib.util.find_spec("matplotlib_fontja")
    if spec is None or spec.origin is None:
        raise MissingGlyphError(
            "no Japanese font: the package matplotlib-fontja is not installed. "
            "Mend: install the locked requirements"
        )
    return Path(spec.origin).parent / "fonts" / "ipaexg.ttf"


@lru_cache
def register_for_charts() -> str:
    """Make the font known to matplotlib; returns its family name."""
    font_manager.fontManager.addfont(str(font_file()))
    return FAMILY


@lru_cache
def _drawable() -> frozenset[int]:
    with TTFont(font_file(), lazy=True) as font:
        return frozenset(font.getBestCmap())


@lru_cache
def _advances() -> dict[int, float]:
    with TTFont(font_file(), lazy=True) as font:
        widths, size = font["hmtx"], font["head"].unitsPerEm
        return {sign: widths[name][0] / size for sign, name in font.getBestCmap().items()}


def ems(text: str) -> float:
    """How wide a line of text is in the packaged font, in units of the font size."""
    return sum(_advances().get(ord(sign), 1.0) for sign in text)


def missing_glyphs(text: str) -> str:
    """The characters of ``text`` that the font cannot draw, each once, in order of code point."""
    return "".join(
        sorted({sign for sign in text if ord(sign) not in _drawable() and sign.isprintable()})
    )


def font_faces(text: str, flavour: Flavour, language: Language) -> str:
    """The @font-face rules for a text, each holding only the letters that it needs.

    IPAex Gothic draws curly quotes as wide as a Japanese character; in English they come from
    DejaVu Sans, which matplotlib carries.
    """
    wanted = (frozenset(map(ord, text)) & _drawable()) | set(range(0x20, 0x7F))
    if language == "ja":
        return _face(FAMILY, font_file(), tuple(sorted(wanted)), flavour)
    quotes = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    letters = _face(FAMILY, font_file(), tuple(sorted(wanted - _QUOTES)), flavour)
    return letters + _face(QUOTES_FAMILY, quotes, tuple(sorted(_QUOTES)), flavour)


@lru_cache(maxsize=32)
def _face(family: str, file: Path, code_points: tuple[int, ...], flavour: Flavour) -> str:
    options = subset.Options(hinting=False, notdef_outline=True, layout_features=["kern"])
    options.drop_tables += ["FFTM"]
    options.flavor = None if flavour == "ttf" else flavour
    font = subset.load_font(str(file), options)
    # the time of writing would make two renderings differ
    font.recalcTimestamp = False
    worker = subset.Subsetter(options)
    worker.populate(unicodes=code_points)
    worker.subset(font)
    buffer = io.BytesIO()
    subset.save_font(font, buffer, options)
    font.close()
    source = f"data:font/{flavour};base64," + base64.b64encode(buffer.getvalue()).decode()
    return f"@font-face{{font-family:'{family}';src:url({source})}}"
