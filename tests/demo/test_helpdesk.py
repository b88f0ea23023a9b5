from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from cli.demo.company import CompanyFiles
from cli.demo.helpdesk import create_app
from tests.demo import systems

TOKEN = "test-token"


@pytest.fixture(scope="module")
def api(small: CompanyFiles) -> Iterator[httpx.Client]:
    """A client of the real server on loopback."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(small.helpdesk, token=TOKEN), log_level="warning", ws="none")
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v2", headers=headers) as client:
            yield client
        server.should_exit = True
        thread.join(10)


def pages(api: httpx.Client, collection: str, **params: Any) -> list[list[dict[str, Any]]]:
    found = []
    cursor = None
    while True:
        answer = api.get(f"/{collection}", params=params | ({"cursor": cursor} if cursor else {}))
        answer.raise_for_status()
        body = answer.json()
        assert body["meta"]["count"] == len(body[collection])
        found.append(body[collection])
        cursor = body["meta"]["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("collection", ["tickets", "ticket_events"])
def test_paging_brings_every_row_once(
    api: httpx.Client, small: CompanyFiles, collection: str
) -> None:
    found = pages(api, collection, page_size=999)
    rows = [row for page in found for row in page]
    stored = systems.table(small, "helpdesk", f"SELECT id FROM {collection}")["id"]
    assert len(found) == -(-len(stored) // 999) > 1
    assert sorted(row["id"] for row in rows) == sorted(stored)
    assert [len(page) for page in found[:-1]] == [999] * (len(found) - 1)
    assert all(row["updated_at"].endswith("Z") for row in rows)


def test_a_page_that_ends_exactly_has_no_empty_successor(
    api: httpx.Client, small: CompanyFiles
) -> None:
    stored = systems.table(small, "helpdesk", "SELECT id FROM tickets")["id"]
    size = next(size for size in range(2, 5_000) if len(stored) % size == 0)
    assert len(pages(api, "tickets", page_size=size)[-1]) == size


def test_updated_since_brings_what_changed(api: httpx.Client, small: CompanyFiles) -> None:
    since = "2026-06-01T00:00:00Z"
    rows = [
        row for page in pages(api, "tickets", updated_since=since, page_size=50) for row in page
    ]
    query = f"SELECT id FROM tickets WHERE updated_at >= '{since}'"
    assert 0 < len(rows) == len(systems.table(small, "helpdesk", query))
    local = api.get("/tickets", params={"updated_since": "2026-06-01T09:00:00+09:00"}).json()
    assert local["tickets"][0] == rows[0]


def test_answers_are_the_same_every_time(api: httpx.Client) -> None:
    first, second = (api.get("/ticket_events", params={"page_size": 500}) for _ in range(2))
    assert first.content == second.content


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}])
def test_a_bad_token_is_refused(api: httpx.Client, header: dict[str, str]) -> None:
    answer = httpx.get(f"{api.base_url}tickets", headers=header)
    assert answer.status_code == 401
    assert "tickets" not in answer.json()


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"cursor": "nonsense"}, 400),
        ({"updated_since": "last week"}, 400),
        ({"page_size": 5_001}, 422),
        ({"page_size": 0}, 422),
    ],
)
def test_bad_parameters_are_named(api: httpx.Client, params: dict[str, Any], status: int) -> None:
    answer = api.get("/tickets", params=params)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_events_follow_their_ticket(small: CompanyFiles) -> None:
    events = systems.table(
        small,
        "helpdesk",
        "SELECT e.type, e.created_at, t.created_at AS opened_at FROM ticket_events e "
        "LEFT JOIN tickets t ON t.id = e.ticket_id",
    )
    assert events["opened_at"].notna().all()
    assert (events["created_at"] >= events["opened_at"]).all()
    assert set(events["type"]) == {"created", "assigned", "comment", "solved", "reopened", "note"}


def test_an_empty_token_or_a_missing_database_is_refused(
    small: CompanyFiles, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="CXLOOP_HELPDESK_TOKEN"):
        create_app(small.helpdesk, token="")
    with pytest.raises(FileNotFoundError, match="generate the company"):
        create_app(tmp_path / "nothing.sqlite", token=TOKEN)


def test_the_process_names_what_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.demo.helpdesk", "--port", "1", "--database"]
    run = subprocess.run(
        [*command, str(tmp_path / "none.sqlite")],
        capture_output=True,
        text=True,
        env=os.environ | {"CXLOOP_HELPDESK_TOKEN": TOKEN},
        timeout=60,
        check=False,
    )
    assert run.returncode == 2
    assert "none.sqlite" in run.stderr
