"""The demo company's systems around the programme: helpdesk API, mail server, address book."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from cli.demo.airflow_stack import MARK, AirflowStackError, end_with_parent, free_ports

# Example domains only: no mail of the demo could reach anybody even if it left the machine.
ADDRESS_BOOK = """\
# Who holds which role. This file lies outside the programme: a programme is reviewed in git and
# names roles, never people.
leadership: [shachou@example.jp]
leadership_global: [board@example.com]
product: [product@example.jp]
data_engineering: [data@example.com]
"""


@dataclass
class DemoSystems:
    """Processes and files of the demo company in ``home``."""

    home: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.helpdesk_port, self.smtp_port = free_ports(2)
        self._secrets = self._kept_secrets()

    @property
    def mail(self) -> Path:
        """Where the mail server writes each message as an ``.eml`` file."""
        return self.home / "mail"

    @property
    def settings(self) -> dict[str, str]:
        """The ``CXLOOP_*`` variables that point a programme at these systems."""
        return {
            "CXLOOP_HOME": str(self.home),
            "CXLOOP_DATA_ROOT": str(self.home / "systems"),
            "CXLOOP_ADDRESS_BOOK": str(self.home / "addresses.yml"),
            "CXLOOP_MAIL_JOURNAL": str(self.mail),
            "CXLOOP_HASH_KEY": self._secrets["hash_key"],
            "CXLOOP_HELPDESK_URL": f"http://127.0.0.1:{self.helpdesk_port}",
            "CXLOOP_HELPDESK_TOKEN": self._secrets["helpdesk_token"],
            "CXLOOP_INGEST_SCHEDULE": "manual",
            "CXLOOP_RETRY_SECONDS": "2",
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(self._smtp_connection()),
        }

    def start(self, *, patience_seconds: float = 60.0) -> None:
        """Start the helpdesk API and the mail server; returns when both accept connections."""
        self.mail.mkdir(parents=True, exist_ok=True)
        book = self.home / "addresses.yml"
        if not book.exists():
            book.write_text(ADDRESS_BOOK, encoding="utf-8")
        database = self.home / "systems" / "helpdesk.sqlite"
        self._start("helpdesk", "--database", database, "--port", self.helpdesk_port)
        self._start("mailbox", "--directory", self.mail, "--port", self.smtp_port)
        for name, port in (("helpdesk", self.helpdesk_port), ("mailbox", self.smtp_port)):
            self._wait_for(name, port, time.monotonic() + patience_seconds)

    def stop(self) -> None:
        """End both processes."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()
        self.processes.clear()

    def _smtp_connection(self) -> dict[str, object]:
        extra = {"disable_ssl": True, "disable_tls": True, "timeout": 10}
        host = {"conn_type": "smtp", "host": "127.0.0.1", "port": self.smtp_port}
        return host | {"extra": extra | {"from_email": "cx-programme@example.com"}}

    def _kept_secrets(self) -> dict[str, str]:
        """Kept between runs: a new hash key would turn every customer into another one."""
        file = self.home / "secrets.json"
        if not file.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            made = {name: secrets.token_urlsafe(24) for name in ("hash_key", "helpdesk_token")}
            file.write_text(json.dumps(made))
        kept: dict[str, str] = json.loads(file.read_text())
        return kept

    def _start(self, name: str, *arguments: object) -> None:
        log = self.home / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {
            "CXLOOP_HELPDESK_TOKEN": self._secrets["helpdesk_token"],
            MARK: str(self.home / "airflow"),
        }
        with log.open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", f"cli.demo.{name}", *map(str, arguments)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def _wait_for(self, name: str, port: int, deadline: float) -> None:
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.2)
        log = self.home / "logs" / f"{name}.log"
        raise AirflowStackError(f"the demo's {name} did not start; see {log}")
