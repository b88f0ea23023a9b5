"""The way to an API, against a real server that misbehaves by a script."""

from __future__ import annotations

import gzip
import json
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.api import transport
from connectors.api.client import ApiClient, RefusedRequestError
from connectors.placeholders import Placeholders
from programme.systems import RestSystem
from tests.emulators.base import Emulator, Fault, Reply, Request

TOKEN = "s3cr3t/token of the+desk"
BEARER = {"kind": "bearer", "token": "${env:TOKEN}"}


class Desk(Emulator):
    """Answers `/things` with three elements and remembers nothing."""

    def reply(self, request: Request) -> Reply:
        if request.path == "/file":
            return Reply(b"PK" + bytes(range(256)) * 4000, headers={"Content-Type": "x/zip"})
        return Reply({"data": [{"id": 1}, {"id": 2}, {"id": 3}], "count": 3})


def client_of(url: str, auth: dict[str, Any] | None = None, **system: Any) -> ApiClient:
    declared = {"kind": "rest", "base_url": url, "auth": auth, "timeout_seconds": 2}
    declared |= {"max_attempts": 3, "backoff_seconds": 0, **system}
    environment = {"TOKEN": TOKEN, "SECRET": "client-s3cret"}
    places = Placeholders("desk", Path("/nowhere"), environment)
    client = ApiClient(RestSystem.model_validate(declared), places, entity="things")
    client.window = "since 2026-07-01"
    return client


# only a slow answer has to be waited for here; that waits are kept is tested for itself
LATE = defaultdict(float, timeout=1)
PASSING = (
    "retry_after_seconds",
    "retry_after_date",
    "status_500",
    "status_502",
    "status_503",
    "timeout",
    "reset",
    "truncated_body",
    "invalid_json",
    "html",
)


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_is_ridden_out(kind: str) -> None:
    with Desk(Fault(kind, at_request=1, times=2, wait_seconds=LATE[kind])) as desk:
        client = client_of(desk.url, timeout_seconds=0.3)
        assert client.get("things")["count"] == 3
        assert len(desk.requests) == 3
        client.close()


@pytest.mark.parametrize("kind", [*PASSING, "revoked_token"])
def test_a_lasting_fault_names_place_window_attempts_and_mend(kind: str) -> None:
    with Desk(Fault(kind, at_request=1, times=99, wait_seconds=LATE[kind])) as desk:
        client = client_of(desk.url, BEARER, timeout_seconds=0.2, max_attempts=2)
        with pytest.raises(RefusedRequestError) as caught:
            client.get("things", {"page": 2})
        text = str(caught.value)
        attempts = 1 if kind == "revoked_token" else 2
        assert f"desk.things: {desk.url}/things: " in text
        assert f"after {attempts} attempt(s), since 2026-07-01. Mend: " in text
        assert "page=2" not in text
        assert len(desk.requests) == attempts
        client.close()


class Script(Emulator):
    """Answers what a test says, one answer after the other; the last one stays."""

    def __init__(self, *replies: Reply) -> None:
        super().__init__()
        self.replies = list(replies)

    def reply(self, request: Request) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def test_a_wait_is_what_the_server_asks_for_by_its_own_clock() -> None:
    fine = Reply({"data": []})
    # the server's clock is a century ahead; what counts is the span between its two dates
    ahead = datetime(2126, 1, 1, tzinfo=UTC)
    until = format_datetime(ahead + timedelta(seconds=1), usegmt=True)
    for value in ("1", until):
        with Script(Reply(b"", 429, {"Retry-After": value}), fine) as api:
            api.clock = ahead
            client = client_of(api.url)
            began = time.monotonic()
            client.get("things")
            assert 1 <= time.monotonic() - began < 2
            client.close()


def test_a_wait_of_an_hour_is_left_to_the_next_run() -> None:
    with Script(Reply(b"", 429, {"Retry-After": "3600"})) as api:
        client = client_of(api.url)
        found = "HTTP 429, and asks to wait 3600 seconds after 1 attempt.* in 60 minutes"
        with pytest.raises(RefusedRequestError, match=found):
            client.get("things")
        client.close()


@pytest.mark.parametrize("value", ["soon", "", "-5", "Thu, 99 Foo 2026"])
def test_a_wait_that_is_none_is_no_wait(value: str) -> None:
    with Script(Reply(b"", 429, {"Retry-After": value}), Reply({"data": []})) as api:
        client = client_of(api.url)
        assert client.get("things") == {"data": []}
        client.close()


def test_pauses_double_and_differ_by_chance() -> None:
    def seconds(attempts: int) -> float:
        client = client_of(api.url, backoff_seconds=0.3, max_attempts=attempts)
        began = time.monotonic()
        with pytest.raises(RefusedRequestError):
            client.get("things")
        client.close()
        return time.monotonic() - began

    with Script(Reply(b"", 500)) as api:
        assert seconds(3) >= 0.9  # 0.3 and 0.6 seconds
        spans = [seconds(2) for _ in range(6)]
        assert all(span >= 0.3 for span in spans)
        # up to 0.15 longer by chance
        assert max(spans) - min(spans) > 0.02


def test_a_refusal_is_told_in_the_services_own_words() -> None:
    refused = {"error": "InvalidValue", "description": f"start_time {TOKEN} " + "x" * 500}
    with Script(Reply(refused, 422)) as api:
        client = client_of(api.url, BEARER)
        with pytest.raises(
            RefusedRequestError, match=r"HTTP 422 .*InvalidValue.*start_time"
        ) as told:
            client.get("things")
        client.close()
        assert (told.value.status, told.value.body) == (422, refused)
        assert "s3cr3t" not in str(told.value)
        assert len(str(told.value)) < 600


def test_numbers_stay_what_they_say() -> None:
    text = (
        b'{"a": 1e400, "b": NaN, "c": 0.1000000000000000055, "d": 12345678901234567890, "e": 0.5}'
    )
    with Script(Reply(text)) as api:
        client = client_of(api.url)
        found = client.get("things")
        client.close()
    assert found == {
        "a": "1e400",
        "b": "NaN",
        "c": "0.1000000000000000055",
        "d": 12345678901234567890,
        "e": 0.5,
    }


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"[" * 100_000, "no JSON"),
        (b"", "no JSON"),
        (b"\xff\xfe\xfd", "no JSON"),
        (b"<?xml version='1.0'?><error/>", "HTML and no JSON"),
        (b'{"a": 1} {"b": 2}', "no JSON"),
    ],
)
def test_what_is_no_json_is_named(content: bytes, found: str) -> None:
    with Script(Reply(content)) as api:
        client = client_of(api.url)
        with pytest.raises(RefusedRequestError, match=f"the answer is {found} after 3 attempt"):
            client.get("things")
        client.close()


def test_an_answer_with_a_mark_of_byte_order_is_json() -> None:
    with Script(Reply('{"name": "東京"}'.encode("utf-8-sig"))) as api:
        client = client_of(api.url)
        assert client.get("things") == {"name": "東京"}
        client.close()


@pytest.mark.parametrize("is_chunked", [True, False])
@pytest.mark.parametrize("fault", ["", "truncated_body"])
def test_compressed_and_chunked_answers_are_whole(is_chunked: bool, fault: str) -> None:
    elements = [{"id": number} for number in range(20_000)]
    content = gzip.compress(json.dumps(elements).encode())
    with Script(Reply(content, headers={"Content-Encoding": "gzip"})) as api:
        api.is_chunked = is_chunked
        api.faults = [Fault("truncated_body", at_request=1)] if fault else []
        client = client_of(api.url)
        assert client.get("things") == elements
        assert len(api.requests) == (2 if fault else 1)
        client.close()


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_LARGEST_ANSWER_BYTES", 1000)
    with Script(Reply(b"[" + b"1," * 200_000 + b"1]")) as api:
        client = client_of(api.url)
        found = "an answer of more than 1000 bytes after 1 attempt"
        with pytest.raises(RefusedRequestError, match=found):
            client.get("things")
        client.close()


def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Trickle(Desk):
        pause_seconds = 0.05

    monkeypatch.setattr(transport, "_SLOWEST_FACTOR", 1)
    with Trickle() as desk:
        client = client_of(desk.url, timeout_seconds=0.3, max_attempts=2)
        began = time.monotonic()
        with pytest.raises(RefusedRequestError, match="Timeout after 2 attempt"):
            client.get("things")
        assert time.monotonic() - began < 2
        client.close()


@pytest.mark.parametrize("kind", [*PASSING, "none"])
def test_a_download_is_whole_or_begun_anew(kind: str) -> None:
    if kind == "invalid_json":
        pytest.skip("a file is no JSON")
    faults = [] if kind == "none" else [Fault(kind, at_request=1, times=2, wait_seconds=LATE[kind])]
    with Desk(*faults) as desk:
        client = client_of(desk.url, timeout_seconds=0.3)
        with client.download("file") as file:
            assert file.read() == b"PK" + bytes(range(256)) * 4000
        client.close()


def test_a_download_that_stays_cut_off_is_named() -> None:
    with Desk(Fault("truncated_body", at_request=1, times=9)) as desk:
        client = client_of(desk.url)
        with pytest.raises(RefusedRequestError, match=r"/file: .*after 3 attempt"):
            client.download("file")
        client.close()


def test_a_check_that_fails_is_asked_again_and_told_in_the_end() -> None:
    with Script(Reply({"n": 1}), Reply({"n": 2})) as api:
        client = client_of(api.url)
        assert (
            client.get("things", check=lambda body: None if body["n"] == 2 else "short")["n"] == 2
        )
        with pytest.raises(RefusedRequestError, match="short after 3 attempt"):
            client.get("things", check=lambda body: "short")
        client.close()


def test_the_earliest_date_of_the_service_is_kept() -> None:
    with Desk() as desk:
        client = client_of(desk.url)
        assert client.answered_at is None
        for hour in (12, 9, 15):
            desk.clock = datetime(2026, 7, 1, hour, tzinfo=UTC)
            client.get("things")
        assert client.answered_at == datetime(2026, 7, 1, 9, tzinfo=UTC)
        client.close()


def test_addresses_of_the_same_host_and_of_others() -> None:
    client = client_of("https://user:pw@api.example.com/v2/")
    same = "https://user:pw@api.example.com/v2/a?b=1"
    assert client.address("a?b=1") == same
    assert client.address("/a?b=1") == same
    assert client.address("https://api.example.com:443/v2/a?b=1") == same
    assert client.address("http://api.example.com/v2/a?b=1") == same
    for other in ("https://api.example.com:8443/a", "https://api.example.com.evil.org/a"):
        with pytest.raises(RefusedRequestError, match="another host") as caught:
            client.address(other)
        assert "pw" not in str(caught.value)


@pytest.mark.parametrize("secret", ["line\nbreak", "carriage\rreturn", "日本"])
def test_a_credential_that_http_cannot_carry_is_not_shown(secret: str) -> None:
    places = Placeholders("desk", Path("/nowhere"), {"TOKEN": secret})
    declared = {"kind": "rest", "base_url": "", "auth": BEARER, "max_attempts": 1}
    with Desk() as desk:
        system = RestSystem.model_validate({**declared, "base_url": desk.url})
        client = ApiClient(system, places, entity="things")
        with pytest.raises(RefusedRequestError, match="characters that HTTP cannot") as caught:
            client.get("things")
        client.close()
        assert secret not in f"{caught.value}{caught.value!r}"
        assert caught.value.__context__ is None


def test_no_secret_in_what_python_shows_of_it() -> None:
    for auth in (BEARER, {"kind": "api_key", "query": "k", "key": "${env:TOKEN}"}):
        with Desk() as desk:
            client = client_of(desk.url, auth)
            client.get("things")
            answer = client.ask("things", {"a": 1})
            for shown in (repr(client), repr(client.system), repr(client._transport), str(answer)):
                assert "s3cr3t" not in shown
            client.close()


def test_it_may_be_asked_again_after_it_was_closed() -> None:
    with Desk() as desk:
        client = client_of(desk.url)
        client.get("things")
        client.close()
        client.close()
        assert client.get("things")["count"] == 3
        client.close()


def test_what_netrc_knows_of_a_host_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password netrc-word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with Desk() as desk:
        client = client_of(desk.url)
        client.get("things")
        assert not desk.secrets_sent
        client.close()
