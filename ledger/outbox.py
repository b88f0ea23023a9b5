"""The outbox's rules: one mail per edition and recipient, and no step back from ``sent``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, update

from ledger.entries import MailState, OutboxMail, in_utc
from ledger.errors import (
    ContentChangedError,
    DuplicateMessageIdError,
    OutboxStateError,
    UnknownEditionError,
)
from ledger.tables import editions, outbox


def claimed(
    edition_id: str,
    recipient: str,
    *,
    language: str,
    content_hash: str,
    message_id: str,
    now: datetime,
) -> OutboxMail:
    """A mail not yet sent. The address in lower case, so that two spellings are one recipient."""
    return OutboxMail(
        edition_id=edition_id,
        recipient=recipient.strip().lower(),
        language=language,
        content_hash=content_hash,
        message_id=message_id,
        state="claimed",
        attempts=0,
        reason=None,
        claimed_at=in_utc(now),
        sent_at=None,
    )


def refuse(connection: Connection, mail: OutboxMail) -> None:
    """Raise by name what the table's constraints would refuse with a number."""
    known = select(editions.c.edition_id).where(editions.c.edition_id == mail.edition_id)
    if connection.execute(known).first() is None:
        raise UnknownEditionError(
            f"edition `{mail.edition_id}` was never frozen", "freeze it first; see `report list`"
        )
    same = select(outbox).where(outbox.c.message_id == mail.message_id)
    row = connection.execute(same).mappings().first()
    if row is not None and (row["edition_id"], row["recipient"]) != _key(mail):
        raise DuplicateMessageIdError(
            f"Message-ID {mail.message_id} belongs to the mail about `{row['edition_id']}` "
            f"to {row['recipient']}",
            "derive the Message-ID from the edition and the recipient",
        )


def kept(connection: Connection, mail: OutboxMail) -> OutboxMail:
    """The claimed row as it stands; raises ContentChangedError where its content is another."""
    row = _row(connection, mail)
    if row.content_hash != mail.content_hash:
        raise ContentChangedError(
            f"the mail about `{mail.edition_id}` to {mail.recipient} was claimed with content "
            f"{row.content_hash[:12]} and is now {mail.content_hash[:12]}",
            "send a changed content as a new revision of the edition",
        )
    return row


def sending(connection: Connection, mail: OutboxMail) -> OutboxMail:
    """Claimed, failed or in doubt → sending, with one more attempt."""
    values = {"state": "sending", "attempts": outbox.c.attempts + 1, "reason": None}
    return _step(connection, mail, values, origins=("claimed", "failed", "sending"))


def sent(connection: Connection, mail: OutboxMail, now: datetime) -> OutboxMail:
    """Sending → sent; a mail that is sent already stays as it is."""
    values = {"state": "sent", "sent_at": in_utc(now), "reason": None}
    return _step(connection, mail, values, origins=("sending",), settled=("sent",))


def failed(connection: Connection, mail: OutboxMail, reason: str) -> OutboxMail:
    """Anything but sent → failed, with the reason."""
    values = {"state": "failed", "reason": reason}
    return _step(connection, mail, values, origins=("claimed", "sending", "failed"))


def mails(connection: Connection, edition_id: str | None) -> list[OutboxMail]:
    """Every mail (of one edition), by edition and recipient."""
    query = select(outbox).order_by(outbox.c.edition_id, outbox.c.recipient)
    if edition_id is not None:
        query = query.where(outbox.c.edition_id == edition_id)
    return [OutboxMail(**row) for row in connection.execute(query).mappings()]


def _step(
    connection: Connection,
    mail: OutboxMail,
    values: dict[str, Any],
    *,
    origins: Sequence[MailState],
    settled: Sequence[MailState] = (),
) -> OutboxMail:
    change = update(outbox).where(_is(mail), outbox.c.state.in_(origins)).values(values)
    moved = connection.execute(change).rowcount
    row = _row(connection, mail)
    if not moved and row.state not in settled:
        raise OutboxStateError(
            f"the mail about `{mail.edition_id}` to {mail.recipient} is `{row.state}` "
            f"and cannot become `{values['state']}`",
            "read the outbox again before acting on it: `cxloop outbox list`",
        )
    return row


def _key(mail: OutboxMail) -> tuple[str, str]:
    return mail.edition_id, mail.recipient


def _is(mail: OutboxMail) -> ColumnElement[bool]:
    return and_(outbox.c.edition_id == mail.edition_id, outbox.c.recipient == mail.recipient)


def _row(connection: Connection, mail: OutboxMail) -> OutboxMail:
    row = connection.execute(select(outbox).where(_is(mail))).mappings().first()
    if row is None:
        raise OutboxStateError(
            f"no mail about `{mail.edition_id}` to {mail.recipient} was claimed",
            "claim the mail before sending it",
        )
    return OutboxMail(**row)
