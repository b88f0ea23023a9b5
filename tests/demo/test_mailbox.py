from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from cli.demo import mailbox as mailbox_module
from cli.demo.mailbox import Mailbox, keep


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with Mailbox(tmp_path / "mail") as running:
        yield running


def mail(identifier: str = "<edition.1@example.com>") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "cx-programme@example.com"
    message["To"] = "shachou@example.jp"
    message["Subject"] = "半期ベンチマーク"
    message["Message-ID"] = identifier
    message.set_content("推奨度が上がりました。\n.\n.. dots\n")
    message.add_attachment(
        bytes(range(256)) * 200, maintype="application", subtype="pdf", filename="報告.pdf"
    )
    return message


def send(port: int, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(message)


def test_a_message_is_kept_whole(mailbox: Mailbox) -> None:
    send(mailbox.port, mail())
    (file,) = mailbox.messages()
    assert file.name == "edition.1@example.com__1.eml"
    kept = message_from_bytes(file.read_bytes(), policy=default)
    assert kept["X-Envelope-To"] == "shachou@example.jp"
    assert kept["Subject"] == "半期ベンチマーク"
    assert kept["Message-ID"] == "<edition.1@example.com>"
    body, attachment = kept.iter_parts()
    # On the wire lines end in CRLF; lines that begin with a dot must survive it.
    assert body.get_content().splitlines() == ["推奨度が上がりました。", ".", ".. dots"]
    assert attachment.get_content() == bytes(range(256)) * 200
    assert attachment.get_filename() == "報告.pdf"


def test_a_doubled_message_shows(mailbox: Mailbox) -> None:
    for _ in range(3):
        send(mailbox.port, mail())
    assert [file.name.rpartition("__")[2] for file in mailbox.messages()] == [
        "1.eml",
        "2.eml",
        "3.eml",
    ]


def test_a_message_is_on_the_disk_before_it_is_acknowledged(mailbox: Mailbox) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=10) as client:
        client.send_message(mail())
        assert len(mailbox.messages()) == 1


def test_a_message_that_cannot_be_kept_is_not_acknowledged(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mailbox_module, "keep", full)
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        send(mailbox.port, mail())
    assert refusal.value.smtp_code == 451
    assert mailbox.messages() == []


def test_a_message_id_cannot_leave_the_directory(tmp_path: Path) -> None:
    file = keep(tmp_path, b"Message-ID: <../../etc/passwd@x>\r\n\r\nhello", recipients=["a@b.c"])
    assert file.parent == tmp_path
    assert "/" not in file.name
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_message_without_an_id_is_kept(tmp_path: Path) -> None:
    assert keep(tmp_path, b"Subject: x\r\n\r\nhello", recipients=[]).name.startswith(
        "no-message-id"
    )


def test_the_server_ends_and_frees_its_port(tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mail") as running:
        port = running.port
    with pytest.raises(OSError, match=r"refused|111"):
        smtplib.SMTP("127.0.0.1", port, timeout=2)


def test_the_process_accepts_mail_and_ends_when_told(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "cli.demo.mailbox", "--directory", str(tmp_path / "mail")]
    with subprocess.Popen([*command, "--port", str(port)]) as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                send(port, mail())
                break
            except OSError:
                time.sleep(0.1)
        process.terminate()
        assert process.wait(15) == 0
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1


@pytest.mark.parametrize("module", ["helpdesk", "mailbox"])
def test_the_processes_say_what_they_are(module: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", f"cli.demo.{module}", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "--port" in run.stdout
