"""The calls to Airflow's API against a server on loopback that is busy at first."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cli.demo.airflow_stack import AirflowStack, AirflowStackError


@contextmanager
def server(*statuses: int) -> Iterator[tuple[int, list[str]]]:
    """Answers the requests with these statuses in turn; yields its port and the paths asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = statuses[min(len(asked), len(statuses) - 1)]
            asked.append(self.path)
            body = json.dumps({"status": status}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    listener = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield listener.server_port, asked
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def stack(home: Path, port: int) -> AirflowStack:
    return AirflowStack(home, {}, port=port, _token="known")


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with server(500, 500, 200) as (port, asked):
        assert stack(tmp_path, port).call("GET", "/dags") == {"status": 200}
        assert asked == ["/api/v2/dags"] * 3


def test_what_is_there_already_is_no_error(tmp_path: Path) -> None:
    with server(409) as (port, asked):
        assert stack(tmp_path, port).call("GET", "/pools") == {"status": 409}
        assert len(asked) == 1


def test_a_refusal_is_told_at_once(tmp_path: Path) -> None:
    with server(403) as (port, asked):
        with pytest.raises(AirflowStackError, match="GET /dags: 403"):
            stack(tmp_path, port).call("GET", "/dags")
        assert len(asked) == 1
