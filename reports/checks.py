"""The checks before sending: whatever they find blocks the mail and says why."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from programme.benchmarks import Language
from reports import fonts
from reports.composing import Composed
from reports.context import BenchmarkEdition, Edition
from reports.errors import UnknownCodeError
from reports.formats import format_value
from reports.results import Coverage
from reports.wording import plain, resolve

# Above one row in five set aside, what is left is no longer the source it claims to be.
QUARANTINE_CEILING = 0.2
_CHANGES = ("change", "difference", "difference_unadjusted", "relative", "non_inferiority")
_VOID = {"meta", "img", "source", "br", "line", "circle", "link", "hr"}


def problems(composed: Composed) -> list[str]:
    """Everything that forbids sending this report, each as a sentence; empty when it may go."""
    reader = _Reader(composed.frozen.document, composed.language)
    reader.feed(composed.html)
    reader.close()
    found = [*reader.problems, *_blank_charts(reader.images), *_rows(composed.frozen.edition)]
    missing = fonts.missing_glyphs(plain("".join(reader.texts)))
    if missing:
        found.append(f"missing glyph: no packaged font draws {missing!r}")
    found += _unprinted_reasons(composed, "".join(reader.texts))
    edition = composed.frozen.edition
    if isinstance(edition, BenchmarkEdition):
        found += [line for part in edition.coverage for line in _coverage(part)]
    return found


class _Reader(HTMLParser):
    """Walks the page; compares every printed number with the value its pointer leads to."""

    def __init__(self, document: Mapping[str, Any], language: Language) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.images: list[str] = []
        self.texts: list[str] = []
        self._document = document
        self._language: Language = language
        self._open: list[dict[str, str | None]] = []
        self._figure = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img":
            self.images.append(given.get("src") or "")
        if tag not in _VOID:
            self._open.append({"tag": tag, **given})
            if "data-ref" in given:
                self._figure = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag, attrs  # drawings inside the page close themselves and hold no text

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or not self._open:
            return
        closed = self._open.pop()
        if "data-ref" in closed:
            self._compare(str(closed["data-ref"]), str(closed.get("data-form")))

    def handle_data(self, data: str) -> None:
        if any(node["tag"] in ("style", "head") for node in self._open):
            return
        self.texts.append(data)
        if any("data-ref" in node for node in self._open):
            self._figure += data
        elif re.search(r"\d", data) and not any("data-declared" in node for node in self._open):
            self.problems.append(f"number without a row: {data.strip()!r}")

    def _compare(self, ref: str, form: str) -> None:
        try:
            expected = format_value(resolve(self._document, ref), form, self._language)
        except (KeyError, IndexError, ValueError, TypeError, UnknownCodeError) as error:
            self.problems.append(
                f"number {self._figure!r} points to {ref}, which is nothing: {error}"
            )
            return
        if expected != self._figure:
            self.problems.append(f"number {self._figure!r} is {expected!r} in the edition ({ref})")


def _blank_charts(images: list[str]) -> Iterator[str]:
    for number, source in enumerate(images, start=1):
        head, _, body = source.partition(";base64,")
        if head != "data:image/svg+xml":
            yield f"chart {number} is not part of the page: {source[:60]!r}"
        elif b'id="mark' not in base64.b64decode(body):
            yield f"blank chart: chart {number} of the page holds no mark of data"


def _rows(edition: Edition) -> Iterator[str]:
    for row in edition.rows:
        place = f"{row.statistic} of {row.metric} ({row.segment_name}={row.segment_value})"
        if row.estimate is None and row.reason is None:
            yield f"{place} has neither an estimate nor a reason ({row.ref})"
        if row.statistic in _CHANGES and row.estimate is not None and not row.has_interval:
            yield f"{place} has no interval ({row.ref})"


def _unprinted_reasons(composed: Composed, text: str) -> Iterator[str]:
    edition = composed.frozen.edition
    if edition.kind == "experiment" and edition.verdict.decision == "no_verdict":
        return
    shown = ("level", "change", "difference")
    reasons = {row.reason for row in edition.rows if row.reason and row.statistic in shown}
    for reason in sorted(reasons):
        if plain(composed.words.no_estimate(reason)) not in text.replace("\u00a0", " "):
            yield f"a row has no estimate ({reason}), and the page does not say why"


def _coverage(part: Coverage) -> Iterator[str]:
    landed, aside = part.landed or 0, part.quarantined or 0
    if landed == 0:
        yield f"coverage: source `{part.source}` brought no rows"
    elif aside / (landed + aside) > QUARANTINE_CEILING:
        yield (
            f"coverage: of source `{part.source}`, {aside} of {landed + aside} rows were set "
            f"aside, more than one in {round(1 / QUARANTINE_CEILING)}"
        )
