"""The demo company's mail server: keeps every message it accepts as one ``.eml`` file.

A message is on the disk before it is acknowledged, so that a sender that was told "accepted" finds
it there after any crash. A message that arrives twice is kept twice: a doubled mail shows.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import signal
import socket
import threading
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller

_UNSAFE = re.compile(r"[^A-Za-z0-9.@_-]+")
_LARGEST_MESSAGE = 32 * 1024 * 1024


class Mailbox:
    """A mail server on loopback, with a free port unless one is given.

    Example:
        >>> with Mailbox(Path("mail")) as mailbox:  # doctest: +SKIP
        ...     smtplib.SMTP("127.0.0.1", mailbox.port).send_message(message)
        ...     mailbox.messages()
    """

    def __init__(self, directory: Path, *, port: int = 0) -> None:
        self.directory = directory
        self.port = port or _free_port()
        self._controller: Any = None

    def start(self) -> Mailbox:
        """Accept mail from now on; returns when connections are accepted."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(
            Keeper(self.directory),
            hostname="127.0.0.1",
            port=self.port,
            data_size_limit=_LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
        )
        self._controller.start()
        return self

    def stop(self) -> None:
        """Accept no more mail."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def messages(self) -> list[Path]:
        """Every message kept, in order of the file names."""
        return sorted(self.directory.glob("*.eml"))

    def __enter__(self) -> Mailbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Keeper:
    """Writes each message before it is acknowledged."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep one message; the answer to the sender follows the write."""
        try:
            keep(self.directory, envelope.content, recipients=list(envelope.rcpt_tos))
        except OSError as error:
            return f"451 not kept: {error.strerror}"
        return "250 kept"


def keep(directory: Path, content: bytes, *, recipients: list[str]) -> Path:
    """Write one message as ``<message id>__<n>.eml``, where n counts its arrivals from 1.

    The envelope's recipients stand before the message as ``X-Envelope-To``.
    """
    stem = _stem(content)
    head = f"X-Envelope-To: {', '.join(recipients)}\r\n".encode()
    temporary = directory / f".{stem}.{os.getpid()}.{threading.get_ident()}.tmp"
    with temporary.open("wb") as stream:
        stream.write(head + content)
        stream.flush()
        os.fsync(stream.fileno())
    number = 1
    while True:
        target = directory / f"{stem}__{number}.eml"
        try:
            # A link fails where a file stands already, so no arrival can replace another.
            os.link(temporary, target)
        except FileExistsError:
            number += 1
            continue
        break
    temporary.unlink()
    _sync(directory)
    return target


def _stem(content: bytes) -> str:
    message = message_from_bytes(content, policy=default)
    identifier = str(message.get("Message-ID", "")).strip().strip("<>")
    if not identifier:
        identifier = "no-message-id-" + hashlib.sha256(content).hexdigest()[:16]
    return _UNSAFE.sub("_", identifier)[:180]


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Keep mail until the process is told to end, on the loopback interface only."""
    parser = argparse.ArgumentParser(prog="python -m cli.demo.mailbox", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where .eml files are kept")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with Mailbox(options.directory, port=options.port):
        ended.wait()


if __name__ == "__main__":
    main()
