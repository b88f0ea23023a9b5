"""From the receiver's segments to raw: unfinished and finished answers, and what is no answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.records import RECORDS
from connectors.webhooks.journal import Journal
from connectors.webhooks.segments import Delivery
from programme import check, load_programme
from tests.connectors.conftest import Bench

TEMPLATES = Path(__file__).resolve().parents[2] / "programme" / "templates"


class Formbricks:
    """Delivers to a journal as the receiver would."""

    def __init__(self, home: Path) -> None:
        self.journal = Journal(home, "src", segment_bytes=1 << 20)
        self.journal.open()
        self.count = 0

    def deliver(self, event: str, response: str, minute: int, **answers: Any) -> None:
        data = {
            "id": response,
            "createdAt": "2026-07-01T09:00:00.000Z",
            "updatedAt": f"2026-07-01T09:{minute:02d}:00.000Z",
            "surveyId": "s",
            "finished": event == "responseFinished",
            "language": "default",
            "contactAttributes": {"userId": "K1", "email": "mori@example.jp"},
            "data": answers,
        }
        self.raw(json.dumps({"webhookId": "w", "event": event, "data": data}), event)

    def raw(self, body: str, event: str | None = None) -> None:
        self.count += 1
        at = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
        self.journal.append([Delivery(f"msg_{self.count}", at, event, body.encode())])


FORMBRICKS = """
system:
  kind: webhook
  signature: {scheme: formbricks, secrets: ["${env:S_FORMBRICKS}"]}
entities:
  responses:
    webhook: {}
    personal: {body.data.contactAttributes.email: drop}
    records:
      - record: feedback
        survey: service
        question: likelihood
        where: &responses
          - {column: event, is_in: [responseCreated, responseUpdated, responseFinished]}
        fields:
          <<: &response
            response_id: {column: body.data.id, required: true}
            customer_id: body.data.contactAttributes.userId
            responded_at: {column: body.data.createdAt, required: true}
            version: {column: body.data.updatedAt, required: true}
          score: {column: body.data.data.nps, optional: true}
      - record: feedback
        survey: service
        question: comment
        where: *responses
        fields:
          <<: *response
          comment: {column: body.data.data.comment, optional: true}
"""


@pytest.fixture
def formbricks(bench: Bench) -> Formbricks:
    bench.source(FORMBRICKS)
    return Formbricks(bench.settings.home)


def newest(bench: Bench) -> dict[tuple[str, str], Any]:
    """As staging does: of each key the newest version."""
    rows = sorted(bench.raw("feedback"), key=lambda row: row["version"])
    return {
        (row["response_id"], row["question_id"]): row["score"] or row["comment"] for row in rows
    }


def test_the_template_holds_together_and_maps_its_own_example(bench: Bench) -> None:
    for folder, name in (("sources", "webhook"), ("surveys", "customer_feedback")):
        text = (TEMPLATES / folder / f"{name}.yml").read_text(encoding="utf-8")
        to = "src" if folder == "sources" else name
        (bench.root / "programme" / folder / f"{to}.yml").write_text(text, encoding="utf-8")
    fields = {name: {field.name for field in record.fields} for name, record in RECORDS.items()}
    keys = {name: record.key for name, record in RECORDS.items()}
    programme = load_programme(bench.root / "programme")
    assert not check(programme, metrics=None, segments=None, records=fields, record_keys=keys)
    example = text_of_example((TEMPLATES / "sources" / "webhook.yml").read_text(encoding="utf-8"))
    Formbricks(bench.settings.home).raw(json.dumps(example["body"]), example["event"])
    bench.run()
    found = {row["question_id"]: row for row in bench.raw("feedback")}
    assert (found["nps_question"]["score"], found["comment"]["comment"]) == (9, "…")
    assert {row["customer_id"] for row in found.values()} == {"K1"}


def text_of_example(template: str) -> Any:
    lines = [line.removeprefix("#").strip() for line in template.splitlines()]
    first = next(number for number, line in enumerate(lines) if line.startswith("{"))
    last = next(number for number, line in enumerate(lines) if line.endswith("}}}"))
    return json.loads("".join(lines[first : last + 1]))


def test_a_secret_that_is_written_out_is_found(bench: Bench, formbricks: Formbricks) -> None:
    path = bench.root / "programme" / "sources" / "src.yml"
    text = path.read_text(encoding="utf-8")
    secret = '"${env:S_FORMBRICKS}"'
    path.write_text(text.replace(f"[{secret}]", f"[{secret}, whsec_bGVha2Vk]"), encoding="utf-8")
    programme = load_programme(bench.root / "programme")
    (problem,) = check(programme, metrics=None, segments=None, records={}, record_keys={})[:1]
    assert "credential is written out" in problem.what


def test_a_finished_answer_wins_over_its_unfinished_forms(
    bench: Bench, formbricks: Formbricks
) -> None:
    formbricks.deliver("responseCreated", "r1", 0, nps=3)
    formbricks.deliver("responseUpdated", "r1", 2, nps=9)
    bench.run()
    assert newest(bench)["r1", "likelihood"] == 9
    # the last comes first: the vendor repeats what it could not deliver
    formbricks.deliver("responseFinished", "r1", 5, nps=10, comment="とても良い")
    formbricks.deliver("responseUpdated", "r1", 4, nps=8)
    bench.run()
    assert newest(bench) == {
        ("r1", "likelihood"): 10,
        ("r1", "comment"): "とても良い",
    }
    assert {row["customer_id"] for row in bench.raw("feedback")} == {"K1"}


def test_every_delivery_is_accounted_for(bench: Bench, formbricks: Formbricks) -> None:
    formbricks.deliver("responseFinished", "r1", 5, nps=10)
    formbricks.raw('{"event": "testEndpoint"}', "testEndpoint")
    formbricks.raw("no json, mori@example.jp")
    counts = bench.run().counts
    # two mappings read what can be read
    assert counts.received == 2 * 2 + 1
    assert (counts.landed, counts.not_applicable, counts.quarantined) == (2, 2, 1)
    refused = bench.quarantine("feedback")
    assert {row["rule"] for row in refused} == {"row_is_readable"}
    landed = json.dumps([table.to_pylist() for table in bench.landed("responses")], default=str)
    assert "mori" not in landed + json.dumps(refused, default=str)


def test_only_what_cannot_be_read_is_no_drift(bench: Bench, formbricks: Formbricks) -> None:
    formbricks.raw("no json")
    assert bench.run().counts.quarantined == 1


def test_what_was_pulled_is_not_pulled_again(bench: Bench, formbricks: Formbricks) -> None:
    formbricks.deliver("responseFinished", "r1", 5, nps=10)
    assert bench.extract().rows == 1
    assert bench.extract().rows == 0
    formbricks.deliver("responseFinished", "r2", 5, nps=0)
    assert bench.extract().rows == 1
    bench.land()
    assert {response for response, _ in newest(bench)} == {"r1", "r2"}
