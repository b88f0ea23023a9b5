"""SurveyMonkey: stepping through responses that change meanwhile, limits, the template."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConnectorError, UnusableDeclarationError
from connectors.pages import Page
from programme.systems import VendorRead
from tests.emulators import pulls
from tests.emulators.base import FAULTS, Fault
from tests.emulators.lakes import TemplateLake
from tests.emulators.surveymonkey import TOKEN, SurveyMonkeyEmulator
from tests.shared import SHARED_DATA

AUTH = {"kind": "bearer", "token": "${env:TOKEN}"}
RECORDINGS = SHARED_DATA / "api_recordings/surveymonkey"
PASSING = sorted(set(FAULTS) - {"revoked_token", "expired_job"})


def answered(question: str, *answers: dict[str, Any]) -> dict[str, Any]:
    return {"id": question, "answers": list(answers)}


def response(
    number: int, at: str = "2026-05-01T09:00:00+00:00", *questions: Any, **more: Any
) -> dict[str, Any]:
    """As the bulk list writes one."""
    return {
        "id": str(number),
        "recipient_id": "",
        "collection_mode": "default",
        "response_status": "completed",
        "custom_variables": {},
        "ip_address": "192.0.2.7",
        "email_address": "",
        "collector_id": "415838011",
        "survey_id": "1",
        "date_modified": at,
        "date_created": at,
        "pages": [{"id": "p1", "questions": list(questions)}],
        **more,
    }


def at_second(number: float) -> str:
    return (datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=int(number))).isoformat()


def pull(emulator: SurveyMonkeyEmulator, stream: str = "responses", **more: Any) -> list[Page]:
    read = VendorRead(stream=stream, survey=more.pop("survey", "1"), params=more.pop("params", {}))
    system = pulls.system_of("surveymonkey", emulator.url, AUTH, **more.pop("system", {}))
    return pulls.pull(system, read, {"TOKEN": TOKEN}, **more)


def ids(pages: list[Page]) -> list[str]:
    return [str(payload["id"]) for payload in pulls.payloads(pages)]


def steady(*faults: Fault, per_page: int = 4, per_second: int = 1) -> SurveyMonkeyEmulator:
    emulator = SurveyMonkeyEmulator(*faults)
    emulator.per_page = per_page
    emulator.responses = [response(n, at_second(n // per_second)) for n in range(19)]
    return emulator


@pytest.mark.parametrize("is_exclusive", [False, True])
@pytest.mark.parametrize("per_second", [1, 2, 3, 19])
def test_every_response_once_in_the_order_of_its_change(
    per_second: int, is_exclusive: bool
) -> None:
    with steady(per_second=per_second) as emulator:
        emulator.is_exclusive = is_exclusive
        pages = pull(emulator)
    assert ids(pages) == [str(n) for n in range(19)]
    assert all(page.resumable for page in pages)
    assert [page.cursor for page in pages] == sorted(str(page.cursor) for page in pages)
    assert pages[-1].cursor == at_second(18 // per_second).replace("+00:00", "Z")


@pytest.mark.parametrize("kind", PASSING)
def test_every_passing_fault_leaves_each_response_once(kind: str) -> None:
    with steady(Fault(kind, wait_seconds=0.6 if kind == "timeout" else 0)) as emulator:
        pages = pull(emulator, system={"timeout_seconds": 0.3})
    every = [str(n) for n in range(19)]
    if kind == "clock_skew":  # the response with the wrong time comes again with its own
        every.append(*{i for i in ids(pages) if ids(pages).count(i) > 1})
    assert sorted(ids(pages), key=int) == sorted(every, key=int)
    assert str(pages[-1].cursor) <= at_second(18).replace("+00:00", "Z")


@pytest.mark.parametrize("kind", [*PASSING, "revoked_token"])
def test_a_lasting_fault_is_named_and_the_next_pull_goes_on(kind: str) -> None:
    with steady(Fault(kind, at_request=3, times=99, wait_seconds=0.4)) as emulator:
        declared = {"timeout_seconds": 0.2, "max_attempts": 2}
        places = pulls.Opened("surveymonkey", emulator.url, AUTH, {"TOKEN": TOKEN}, **declared)
        read = VendorRead(stream="responses", survey="1")
        taken, error = places.until_error(read)
        emulator.faults.clear()
        durable = max((str(page.cursor) for page in taken if page.resumable), default=None)
        rest = pull(emulator, since=durable)
    assert {*ids(taken), *ids(rest)} == {str(n) for n in range(19)}
    if error is None:  # what does not mislead a reader that steps by instants
        assert kind in {"repeated_page", "cursor_back", "clock_skew", "duplicates"}
        return
    text = str(error)
    assert text.startswith(f"voices.responses: {emulator.url}/v3/surveys/1/responses/bulk: ")
    assert "since the beginning. Mend: " in text
    assert TOKEN not in text


def test_nothing_slips_through_when_responses_change_or_go_while_pages_are_read() -> None:
    with steady() as emulator:

        def meanwhile(count: int) -> None:
            if count == 2:  # page 1 is read: an edit and a deletion move all others up
                emulator.responses[0]["date_modified"] = at_second(100)
                del emulator.responses[1]

        emulator.meanwhile = meanwhile
        pages = pull(emulator)
    assert ids(pages) == [str(n) for n in range(19)] + ["0"]
    assert pages[-1].cursor == at_second(100).replace("+00:00", "Z")


def test_the_cursor_less_the_lookback_is_asked_for_in_utc() -> None:
    with steady() as emulator:
        emulator.responses.append(response(20, "2026-05-02T09:30:00+09:00"))
        pages = pull(emulator, since="2026-05-02T00:00:00Z", lookback_minutes=30)
        pull(emulator, history_from=date(2026, 5, 2))
    assert ids(pages) == ["20"]
    assert pages[-1].cursor == "2026-05-02T00:30:00Z"
    # a second early: the bound may be exclusive
    asked = [request.query["start_modified_at"] for request in emulator.requests]
    assert asked == ["2026-05-01T23:29:59", "2026-05-01T23:59:59"]


def test_an_api_that_ignores_where_to_go_on_is_named() -> None:
    with steady(per_second=19) as emulator:
        reply = emulator.reply

        def ignoring(request: Any) -> Any:
            request.query["page"] = "1"
            return reply(request)

        emulator.reply = ignoring  # type: ignore[method-assign]
        with pytest.raises(ConnectorError, match="brought nothing new"):
            pull(emulator)


def test_the_last_request_of_a_minute_is_followed_by_a_pause() -> None:
    with steady(per_page=10) as emulator:
        emulator.left = "0"
        begun = datetime.now(UTC)
        assert len(ids(pull(emulator))) == 19
        assert datetime.now(UTC) - begun >= timedelta(seconds=1)


def test_an_unknown_survey_and_none_are_named() -> None:
    with SurveyMonkeyEmulator() as emulator:
        with pytest.raises(ConnectorError, match=r"HTTP 404 .*retrieving the requested resource"):
            pull(emulator, survey="2")
        with pytest.raises(UnusableDeclarationError, match="needs a survey"):
            pull(emulator, survey=None)


def test_recorded_pages_come_through() -> None:
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recordings under {RECORDINGS}")
    bulk = json.loads((RECORDINGS / "surveys_318754279_responses_bulk.json").read_text())
    details = json.loads((RECORDINGS / "surveys_318754279_details.json").read_text())
    with SurveyMonkeyEmulator(survey="318754279") as emulator:
        emulator.responses, emulator.details = bulk["data"], details
        pages = pull(emulator, survey="318754279")
        (definition,) = pull(emulator, "survey_definition", survey="318754279")
    assert sorted(pulls.payloads(pages), key=str) == sorted(bulk["data"], key=str)
    assert pages[-1].cursor == "2022-03-05T18:05:57Z"
    assert definition == Page((details,), "2022-03-05T18:06:00Z", True)


# -- the template ----------------------------------------------------------------------------------


def choice(number: str, **more: Any) -> dict[str, Any]:
    return {"choice_id": number, **more}


def test_the_template_maps_answers_in_pages_and_questions(tmp_path: Path) -> None:
    programme = pulls.template("surveymonkey", tmp_path / "programme")
    given = [
        response(
            1,
            "2026-05-01T18:05:57+09:00",
            answered("111111111", choice("110000009")),
            answered("222222222", choice("220000099"), {"other_id": "5", "text": "it depends"}),
            answered(
                "333333333",
                choice("330000014", row_id="330000001"),
                choice("330000011", row_id="330000002"),
            ),
            answered("444444444", {"tag_data": [], "text": "Kind people\nand fast"}),
            custom_variables={"customer_id": "C1"},
        ),
        response(2, at_second(0), answered("111111111", choice("119999999"))),
        response(
            3, at_second(0), answered("111111111", choice("110000000")), response_status="partial"
        ),
        response(4, at_second(0)),
        response(5, at_second(0), answered("444444444"), pages=[]),
        response(6, at_second(0), answered("999999999", choice("1"), choice("2"))),
    ]
    found = pulls.mapped(programme, "surveymonkey", "responses", given)
    assert pulls.column(found, "nps_question", "score") == [("1", 9)]
    assert pulls.column(found, "csat_question", "score") == [("1", None)]
    assert pulls.column(found, "product_quality", "score") == [("1", 4)]
    assert pulls.column(found, "comment", "comment") == [("1", "Kind people\nand fast")]
    assert pulls.column(found, "comment", "customer_id") == [("1", "C1")]
    assert pulls.column(found, "comment", "version") == [
        ("1", datetime(2026, 5, 1, 9, 5, 57, tzinfo=UTC))
    ]
    nps = dict(found)["nps_question"]
    (refusal,) = nps.refusals
    assert (refusal.rule, refusal.column, refusal.value) == ("recode", "score", "119999999")
    assert nps.received == nps.table.num_rows + len(nps.refusals) + nps.not_applicable


def test_a_batch_in_which_nobody_answered_the_matrix_is_no_drift(tmp_path: Path) -> None:
    programme = pulls.template("surveymonkey", tmp_path / "programme")
    given = [response(1, at_second(0), answered("444444444", {"text": "only words"}))]
    found = pulls.mapped(programme, "surveymonkey", "responses", given)
    assert [result.table.num_rows for _, result in found] == [0, 0, 0, 1]


def whole(number: int, at: str, *questions: Any, **more: Any) -> dict[str, Any]:
    """With every key that the API writes."""
    keys = {"first_name": "", "last_name": "", "metadata": {"contact": {}}}
    links = {"edit_url": "https://x/edit", "analyze_url": "https://x/analyze"}
    return {**response(number, at, *questions, **more), **keys, **links}


def test_from_the_emulator_to_raw_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXLOOP_SURVEYMONKEY_TOKEN", TOKEN)
    with SurveyMonkeyEmulator(survey="0000000000") as emulator:
        monkeypatch.setenv("CXLOOP_SURVEYMONKEY_URL", emulator.url)
        lake = TemplateLake("surveymonkey", tmp_path)
        nine, zero = choice("110000009"), choice("110000000")
        emulator.responses = [
            whole(1, at_second(0), answered("111111111", nine)),
            whole(2, at_second(1), answered("111111111", choice("119999999"))),
            whole(3, at_second(2), answered("111111111", nine), response_status="partial"),
        ]
        lake.run(date(2026, 5, 5))
        emulator.responses[2] = whole(3, at_second(7200), answered("111111111", zero))
        lake.run(date(2026, 5, 6))
    assert [(r["response_id"], r["score"]) for r in lake.raw("feedback", date(2026, 5, 5))] == [
        ("1", 9)
    ]
    (refused,) = lake.quarantine("feedback", date(2026, 5, 5))
    assert refused["value"] == "119999999"
    assert [(r["response_id"], r["score"]) for r in lake.raw("feedback", date(2026, 5, 6))] == [
        ("3", 0)
    ]
    for secret in (b"192.0.2.7", b"https://x/edit", TOKEN.encode()):
        assert secret not in lake.everything()
