"""Real data, a real mail server, and a chain of DAGs in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from programme import load_programme

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CXLOOP_SHARED", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data sets; tests that need them skip where they are absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no reference data at {SHARED / 'data'}; set CXLOOP_SHARED to run this")
    return SHARED / "data"


@dataclass
class MailServer:
    """A mail server on loopback that writes what it accepts."""

    directory: Path
    port: int

    def messages(self) -> list[EmailMessage]:
        """Everything accepted so far."""
        files = sorted(self.directory.glob("*.eml"))
        return [message_from_bytes(f.read_bytes(), policy=policy.default) for f in files]  # type: ignore[misc]


@contextlib.contextmanager
def mail_server(directory: Path, port: int | None = None) -> Iterator[MailServer]:
    """Run the demo's mail server as a process until the block ends."""
    directory.mkdir(parents=True, exist_ok=True)
    if port is None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = int(listener.getsockname()[1])
    command = [sys.executable, "-m", "cli.demo.mailbox"]
    command += ["--directory", str(directory), "--port", str(port)]
    process = subprocess.Popen(command, cwd=REPOSITORY)
    try:
        for _ in range(150):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield MailServer(directory, port)
    finally:
        process.terminate()
        process.wait(10)


def smtp_connection(port: int) -> str:
    """The Airflow connection of a mail server on loopback, as its environment variable holds it."""
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "cx@example.com", "timeout": 5}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra})


def write_address_book(home: Path, programme: Path) -> Path:
    """One address for each role of the programme, in a domain that it allows."""
    company = load_programme(programme).company
    book = home / "addresses.yml"
    lines = [f"{role}: [{role}@{company.allowed_domains[0]}]" for role in company.roles]
    book.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return book


def run_chain(
    home: Path, *, programme: Path, data_root: Path, load_date: str, smtp_port: int
) -> dict[str, str]:
    """All DAGs of a programme, through ``tests.journey.chain``; DAG id to final state."""
    home.mkdir(parents=True, exist_ok=True)
    book = write_address_book(home, programme)
    environment = os.environ | {
        "CXLOOP_PROGRAMME": str(programme),
        "CXLOOP_DATA_ROOT": str(data_root),
        "CXLOOP_ADDRESS_BOOK": str(book),
        "CXLOOP_HASH_KEY": "a key for tests",
        "AIRFLOW_CONN_SMTP_DEFAULT": smtp_connection(smtp_port),
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.journey.chain"]
    command += ["--home", str(home), "--load-date", load_date]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
    states: dict[str, str] = json.loads(done.stdout.strip().splitlines()[-1])
    return states
