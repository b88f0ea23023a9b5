"""From a frozen edition to files: a self-contained page, a PDF, and a mail to look at."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from programme import Programme, Settings
from programme.benchmarks import Language, Report
from reports import fonts
from reports.benchmark_page import benchmark_page
from reports.charts import Chart, Size
from reports.context import BenchmarkEdition, FrozenEdition, read_edition, with_question_kinds
from reports.errors import ReportError
from reports.experiment_page import experiment_page
from reports.layout import Page
from reports.pdf import write_pdf
from reports.wording import Wording, plain

TEMPLATES = Path(__file__).parent / "templates"
Medium = Literal["page", "pdf"]


@dataclass(frozen=True)
class RenderedReport:
    """One report of one edition in one language, as files.

    Attributes:
        edition_id: The frozen edition.
        report_id: The declared report.
        language: Of the text.
        html: The self-contained page.
        pdf: The same for printing; attached to the mail.
        content_hash: SHA-256 of the frozen edition that it says.
    """

    edition_id: str
    report_id: str
    language: Language
    html: Path
    pdf: Path
    content_hash: str


@dataclass(frozen=True)
class Composed:
    """A report laid out, before it becomes files."""

    frozen: FrozenEdition
    report_id: str
    language: Language
    words: Wording
    page: Page


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
    words = Wording(frozen, language)
    edition = frozen.edition
    if isinstance(edition, BenchmarkEdition):
        page = benchmark_page(edition, words, programme.company)
    else:
        page = experiment_page(edition, words, programme.company)
    return Composed(frozen, report_id, language, words, page)


def render_edition(
    programme: Programme, settings: Settings, edition_id: str
) -> list[RenderedReport]:
    """Write page and PDF of every declared report of an edition, in each of its languages.

    Files are ``<report>__<subject>__<period>__<language>.html`` and ``.pdf`` in
    ``settings.reports``; rendering again gives the same bytes.

    Raises:
        EditionUnreadableError: the edition's file is missing or damaged.
        ReportError: no report is declared for it, or it cannot be drawn; names the mend.
    """
    edition = read_edition(settings, edition_id).edition
    declared = reports_for(programme, edition.kind, edition.subject)
    if not declared:
        raise ReportError(
            f"no report is declared for {edition.kind} `{edition.subject}`. Mend: add a file with "
            f"`kind: {edition.kind}` to {programme.root / 'reports'}"
        )
    return [
        write(compose(programme, settings, edition_id, report_id, language), settings)
        for report_id, report in declared.items()
        for language in report.languages
    ]


def write(composed: Composed, settings: Settings) -> RenderedReport:
    """Write a laid-out report's files."""
    settings.reports.mkdir(parents=True, exist_ok=True)
    stem = settings.reports / file_stem(composed)
    html, pdf = stem.with_name(stem.name + ".html"), stem.with_name(stem.name + ".pdf")
    page = page_html(composed, "page")
    _replace(html, page.encode())
    _replace(pdf, write_pdf(page_html(composed, "pdf"), composed.frozen.content_hash))
    edition = composed.frozen.edition
    return RenderedReport(
        edition.edition_id,
        composed.report_id,
        composed.language,
        html,
        pdf,
        composed.frozen.content_hash,
    )


def file_stem(composed: Composed) -> str:
    """``<report>__<subject>__<period>__<language>``."""
    edition = composed.frozen.edition
    period = edition.edition_id.split("/", 2)[2].replace("/", "-")
    return f"{composed.report_id}__{edition.subject}__{period}__{composed.language}"


def page_html(composed: Composed, medium: Medium) -> str:
    """The page as self-contained HTML."""
    environment = template_environment()
    template = environment.get_template("page.html.j2")
    values: dict[str, Any] = {
        "page": composed.page,
        "language": composed.language,
        "medium": medium,
        "labels": {"change": composed.words.say("page.change")},
    }
    face = ""
    if medium == "pdf" or composed.language == "ja":
        text = plain(template.render(**values, stylesheet=""))
        flavour: fonts.Flavour = "ttf" if medium == "pdf" else "woff2"
        source = fonts.subset_data_uri(text, flavour)
        face = f"@font-face{{font-family:'CX Gothic';src:url({source})}}"
    style = template_text("base.css") + template_text(f"{medium}.css") + face
    return template.render(**values, stylesheet=Markup(style))


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
def svg_uri(chart: Chart, size: Size) -> str:
    """A chart as a data URI."""
    return "data:image/svg+xml;base64," + base64.b64encode(chart.svg(size).encode()).decode()


def template_text(name: str) -> str:
    """The text of a file beside the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _replace(file: Path, content: bytes) -> None:
    """Write in one step, so that a reader never meets half a file."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(file)
