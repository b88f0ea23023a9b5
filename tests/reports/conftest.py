"""A company, its frozen editions, its ledger, and a mail server that writes what it takes."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from ledger import Edition, Ledger
from programme import Programme, Settings
from reports.composing import Composed, compose
from reports.deliver import SmtpSettings
from tests.reports.fixtures import company as companies
from tests.reports.fixtures import editions as fixtures


@dataclass
class Post:
    """An SMTP sink: every mail it takes becomes an ``.eml`` in the journal."""

    journal: Path
    smtp: SmtpSettings
    refused: set[str] = field(default_factory=set)

    @property
    def mails(self) -> list[Path]:
        return sorted(self.journal.glob("*.eml"))

    @property
    def parsed(self) -> list[Message]:
        return [message_from_bytes(file.read_bytes()) for file in self.mails]


class Sink:
    """Handler of the test server."""

    def __init__(self) -> None:
        self.post: Post | None = None

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        assert self.post is not None
        if address in self.post.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert self.post is not None
        number = len(self.post.mails)
        (self.post.journal / f"{number:04d}.eml").write_bytes(envelope.original_content or b"")
        return "250 OK"


@pytest.fixture
def programme(tmp_path: Path) -> Programme:
    return companies.company(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return companies.settings(tmp_path)


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    return Ledger.open(settings.ledger_url)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sink = Sink()
    journal = tmp_path / "journal"
    journal.mkdir()
    sink.post = Post(journal, SmtpSettings("127.0.0.1", port, timeout_seconds=10))
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    yield sink.post
    controller.stop()


Freeze = Callable[[dict[str, Any]], str]


@pytest.fixture
def freeze(settings: Settings, ledger: Ledger) -> Freeze:
    """Freeze an edition as the analysis does: file first, then the ledger."""

    def frozen(content: dict[str, Any]) -> str:
        file = fixtures.write(content, settings.editions)
        parts = content["edition_id"].split("/")
        ledger.freeze(
            Edition(
                edition_id=content["edition_id"],
                kind=content["kind"],
                subject=content["subject"],
                period=parts[2] if content["kind"] == "benchmark" else "2026H1",
                revision=int(parts[-1].removeprefix("r")),
                state=content["state"],
                as_of=date(2026, 7, 5),
                content_hash=hashlib.sha256(file.read_bytes()).hexdigest(),
                inputs_hash=content["inputs_hash"],
                code_version=content["code_version"],
                seed=content["seed"],
            )
        )
        return str(content["edition_id"])

    return frozen


Lay = Callable[..., Composed]


@pytest.fixture
def lay(programme: Programme, settings: Settings) -> Lay:
    """Lay out an edition without a ledger."""

    def composed(content: dict[str, Any], language: Any = "en") -> Composed:
        fixtures.write(content, settings.editions)
        report = "half_year_benchmark" if content["kind"] == "benchmark" else "test_results"
        return compose(programme, settings, content["edition_id"], report, language)

    return composed
