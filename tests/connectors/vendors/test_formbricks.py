"""Formbricks: newest first without gaps, both APIs, partial to finished, the templates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConnectorError, UnusableDeclarationError
from connectors.pages import Page
from programme.systems import VendorRead
from tests.emulators import pulls
from tests.emulators.base import FAULTS, Fault
from tests.emulators.formbricks import TOKEN, FormbricksEmulator
from tests.emulators.lakes import TemplateLake

AUTH = {"kind": "api_key", "header": "x-api-key", "key": "${env:TOKEN}"}
PASSING = sorted(set(FAULTS) - {"revoked_token", "expired_job"})
SURVEY = "cm0000000000000000000000"
NPS, CSAT, QUALITY, COMMENT = (
    "nps000000000000000000000",
    "csat00000000000000000000",
    "quality00000000000000000",
    "comment00000000000000000",
)


def at_minute(number: float) -> str:
    moment = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(minutes=number)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def response(number: int, at: str, data: Any = None, *, is_finished: bool = True) -> dict[str, Any]:
    return {
        "id": f"r{number:02d}",
        "createdAt": at_minute(0),
        "updatedAt": at,
        "finished": is_finished,
        "surveyId": SURVEY,
        "contactId": None,
        "endingId": None,
        "data": data or {},
        "variables": {},
        "ttc": {NPS: 1200.5},
        "meta": {"url": "https://example.com", "userAgent": {"browser": "Chrome"}},
        "contactAttributes": {"userId": f"C{number}", "email": "person@example.com"},
        "singleUseId": None,
        "language": "default",
        "displayId": None,
    }


def pull(emulator: FormbricksEmulator, stream: str = "responses", **more: Any) -> list[Page]:
    params = {"limit": 4, **more.pop("params", {})}
    read = VendorRead(stream=stream, survey=more.pop("survey", SURVEY), params=params)
    system = pulls.system_of("formbricks", emulator.url, AUTH, **more.pop("system", {}))
    return pulls.pull(system, read, {"TOKEN": TOKEN}, **more)


def ids(pages: list[Page]) -> list[str]:
    return sorted(str(payload["id"]) for payload in pulls.payloads(pages))


def steady(*faults: Fault) -> FormbricksEmulator:
    emulator = FormbricksEmulator(*faults)
    emulator.responses = [response(n, at_minute(n)) for n in range(19)]
    return emulator


EVERY = [f"r{n:02d}" for n in range(19)]
API = pytest.mark.parametrize("api", ["v1", "v2"])


@API
@pytest.mark.parametrize("limit", [2, 4, 18, 19, 20, 250])
def test_every_response_once(api: str, limit: int) -> None:
    with steady() as emulator:
        pages = pull(emulator, params={"api": api, "limit": limit})
    assert ids(pages) == EVERY
    assert [page.resumable for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].cursor == "2026-05-01T00:18:00Z"


@API
@pytest.mark.parametrize("at_request", [1, 2, 6])
@pytest.mark.parametrize("kind", PASSING)
def test_every_passing_fault_leaves_each_response_once(
    kind: str, at_request: int, api: str
) -> None:
    fault = Fault(kind, at_request=at_request, wait_seconds=0.6 if kind == "timeout" else 0)
    with steady(fault) as emulator:
        pages = pull(emulator, params={"api": api}, system={"timeout_seconds": 0.3})
    every = list(EVERY)
    if kind == "clock_skew":  # the response with the wrong time comes again with its own
        every += sorted({i for i in ids(pages) if ids(pages).count(i) > 1})
        assert len(every) <= 20
    assert ids(pages) == sorted(every)
    if kind != "clock_skew" or at_request > 1:
        assert pages[-1].cursor == "2026-05-01T00:18:00Z"


@pytest.mark.parametrize("kind", [*PASSING, "revoked_token"])
def test_a_lasting_fault_is_named_and_nothing_counts_as_read(kind: str) -> None:
    with steady(Fault(kind, at_request=3, times=99, wait_seconds=0.4)) as emulator:
        opened = pulls.Opened(
            "formbricks", emulator.url, AUTH, {"TOKEN": TOKEN}, timeout_seconds=0.2, max_attempts=2
        )
        params: dict[str, Any] = {"limit": 4}
        read = VendorRead(stream="responses", survey=SURVEY, params=params)
        taken, error = opened.until_error(read)
        emulator.faults.clear()
        rest = pull(emulator)
    assert ids(rest) == EVERY
    if error is None:
        assert set(ids(taken)) == set(EVERY)
        assert kind in {"cursor_back", "clock_skew"}
        return
    assert not any(page.resumable for page in taken)
    where = f"voices.responses: {emulator.url}/api/v2/management/responses: "
    assert str(error).startswith(where)
    assert "since the beginning. Mend: " in str(error)
    assert TOKEN not in str(error)


@API
def test_what_is_changed_or_deleted_meanwhile_leaves_no_gap(api: str) -> None:
    with steady() as emulator:

        def meanwhile(count: int) -> None:
            if count == 2:  # six of the newest go: what is unread moves up beyond the overlap
                del emulator.responses[13:]
            if count == 4:
                emulator.responses.append(response(90, at_minute(90)))
                emulator.responses[1] = response(1, at_minute(91))

        emulator.clock = datetime(2026, 5, 1, 1, tzinfo=UTC)
        emulator.meanwhile = meanwhile
        first = pull(emulator, params={"api": api})
        emulator.meanwhile = lambda count: None
        second = pull(emulator, params={"api": api}, since=str(first[-1].cursor))
    read = {*ids(first), *ids(second)}
    assert {f"r{n:02d}" for n in range(13)} | {"r90"} <= read
    newest = {r["id"]: r["updatedAt"] for r in pulls.payloads([*first, *second])}
    assert newest["r01"] == at_minute(91)


@API
def test_partial_becomes_finished_under_one_id_and_only_what_changed_comes(api: str) -> None:
    with steady() as emulator:
        emulator.responses[3] = response(3, at_minute(3), {NPS: 9}, is_finished=False)
        first = pull(emulator, params={"api": api})
        emulator.responses[3] = response(3, at_minute(60), {NPS: 9, COMMENT: "good"})
        second = pull(
            emulator, params={"api": api}, since=str(first[-1].cursor), lookback_minutes=1
        )
    assert ids(second) == ["r03", "r17", "r18"]
    assert second[-1].cursor == "2026-05-01T01:00:00Z"
    if api == "v2":
        assert len(emulator.requests) < 12  # reading ends where nothing newer follows


def test_a_response_that_changed_where_pages_overlap_comes_in_both_states() -> None:
    with steady() as emulator:

        def meanwhile(count: int) -> None:
            if count == 2:  # the last of the first page, which the second begins with
                emulator.responses[15] = response(15, at_minute(16.5))

        emulator.meanwhile = meanwhile
        pages = pull(emulator, params={"api": "v1"})
    assert ids(pages) == sorted([*EVERY, "r15"])


def test_a_survey_of_its_own_or_all() -> None:
    with steady() as emulator:
        emulator.responses[0]["surveyId"] = "other"
        assert ids(pull(emulator)) == EVERY[1:]
        assert ids(pull(emulator, survey=None)) == EVERY
        emulator.surveys["other"] = {"id": "other", "updatedAt": "2026-04-02T00:00:00.000Z"}
        assert pull(emulator, "survey_definition", survey="other") == [
            Page((emulator.surveys["other"],), "2026-04-02T00:00:00Z", True)
        ]
        with pytest.raises(ConnectorError, match=r"HTTP 404 .*Survey not found"):
            pull(emulator, "survey_definition", survey="none")
        with pytest.raises(UnusableDeclarationError, match="needs a survey"):
            pull(emulator, "survey_definition", survey=None)


def states() -> list[dict[str, Any]]:
    """One response in three states, and the oddities of others."""
    return [
        response(1, at_minute(1), {NPS: 9}, is_finished=False),
        response(1, at_minute(2), {NPS: 9, CSAT: 4, QUALITY: "Good"}, is_finished=False),
        response(1, at_minute(3), {NPS: 8, CSAT: 4, QUALITY: "Good", COMMENT: "早い"}),
        {**response(2, at_minute(4), {NPS: 0, "files": ["https://x/1.png"]}), "language": "fr"},
        response(3, at_minute(5), {QUALITY: "Superb", "matrix": {"Price": "Good"}}),
        {k: v for k, v in response(4, at_minute(6)).items() if k != "contactAttributes"},
        {**response(5, at_minute(7)), "contactAttributes": None},
    ]


def test_the_template_maps_each_state_of_a_response(tmp_path: Path) -> None:
    programme = pulls.template("formbricks", tmp_path / "programme")
    found = pulls.mapped(programme, "formbricks", "responses", states())
    assert pulls.column(found, "nps_question", "score") == [
        ("r01", 9),
        ("r01", 9),
        ("r01", 8),
        ("r02", 0),
        ("r03", None),
        ("r04", None),
        ("r05", None),
    ]
    versions = [moment for _, moment in pulls.column(found, "nps_question", "version")]
    assert versions == sorted(versions)
    assert pulls.column(found, "comment", "comment")[:3] == [
        ("r01", None),
        ("r01", None),
        ("r01", "早い"),
    ]
    assert pulls.column(found, "comment", "customer_id")[3:] == [
        ("r02", "C2"),
        ("r03", "C3"),
        ("r04", None),
        ("r05", None),
    ]
    assert pulls.column(found, "comment", "language")[2:4] == [("r01", "en"), ("r02", None)]
    (refusal,) = dict(found)["product_quality"].refusals
    assert (refusal.rule, refusal.value) == ("recode", "Superb")


def test_the_webhook_template_maps_deliveries_of_every_state(tmp_path: Path) -> None:
    programme = pulls.template("formbricks_webhook", tmp_path / "programme")
    events = ["responseCreated", "responseUpdated", "responseFinished"]
    deliveries = [
        {
            "delivery_id": f"d{number}",
            "received_at": at_minute(number),
            "event": event,
            "body": {
                "webhookId": "w1",
                "event": event,
                "data": {**state, "survey": {"title": "T"}},
            },
        }
        for number, (event, state) in enumerate(zip(events, states()[:3], strict=True))
    ]
    deliveries.append(
        {**deliveries[0], "body": {"data": {**response(9, at_minute(9)), "surveyId": "other"}}}
    )
    found = pulls.mapped(programme, "formbricks_webhook", "responses", deliveries)
    assert pulls.column(found, "nps_question", "score") == [("r01", 9), ("r01", 9), ("r01", 8)]
    assert pulls.column(found, "comment", "comment")[-1] == ("r01", "早い")
    assert dict(found)["comment"].not_applicable == 1


def test_from_the_emulator_to_raw_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXLOOP_FORMBRICKS_KEY", TOKEN)
    with FormbricksEmulator() as emulator:
        monkeypatch.setenv("CXLOOP_FORMBRICKS_URL", emulator.url)
        lake = TemplateLake("formbricks", tmp_path)
        emulator.responses = states()[:1] + states()[3:]
        lake.run(date(2026, 5, 5))
        emulator.responses[0] = states()[2]
        lake.run(date(2026, 5, 6))
    first, second = (
        {(r["response_id"], r["question_id"]): r for r in lake.raw("feedback", date(2026, 5, day))}
        for day in (5, 6)
    )
    assert first["r01", "nps_question"]["score"] == 9
    assert first["r01", "comment"]["comment"] is None
    assert second["r01", "nps_question"]["score"] == 8
    assert second["r01", "nps_question"]["version"] > first["r01", "nps_question"]["version"]
    assert {response_id for response_id, _ in second} == {"r01"}
    (refused,) = lake.quarantine("feedback", date(2026, 5, 5))
    assert refused["value"] == "Superb"
    assert b"person@example.com" not in lake.everything()
