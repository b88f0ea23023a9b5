"""From a frozen edition to a laid-out report, and from that to self-contained HTML."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from programme import Programme, Settings
from programme.benchmarks import Language, Report
from reports import fonts
from reports.benchmark_page import benchmark_page
from reports.charts import Chart, Size
from reports.context import BenchmarkEdition, FrozenEdition, read_edition, with_question_kinds
from reports.experiment_page import experiment_page
from reports.layout import Page
from reports.wording import Wording

TEMPLATES = Path(__file__).parent / "templates"
# Where the style sheet goes once the page, and so the letters it needs, is known.
_STYLE = "/* style */"
Medium = Literal["page", "pdf"]


@dataclass(frozen=True)
class Composed:
    """A report laid out, before it becomes files."""

    frozen: FrozenEdition
    report_id: str
    language: Language
    words: Wording
    page: Page

    @cached_property
    def html(self) -> str:
        """The page for a browser."""
        return page_html(self, "page")


def reports_for(programme: Programme, kind: str, subject: str) -> dict[str, Report]:
    """The declared reports that an edition of this kind and subject belongs to."""
    return {
        name: report
        for name, report in sorted(programme.reports.items())
        if report.kind == kind and (not report.subjects or subject in report.subjects)
    }


def compose(
    programme: Programme, settings: Settings, edition_id: str, report_id: str, language: Language
) -> Composed:
    """Read an edition and lay it out in one language."""
    frozen = with_question_kinds(read_edition(settings, edition_id), programme.surveys)
    words = Wording(frozen, language, programme.company.labels)
    edition = frozen.edition
    if isinstance(edition, BenchmarkEdition):
        page = benchmark_page(edition, words, programme.company)
    else:
        page = experiment_page(edition, words, programme.company)
    return Composed(frozen, report_id, language, words, page)


def page_html(composed: Composed, medium: Medium) -> str:
    """The page as self-contained HTML."""
    template = template_environment().get_template("page.html.j2")
    html = template.render(
        page=composed.page,
        language=composed.language,
        medium=medium,
        labels={"change": composed.words.say("page.change")},
        stylesheet=_STYLE,
    )
    style = template_text("base.css") + template_text(f"{medium}.css")
    if medium == "pdf" or composed.language == "ja":
        flavour: fonts.Flavour = "ttf" if medium == "pdf" else "woff2"
        style += fonts.font_faces(_letters(html), flavour, composed.language)
    return html.replace(_STYLE, style, 1)


def _letters(html: str) -> str:
    """Every character that a page or the text of its charts may show."""
    encoded = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', html)
    charts = "".join(base64.b64decode(chart).decode() for chart in encoded)
    return html + charts


@lru_cache
def template_environment() -> Environment:
    """Templates that refuse an undefined name and escape what is no markup."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg_uri"] = svg_uri
    return environment


@lru_cache(maxsize=64)
def svg_uri(chart: Chart, size: Size, outlined: bool = True) -> str:
    """A chart as a data URI; its letters outlined, or as text in the packaged font."""
    content = chart.svg(size, outlined=outlined).encode()
    return "data:image/svg+xml;base64," + base64.b64encode(content).decode()


def template_text(name: str) -> str:
    """The text of a file beside the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")
