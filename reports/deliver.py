"""Sends what is due, each mail once. The one module of this room that reads the clock.

A mail is claimed in the ledger's outbox before it is sent. The lock is released by the operating
system when a process dies, so under it a ``claimed`` row was never sent, and a ``sending`` row was
interrupted: whether it went out is settled by the journal of delivered mails.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, Literal, Protocol

from filelock import FileLock

from ledger import Ledger
from programme import Programme, Settings
from reports.addresses import read_address_book
from reports.due import due_mails
from reports.errors import SmtpUnavailableError, UndeliveredError
from reports.posting import Clock, Delivery, Posting

__all__ = ["Delivery", "SmtpSettings", "deliver_due", "require_delivered"]

Security = Literal["none", "starttls", "tls"]
# What to do about a mail whose reason, often the server's own words, does not say it.
_MENDS: Mapping[str, str] = {
    "failed": "correct the address in the address book, or run delivery again",
    "blocked": "look at it with `cxloop report preview`, mend what it names, run delivery again",
    "refused": "correct the address, or add its domain to allowed_domains",
    "in_doubt": "ask the recipient or the mail server, then `cxloop outbox settle`",
}


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
        run = Posting(programme, settings, ledger, clock)
        due = list(due_mails(programme, ledger, book))
        claimed = [found for item in due for found in run.claim(item)]
        if claimed:
            with _connected(smtp) as server:
                run.send(claimed, lambda message: _hand_over(server, message, smtp))
        return run.deliveries


def require_delivered(deliveries: list[Delivery]) -> list[Delivery]:
    """The deliveries, if every mail that is due has gone out.

    Raises:
        UndeliveredError: some did not; names each with its reason and mend. The others are sent,
            and no later run sends them again.
    """
    undelivered = [mail for mail in deliveries if mail.state in _MENDS]
    if undelivered:
        raise UndeliveredError([_with_mend(mail) for mail in undelivered], len(deliveries))
    return deliveries


def _with_mend(mail: Delivery) -> str:
    return str(mail) if "Mend:" in mail.reason else f"{mail}. Mend: {_MENDS[mail.state]}"


def _hand_over(server: smtplib.SMTP, message: EmailMessage, smtp: SmtpSettings) -> str:
    """Give one message to the server; its own words where it refuses, else nothing.

    Raises:
        SmtpUnavailableError: the connection broke, so that nobody knows whether it was taken.
    """
    try:
        server.send_message(message)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
        return _refusal(error)
    except (smtplib.SMTPException, OSError) as error:
        raise SmtpUnavailableError(
            f"mail server {smtp.host}:{smtp.port} broke off while taking the mail to "
            f"{message['To']}: {error}. Mend: run delivery again; the journal settles that mail, "
            "the others are still claimed"
        ) from error
    return ""


def _connected(smtp: SmtpSettings) -> smtplib.SMTP:
    """An open, secured and authenticated connection.

    Raises:
        SmtpUnavailableError: names host, port and the mend.
    """
    context = ssl.create_default_context()
    try:
        if smtp.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                smtp.host, smtp.port, timeout=smtp.timeout_seconds, context=context
            )
        else:
            server = smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_seconds)
        if smtp.security == "starttls":
            server.starttls(context=context)
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


def _is_true(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")
