"""Declared REST, page by page, against a real server with every fault a server has."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.api.client import ApiClient, RefusedRequestError
from connectors.errors import SchemaDriftError
from connectors.extract_rest import rest_pages
from connectors.pages import Page
from connectors.placeholders import Placeholders
from programme.paging import PagedRead
from programme.systems import RestSystem
from tests.emulators.base import (
    LASTING_FAULTS,
    PAGE_FAULTS,
    TRANSPORT_FAULTS,
    Emulator,
    Fault,
    Reply,
    Request,
    contacted_hosts,
)
from tests.emulators.rest import CLIENT_SECRET, TOKEN, Rest, payload_keys

WAYS: dict[str, dict[str, Any]] = {
    "page_number": {"paginator": "page_number"},
    "page_number_total": {"paginator": "page_number", "total_path": "pages"},
    "offset": {"paginator": "offset", "page_size": 10, "total_path": "meta.total"},
    "offset_short": {"paginator": "offset", "page_size": 10},
    "cursor": {"paginator": "cursor", "cursor_path": "meta.next", "cursor_param": "at"},
    "next_link": {"paginator": "next_link", "next_path": "links.next"},
    "header_link": {"paginator": "header_link"},
    "single": {"paginator": "single"},
}
COUNTED = {"count_path": "meta.count"}
CHANGED = {"cursor": "updated_at", "since_param": "since"}


def client_of(url: str, auth: dict[str, Any] | None = None, **system: Any) -> ApiClient:
    declared = {"kind": "rest", "base_url": f"{url}/v1", "auth": auth, "timeout_seconds": 1}
    declared |= {"max_attempts": 3, "backoff_seconds": 0, **system}
    environment = {"TOKEN": TOKEN, "SECRET": CLIENT_SECRET}
    places = Placeholders("desk", Path("/nowhere"), environment)
    return ApiClient(RestSystem.model_validate(declared), places, entity="tickets")


def read_of(way: str, **more: Any) -> PagedRead:
    path = f"/{way.split('_total')[0].split('_short')[0]}"
    return PagedRead.model_validate(
        {"path": path, "data_selector": "data", **WAYS.get(way, {}), **more}
    )


def pull(url: str, read: PagedRead, since: Any = None, **client: Any) -> list[Page]:
    asking = client_of(url, **client)
    try:
        return list(rest_pages(asking, read, since=since))
    finally:
        asking.close()


def rows_of(pages: list[Page]) -> list[Any]:
    return [row for page in pages for row in page.payloads]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", [0, 9, 10, 25, 30])
def test_every_way_of_paging_brings_every_row_once(way: str, count: int) -> None:
    with Rest(count=count) as api:
        assert rows_of(pull(api.url, read_of(way))) == api.rows
        size = count if way == "single" else 10
        assert len(api.requests) <= -(-count // max(size, 1)) + 1


def test_a_list_at_the_top_and_an_object_in_its_place() -> None:
    with Rest(count=25) as api:
        read = PagedRead(path="/top", data_selector="", paginator="offset")
        assert rows_of(pull(api.url, read)) == api.rows
        one = PagedRead(path="/cursor", data_selector="meta")
        assert rows_of(pull(api.url, one))[0]["total"] == 25
        nested = PagedRead(path="/cursor", data_selector="$.meta.more")
        assert rows_of(pull(api.url, nested)) == [True]


FAULTY = ["page_number", "offset", "cursor", "next_link", "header_link"]


LATE = defaultdict(float, timeout=3)
SLOW = ("retry_after_seconds", "retry_after_date", "timeout")
QUICK = [kind for kind in (*TRANSPORT_FAULTS, *PAGE_FAULTS) if kind not in SLOW]
CASES = [(way, kind) for way in FAULTY for kind in QUICK] + [("cursor", kind) for kind in SLOW]


@pytest.mark.parametrize(("way", "kind"), CASES)
def test_a_passing_fault_on_a_later_page_changes_nothing(way: str, kind: str) -> None:
    counted = {} if way == "header_link" else COUNTED
    if kind == "truncated_page" and not counted:
        pytest.skip("an answer that counts nothing cannot be seen to lack something")
    with Rest(Fault(kind, at_request=2, wait_seconds=LATE[kind]), count=25) as api:
        pages = pull(api.url, read_of(way, **counted, **CHANGED), timeout_seconds=0.4)
        arrived = rows_of(pages)
        if kind == "clock_skew":  # the row came with a stamp of another century: as received
            assert [row["id"] for row in arrived] == [row["id"] for row in api.rows]
            assert max(str(row["updated_at"]) for row in arrived) == "2099-01-01T00:00:00Z"
        else:
            assert payload_keys(arrived) == payload_keys(api.rows)
            assert len(arrived) == (27 if kind == "duplicates" else 25)
        # never the stamp of another century
        assert pages[-1].cursor == api.rows[-1]["updated_at"]


@pytest.mark.parametrize(
    "kind", [kind for kind in (*TRANSPORT_FAULTS, *PAGE_FAULTS) if kind != "duplicates"]
)
def test_a_fault_that_stays_ends_in_an_error_and_the_next_pull_reads_all(kind: str) -> None:
    with Rest(Fault(kind, at_request=2, times=3, wait_seconds=LATE[kind]), count=25) as api:
        read = read_of("cursor", **COUNTED, **CHANGED)
        if kind == "clock_skew":  # it is a fault of the data, which land as they are
            assert len(rows_of(pull(api.url, read))) == 25
            return
        with pytest.raises(RefusedRequestError) as caught:
            pull(api.url, read, "2026-07-01T00:00:00Z", timeout_seconds=0.2)
        text = str(caught.value)
        assert text.startswith(f"desk.tickets: {api.url}/v1/cursor: ")
        assert "after 3 attempt(s), since 2026-07-01T00:00:00Z. Mend: " in text
        assert payload_keys(rows_of(pull(api.url, read))) == payload_keys(api.rows)


def test_a_token_revoked_in_the_middle_is_named_at_once() -> None:
    assert "revoked_token" in LASTING_FAULTS
    with Rest(Fault("revoked_token", at_request=2, times=1), count=25) as api:
        bearer = {"kind": "bearer", "token": "${env:TOKEN}"}
        with pytest.raises(RefusedRequestError, match=r"HTTP 401 after 1 attempt.*the token"):
            pull(api.url, read_of("cursor"), auth=bearer)
        assert rows_of(pull(api.url, read_of("cursor"), auth=bearer)) == api.rows


def test_an_api_that_stops_short_of_its_total_is_told_so() -> None:
    class Short(Rest):
        def reply(self, request: Request) -> Reply:
            reply = super().reply(request)
            reply.body["meta"]["total"] = 40
            return reply

    with Short(count=20) as api:
        found = "there are 40 elements and sends 20"
        with pytest.raises(RefusedRequestError, match=found):
            pull(api.url, read_of("offset"))


def test_an_api_that_ignores_the_paging_does_not_loop_for_ever() -> None:
    with Rest(count=10) as api:
        # `single` knows no parameter
        read = PagedRead(path="/single", data_selector="data", paginator="page_number")
        with pytest.raises(RefusedRequestError, match="same page came once more after 3 attempt"):
            pull(api.url, read)


@pytest.mark.parametrize(
    ("form", "cursor", "since", "sent"),
    [
        ("iso", "updated_at", "2026-07-01T00:20:00Z", "2026-07-01T00:10:00Z"),
        ("iso", "updated_at", None, "2026-06-01T00:00:00Z"),
        ("date", "updated_at", "2026-07-01T00:05:00Z", "2026-06-30"),
        ("%Y/%m/%d %H:%M", "updated_at", "2026-07-01T09:20:00+09:00", "2026/07/01 09:10"),
        ("epoch_seconds", "changed", 1782864600, "1782864000"),
        ("epoch_seconds", "updated_at", "2026-07-01T00:10:00Z", "1782864000"),
        ("epoch_seconds", "changed", None, "1780272000"),
        ("epoch_milliseconds", "changed", "2026-07-01T00:10:00Z", "1782864000000"),
        ("epoch_milliseconds", "changed", 1782864600000, "1782864000000"),
        ("iso", "id", 17, "17"),
    ],
)
def test_the_window_starts_a_lookback_before_the_cursor(
    form: str, cursor: str, since: Any, sent: str
) -> None:
    with Rest(count=3) as api:
        read = read_of("single", cursor=cursor, since_param="since", since_format=form)
        client = client_of(api.url)
        list(
            rest_pages(
                client, read, since=since, history_from=date(2026, 6, 1), lookback_minutes=10
            )
        )
        client.close()
        assert api.requests[0].query == {"since": sent}


def test_the_next_pull_brings_what_changed_since() -> None:
    with Rest(count=25) as api:
        read = read_of("cursor", **CHANGED, ordered=True)
        first = pull(api.url, read)
        assert [page.resumable for page in first] == [True] * 3
        assert [page.cursor for page in first] == [api.rows[n]["updated_at"] for n in (9, 19, 24)]
        again = rows_of(pull(api.url, read, first[1].cursor))
        assert again == api.rows[19:]


def test_an_order_that_is_none_is_not_relied_on(caplog: pytest.LogCaptureFixture) -> None:
    with Rest(count=25) as api:
        api.rows.reverse()
        pages = pull(api.url, read_of("cursor", **CHANGED, ordered=True))
        assert not any(page.resumable for page in pages)
        assert pages[-1].cursor == api.rows[0]["updated_at"]
        assert "desk.tickets: elements do not come in the order of `updated_at`" in caplog.text


def test_a_search_is_a_post_whose_body_pages() -> None:
    with Rest(count=25) as api:
        read = PagedRead.model_validate(
            {
                "path": "/cursor",
                "method": "POST",
                "json": {"filter": [{"field": "changed", "operator": ">="}], "sort": "asc"},
                "data_selector": "data",
                "paginator": "cursor",
                "cursor_path": "meta.next",
                "cursor_param": "pagination.at",
                "more_path": "meta.more",
                "cursor": "changed",
                "since_param": "filter.0.value",
                "since_format": "epoch_seconds",
            }
        )
        pages = pull(api.url, read, "2026-07-01T00:11:00Z")
        assert rows_of(pages) == api.rows[10:]
        assert pages[-1].cursor == api.rows[-1]["changed"]
        asked = [request.json for request in api.requests]
        assert asked[0]["filter"] == [{"field": "changed", "operator": ">=", "value": 1782864660}]
        assert "pagination" not in asked[0]
        assert asked[1]["pagination"]["at"]
        assert [request.method for request in api.requests] == ["POST", "POST"]
        offsets = PagedRead.model_validate(
            {
                "path": "/offset",
                "method": "POST",
                "data_selector": "data",
                "paginator": "offset",
                "offset_param": "pagination.offset",
            }
        )
        assert rows_of(pull(api.url, offsets)) == api.rows


def test_credentials_of_every_kind_reach_the_api() -> None:
    with Rest(count=1) as api:
        kinds = [
            {"kind": "bearer", "token": "${env:TOKEN}"},
            {"kind": "api_key", "header": "X-Key", "key": "${env:TOKEN}"},
            {"kind": "api_key", "query": "key", "key": "${env:TOKEN}"},
            {"kind": "basic", "username": "cx", "password": "${env:TOKEN}"},
        ]
        for auth in kinds:
            pull(api.url, read_of("single"), auth=auth)
        bearer, header, query, basic = api.requests
        assert bearer.headers["Authorization"] == f"Bearer {TOKEN}"
        assert header.headers["X-Key"] == TOKEN
        assert query.query == {"key": TOKEN}
        assert basic.basic == f"cx:{TOKEN}"


@pytest.mark.parametrize("client_in", ["basic", "body"])
def test_an_oauth_token_is_fetched_and_renewed_when_it_is_refused(client_in: str) -> None:
    with Rest(count=25) as api:
        auth = {"kind": "oauth2", "token_url": f"{api.url}/oauth/token", "client_in": client_in}
        auth |= {"client_id": "cx", "client_secret": "${env:SECRET}", "scope": "read"}
        client = client_of(api.url, auth)
        pages = rest_pages(client, read_of("cursor"), since=None)
        found = list(next(pages).payloads)
        api.tokens.append("issued elsewhere, so that the first one is refused")
        for page in pages:
            found += page.payloads
        client.close()
        assert found == api.rows
        asked = [request for request in api.requests if request.path == "/oauth/token"]
        assert len(asked) == 2
        assert b"grant_type=client_credentials" in asked[0].body
        assert b"scope=read" in asked[0].body
        assert (asked[0].basic == f"cx:{CLIENT_SECRET}") is (client_in == "basic")


def test_a_refused_oauth_client_is_named_without_its_secret() -> None:
    with Rest() as api:
        auth = {"kind": "oauth2", "token_url": f"{api.url}/oauth/token", "client_id": "cx"}
        with pytest.raises(RefusedRequestError, match="HTTP 401 after 1") as caught:
            pull(api.url, read_of("cursor"), auth={**auth, "client_secret": "${env:TOKEN}"})
        assert TOKEN not in str(caught.value)


def test_an_issued_token_is_kept_quiet_too() -> None:
    class Echoing(Rest):
        def reply(self, request: Request) -> Reply:
            if request.path == "/oauth/token":
                return super().reply(request)
            return Reply({"error": f"no such thing for {request.headers['Authorization']}"}, 400)

    with Echoing() as api:
        auth = {"kind": "oauth2", "token_url": f"{api.url}/oauth/token", "client_id": "cx"}
        with pytest.raises(RefusedRequestError, match=r"HTTP 400 .*Bearer \*\*\*") as caught:
            pull(api.url, read_of("cursor"), auth={**auth, "client_secret": "${env:SECRET}"})
        assert api.tokens[0] not in str(caught.value)


def test_no_other_host_is_asked_and_no_token_sent_there() -> None:
    class Leading(Rest):
        def reply(self, request: Request) -> Reply:
            reply = super().reply(request)
            reply.body["links"]["next"] = f"{elsewhere.url}/v1/next_link?at=MTA="
            return reply

    class Redirecting(Emulator):
        def reply(self, request: Request) -> Reply:
            return Reply({}, 302, {"Location": f"http://localhost:{elsewhere.url[17:]}/v1/cursor"})

    bearer = {"kind": "bearer", "token": "${env:TOKEN}"}
    with Rest() as elsewhere, Leading() as api, Redirecting() as moved, contacted_hosts() as hosts:
        # another port of the same machine is another place
        with pytest.raises(RefusedRequestError, match=r"another host, 127\.0\.0\.1:\d+.* not sent"):
            pull(api.url, read_of("next_link"), auth=bearer)
        with pytest.raises(RefusedRequestError, match=r"HTTP 302 to localhost.* not sent"):
            pull(moved.url, read_of("cursor"), auth=bearer)
        assert not elsewhere.requests
    assert hosts == {"127.0.0.1"}


def test_a_redirect_within_the_host_is_followed_and_a_circle_of_them_is_not() -> None:
    since = "2026-07-01T00:21:00Z"

    class Moved(Rest):
        def reply(self, request: Request) -> Reply:
            if request.path == "/v1/old":
                return Reply({}, 301, {"Location": f"/v1/cursor?since={since}"})
            if request.path == "/v1/circle":
                return Reply({}, 302, {"Location": "/v1/circle"})
            return super().reply(request)

    with Moved(count=25) as api:
        read = read_of("cursor", path="/old")
        assert rows_of(pull(api.url, read)) == api.rows[20:]
        with pytest.raises(RefusedRequestError, match="from address to address"):
            pull(api.url, read_of("cursor", path="/circle"))


def test_an_answer_without_the_selected_list_is_drift_and_an_empty_one_is_not() -> None:
    with Rest(count=0) as api:
        assert rows_of(pull(api.url, read_of("cursor"))) == []
        with pytest.raises(SchemaDriftError, match="no `items`; present: data, links, meta, pages"):
            pull(api.url, read_of("cursor", data_selector="items"))
        with pytest.raises(SchemaDriftError, match=r"no `a\.b`; present: list"):
            pull(api.url, read_of("cursor", path="/top", data_selector="a.b"))
        assert len(api.requests) == 3


def test_no_secret_stands_in_a_log_even_at_the_lowest_level(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with Rest(Fault("status_500", at_request=2, times=9), count=25) as api:
        auth = {"kind": "api_key", "query": "key", "key": "${env:TOKEN}"}
        with pytest.raises(RefusedRequestError) as caught:
            pull(api.url, read_of("cursor"), auth=auth)
    assert api.requests[0].query["key"] == TOKEN
    assert "GET /v1/cursor" in caplog.text
    for text in (caplog.text, str(caught.value), repr(caught.value)):
        assert "s3cr3t" not in text
    assert caught.value.__context__ is None


def test_declared_headers_go_along_and_carry_no_credentials() -> None:
    with Rest(count=1) as api:
        pull(api.url, read_of("single"), headers={"X-Version": "2026-01"})
        assert api.requests[0].headers["X-Version"] == "2026-01"
        assert api.requests[0].headers["Accept"] == "application/json"
        for name in ("Authorization", "cookie", "X-Api-Key", "x-auth-token"):
            with pytest.raises(ValueError, match="write it under `auth`"):
                pull(api.url, read_of("single"), headers={name: "x"})
