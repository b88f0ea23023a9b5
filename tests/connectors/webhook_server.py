"""The receiver as a process of its own, and vendors that sign as openssl does."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

REPOSITORY = Path(__file__).resolve().parents[2]
COMPANY = """
name: {en: Test company, ja: 試験会社}
timezone: Asia/Tokyo
currency: JPY
sender: cx@example.com
allowed_domains: [example.com]
roles: {leadership: {title: {en: Leadership, ja: 経営層}, language: en}}
"""
SOURCE = """
description: d
owner: o
system: {system}
entities:
  all:
    webhook: {{}}
    records:
      - {{record: order, fields: {{order_id: delivery_id, ordered_at: received_at}}}}
"""


def hmac_by_openssl(key: bytes, content: bytes, algorithm: str = "sha256") -> bytes:
    """The digest as another implementation makes it."""
    command = ["openssl", "dgst", f"-{algorithm}", "-binary", "-mac", "HMAC"]
    command += ["-macopt", f"hexkey:{key.hex()}"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


@dataclass
class Receiver:
    """`cxloop webhook serve` on a free port, with a programme of its own."""

    root: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    @property
    def home(self) -> Path:
        return Path(self.environment.get("CXLOOP_HOME", str(self.root / "home")))

    def declare(self, **systems: dict[str, Any]) -> None:
        folder = self.root / "programme"
        (folder / "sources").mkdir(parents=True, exist_ok=True)
        (folder / "programme.yml").write_text(COMPANY, encoding="utf-8")
        for name, system in systems.items():
            text = SOURCE.format(system=json.dumps({"kind": "webhook", **system}))
            (folder / "sources" / f"{name}.yml").write_text(text, encoding="utf-8")

    def command(self) -> list[str]:
        return [sys.executable, "-m", "cli", "--verbose", "webhook", "serve", "--port"]

    def settings(self) -> dict[str, str]:
        own = {"CXLOOP_PROGRAMME": str(self.root / "programme"), "CXLOOP_HOME": str(self.home)}
        return {**os.environ, **own, **self.environment}

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command(), str(self.port)],
                cwd=REPOSITORY,
                env=self.settings(),
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/healthz").status_code:
                    return
            except httpx.TransportError:
                assert self.process.poll() is None, self.logged()
                time.sleep(0.05)
        raise AssertionError(self.logged())

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=20)
            self.process = None
        self.client.close()
        self.client = httpx.Client(timeout=30)

    def logged(self) -> str:
        return (self.root / "log").read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, source: str, body: bytes | str, headers: dict[str, str]) -> httpx.Response:
        return self.client.post(f"{self.url}/webhooks/{source}", content=body, headers=headers)

    def kept(self, source: str) -> list[dict[str, Any]]:
        """Every line of every segment, in order."""
        folder = self.home / "webhooks" / source
        paths = [*sorted(folder.glob("*.jsonl")), *sorted(folder.glob("*.open"))]
        return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]
