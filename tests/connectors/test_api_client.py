"""The way to an API, against a real server that misbehaves by a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
    with Desk(Fault(kind, at_request=1, times=2, wait_seconds=1)) as desk:
        client = client_of(desk.url, timeout_seconds=0.3)
        assert client.get("things")["count"] == 3
        assert len(desk.requests) == 3
        client.close()


@pytest.mark.parametrize("kind", [*PASSING, "revoked_token"])
def test_a_lasting_fault_names_place_window_attempts_and_mend(kind: str) -> None:
    with Desk(Fault(kind, at_request=1, times=99, wait_seconds=1)) as desk:
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
