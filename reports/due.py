"""Which mails should exist, and which are known to have gone out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path

from ledger import Edition, Ledger
from programme import Programme
from programme.benchmarks import Language
from reports.addresses import AddressBook
from reports.composing import reports_for


@dataclass(frozen=True)
class DueMail:
    """One mail that should exist."""

    edition: Edition
    report_id: str
    role: str
    recipient: str
    language: Language


def due_mails(programme: Programme, ledger: Ledger, book: AddressBook) -> Iterator[DueMail]:
    """Each edition and recipient once; the first role a person holds decides the language.

    Of each benchmark only the newest edition is due: an older wave frozen by hand is there to be
    read, and nobody should take it for news.
    """
    for edition in _news(ledger.editions()):
        seen: set[str] = set()
        for report_id, report in reports_for(programme, edition.kind, edition.subject).items():
            for role in report.recipients:
                wanted = programme.company.roles[role].language
                language = wanted if wanted in report.languages else report.languages[0]
                for address in book.of(role):
                    if address.lower() not in seen:
                        seen.add(address.lower())
                        yield DueMail(edition, report_id, role, address, language)


def _news(editions: Sequence[Edition]) -> list[Edition]:
    newest: dict[str, tuple[str, int]] = {}
    for edition in editions:
        if edition.kind == "benchmark":
            age = (edition.period, edition.revision)
            newest[edition.subject] = max(age, newest.get(edition.subject, age))
    return [
        edition
        for edition in editions
        if edition.kind != "benchmark"
        or (edition.period, edition.revision) == newest[edition.subject]
    ]


def journal_message_ids(journal: Path) -> set[str]:
    """The Message-IDs of every mail in a journal directory, at any depth."""
    parser = BytesHeaderParser()
    found = set()
    for file in sorted(journal.rglob("*")):
        if file.is_file():
            with file.open("rb") as content:
                found.add(str(parser.parse(content).get("Message-ID", "")).strip())
    return found - {""}
