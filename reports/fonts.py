"""The packaged Japanese font (IPAex Gothic), for charts, for PDF pages and as a page's fallback."""

from __future__ import annotations

import base64
import importlib.util
import io
from functools import lru_cache
from pathlib import Path
from typing import Literal

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from matplotlib import font_manager

from reports.errors import MissingGlyphError

Flavour = Literal["ttf", "woff2"]
FAMILY = "IPAexGothic"


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


def missing_glyphs(text: str) -> str:
    """The characters of ``text`` that the font cannot draw, each once, in order of code point."""
    return "".join(
        sorted({sign for sign in text if ord(sign) not in _drawable() and sign.isprintable()})
    )


def subset_data_uri(text: str, flavour: Flavour) -> str:
    """A data URI of the font holding only what ``text`` needs, always with printable ASCII."""
    wanted = frozenset(map(ord, text)) & _drawable()
    return _subset(tuple(sorted(wanted | set(range(0x20, 0x7F)))), flavour)


@lru_cache(maxsize=32)
def _subset(code_points: tuple[int, ...], flavour: Flavour) -> str:
    options = subset.Options(hinting=False, notdef_outline=True, layout_features=["kern"])
    options.flavor = None if flavour == "ttf" else flavour
    font = subset.load_font(str(font_file()), options)
    # the time of writing would make two renderings differ
    font.recalcTimestamp = False
    worker = subset.Subsetter(options)
    worker.populate(unicodes=code_points)
    worker.subset(font)
    buffer = io.BytesIO()
    subset.save_font(font, buffer, options)
    font.close()
    return f"data:font/{flavour};base64," + base64.b64encode(buffer.getvalue()).decode()
