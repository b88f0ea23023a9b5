"""From a frozen edition to files: a self-contained page, a PDF, and a mail to look at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from ledger import Ledger
from programme import Programme, Settings
from programme.benchmarks import Language, Report
from reports.checks import problems
from reports.composing import Composed, compose, page_html, reports_for
from reports.context import read_edition
from reports.errors import ReportError
from reports.mail import Envelope, build_mail, period_of
from reports.pdf import write_pdf


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
class Preview:
    """A report as it would be sent, and what would keep it from being sent.

    Attributes:
        report: Page and PDF.
        mail: The message as an ``.eml`` file.
        problems: What the checks before sending found.
    """

    report: RenderedReport
    mail: Path
    problems: list[str]


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
    return [
        write(compose(programme, settings, edition_id, report_id, language), settings)
        for report_id, report in _declared(programme, settings, edition_id).items()
        for language in report.languages
    ]


def render_due(programme: Programme, settings: Settings, ledger: Ledger) -> list[RenderedReport]:
    """Write every frozen edition that has a declared report; the same bytes each time.

    An edition that cannot be drawn does not keep the others from being written.

    Raises:
        ReportError: at the end, the first edition's failure, with notes about further ones.
    """
    rendered: list[RenderedReport] = []
    failures: list[ReportError] = []
    for edition in ledger.editions():
        if reports_for(programme, edition.kind, edition.subject):
            try:
                rendered += render_edition(programme, settings, edition.edition_id)
            except ReportError as error:
                error.add_note(f"while rendering {edition.edition_id}")
                failures.append(error)
    if failures:
        for other in failures[1:]:
            failures[0].add_note("; ".join([str(other), *other.__notes__]))
        raise failures[0]
    return rendered


def _declared(programme: Programme, settings: Settings, edition_id: str) -> dict[str, Report]:
    edition = read_edition(settings, edition_id).edition
    declared = reports_for(programme, edition.kind, edition.subject)
    if not declared:
        raise ReportError(
            f"no report is declared for {edition.kind} `{edition.subject}`. Mend: add a file with "
            f"`kind: {edition.kind}` to {programme.root / 'reports'}"
        )
    return declared


def write(composed: Composed, settings: Settings) -> RenderedReport:
    """Write a laid-out report's files."""
    settings.reports.mkdir(parents=True, exist_ok=True)
    stem = settings.reports / file_stem(composed)
    html, pdf = stem.with_name(stem.name + ".html"), stem.with_name(stem.name + ".pdf")
    _replace(html, composed.html.encode())
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
    period = period_of(edition.edition_id)
    return f"{composed.report_id}__{edition.subject}__{period}__{composed.language}"


def preview(programme: Programme, settings: Settings, edition_id: str) -> list[Preview]:
    """Write page, PDF and mail of an edition without sending or claiming anything.

    The mail goes to nobody: its recipient is the sender, its date that of the edition's data.
    """
    edition = read_edition(settings, edition_id).edition
    found = []
    for report_id, report in _declared(programme, settings, edition_id).items():
        for language in report.languages:
            composed = compose(programme, settings, edition_id, report_id, language)
            rendered = write(composed, settings)
            roles = programme.company.roles
            role = next(
                (name for name in report.recipients if roles[name].language == language),
                report.recipients[0],
            )
            sender = programme.company.sender
            as_of = datetime.combine(edition.as_of, time(), UTC)
            envelope = Envelope(sender, sender, roles[role].title, as_of)
            mail = rendered.html.with_suffix(".eml")
            message = build_mail(composed, rendered.pdf.read_bytes(), envelope)
            _replace(mail, message.as_bytes())
            found.append(Preview(rendered, mail, problems(composed)))
    return found


def _replace(file: Path, content: bytes) -> None:
    """Write in one step, so that a reader never meets half a file."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(file)
