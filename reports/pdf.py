"""PDF pages by WeasyPrint: no network, no files, no clock; the packaged font embedded."""

from __future__ import annotations

import logging
from typing import Any

from reports import fonts
from reports.errors import MissingGlyphError, PdfUnavailableError
from reports.wording import plain

# Each step of each page at INFO would drown what a scheduler's log is read for.
for _name in ("weasyprint", "weasyprint.progress"):
    logging.getLogger(_name).setLevel(logging.WARNING)
_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def library() -> Any:
    """The PDF library.

    Raises:
        PdfUnavailableError: its system libraries are missing; names the packages.
    """
    try:
        import weasyprint
        import weasyprint.urls
    except (ImportError, OSError) as error:
        raise PdfUnavailableError(
            f"PDF pages need the Pango library, which is not installed ({error}). "
            f"Mend: apt-get install {_PACKAGES}"
        ) from error
    return weasyprint


def _fetcher() -> Any:
    return library().urls.URLFetcher(allowed_protocols=["data"])


def write_pdf(html: str, identifier: str) -> bytes:
    """Lay a page out on A4; the same text and identifier give the same bytes.

    Raises:
        MissingGlyphError: the text holds a character that the packaged font cannot draw.
        PdfUnavailableError: the system libraries are missing.
    """
    missing = fonts.missing_glyphs(plain(html))
    if missing:
        raise MissingGlyphError(
            f"the packaged font has no glyph for {missing!r}. Mend: write the label or note "
            "without these characters"
        )
    document = library().HTML(string=html, url_fetcher=_fetcher())
    content: bytes = document.write_pdf(
        pdf_identifier=identifier[:32].encode(),
        custom_metadata=False,
    )
    return content
