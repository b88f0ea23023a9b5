"""Sends what is due, each mail once. The one module of this room that reads the clock.

A mail is claimed in the ledger's outbox before it is sent. The lock is released by the operating
system when a process dies, so under it a ``claimed`` row was never sent, and a ``sending`` row was
interrupted: whether it went out is settled by the journal of delivered mails.
"""

from __future__ import annotations

import hashlib
import smtplib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from filelock import FileLock

from ledger import Ledger, OutboxMail
from ledger.errors import LedgerError
from programme import Programme, Settings
from reports.addresses import read_address_book
from reports.checks import problems
from reports.composing import Composed, compose
from reports.context import edition_file
from reports.due import DueMail, due_mails, journal_message_ids
from reports.errors import ReportError, SmtpUnavailableError
from reports.mail import Envelope, build_mail, domain_of, message_id
from reports.rendering import write

State = Literal["sent", "already_sent", "settled", "failed", "blocked", "refused", "in_doubt"]
Security = Literal["none", "starttls", "tls"]
Clock = Callable[[], datetime]


class _Connection(Protocol):
    """What is read of an Airflow connection."""

    host: str | None
    port: int | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """Its extras."""


@dataclass(frozen=True)
class SmtpSettings:
    """Where mail is handed over.

    ``security`` is ``none`` (a server on this machine), ``starttls`` or ``tls``.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Security = "none"
    timeout_seconds: float = 30.0

    @classmethod
    def from_connection(cls, connection: _Connection) -> SmtpSettings:
        """The settings of an Airflow connection of type ``smtp``.

        The extras ``disable_ssl`` and ``disable_tls`` mean what they mean to Airflow's SmtpHook.
        Without ``disable_ssl``, port 465 speaks TLS from the start and any other port STARTTLS.
        """
        extra = connection.extra_dejson
        plain = _is_true(extra.get("disable_tls"))
        port = int(connection.port or 587)
        security: Security = "none" if plain else "starttls"
        if not _is_true(extra.get("disable_ssl")) and (port == 465 or "disable_ssl" in extra):
            security = "tls"
        return cls(
            host=connection.host or "localhost",
            port=port,
            username=connection.login or None,
            password=connection.password or None,
            security=security,
            timeout_seconds=float(extra.get("timeout", 30)),
        )

    def try_connection(self) -> None:
        """Connect, log in and hang up without sending anything.

        Raises:
            SmtpUnavailableError: names host, port and the mend.
        """
        with _connected(self) as server:
            server.noop()


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


def deliver_due(
    programme: Programme,
    settings: Settings,
    ledger: Ledger,
    smtp: SmtpSettings,
    *,
    clock: Clock = lambda: datetime.now(UTC),
) -> list[Delivery]:
    """Send every frozen edition with a declared report to everybody it is meant for, once.

    Raises:
        AddressBookError: a role without an address; nothing is sent.
        SmtpUnavailableError: no connection; claimed mails stay claimed and go with the next run.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.home / "deliver.lock"):
        book = read_address_book(settings.address_book)
        run = _Run(programme, settings, ledger, clock)
        due = list(due_mails(programme, ledger, book))
        claimed = [found for item in due for found in run.claim(item)]
        run.send(claimed, smtp)
        return run.deliveries


class _Run:
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
        self._composed: dict[tuple[str, str, str], Composed | str] = {}
        self._journal: set[str] | None = None

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
        if file.is_file() and _sha256(file) != due.edition.content_hash:
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

    def send(self, claimed: list[tuple[DueMail, OutboxMail]], smtp: SmtpSettings) -> None:
        """Send what was claimed over one connection."""
        if not claimed:
            return
        with _connected(smtp) as server:
            for due, mail in claimed:
                self._send(due, mail, server, smtp)

    def _send(
        self, due: DueMail, mail: OutboxMail, server: smtplib.SMTP, smtp: SmtpSettings
    ) -> None:
        composed = self._prepared(due)
        assert isinstance(composed, Composed)  # noqa: S101 - only prepared mails are claimed
        pdf = write(composed, self._settings).pdf.read_bytes()
        role = self._programme.company.roles[due.role].title
        sender = self._programme.company.sender
        message = build_mail(composed, pdf, Envelope(sender, due.recipient, role, self._clock()))
        sending = self._ledger.mark_sending(mail)
        try:
            server.send_message(message)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
            self._ledger.mark_failed(sending, _refusal(error))
            self._note(due, "failed", mail.message_id, _refusal(error))
            return
        except (smtplib.SMTPException, OSError) as error:
            raise SmtpUnavailableError(
                f"mail server {smtp.host}:{smtp.port} broke off while taking the mail to "
                f"{due.recipient}: {error}. Mend: run delivery again; the journal settles that "
                "mail, the others are still claimed"
            ) from error
        self._ledger.mark_sent(sending, self._clock())
        self._note(due, "sent", mail.message_id)

    def _note(self, due: DueMail, state: State, identity: str = "", reason: str = "") -> None:
        edition_id = due.edition.edition_id
        self.deliveries.append(
            Delivery(edition_id, due.report_id, due.recipient, state, identity, reason)
        )


def _connected(smtp: SmtpSettings) -> smtplib.SMTP:
    """An open, secured and authenticated connection.

    Raises:
        SmtpUnavailableError: names host, port and the mend.
    """
    kind = smtplib.SMTP_SSL if smtp.security == "tls" else smtplib.SMTP
    try:
        server = kind(smtp.host, smtp.port, timeout=smtp.timeout_seconds)
        if smtp.security == "starttls":
            server.starttls()
        if smtp.username is not None:
            server.login(smtp.username, smtp.password or "")
    except (OSError, smtplib.SMTPException) as error:
        raise SmtpUnavailableError(
            f"mail server {smtp.host}:{smtp.port} is not available: {error}. Mend: start it, or "
            "correct host, port and credentials; claimed mails go with the next run"
        ) from error
    return server


def _refusal(error: smtplib.SMTPException) -> str:
    """The server's own words."""
    answers: Mapping[str, tuple[int, bytes]]
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = error.recipients
        return "; ".join(f"{code} {_text(text)}" for code, text in answers.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error)


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_true(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")
