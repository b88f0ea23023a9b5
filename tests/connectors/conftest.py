"""A programme, a lake and an API on the loopback interface, made anew for each test."""

from __future__ import annotations

import contextlib
import json
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.extraction import ExtractSummary, extract
from connectors.landing import LandSummary, land
from connectors.records import RECORDS
from ledger import Load
from programme import Programme, Settings, load_programme

DAY = date(2026, 7, 5)

_COMPANY = """
name: {en: Test company, ja: 試験会社}
timezone: Asia/Tokyo
currency: JPY
sender: cx@example.com
allowed_domains: [example.com]
roles: {leadership: {title: {en: Leadership, ja: 経営層}, language: en}}
"""
_SURVEY = """
title: {en: Service, ja: サービス}
owner: cx
is_relational: false
touchpoint: support
journey_stage: use
questions:
  satisfaction:
    kind: csat
    scale_min: 1
    scale_max: 5
    is_high_good: true
    wording: {en: How satisfied?, ja: 満足度}
  effort:
    kind: ces
    scale_min: 1
    scale_max: 7
    is_high_good: false
    wording: {en: How hard?, ja: 手間}
  likelihood:
    kind: nps
    scale_min: 0
    scale_max: 10
    is_high_good: true
    wording: {en: How likely?, ja: 推奨度}
  comment:
    kind: comment
    wording: {en: Why?, ja: 理由}
"""


@dataclass
class FakeLedger:
    """The methods that landing needs."""

    entries: dict[tuple[str, date], Load] = field(default_factory=dict)
    calls: int = 0

    def record_load(self, load: Load) -> None:
        self.calls += 1
        self.entries[load.source, load.load_date] = load

    def loads(self) -> list[Load]:
        return list(self.entries.values())

    def erased_ids(self) -> dict[str, frozenset[str]]:
        return {}


@dataclass
class Bench:
    """One programme with one source `src`, its data and its lake."""

    root: Path
    ledger: FakeLedger = field(default_factory=FakeLedger)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def settings(self) -> Settings:
        return Settings.from_environment(
            {
                "CXLOOP_PROGRAMME": str(self.root / "programme"),
                "CXLOOP_HOME": str(self.root / "home"),
                "CXLOOP_DATA_ROOT": str(self.data),
            }
        )

    @property
    def programme(self) -> Programme:
        return load_programme(self.root / "programme")

    def source(self, yaml: str) -> None:
        text = "description: d\nowner: o\n" + textwrap.dedent(yaml)
        (self.root / "programme" / "sources" / "src.yml").write_text(text, encoding="utf-8")

    def file(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def extract(self, day: date = DAY, run_id: str = "run") -> ExtractSummary:
        return extract(self.programme, self.settings, "src", load_date=day, run_id=run_id)

    def land(self, run_id: str = "run") -> LandSummary:
        return land(self.programme, self.settings, self.ledger, "src", run_id=run_id)  # type: ignore[arg-type]

    def run(self, day: date = DAY, run_id: str = "run") -> LandSummary:
        self.extract(day, run_id)
        return self.land(run_id)

    def raw(self, record: str, day: date = DAY) -> list[dict[str, Any]]:
        """Canonical rows by key and version; a partition keeps them as they came."""
        order = (*RECORDS[record].key, "version")
        rows = self._read("raw", record, day)
        return sorted(rows, key=lambda row: [str(row[name]) for name in order])

    def quarantine(self, record: str, day: date = DAY) -> list[dict[str, Any]]:
        return self._read("quarantine", record, day)

    def manifest(self, day: date = DAY) -> dict[str, Any]:
        path = self.settings.lake / "manifests" / "src" / f"{day}.json"
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def landed(self, entity: str) -> list[pa.Table]:
        paths = sorted(
            (self.settings.lake / "landing" / "src" / entity).glob("load_date=*/*.parquet")
        )
        return [pq.ParquetFile(path).read() for path in paths]

    def received(self, entity: str) -> list[bytes]:
        """Files landed as received."""
        root = self.settings.lake / "landing" / "src" / entity
        found = []
        for path in sorted(root.glob("load_date=*/*.zst")):
            with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
                found.append(stream.read())
        return found

    def bytes_of_raw(self) -> dict[str, bytes]:
        root = self.settings.lake / "raw"
        return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*.parquet"))}

    def _read(self, layer: str, record: str, day: date) -> list[dict[str, Any]]:
        path = self.settings.lake / layer / record / "source=src" / f"load_date={day}"
        if not (path / "part-0.parquet").exists():
            return []
        rows: list[dict[str, Any]] = pq.ParquetFile(path / "part-0.parquet").read().to_pylist()
        return rows


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.delenv("CXLOOP_HASH_KEY", raising=False)
    for folder in ("programme/sources", "programme/surveys", "data"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "programme" / "programme.yml").write_text(_COMPANY, encoding="utf-8")
    survey = tmp_path / "programme" / "surveys" / "service.yml"
    survey.write_text(_SURVEY, encoding="utf-8")
    return Bench(tmp_path)


ORDERS = """
    system: {kind: files}
    entities:
      orders:
        files: {pattern: "orders*.csv"}
        records:
          - record: order
            fields:
              order_id: id
              kind: {const: purchase}
              amount: amount
              ordered_at: at
"""
SCORES = """
    system: {kind: files}
    entities:
      answers:
        files: {pattern: "answers*.csv"}
        records:
          - record: feedback
            survey: service
            question: satisfaction
            fields: {response_id: id, score: score, responded_at: at}
"""


@pytest.fixture
def orders(bench: Bench) -> Bench:
    """A source of CSV files of orders: id, amount, at."""
    bench.source(ORDERS)
    return bench


@pytest.fixture
def scores(bench: Bench) -> Bench:
    """A source of CSV files of answers: id, score, at."""
    bench.source(SCORES)
    return bench


Answer = tuple[int, dict[str, str], str]


@dataclass
class Api:
    """A server whose answers a test decides; it remembers the requests."""

    url: str
    answer: Callable[[str, dict[str, str], int], Answer] = lambda path, query, count: (404, {}, "")
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def api() -> Iterator[Api]:
    from urllib.parse import parse_qsl, urlsplit

    class Handler(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            # a stamp after it would not be believed, so it is later than those of the tests
            return "Fri, 10 Jul 2026 00:00:00 GMT"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            served.requests.append((parts.path, query, dict(self.headers)))
            status, headers, body = served.answer(parts.path, query, len(served.requests))
            content = body.encode()
            self.send_response(status)
            headers = {"Content-Type": "application/json", **headers}
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(content)))
            with contextlib.suppress(OSError):  # the client may have given up
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that closing waits for answers under way
    served = Api(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()
