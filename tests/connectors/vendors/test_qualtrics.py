"""Qualtrics: exports against a server that misbehaves, continuation, windows, the template."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConnectorError, UnusableDeclarationError
from connectors.pages import Page
from programme.systems import VendorRead
from tests.emulators import pulls
from tests.emulators.base import FAULTS, Fault
from tests.emulators.lakes import TemplateLake
from tests.emulators.qualtrics import TOKEN, QualtricsEmulator
from tests.shared import SHARED_DATA

AUTH = {"kind": "api_key", "header": "X-API-TOKEN", "key": "${env:TOKEN}"}
CASSETTES = SHARED_DATA / "api_recordings/qualtrics"


def response(number: int, at: str = "2026-05-01T09:00:00Z", **values: Any) -> dict[str, Any]:
    """As the export writes one, labels and displayed fields beside the values."""
    moments = {"startDate": at, "endDate": at, "recordedDate": at, "_lastModifiedDate": at}
    answered = {
        "status": 0,
        "ipAddress": "192.0.2.7",
        "progress": 100,
        "duration": 61,
        "finished": 1,
        "_recordId": f"R_{number}",
        "recipientEmail": "person@example.com",
        "distributionChannel": "email",
        "userLanguage": "EN",
        "QID1": number % 11,
        "QID1_NPS_GROUP": 3,
        "QID4_1": 4,
        "QID5_TEXT": f"Reason {number}",
        "QID7": ["1", "4"],
        "QID9_FILE_ID": "F_1",
        "customer_id": f"C{number}",
    }
    return {
        "responseId": f"R_{number}",
        "values": {**moments, **answered, **values},
        "labels": {"status": "IP Address", "finished": "True", "QID7": ["Price", "Other"]},
        "displayedFields": ["QID1", "QID4_1", "QID5_TEXT"],
        "displayedValues": {"QID1": list(range(11))},
    }


def many(count: int) -> list[dict[str, Any]]:
    return [
        response(number, f"2026-05-{1 + number % 28:02d}T{number % 24:02d}:00:00Z")
        for number in range(count)
    ]


def pull(emulator: QualtricsEmulator, stream: str = "responses", **more: Any) -> list[Page]:
    params = more.pop("params", {})
    declared = more.pop("system", {})
    read = VendorRead(stream=stream, survey=more.pop("survey", "SV_1"), params=params)
    system = pulls.system_of("qualtrics", emulator.url, AUTH, **declared)
    return pulls.pull(system, read, {"TOKEN": TOKEN}, **more)


def ids(pages: list[Page]) -> list[str]:
    return sorted(payload["responseId"] for payload in pulls.payloads(pages))


def test_a_whole_survey_in_pages_that_fit_memory() -> None:
    with QualtricsEmulator() as emulator:
        emulator.responses = many(2500)
        pages = pull(emulator)
    assert ids(pages) == sorted(r["responseId"] for r in emulator.responses)
    assert [len(page.payloads) for page in pages] == [1000, 1000, 500]
    assert [page.resumable for page in pages] == [False, False, True]
    assert pages[-1].cursor == max(r["values"]["_lastModifiedDate"] for r in emulator.responses)
    (body,) = emulator.exports
    assert body == {"format": "json", "compress": True, "sortByLastModifiedDate": True}
    assert emulator.secrets_sent == {TOKEN}


def test_payloads_come_as_they_were_written() -> None:
    odd = response(1, QID2=4.5, QID3=None, QID8=12345678901234567890, QID10=1.1e400)
    text = json.dumps(odd).replace("Infinity", "1e400")
    with QualtricsEmulator() as emulator:
        emulator.responses = [json.loads(text, parse_float=lambda n: n if "e" in n else float(n))]
        (found,) = pulls.payloads(pull(emulator))
    assert found == {**odd, "values": {**odd["values"], "QID10": "1e400"}}


def test_files_that_are_not_compressed_are_read_too() -> None:
    with QualtricsEmulator() as emulator:
        emulator.responses, emulator.compressed = many(3), False
        assert ids(pull(emulator)) == ["R_0", "R_1", "R_2"]


def test_an_empty_survey_is_no_error() -> None:
    with QualtricsEmulator() as emulator:
        pages = pull(emulator)
    assert pulls.payloads(pages) == []


@pytest.mark.parametrize("at_request", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind != "revoked_token"])
def test_every_passing_fault_at_every_step_leaves_each_response_once(
    kind: str, at_request: int
) -> None:
    """Requests are: start, three looks, file."""
    fault = Fault(kind, at_request=at_request, wait_seconds=0.6 if kind == "timeout" else 0)
    with QualtricsEmulator(fault) as emulator:
        emulator.responses = many(40)
        pages = pull(emulator, system={"timeout_seconds": 0.3})
    assert ids(pages) == sorted(r["responseId"] for r in emulator.responses)
    assert pages[-1].cursor == max(r["values"]["_lastModifiedDate"] for r in emulator.responses)


@pytest.mark.parametrize("kind", [*FAULTS, "failing", "damaged"])
def test_a_lasting_fault_says_what_where_since_when_and_what_to_do(kind: str) -> None:
    faults = [Fault(kind, at_request=2, times=99, wait_seconds=0.4)] if kind in FAULTS else []
    with QualtricsEmulator(*faults) as emulator:
        emulator.responses = many(40)
        emulator.failing = 99 if kind == "failing" else 0
        emulator.damaged = 99 if kind == "damaged" else 0
        harmless = {"truncated_page", "repeated_page", "cursor_back", "clock_skew", "duplicates"}
        declared = {"timeout_seconds": 0.2, "max_attempts": 2}
        if kind in harmless:  # an export has no pages
            assert len(ids(pull(emulator, system=declared))) == 40
            return
        with pytest.raises(ConnectorError) as caught:
            pull(emulator, system=declared, since="2026-05-03T00:00:00Z")
        emulator.faults.clear()
        emulator.failing = emulator.damaged = 0
        rest = ids(pull(emulator, since="2026-05-03T00:00:00Z"))
    text = str(caught.value)
    assert text.startswith(f"voices.responses: {emulator.url}/API/v3/surveys/SV_1/export-responses")
    assert "since 2026-05-03T00:00:00Z" in text
    assert "Mend: " in text
    assert TOKEN not in text
    assert rest == sorted(
        r["responseId"] for r in emulator.responses if r["values"]["endDate"] >= "2026-05-03"
    )


def test_an_expired_or_failed_job_is_started_again() -> None:
    with QualtricsEmulator(Fault("expired_job", at_request=4)) as emulator:
        emulator.responses, emulator.failing = many(5), 1
        assert len(ids(pull(emulator))) == 5
    assert len(emulator.exports) == 3


def test_a_failed_export_names_its_request() -> None:
    with QualtricsEmulator() as emulator:
        emulator.failing = 99
        with pytest.raises(
            ConnectorError, match=r"4 export.s. .* `failed` \(request 6c2b-emulated"
        ):
            pull(emulator)


def test_an_unknown_survey_is_named() -> None:
    with QualtricsEmulator() as emulator:
        with pytest.raises(ConnectorError, match="there is no survey SV_2"):
            pull(emulator, survey="SV_2")
        with pytest.raises(UnusableDeclarationError, match="needs a survey"):
            pull(emulator, survey=None)


def test_an_export_of_another_shape_is_no_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with QualtricsEmulator() as emulator:
        emulator.responses = many(2)
        dumps = json.dumps
        monkeypatch.setattr(
            "tests.emulators.qualtrics.json.dumps",
            lambda content, **more: dumps(
                {"answers": content["responses"]} if "responses" in content else content, **more
            ),
        )
        with pytest.raises(ConnectorError, match="without the list `responses`"):
            pull(emulator)


def test_what_changed_since_is_read_with_the_lookback_and_late_edits() -> None:
    with QualtricsEmulator() as emulator:
        emulator.responses = [
            response(1, "2026-05-01T09:00:00Z"),
            response(2, "2026-05-02T09:00:00Z"),
        ]
        first = pull(emulator, history_from=date(2026, 5, 1))
        edited = response(
            1, "2026-05-01T09:00:00Z", _lastModifiedDate="2026-05-04T00:00:00Z", QID1=0
        )
        emulator.responses = [
            edited,
            response(2, "2026-05-02T09:00:00Z"),
            response(3, "2026-05-03T09:00:00Z"),
        ]
        second = pull(emulator, since=str(first[-1].cursor), lookback_minutes=60)
    assert ids(first) == ["R_1", "R_2"]
    assert first[-1].cursor == "2026-05-02T09:00:00Z"
    assert ids(second) == ["R_1", "R_2", "R_3"]
    assert second[-1].cursor == "2026-05-04T00:00:00Z"
    assert [body["startDate"] for body in emulator.exports] == [
        "2026-05-01T00:00:00Z",
        "2026-05-02T08:00:00Z",
    ]


def test_a_cursor_never_passes_the_clock_of_the_api() -> None:
    with QualtricsEmulator() as emulator:
        emulator.clock = datetime(2026, 5, 10, tzinfo=UTC)
        emulator.responses = [response(1), response(2, "2099-01-01T00:00:00Z")]
        pages = pull(emulator)
    assert ids(pages) == ["R_1", "R_2"]
    assert pages[-1].cursor == "2026-05-01T09:00:00Z"


def test_windows_follow_one_another_and_each_may_be_the_last_of_a_run() -> None:
    with QualtricsEmulator() as emulator:
        emulator.clock = datetime(2026, 5, 29, tzinfo=UTC)
        emulator.responses = many(100)
        emulator.definition = {
            "SurveyID": "SV_1",
            "SurveyOptions": {"SurveyCreationDate": "2026-04-20T00:35:40Z"},
        }
        pages = pull(emulator, params={"window_days": 10})
    spans = [(body.get("startDate"), body.get("endDate")) for body in emulator.exports]
    assert spans == [
        (None, "2026-04-30T00:35:40Z"),
        ("2026-04-30T00:35:40Z", "2026-05-10T00:35:40Z"),
        ("2026-05-10T00:35:40Z", "2026-05-20T00:35:40Z"),
        ("2026-05-20T00:35:40Z", None),
    ]
    assert ids(pages) == sorted(r["responseId"] for r in emulator.responses)
    assert [page.cursor for page in pages] == [
        "2026-04-30T00:35:40Z",
        "2026-05-10T00:35:40Z",
        "2026-05-20T00:35:40Z",
        max(r["values"]["_lastModifiedDate"] for r in emulator.responses),
    ]
    assert all(page.resumable for page in pages)


def test_a_token_goes_on_from_the_last_export_and_an_expired_one_from_its_instant() -> None:
    with QualtricsEmulator() as emulator:
        emulator.responses = [
            response(1, "2026-05-01T09:00:00Z"),
            response(2, "2026-05-02T09:00:00Z"),
        ]
        first = pull(emulator, params={"continuation": True})
        emulator.responses.append(response(3, "2026-05-03T09:00:00Z"))
        second = pull(emulator, params={"continuation": True}, since=str(first[-1].cursor))
        emulator.tokens.clear()
        emulator.responses.append(response(4, "2026-05-04T09:00:00Z"))
        third = pull(emulator, params={"continuation": True}, since=str(second[-1].cursor))
    assert first[-1].cursor == "2026-05-02T09:00:00Z token1"
    assert ids(second) == ["R_3"]
    assert second[-1].cursor == "2026-05-03T09:00:00Z token2"
    assert ids(third) == ["R_3", "R_4"]
    assert "continuationToken" not in emulator.exports[-1]
    assert emulator.exports[-1]["startDate"] == "2026-05-03T09:00:00Z"


def test_a_filter_is_not_sorted_by_change_which_qualtrics_refuses() -> None:
    with QualtricsEmulator() as emulator:
        emulator.responses = many(2)
        assert len(ids(pull(emulator, params={"filterId": "F"}))) == 2


def test_the_definition_comes_in_the_form_that_the_token_may_read() -> None:
    with QualtricsEmulator() as emulator:
        emulator.older_definition = {"id": "SV_1", "lastModifiedDate": "2026-04-02T00:00:00Z"}
        older = pull(emulator, "survey_definition")
        emulator.definition = {"SurveyID": "SV_1", "LastModified": "2026-04-03T00:00:00Z"}
        newer = pull(emulator, "survey_definition")
    assert older == [Page(({**emulator.older_definition},), "2026-04-02T00:00:00Z", True)]
    assert newer == [Page(({**emulator.definition},), "2026-04-03T00:00:00Z", True)]


def distribution(number: int, sent: str, kind: str = "Invite") -> dict[str, Any]:
    return {
        "id": f"EMD_{number}",
        "requestType": kind,
        "requestStatus": "Done",
        "sendDate": sent,
        "modifiedDate": sent,
        "recipients": {"mailingListId": "CG_1", "contactId": None},
        "surveyLink": {"surveyId": "SV_1", "linkType": "Individual"},
    }


def recipient(number: int, status: str = "Success", **more: Any) -> dict[str, Any]:
    link = f"https://x.qualtrics.com/jfe/form/SV_1?Q_CHL=email&Q_DL=EMD_1_1_CGC_{number}&_g_=g"
    return {
        "contactId": f"CID_{number}",
        "contactLookupId": f"CGC_{number}",
        "distributionId": "EMD_1",
        "status": status,
        "surveyLink": link,
        "sentAt": "2026-05-01T00:00:00Z",
        "openedAt": None,
        "responseCompletedAt": None,
        **more,
    }


def with_history(*faults: Fault) -> QualtricsEmulator:
    emulator = QualtricsEmulator(*faults)
    emulator.page_size = 2
    emulator.distributions = [
        distribution(1, "2026-05-01T00:00:00Z"),
        distribution(2, "2026-05-02T00:00:00Z"),
        distribution(3, "2026-05-03T00:00:00Z", "Reminder"),
    ]
    emulator.history = {
        "EMD_1": [
            recipient(1, "SurveyFinished", responseCompletedAt="2026-05-02T08:00:00Z"),
            recipient(2, "HardBounce"),
            recipient(3, "Opened", openedAt="2026-05-01T07:00:00Z"),
        ],
        "EMD_3": [recipient(4)],
    }
    emulator.contacts = {
        "CG_1": [{"contactId": f"CID_{n}", "extRef": f"C{n}"} for n in (1, 2, 3, 4)]
    }
    return emulator


PAGED = sorted(set(FAULTS) - {"revoked_token", "expired_job", "truncated_page"})


@pytest.mark.parametrize("path", ["distributions", "/history", "/contacts"])
@pytest.mark.parametrize("kind", PAGED)
def test_recipients_come_once_each_whatever_the_pages_do(kind: str, path: str) -> None:
    """That a list came short cannot be told, as Qualtrics counts nothing: the lookback mends it."""
    fault = Fault(kind, path=path, wait_seconds=0.6 if kind == "timeout" else 0)
    with with_history(fault) as emulator:
        pages = pull(
            emulator,
            "distribution_history",
            params={"directory": "POOL_1"},
            system={"timeout_seconds": 0.3},
        )
    found = [(r["contactId"], r["contact"]["extRef"]) for r in pulls.payloads(pages)]
    assert sorted(found) == [(f"CID_{n}", f"C{n}") for n in (1, 2, 3, 4)]
    assert pages[-1] == Page((), pages[-1].cursor, True)
    assert str(pages[-1].cursor) <= "2026-05-03T00:00:00Z"


def test_distributions_changed_since_come_whole() -> None:
    with with_history() as emulator:
        every = pull(emulator, "distributions")
        since = pull(emulator, "distributions", since="2026-05-03T12:00:00Z", lookback_minutes=1440)
    assert [d["id"] for d in pulls.payloads(every)] == ["EMD_1", "EMD_2", "EMD_3"]
    assert [d["id"] for d in pulls.payloads(since)] == ["EMD_3"]
    assert since[-1].cursor == "2026-05-03T12:00:00Z"


# -- the template ----------------------------------------------------------------------------------


def test_the_template_maps_responses_to_one_row_per_question(tmp_path: Path) -> None:
    programme = pulls.template("qualtrics", tmp_path / "programme")
    skipped = response(2, QID1=None, userLanguage="PT-BR", distributionChannel="preview")
    for name in ("QID4_1", "QID5_TEXT", "customer_id"):
        del skipped["values"][name]
    given = [
        response(1, QID2=99, QID3="2", Q_DL="EMD_1_1_CGC_1", QID4_1="7"),
        skipped,
        response(3, finished=0),
        response(4, status=1),
        response(5, QID1=11),
        response(6, QID1="nine"),
    ]
    found = pulls.mapped(programme, "qualtrics", "responses", given)
    assert pulls.column(found, "nps_question", "score") == [("R_1", 1), ("R_2", None), ("R_5", 11)]
    assert pulls.column(found, "csat_question", "score")[0] == ("R_1", None)
    assert pulls.column(found, "ces_question", "score")[0] == ("R_1", 2)
    assert pulls.column(found, "product_quality", "score")[:2] == [("R_1", 7), ("R_2", None)]
    assert pulls.column(found, "comment", "comment")[:2] == [("R_1", "Reason 1"), ("R_2", None)]
    assert pulls.column(found, "comment", "customer_id")[:2] == [("R_1", "C1"), ("R_2", None)]
    assert pulls.column(found, "comment", "invitation_id")[0] == ("R_1", "EMD_1_1_CGC_1")
    assert pulls.column(found, "comment", "language")[:2] == [("R_1", "en"), ("R_2", None)]
    assert pulls.column(found, "comment", "channel")[:2] == [("R_1", "email"), ("R_2", None)]
    by_question = dict(found)
    (refusal,) = by_question["nps_question"].refusals
    assert (refusal.rule, refusal.value) == ("is_number", "nine")
    assert by_question["nps_question"].not_applicable == 2


def test_the_template_maps_recipients_to_invitations(tmp_path: Path) -> None:
    programme = pulls.template("qualtrics", tmp_path / "programme")
    with with_history() as emulator:
        pages = pull(emulator, "distribution_history", params={"directory": "POOL_1"})
    found = pulls.mapped(programme, "qualtrics", "invitations", pulls.payloads(pages))
    rows = [row for _, result in found for row in result.table.to_pylist()]
    assert [(r["invitation_id"], r["customer_id"], r["delivered_at"] is None) for r in rows] == [
        ("EMD_1_1_CGC_1", "C1", False),
        ("EMD_1_1_CGC_2", "C2", True),
        ("EMD_1_1_CGC_3", "C3", False),
    ]
    assert rows[0]["answered_at"] == datetime(2026, 5, 2, 8, tzinfo=UTC)
    assert rows[1]["answered_at"] is None


def test_from_the_emulator_to_raw_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXLOOP_QUALTRICS_TOKEN", TOKEN)
    survey = "SV_0123456789abcde"
    with with_history() as history, QualtricsEmulator(survey=survey) as emulator:
        emulator.polls = 0
        emulator.distributions, emulator.history = history.distributions, history.history
        emulator.contacts = history.contacts
        monkeypatch.setenv("CXLOOP_QUALTRICS_URL", emulator.url)
        lake = TemplateLake("qualtrics", tmp_path)
        emulator.responses = [response(1), response(2, QID1=11), response(3, finished=0)]
        first = lake.run(date(2026, 5, 5))
        emulator.responses[0] = response(1, _lastModifiedDate="2026-05-06T00:00:00Z", QID1=None)
        lake.run(date(2026, 5, 7))
    asked = [
        r for r in lake.raw("feedback", date(2026, 5, 5)) if r["question_id"] == "nps_question"
    ]
    assert [(r["response_id"], r["score"], r["kind"]) for r in asked] == [("R_1", 1, "nps")]
    (refused,) = lake.quarantine("feedback", date(2026, 5, 5))
    assert refused["value"] == "11.0"
    counts = first.counts
    assert (
        counts.received
        == counts.landed + counts.quarantined + counts.duplicate + counts.not_applicable
    )
    later = [
        r for r in lake.raw("feedback", date(2026, 5, 7)) if r["question_id"] == "nps_question"
    ]
    # the edit alone, and what it left empty is empty
    assert [(r["response_id"], r["score"]) for r in later] == [("R_1", None)]
    assert {r["customer_id"] for r in lake.raw("invitation", date(2026, 5, 5))} == {
        "C1",
        "C2",
        "C3",
    }
    for secret in (b"192.0.2.7", b"person@example.com", TOKEN.encode()):
        assert secret not in lake.everything()
