"""A pull of declared REST beside a bare loop of a `requests` session over the same server.

The server runs in a process of its own, so that it and the client do not share an interpreter, and
writes its pages beforehand: what limits is its latency, as it is with a service far away.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.emulators.base import Emulator, Reply, Request
from tests.emulators.rest import tickets

PAGES = 40
ELEMENTS = 2000
LATENCY_SECONDS = 0.02
ROUNDS = 5


class Ready(Emulator):
    """Forty pages of two thousand tickets, ready to be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.latency_seconds = LATENCY_SECONDS
        rows = tickets(PAGES * ELEMENTS)
        self.pages = [
            json.dumps(
                {
                    "data": rows[at * ELEMENTS : (at + 1) * ELEMENTS],
                    "meta": {"next": str(at + 1) if at + 1 < PAGES else None, "count": ELEMENTS},
                }
            ).encode()
            for at in range(PAGES)
        ]

    def reply(self, request: Request) -> Reply:
        return Reply(self.pages[int(request.query.get("at", 0))])


def serve(pipe: Connection) -> None:
    """Serve until something comes through the pipe."""
    with Ready() as api:
        pipe.send(api.url)
        pipe.recv()


def bare(url: str) -> int:
    """The loop that anybody would write."""
    import requests

    session, count, at = requests.Session(), 0, None
    while True:
        body: Any = session.get(f"{url}/things", params={"at": at} if at else None).json()
        count += len(body["data"])
        at = body["meta"]["next"]
        if at is None:
            session.close()
            return count


def ours(url: str) -> int:
    """The same by declaration: retries, checks, cursor, order."""
    from connectors.api.client import ApiClient
    from connectors.extract_rest import rest_pages
    from connectors.placeholders import Placeholders
    from programme.paging import PagedRead
    from programme.systems import RestSystem

    system = RestSystem(kind="rest", base_url=url)
    read = PagedRead(
        path="/things",
        data_selector="data",
        paginator="cursor",
        cursor_path="meta.next",
        cursor_param="at",
        count_path="meta.count",
        cursor="updated_at",
        since_param="since",
        ordered=True,
    )
    client = ApiClient(system, Placeholders("bench", Path(), {}), entity="things")
    try:
        return sum(len(page.payloads) for page in rest_pages(client, read, since=None))
    finally:
        client.close()


def landed(url: str, place: Path) -> int:
    """The same through `extract` into landing: hashed, written, committed."""
    from connectors.extraction import extract
    from programme import Settings, load_programme

    folder = place / "programme"
    (folder / "sources").mkdir(parents=True)
    (folder / "programme.yml").write_text(_COMPANY, encoding="utf-8")
    (folder / "sources" / "bench.yml").write_text(_SOURCE.format(url=url), encoding="utf-8")
    settings = Settings.from_environment(
        {"CXLOOP_PROGRAMME": str(folder), "CXLOOP_HOME": str(place / "home")}
    )
    programme = load_programme(folder)
    return extract(programme, settings, "bench", load_date=date(2026, 7, 2), run_id="bench").rows


_COMPANY = """
name: {en: Bench, ja: 計測}
timezone: Asia/Tokyo
currency: JPY
sender: cx@example.com
allowed_domains: [example.com]
roles: {leadership: {title: {en: Leadership, ja: 経営層}, language: en}}
"""
_SOURCE = """
description: bench
owner: bench
system: {{kind: rest, base_url: "{url}"}}
entities:
  things:
    rest:
      path: /things
      data_selector: data
      paginator: cursor
      cursor_path: meta.next
      cursor_param: at
      cursor: updated_at
      since_param: since
      ordered: true
    records:
      - record: interaction
        fields: {{interaction_id: id, kind: {{const: ticket}}, opened_at: created_at}}
"""


def measure_rest_pull(place: Path) -> list[tuple[str, float, str]]:
    """Speed of our pull and of pull and landing, as shares of the bare loop's."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,))
    server.start()
    try:
        url = mine.recv()
        # everything is imported, and everything comes
        for number, task in enumerate((bare, ours, lambda url: landed(url, place / "first"))):
            assert task(url) == PAGES * ELEMENTS, number
        plain, pulled = _alternating(lambda: bare(url), lambda: ours(url))
        stored = _seconds(lambda: landed(url, place / "second"))
    finally:
        mine.send("done")
        server.join()
    what = f"{PAGES} pages of {ELEMENTS:,}, {LATENCY_SECONDS * 1000:.0f} ms each"
    return [
        (f"REST pull, speed / bare requests loop ({what})", plain / pulled, f"{pulled:.2f} s"),
        ("the same into landing, speed / bare requests loop", plain / stored, f"{stored:.2f} s"),
    ]


def _alternating(first: Callable[[], int], second: Callable[[], int]) -> tuple[float, float]:
    """The best of some rounds of each, in turn, so that a busy machine meets both."""
    rounds = [(_seconds(first), _seconds(second)) for _ in range(ROUNDS)]
    return min(one for one, _ in rounds), min(other for _, other in rounds)


def _seconds(task: Callable[[], int]) -> float:
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


def main() -> int:
    """Print what was measured."""
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        for what, ratio, seconds in measure_rest_pull(Path(place)):
            print(f"{what}: {ratio:.2f} ({seconds})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
