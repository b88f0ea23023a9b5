"""The mail that carries a report: a summary that stands alone, with the PDF attached. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr

import css_inline

from programme.base import Words
from reports.composing import Composed, template_environment, template_text
from reports.layout import Cell, Picture, Table
from reports.wording import plain
from reports.written import period_of


@dataclass(frozen=True)
class Envelope:
    """Who sends to whom, in which role, and when.

    Attributes:
        sender: The company's sender, with or without a display name.
        recipient: One address.
        role: The role in which the recipient gets the report.
        sent_at: For the Date header.
    """

    sender: str
    recipient: str
    role: Words
    sent_at: datetime


def message_id(edition_id: str, recipient: str, sender: str) -> str:
    """The Message-ID of the mail about an edition to a recipient: the same in every attempt."""
    digest = hashlib.sha256(f"{edition_id}\n{recipient.lower()}".encode()).hexdigest()
    return f"<{digest[:40]}@{domain_of(sender)}>"


def domain_of(address: str) -> str:
    """The part of an address behind the @, in lower case; empty where there is none."""
    return parseaddr(address)[1].rpartition("@")[2].lower()


def build_mail(composed: Composed, pdf: bytes, envelope: Envelope) -> EmailMessage:
    """The whole message: plain text, HTML with inline charts, and the PDF."""
    edition = composed.frozen.edition
    pictures = composed.page.mail_charts
    message = EmailMessage(policy=_policy(composed.page.subject))
    identity = message_id(edition.edition_id, envelope.recipient, envelope.sender)
    message["Message-ID"] = identity
    message["Date"] = format_datetime(envelope.sent_at)
    message["From"] = envelope.sender
    message["To"] = Address(addr_spec=envelope.recipient)
    message["Subject"] = composed.page.subject
    message["Content-Language"] = composed.language
    message["Auto-Submitted"] = "auto-generated"
    message["X-Cxloop-Edition"] = edition.edition_id
    message.set_content(mail_text(composed, envelope), cte="base64")
    message.add_alternative(mail_html(composed, envelope), subtype="html", cte="base64")
    parts = message.get_payload()
    assert isinstance(parts, list)  # noqa: S101 - add_alternative made it multipart
    page = parts[1]
    assert isinstance(page, EmailMessage)  # noqa: S101 - as above
    for picture in pictures:
        page.add_related(
            picture.chart.png(),
            "image",
            "png",
            cid=f"<{content_id(picture)}>",
            disposition="inline",
            filename=f"{picture.chart.name}.png",
        )
    message.add_attachment(
        pdf, maintype="application", subtype="pdf", filename=attachment_name(composed)
    )
    _fix_boundaries(message, identity)
    return message


def _policy(subject: str) -> EmailPolicy[EmailMessage]:
    """SMTP's rules; an ASCII subject stays on one line, which folding would begin with a space."""
    return policy.SMTP.clone(max_line_length=998) if subject.isascii() else policy.SMTP


def content_id(picture: Picture) -> str:
    """How the HTML names an inline chart."""
    return f"{picture.chart.name}@charts.cxloop"


def attachment_name(composed: Composed) -> str:
    """The PDF's name: subject, period, language; ASCII, so that every mail client keeps it."""
    edition = composed.frozen.edition
    return f"{edition.subject}_{period_of(edition.edition_id)}_{composed.language}.pdf"


def mail_html(composed: Composed, envelope: Envelope) -> str:
    """The HTML part, with every style inlined."""
    template = template_environment().get_template("mail.html.j2")
    text = template.render(
        **_values(composed, envelope),
        stylesheet=template_text("mail.css"),
        cid=content_id,
    )
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True).inline(text)


def mail_text(composed: Composed, envelope: Envelope) -> str:
    """The plain-text part."""
    template = template_environment().get_template("mail.txt.j2")
    table = composed.page.mail_table
    text = template.render(
        **_values(composed, envelope), lines=list(_table_lines(table)) if table else []
    )
    tidy = re.sub(r"\n{3,}", "\n\n", plain_lines(text))
    return tidy.strip() + "\n"


def plain_lines(text: str) -> str:
    """Every line without its tags; line ends are kept."""
    return "\n".join(plain(line) for line in text.split("\n"))


def _values(composed: Composed, envelope: Envelope) -> dict[str, object]:
    edition, words = composed.frozen.edition, composed.words
    if edition.kind == "benchmark":
        greeting = words.say("mail.greeting_benchmark", wave=words.figure("/wave", "wave"))
    else:
        greeting = words.say("mail.greeting_experiment", title=composed.page.title)
    return {
        "page": composed.page,
        "language": composed.language,
        "greeting": greeting,
        "preheader": words.say("mail.preheader"),
        "attached": words.say("mail.attached", name=attachment_name(composed)),
        "why": words.say("mail.why", role=words.in_language(envelope.role)),
        "edition_line": words.say("mail.edition", edition=edition.edition_id),
        "labels": {"change": words.say("page.change")},
    }


def _table_lines(table: Table) -> Iterator[str]:
    """A table as indented lines: the first cell, then each column with its heading."""
    for row in table.rows:
        if row.heading:
            yield f"\n[{plain(row.cells[0].text)}]"
            continue
        first, *rest = row.cells
        yield f"- {plain(first.text)}: " + _joined(rest)


def _joined(cells: Sequence[Cell]) -> str:
    shown = []
    for cell in cells:
        note = f" ({plain(cell.note)})" if cell.note else ""
        shown.append(f"{plain(cell.text)}{note}")
    return " | ".join(shown)


def _fix_boundaries(message: EmailMessage, identity: str) -> None:
    """Boundaries from the Message-ID instead of chance: the same mail is the same bytes."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            digest = hashlib.sha256(f"{identity}{number}".encode()).hexdigest()
            part.set_boundary(f"=_{digest[:32]}")
