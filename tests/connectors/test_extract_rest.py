"""A real HTTP server on the loopback interface, well and badly behaved."""

from __future__ import annotations

import json
import time
from datetime import date
from typing import Any

import pytest

from connectors.errors import MissingSettingError, SchemaDriftError, SourceUnavailableError
from tests.connectors.conftest import Answer, Api, Bench

NEXT_DAY = date(2026, 7, 6)
SOURCE = """
    system:
      kind: rest
      base_url: ${env:DESK_URL}
      auth: {kind: bearer, token: "${env:DESK_TOKEN}"}
      max_attempts: 3
      backoff_seconds: 0
      timeout_seconds: 1
    entities:
      tickets:
        rest:
          path: /tickets
          data_selector: data
          PAGING
        lookback_minutes: 10
        records:
          - record: interaction
            fields:
              interaction_id: id
              customer_id: requester.id
              kind: {const: ticket}
              opened_at: at
              version: updated
"""
CURSOR = """paginator: cursor
          cursor_path: meta.next
          cursor_param: cursor
          cursor: updated
          since_param: since"""
TOKEN = "s3cr3t-token-of-the-desk"


def ticket(number: int, updated: str = "2026-07-01T00:00:00Z") -> dict[str, Any]:
    return {"id": number, "requester": {"id": f"c{number}"}, "at": updated, "updated": updated}


def page(tickets: list[dict[str, Any]], following: str | None = None) -> Answer:
    return 200, {}, json.dumps({"data": tickets, "meta": {"next": following}})


@pytest.fixture
def desk(bench: Bench, api: Api, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("DESK_URL", api.url)
    monkeypatch.setenv("DESK_TOKEN", TOKEN)
    bench.source(SOURCE.replace("PAGING", CURSOR))
    return bench


def three_pages(path: str, query: dict[str, str], count: int) -> Answer:
    number = int(query.get("cursor", "1"))
    following = str(number + 1) if number < 3 else None
    return page([ticket(number * 10), ticket(number * 10 + 1)], following)


def test_pages_are_followed_to_the_end_with_the_token(desk: Bench, api: Api) -> None:
    api.answer = three_pages
    counts = desk.run().counts
    assert (counts.received, counts.landed) == (6, 6)
    assert [headers["Authorization"] for _, _, headers in api.requests] == [f"Bearer {TOKEN}"] * 3
    table = desk.landed("tickets")[0]
    assert table["_page"].to_pylist() == [1, 1, 2, 2, 3, 3]
    assert json.loads(table["_payload"][0].as_py()) == ticket(10)
    assert desk.raw("interaction")[0]["customer_id"] == "c10"


@pytest.mark.parametrize("paging", ["page_number", "next_link", "header_link", "single"])
def test_every_declared_way_of_paging(desk: Bench, api: Api, paging: str) -> None:
    declared = {
        "page_number": "paginator: page_number\n          page_param: p\n          base_page: 1",
        "next_link": "paginator: next_link\n          next_path: links.next",
        "header_link": "paginator: header_link",
        "single": "paginator: single",
    }
    desk.source(SOURCE.replace("PAGING", declared[paging]))

    def answer(path: str, query: dict[str, str], count: int) -> Answer:
        number = int(query.get("p", "1"))
        following = f"{api.url}/tickets?p={number + 1}" if number < 3 else None
        headers = {"Link": f'<{following}>; rel="next"'} if following else {}
        tickets = [ticket(number)] if number <= 3 else []
        return 200, headers, json.dumps({"data": tickets, "links": {"next": following}})

    api.answer = answer
    assert desk.extract().rows == (1 if paging == "single" else 3)


def test_the_next_run_asks_from_the_cursor_less_the_lookback(desk: Bench, api: Api) -> None:
    api.answer = lambda path, query, count: page([ticket(1, "2026-07-01T10:00:00Z")])
    desk.run()
    assert "since" not in api.requests[0][1]
    late, new = ticket(2, "2026-07-01T09:55:00Z"), ticket(3, "2026-07-02T00:00:00Z")
    known = [late, ticket(1, "2026-07-01T10:00:00Z"), new]
    api.answer = lambda path, query, count: page(
        [row for row in known if row["updated"] >= query["since"]]
    )
    summary = desk.extract(NEXT_DAY)
    assert api.requests[-1][1]["since"] == "2026-07-01T09:50:00Z"
    assert (summary.rows, summary.entities[0].already_landed) == (2, 1)
    assert desk.extract(NEXT_DAY).entities[0].batches == ()


def test_too_many_requests_is_waited_out_as_the_server_says(desk: Bench, api: Api) -> None:
    def answer(path: str, query: dict[str, str], count: int) -> Answer:
        if count == 1:
            return 429, {"Retry-After": "1"}, "slow down"
        return page([ticket(1)])

    api.answer = answer
    started = time.monotonic()
    assert desk.extract().rows == 1
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    "fault",
    [
        (500, {}, "error"),
        (503, {}, "error"),
        (200, {}, '{"data": [{"id": 1'),
        (200, {"Content-Type": "text/html"}, "<html>Please log in</html>"),
        (200, {"Content-Length": "500"}, '{"data": ['),
    ],
)
def test_a_fault_that_passes_is_ridden_out(desk: Bench, api: Api, fault: Answer) -> None:
    api.answer = lambda path, query, count: fault if count < 3 else page([ticket(1)])
    assert desk.extract().rows == 1
    assert len(api.requests) == 3


@pytest.mark.parametrize(
    ("fault", "expected", "requests"),
    [
        ((500, {}, f"token {TOKEN}"), "HTTP 500 after 3 attempt", 3),
        ((401, {}, f"token {TOKEN}"), "HTTP 401 after 1 attempt.*Mend: the credentials", 1),
        ((404, {}, ""), "HTTP 404 after 1 attempt.*`base_url` and `path`", 1),
        ((200, {}, '{"data": [{"id": 1'), "no JSON after 3 attempt", 3),
        ((200, {}, "<html>Please log in</html>"), "no JSON after 3 attempt", 3),
    ],
)
def test_a_fault_that_stays_names_address_status_attempts_and_mend(
    desk: Bench, api: Api, fault: Answer, expected: str, requests: int
) -> None:
    api.answer = lambda path, query, count: fault
    with pytest.raises(SourceUnavailableError, match=expected) as caught:
        desk.extract()
    text = str(caught.value)
    assert f"src.tickets: {api.url}/tickets" in text
    assert TOKEN not in text
    assert len(api.requests) == requests
    assert not desk.landed("tickets")


def test_a_fault_on_a_later_page_lands_nothing(desk: Bench, api: Api) -> None:
    def answer(path: str, query: dict[str, str], count: int) -> Answer:
        return three_pages(path, query, count) if "cursor" not in query else (500, {}, "")

    api.answer = answer
    with pytest.raises(SourceUnavailableError):
        desk.extract()
    assert not desk.landed("tickets")


def test_a_server_that_hangs_or_is_gone(
    desk: Bench, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.source(
        SOURCE.replace("PAGING", CURSOR).replace("timeout_seconds: 1", "timeout_seconds: 0.1")
    )

    def answer(path: str, query: dict[str, str], count: int) -> Answer:
        time.sleep(0.3)
        return 404, {}, ""

    api.answer = answer
    with pytest.raises(SourceUnavailableError, match="Timeout after 3 attempt"):
        desk.extract()
    monkeypatch.setenv("DESK_URL", "http://127.0.0.1:9")
    with pytest.raises(SourceUnavailableError, match="ConnectionError after 3 attempt"):
        desk.extract()


def test_a_page_that_comes_twice_is_asked_for_again(desk: Bench, api: Api) -> None:
    order = iter([["1", "2"], ["1", "2"], ["2", "3"]])

    def answer(path: str, query: dict[str, str], count: int) -> Answer:
        tickets = [ticket(int(number)) for number in next(order)]
        return page(tickets, None if count == 3 else str(count))

    api.answer = answer
    counts = desk.run().counts
    assert (counts.received, counts.landed, counts.duplicate) == (4, 3, 1)


def test_a_server_that_ignores_the_paging_does_not_loop_for_ever(desk: Bench, api: Api) -> None:
    api.answer = lambda path, query, count: page([ticket(1)], "again")
    with pytest.raises(SourceUnavailableError, match="same page came once more after 3 attempt"):
        desk.extract()


def test_the_token_is_not_sent_to_another_host(desk: Bench, api: Api) -> None:
    desk.source(SOURCE.replace("PAGING", "paginator: next_link\n          next_path: next"))
    elsewhere = api.url.replace("127.0.0.1", "localhost")
    api.answer = lambda path, query, count: (
        200,
        {},
        json.dumps({"data": [ticket(count)], "next": f"{elsewhere}/tickets?p=2"}),
    )
    with pytest.raises(SourceUnavailableError, match="another host, localhost"):
        desk.extract()
    assert len(api.requests) == 1


def test_an_answer_without_the_selected_data_is_drift_and_not_zero_rows(
    desk: Bench, api: Api
) -> None:
    api.answer = lambda path, query, count: (200, {}, '{"tickets": [], "count": 0}')
    with pytest.raises(SchemaDriftError, match="no `data`; present: count, tickets"):
        desk.extract()
    api.answer = lambda path, query, count: page([])
    assert desk.extract().rows == 0


def test_a_missing_variable_is_named(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESK_TOKEN")
    with pytest.raises(MissingSettingError, match="DESK_TOKEN is not set"):
        desk.extract()


def test_other_credentials(desk: Bench, api: Api) -> None:
    api.answer = lambda path, query, count: page([ticket(1)])
    bearer = 'auth: {kind: bearer, token: "${env:DESK_TOKEN}"}'
    key = 'auth: {kind: api_key, header: X-Key, key: "${env:DESK_TOKEN}"}'
    basic = 'auth: {kind: basic, username: cx, password: "${env:DESK_TOKEN}"}'
    desk.source(SOURCE.replace("PAGING", CURSOR).replace(bearer, key))
    desk.extract()
    assert api.requests[-1][2]["X-Key"] == TOKEN
    desk.source(SOURCE.replace("PAGING", CURSOR).replace(bearer, basic))
    desk.extract()
    assert api.requests[-1][2]["Authorization"].startswith("Basic ")


def test_a_key_that_no_ticket_has_is_drift_by_path(desk: Bench, api: Api) -> None:
    renamed = ticket(1) | {"requester": {"identifier": "c1"}}
    api.answer = lambda path, query, count: page([renamed])
    desk.extract()
    with pytest.raises(SchemaDriftError, match=r"`requester\.id`"):
        desk.land()
    desk.source(
        SOURCE.replace("PAGING", CURSOR).replace(
            "requester.id", "{column: requester.id, optional: true}"
        )
    )
    desk.land()
    assert desk.raw("interaction")[0]["customer_id"] is None
