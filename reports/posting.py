"""One pass over the mails that are due: claim, settle what was interrupted, hand over, mark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Literal

from ledger import Ledger, OutboxMail
from ledger.errors import LedgerError
from programme import Programme, Settings
from programme.benchmarks import Language
from reports.checks import problems
from reports.composing import Composed, compose
from reports.context import edition_file
from reports.due import DueMail, journal_message_ids
from reports.errors import ReportError
from reports.mail import Envelope, build_mail, domain_of, message_id
from reports.rendering import write
from reports.written import is_current, maker_of, place_of, sha256_of

State = Literal["sent", "already_sent", "settled", "failed", "blocked", "refused", "in_doubt"]
Clock = Callable[[], datetime]
Key = tuple[str, str, Language]
# Gives a message to the mail server; returns the server's refusal, or nothing where it took it.
HandOver = Callable[[EmailMessage], str]


@dataclass(frozen=True)
class Delivery:
    """What became of one mail.

    Attributes:
        edition_id: The edition.
        report_id: The declared report.
        recipient: The address.
        state: ``sent`` now; ``already_sent`` before; ``settled``: an interrupted one that the
            journal holds; ``failed``: the server refused, the next run tries again; ``blocked``: a
            check before sending found something; ``refused``: domain not allowed; ``in_doubt``:
            interrupted, and there is no journal.
        message_id: Of the mail; empty where none was made.
        reason: Why, for the last four.
    """

    edition_id: str
    report_id: str
    recipient: str
    state: State
    message_id: str = ""
    reason: str = ""

    def __str__(self) -> str:
        told = f": {self.reason}" if self.reason else ""
        return f"{self.edition_id} to {self.recipient}: {self.state}{told}"


class Posting:
    """One pass under the lock."""

    def __init__(
        self, programme: Programme, settings: Settings, ledger: Ledger, clock: Clock
    ) -> None:
        self.deliveries: list[Delivery] = []
        self._programme = programme
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._outbox = {(mail.edition_id, mail.recipient): mail for mail in ledger.outbox()}
        self._composed: dict[Key, Composed | str] = {}
        self._pdfs: dict[Key, bytes] = {}
        self._journal: set[str] | None = None
        self._maker = maker_of(programme)

    # claiming ----------------------------------------------------------------

    def claim(self, due: DueMail) -> Iterator[tuple[DueMail, OutboxMail]]:
        """Take a mail for sending, unless it is sent, settled, blocked, refused or in doubt."""
        mail = self._outbox.get((due.edition.edition_id, due.recipient.lower()))
        if mail is not None and mail.state == "sent":
            self._note(due, "already_sent", mail.message_id)
            return
        if mail is not None and mail.state == "sending" and self._settle(due, mail):
            return
        allowed = [domain.lower() for domain in self._programme.company.allowed_domains]
        if domain_of(due.recipient) not in allowed:
            reason = (
                f"domain `{domain_of(due.recipient)}` is not allowed (role `{due.role}` in "
                f"{self._settings.address_book}). Mend: correct the address, or add the domain to "
                f"allowed_domains in {self._programme.root / 'programme.yml'}"
            )
            self._note(due, "refused", "", reason)
            return
        report = self._prepared(due)
        if isinstance(report, str):
            self._note(due, "blocked", "", report)
            return
        try:
            yield due, self._claimed(due)
        except LedgerError as error:
            self._note(due, "blocked", "", str(error))

    def _claimed(self, due: DueMail) -> OutboxMail:
        sender = self._programme.company.sender
        return self._ledger.claim(
            due.edition.edition_id,
            due.recipient,
            language=due.language,
            content_hash=due.edition.content_hash,
            message_id=message_id(due.edition.edition_id, due.recipient, sender),
            now=self._clock(),
        )

    def _settle(self, due: DueMail, mail: OutboxMail) -> bool:
        """Whether an interrupted mail needs no sending; the journal knows, or nobody does."""
        if self._settings.mail_journal is None:
            reason = (
                "sending was interrupted and there is no journal of delivered mail to look in. "
                f"Mend: ask {due.recipient} or the mail server, then `cxloop outbox settle`"
            )
            self._note(due, "in_doubt", mail.message_id, reason)
            return True
        if self._journal is None:
            self._journal = journal_message_ids(self._settings.mail_journal)
        if mail.message_id in self._journal:
            self._ledger.mark_sent(mail, self._clock())
            self._note(due, "settled", mail.message_id)
            return True
        return False

    def _prepared(self, due: DueMail) -> Composed | str:
        """The laid-out report, or why it must not be sent."""
        key = (due.edition.edition_id, due.report_id, due.language)
        if key not in self._composed:
            self._composed[key] = self._prepare(due)
        return self._composed[key]

    def _prepare(self, due: DueMail) -> Composed | str:
        edition_id = due.edition.edition_id
        file = edition_file(self._settings, edition_id)
        if file.is_file() and sha256_of(file) != due.edition.content_hash:
            return (
                f"{file} is not the edition that was frozen. Mend: restore it from the archive; "
                "a changed content is a new revision"
            )
        try:
            composed = compose(
                self._programme, self._settings, edition_id, due.report_id, due.language
            )
            found = problems(composed)
        except ReportError as error:
            return str(error)
        return "; ".join(found) if found else composed

    # sending -----------------------------------------------------------------

    def send(self, claimed: list[tuple[DueMail, OutboxMail]], hand_over: HandOver) -> None:
        """Hand over what was claimed, each mail between its two marks in the outbox."""
        for due, mail in claimed:
            message = self._message(due)
            sending = self._ledger.mark_sending(mail)
            refusal = hand_over(message)
            if refusal:
                self._ledger.mark_failed(sending, refusal)
                self._note(due, "failed", mail.message_id, refusal)
            else:
                self._ledger.mark_sent(sending, self._clock())
                self._note(due, "sent", mail.message_id)

    def _message(self, due: DueMail) -> EmailMessage:
        composed = self._prepared(due)
        assert isinstance(composed, Composed)  # noqa: S101 - only prepared mails are claimed
        pdf = self._pdf(due, composed)
        company = self._programme.company
        role = company.roles[due.role].title
        envelope = Envelope(company.sender, due.recipient, role, self._clock())
        return build_mail(composed, pdf, envelope)

    def _pdf(self, due: DueMail, composed: Composed) -> bytes:
        """The report's PDF; the one that stands, where it is current."""
        key = (due.edition.edition_id, due.report_id, due.language)
        if key not in self._pdfs:
            place = place_of(self._settings, *key, content_hash=composed.frozen.content_hash)
            if not is_current(place, self._maker):
                place = write(composed, self._programme, self._settings)
            self._pdfs[key] = place.pdf.read_bytes()
        return self._pdfs[key]

    def _note(self, due: DueMail, state: State, identity: str = "", reason: str = "") -> None:
        edition_id = due.edition.edition_id
        self.deliveries.append(
            Delivery(edition_id, due.report_id, due.recipient, state, identity, reason)
        )
