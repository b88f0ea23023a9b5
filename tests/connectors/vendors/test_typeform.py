"""Typeform: completed responses by steps, partial ones by tokens, the template."""

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
from tests.emulators.lakes import TemplateLake
from tests.emulators.typeform import TOKEN, TypeformEmulator

AUTH = {"kind": "bearer", "token": "${env:TOKEN}"}
PASSING = sorted(set(FAULTS) - {"revoked_token", "expired_job"})


def answer(ref: str, kind: str, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "field": {"id": f"id_{ref}", "type": kind, "ref": ref},
        "type": kind,
        kind: value,
        **more,
    }


def response(number: int, at: str, *answers: Any, **more: Any) -> dict[str, Any]:
    return {
        "landing_id": f"r{number}",
        "token": f"r{number}",
        "response_id": f"r{number}",
        "response_type": "completed",
        "landed_at": at,
        "submitted_at": at,
        "metadata": {
            "user_agent": "Mozilla",
            "platform": "other",
            "network_id": "n",
            "browser": "default",
        },
        "hidden": {"customer_id": f"C{number}"},
        "calculated": {"score": 0},
        "answers": list(answers),
        **more,
    }


def at_second(number: float) -> str:
    moment = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=int(number))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def pull(emulator: TypeformEmulator, stream: str = "responses", **more: Any) -> list[Page]:
    params = more.pop("params", {"page_size": 4})
    read = VendorRead(stream=stream, survey=more.pop("survey", "abc"), params=params)
    system = pulls.system_of("typeform", emulator.url, AUTH, **more.pop("system", {}))
    return pulls.pull(system, read, {"TOKEN": TOKEN}, **more)


def ids(pages: list[Page]) -> list[str]:
    return [str(payload["response_id"]) for payload in pulls.payloads(pages)]


def steady(*faults: Fault, per_second: int = 1) -> TypeformEmulator:
    emulator = TypeformEmulator(*faults)
    emulator.responses = [response(n, at_second(n // per_second)) for n in range(19)]
    emulator.partial = [response(n, at_second(n), submitted_at=None) for n in range(9)]
    return emulator


EVERY = [f"r{n}" for n in range(19)]


@pytest.mark.parametrize("per_second", [1, 2, 3])
def test_every_response_once_in_the_order_of_submission(per_second: int) -> None:
    with steady(per_second=per_second) as emulator:
        pages = pull(emulator)
    assert ids(pages) == EVERY
    assert all(page.resumable for page in pages)
    assert pages[-1].cursor == at_second(18 // per_second)


def test_a_page_that_came_empty_though_it_counts_one_is_asked_for_again() -> None:
    with TypeformEmulator(Fault("truncated_page", at_request=1)) as emulator:
        emulator.responses = [response(1, at_second(1))]
        assert ids(pull(emulator)) == ["r1"]


def test_a_thousand_responses_come_in_one_page() -> None:
    with steady() as emulator:
        pages = pull(emulator, params={})
    assert [len(page.payloads) for page in pages] == [19]
    assert emulator.requests[0].query["page_size"] == "1000"


def test_more_responses_in_one_second_than_a_page_holds_are_named() -> None:
    with (
        steady(per_second=19) as emulator,
        pytest.raises(ConnectorError, match="within one second"),
    ):
        pull(emulator)


@pytest.mark.parametrize("stream", ["responses", "partial_responses"])
@pytest.mark.parametrize("kind", PASSING)
def test_every_passing_fault_leaves_each_response_once(kind: str, stream: str) -> None:
    with steady(Fault(kind, wait_seconds=0.6 if kind == "timeout" else 0)) as emulator:
        pages = pull(emulator, stream, system={"timeout_seconds": 0.3})
    every = EVERY if stream == "responses" else EVERY[:9]
    if kind == "clock_skew" and stream == "responses":
        # the response with the wrong time comes again with its own
        every = [*every, *{i for i in ids(pages) if ids(pages).count(i) > 1}]
        assert len(every) == 20
    assert sorted(ids(pages)) == sorted(every)


@pytest.mark.parametrize("kind", [*PASSING, "revoked_token"])
def test_a_lasting_fault_is_named_and_the_next_pull_goes_on(kind: str) -> None:
    with steady(Fault(kind, at_request=3, times=99, wait_seconds=0.4)) as emulator:
        opened = pulls.Opened(
            "typeform", emulator.url, AUTH, {"TOKEN": TOKEN}, timeout_seconds=0.2, max_attempts=2
        )
        params: dict[str, Any] = {"page_size": 4}
        taken, error = opened.until_error(
            VendorRead(stream="responses", survey="abc", params=params)
        )
        emulator.faults.clear()
        durable = max((str(page.cursor) for page in taken if page.resumable), default=None)
        rest = pull(emulator, since=durable)
    assert {*ids(taken), *ids(rest)} == set(EVERY)
    if error is None:
        assert kind in {"cursor_back", "clock_skew", "duplicates"}
        return
    assert str(error).startswith(f"voices.responses: {emulator.url}/forms/abc/responses: ")
    assert "since the beginning. Mend: " in str(error)
    assert TOKEN not in str(error)


def test_the_cursor_less_the_lookback_is_asked_for() -> None:
    with steady() as emulator:
        pages = pull(emulator, since=at_second(17), lookback_minutes=0)
        pull(emulator, history_from=date(2026, 5, 2))
        pull(emulator, "partial_responses", history_from=date(2026, 5, 1), since=at_second(17))
    assert ids(pages) == ["r17", "r18"]
    assert [request.query.get("since") for request in emulator.requests[:3]] == [
        "2026-05-01T00:00:17",
        "2026-05-02T00:00:00",
        "2026-05-01T00:00:00",
    ]


def test_partial_responses_are_read_whole_and_have_no_cursor() -> None:
    with steady() as emulator:
        pages = pull(emulator, "partial_responses")
    assert ids(pages) == EVERY[:9][::-1]
    assert {(page.cursor, page.resumable) for page in pages} == {(None, False)}


def test_a_time_that_says_not_yet_is_no_cursor() -> None:
    with TypeformEmulator() as emulator:
        emulator.responses = [response(1, at_second(1)), response(2, "0001-01-01T00:00:00Z")]
        pages = pull(emulator)
    assert sorted(ids(pages)) == ["r1", "r2"]
    assert pages[-1].cursor == at_second(1)


def test_the_form_itself_and_an_unknown_one() -> None:
    with TypeformEmulator() as emulator:
        emulator.form = {"id": "abc", "fields": [], "last_updated_at": "2026-04-02T00:00:00Z"}
        assert pull(emulator, "survey_definition") == [
            Page((emulator.form,), "2026-04-02T00:00:00Z", True)
        ]
        with pytest.raises(ConnectorError, match=r"HTTP 404 .*Form does not exist"):
            pull(emulator, survey="other")
        with pytest.raises(UnusableDeclarationError, match="needs a form"):
            pull(emulator, survey=None)


def test_the_template_maps_answers_by_reference(tmp_path: Path) -> None:
    programme = pulls.template("typeform", tmp_path / "programme")
    given = [
        response(
            1,
            at_second(1),
            answer("nps", "number", 9),
            answer("csat", "number", 4),
            answer("product_quality", "choice", {"id": "x", "label": "Good"}),
            answer("comment", "text", "早くて親切"),
            answer("cv", "file_url", "https://api.typeform.com/responses/files/1"),
            answer("extras", "choices", {"ids": ["a"], "labels": ["Price"], "other": "Love"}),
        ),
        response(2, at_second(2), answer("product_quality", "choice", {"other": "so so"})),
        response(3, at_second(3), answer("nps", "number", 0), hidden={}),
        response(4, at_second(4), answers=None),
        {k: v for k, v in response(5, at_second(5)).items() if k not in ("hidden", "metadata")},
        response(
            6, at_second(6), answer("product_quality", "choice", {"id": "y", "label": "Superb"})
        ),
    ]
    found = pulls.mapped(programme, "typeform", "responses", given)
    assert pulls.column(found, "nps_question", "score") == [("r1", 9), ("r3", 0)]
    assert pulls.column(found, "nps_question", "customer_id") == [("r1", "C1"), ("r3", None)]
    assert pulls.column(found, "csat_question", "score") == [("r1", 4)]
    assert pulls.column(found, "product_quality", "score") == [("r1", 4), ("r2", None)]
    assert pulls.column(found, "comment", "comment") == [("r1", "早くて親切")]
    quality = dict(found)["product_quality"]
    assert [(r.rule, r.value) for r in quality.refusals] == [("recode", "Superb")]
    assert quality.received == 11


def test_from_the_emulator_to_raw_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXLOOP_TYPEFORM_TOKEN", TOKEN)
    with TypeformEmulator(form="AbCdEf12") as emulator:
        monkeypatch.setenv("CXLOOP_TYPEFORM_URL", emulator.url)
        lake = TemplateLake("typeform", tmp_path)
        emulator.responses = [response(n, at_second(n), answer("nps", "number", n)) for n in (1, 2)]
        lake.run(date(2026, 5, 5))
        emulator.responses.append(response(3, at_second(3), answer("nps", "number", 3)))
        lake.run(date(2026, 5, 6))
    rows = [lake.raw("feedback", date(2026, 5, day)) for day in (5, 6)]
    assert [[(r["response_id"], r["score"]) for r in found] for found in rows] == [
        [("r1", 1), ("r2", 2)],
        [("r3", 3)],
    ]
    assert b"Mozilla" not in lake.everything()
