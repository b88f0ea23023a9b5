"""PDF pages by WeasyPrint: no network, no files, no clock; the packaged font embedded."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from reports import fonts
from reports.errors import MissingGlyphError, PdfUnavailableError
from reports.wording import plain

_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def weasyprint() -> Any:
    """The PDF library.

    Raises:
        PdfUnavailableError: its system libraries are missing; names the packages.
    """
    try:
        import weasyprint as library
        import weasyprint.text.fonts
        import weasyprint.urls  # noqa: F401 - the attribute is read by callers
    except (ImportError, OSError) as error:
        raise PdfUnavailableError(
            f"PDF pages need the Pango library, which is not installed ({error}). "
            f"Mend: apt-get install {_PACKAGES}"
        ) from error
    return library


@lru_cache
def _face() -> tuple[Any, Any]:
    library = weasyprint()
    configuration = library.text.fonts.FontConfiguration()
    source = fonts.whole_font_data_uri()
    sheet = library.CSS(
        string=f"@font-face{{font-family:'CX Gothic';src:url({source})}}",
        font_config=configuration,
        url_fetcher=_fetcher(),
    )
    return configuration, sheet


def _fetcher() -> Any:
    return weasyprint().urls.URLFetcher(allowed_protocols=["data"])


def write_pdf(html: str, identifier: str) -> bytes:
    """Lay a page out on A4; the same text and identifier give the same bytes.

    Raises:
        MissingGlyphError: the text holds a character that the packaged font cannot draw.
        PdfUnavailableError: the system libraries are missing.
    """
    missing = fonts.missing_glyphs(plain(html))
    if missing:
        raise MissingGlyphError(
            f"the packaged font has no glyph for {missing!r}. Mend: write the label or note without "
            "these characters"
        )
    library = weasyprint()
    configuration, sheet = _face()
    document = library.HTML(string=html, url_fetcher=_fetcher())
    content: bytes = document.write_pdf(
        stylesheets=[sheet],
        font_config=configuration,
        pdf_identifier=identifier[:32].encode(),
        custom_metadata=False,
    )
    return content
