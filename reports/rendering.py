"""From a frozen edition to files: a self-contained page, a PDF, and a mail to look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from ledger import Ledger
from programme import Programme, Settings
from programme.benchmarks import Report
from reports.checks import problems
from reports.composing import Composed, compose, page_html, reports_for
from reports.context import edition_file, read_edition
from reports.errors import ReportError
from reports.mail import Envelope, build_mail
from reports.pdf import write_pdf
from reports.written import (
    RenderedReport,
    is_current,
    keep,
    maker_of,
    place_of,
    replace,
    sha256_of,
)

__all__ = ["Preview", "RenderedReport", "preview", "render_due", "render_edition", "write"]


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
    ``settings.reports``, with a ``.json`` that says from what they were made; files that are
    current are left alone.

    Raises:
        EditionUnreadableError: the edition's file is missing or damaged.
        ReportError: no report is declared for it, or it cannot be drawn; names the mend.
    """
    kind, subject, *_ = edition_id.split("/")
    declared = reports_for(programme, kind, subject) or _declared(programme, settings, edition_id)
    file, maker = edition_file(settings, edition_id), maker_of(programme)
    content_hash = sha256_of(file) if file.is_file() else ""
    rendered = []
    for report_id, report in declared.items():
        for language in report.languages:
            place = place_of(settings, edition_id, report_id, language, content_hash=content_hash)
            if not is_current(place, maker):
                composed = compose(programme, settings, edition_id, report_id, language)
                place = write(composed, programme, settings)
            rendered.append(place)
    return rendered


def render_due(programme: Programme, settings: Settings, ledger: Ledger) -> list[RenderedReport]:
    """Write every frozen edition that has a declared report, unless its files are current.

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


def write(composed: Composed, programme: Programme, settings: Settings) -> RenderedReport:
    """Write a laid-out report's files."""
    place = place_of(
        settings,
        composed.frozen.edition.edition_id,
        composed.report_id,
        composed.language,
        content_hash=composed.frozen.content_hash,
    )
    pdf = write_pdf(page_html(composed, "pdf"), composed.frozen.content_hash)
    keep(place, maker_of(programme), page=composed.html.encode(), pdf=pdf)
    return place


def preview(programme: Programme, settings: Settings, edition_id: str) -> list[Preview]:
    """Write page, PDF and mail of an edition without sending or claiming anything.

    The mail goes to nobody: its recipient is the sender, its date that of the edition's data.
    """
    edition = read_edition(settings, edition_id).edition
    found = []
    for report_id, report in _declared(programme, settings, edition_id).items():
        for language in report.languages:
            composed = compose(programme, settings, edition_id, report_id, language)
            rendered = write(composed, programme, settings)
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
            replace(mail, message.as_bytes())
            found.append(Preview(rendered, mail, problems(composed)))
    return found
