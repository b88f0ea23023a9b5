"""What is older than its period goes; what was counted stays, and nothing comes twice."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.batches import committed
from connectors.errors import ExpiredLandingError, UnusableDeclarationError
from connectors.expiry import KEPT
from connectors.lake import Lake
from connectors.landing import lake_fingerprint
from connectors.retention import retain, retention_of
from connectors.webhooks.journal import Journal
from connectors.webhooks.segments import Delivery
from tests.connectors.conftest import Bench
from tests.connectors.erasing import erase, opened, tree

FIRST = date(2026, 7, 1)
SECOND = date(2026, 7, 5)
LATER = date(2026, 8, 1)
SOURCE = """
    retention: {landing_days: 10, quarantine_days: 20, comments_days: 20}
    system: {kind: files}
    entities:
      answers:
        files: {pattern: "answers*.csv"}
        records:
          - record: feedback
            survey: service
            question: satisfaction
            fields:
              response_id: id
              customer_id: customer
              score: score
              comment: comment
              responded_at: at
"""


@pytest.fixture
def answers(bench: Bench) -> Bench:
    bench.source(SOURCE)
    bench.file(
        "answers1.csv",
        "id,customer,score,comment,at\n1,c1,5,good,2026-07-01\n2,c2,x,bad,2026-07-01\n"
        "3,c1,4,,2026-07-01\n",
    )
    opened(bench).run(FIRST)
    bench.file("answers2.csv", "id,customer,score,comment,at\n4,c2,3,fine,2026-07-05\n")
    bench.run(SECOND)
    return bench


def let_go(bench: Bench, as_of: date, *, dry_run: bool = False) -> list[str]:
    found = retain(bench.programme, bench.settings, "src", as_of=as_of, dry_run=dry_run)
    return [str(letting) for letting in found]


def days(count: int, since: date = FIRST) -> date:
    return since + timedelta(days=count)


def test_nothing_goes_on_the_last_day_of_its_period(answers: Bench) -> None:
    before = tree(answers.settings.lake)
    assert let_go(answers, days(10)) == []
    assert tree(answers.settings.lake) == before
    assert let_go(answers, days(11)) == ["src 2026-07-01: 1 of landing let go"]


def test_the_preview_says_the_same_and_changes_nothing(answers: Bench) -> None:
    before = tree(answers.settings.lake)
    said = let_go(answers, LATER, dry_run=True)
    assert tree(answers.settings.lake) == before
    assert let_go(answers, LATER) == said
    assert said == [
        "src 2026-07-01: 1 of landing let go",
        "src 2026-07-01: 1 of quarantine let go",
        "src 2026-07-01: 1 of comments let go",
        "src 2026-07-05: 1 of landing let go",
        "src 2026-07-05: 1 of comments let go",
    ]
    assert let_go(answers, LATER) == []


def test_rows_and_counts_stay_without_payloads_refusals_and_comments(answers: Bench) -> None:
    counts, fingerprint = answers.manifest(FIRST)["counts"], lake_fingerprint(answers.settings)
    loads = answers.ledger.loads()
    let_go(answers, LATER)
    assert answers.landed("answers") == []
    assert not list((answers.settings.lake / "landing").rglob("*.zst"))
    assert answers.quarantine("feedback", FIRST) == []
    rows = answers.raw("feedback", FIRST)
    assert [(row["response_id"], row["score"], row["comment"]) for row in rows] == [
        ("1", 5.0, None),
        ("3", 4.0, None),
    ]
    manifest = answers.manifest(FIRST)
    assert manifest["counts"] == counts
    assert manifest["expired"] == {"quarantine": str(LATER), "comments": str(LATER)}
    # the warehouse is built anew, because rows have changed
    assert lake_fingerprint(answers.settings) != fingerprint
    answers.land()
    assert [(load.received, load.landed, load.quarantined) for load in answers.ledger.loads()] == [
        (load.received, load.landed, load.quarantined) for load in loads
    ]
    assert answers.raw("feedback", FIRST) == rows


def test_nothing_is_pulled_again(answers: Bench) -> None:
    let_go(answers, LATER)
    assert answers.extract(LATER).entities[0].batches == ()
    answers.file("answers3.csv", (answers.data / "answers1.csv").read_text())
    assert answers.extract(LATER).entities[0].repeated_files == (("answers3.csv", "answers1.csv"),)
    batches = committed(Lake(answers.settings.lake, "src"), "answers")
    assert [(batch.expired, batch.sequence) for batch in batches] == [(True, 1), (True, 2)]


def test_a_changed_mapping_says_what_it_cannot_reach_and_loses_nothing(answers: Bench) -> None:
    let_go(answers, days(11))
    before = answers.raw("feedback", FIRST)
    answers.source(SOURCE.replace("comment: comment", "comment: customer"))
    summary = answers.land()
    first, second = summary.load_dates
    assert (first.rewritten, second.rewritten) == (False, True)
    assert KEPT in first.warnings
    assert answers.raw("feedback", FIRST) == before
    assert [row["comment"] for row in answers.raw("feedback", SECOND)] == ["c2"]


def test_a_load_date_that_cannot_be_made_again_is_named(answers: Bench) -> None:
    let_go(answers, days(11))
    Lake(answers.settings.lake, "src").manifest(FIRST).unlink()
    with pytest.raises(ExpiredLandingError, match=r"answers1\.csv: .*let go.*withdraw the batch"):
        answers.land()
    assert len(answers.raw("feedback", FIRST)) == 2


def test_what_has_not_been_landed_is_not_let_go(bench: Bench) -> None:
    bench.source(SOURCE)
    bench.file("answers1.csv", "id,customer,points,comment,at\n1,c1,5,good,2026-07-01\n")
    opened(bench).extract(FIRST)
    said = let_go(bench, LATER)
    assert said == [
        "src 2026-07-01: 1 of landing kept, because it has not been landed: mend or withdraw it"
    ]
    bench.source(SOURCE.replace("score: score", "score: points"))
    bench.land()
    assert "src 2026-07-01: 1 of landing let go" in let_go(bench, LATER)


def test_rows_go_but_the_newest_of_an_entity_stay(answers: Bench) -> None:
    answers.source(SOURCE.replace("comments_days: 20", "raw_days: 20"))
    said = let_go(answers, LATER)
    assert "src 2026-07-01: 1 of raw let go" in said
    newest = "src 2026-07-05: 1 of raw kept, because it holds the newest rows of an entity"
    assert newest in said
    assert answers.raw("feedback", FIRST) == []
    assert len(answers.raw("feedback", SECOND)) == 1
    answers.land()
    assert answers.raw("feedback", FIRST) == []
    assert answers.manifest(FIRST)["counts"]["answers"]["feedback"]["landed"] == 2


@pytest.mark.parametrize(
    ("periods", "what"),
    [
        ("{comments_days: 30}", "`comments_days: 30` is of no use while `landing_days` is not"),
        (
            "{raw_days: 30, landing_days: 30, quarantine_days: 31}",
            "`raw_days: 30` is of no use while `quarantine_days` is 31",
        ),
    ],
)
def test_payloads_must_not_outlive_what_was_taken_out(
    bench: Bench, periods: str, what: str
) -> None:
    retention = "{landing_days: 10, quarantine_days: 20, comments_days: 20}"
    bench.source(SOURCE.replace(retention, periods))
    with pytest.raises(UnusableDeclarationError, match=what):
        retention_of(bench.programme, "src")


def test_a_lookback_behind_the_landing_is_refused(bench: Bench) -> None:
    bench.source(SOURCE.replace("records:", "lookback_minutes: 20000\n        records:"))
    with pytest.raises(UnusableDeclarationError, match="reaches behind `landing_days: 10`, so"):
        retention_of(bench.programme, "src")


def test_the_programmes_periods_hold_where_the_source_has_none(bench: Bench) -> None:
    bench.source(SOURCE)
    company = bench.root / "programme" / "programme.yml"
    company.write_text(company.read_text() + "retention: {landing_days: 90, raw_days: 800}\n")
    periods = retention_of(bench.programme, "src")
    assert (periods.landing_days, periods.raw_days, periods.comments_days) == (10, 800, 20)


def test_withdrawn_batches_go_as_well(answers: Bench) -> None:
    from connectors.extraction import withdraw

    lake = Lake(answers.settings.lake, "src")
    withdraw(answers.settings, "src", "answers", committed(lake, "answers")[0].name, reason="x")
    assert len(list((lake.landing("answers") / "withdrawn").iterdir())) == 3
    let_go(answers, LATER)
    assert list((lake.landing("answers") / "withdrawn").iterdir()) == []


def test_deliveries_go_once_they_were_pulled(bench: Bench) -> None:
    bench.source("""
        retention: {landing_days: 10}
        system:
          kind: webhook
          signature: {scheme: token, header: X-Token, secrets: ["${env:S}"]}
        entities:
          answers:
            webhook: {}
            records:
              - record: feedback
                survey: service
                question: comment
                fields: {response_id: body.id, comment: body.text, responded_at: received_at}
    """)
    opened(bench)
    for number, day in enumerate((1, 2, 3), start=1):
        journal = Journal(bench.settings.home, "src", segment_bytes=1 << 20)
        journal.open()
        body = json.dumps({"id": number, "text": f"comment {number}"}).encode()
        journal.append([Delivery(f"m{number}", datetime(2026, 7, day, tzinfo=UTC), "e", body)])
        if number < 3:
            bench.run(date(2026, 7, day))
    said = let_go(bench, LATER)
    assert "src 2026-07-22: 1 of webhooks let go" in said
    texts = b"".join(path.read_bytes() for path in bench.settings.home.glob("webhooks/src/*"))
    # the second segment is where reading goes on; the third has not been pulled
    assert (b"comment 1" in texts, b"comment 3" in texts) == (False, True)
    bench.run(LATER)
    assert [row["response_id"] for row in bench.raw("feedback", LATER)] == ["3"]


def test_a_person_is_erased_from_what_can_no_longer_be_made_anew(
    answers: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXLOOP_HASH_KEY", "a long random secret of the company")
    let_go(answers, days(11))
    assert erase(answers, "c1").is_complete
    assert answers.raw("feedback", FIRST) == []
    counts = answers.manifest(FIRST)["counts"]["answers"]["feedback"]
    assert (counts["received"], counts["landed"], counts["erased"]) == (3, 0, 2)
    assert answers.land().counts.received == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.chaos
def test_dying_at_any_change_and_repeating_the_call_completes_it(
    answers: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = tmp_path_factory.mktemp("kept") / "lake"
    shutil.copytree(answers.settings.lake, kept)
    let_go(answers, LATER)
    whole = tree(answers.settings.lake)
    deaths = 0
    for change in range(1, 60):
        shutil.rmtree(answers.settings.lake)
        shutil.copytree(kept, answers.settings.lake)
        if not _dies_at(answers, change):
            break
        deaths += 1
        let_go(answers, LATER)
        assert tree(answers.settings.lake) == whole, f"after dying at {change}"
    assert 8 < deaths < 59, "every change was tried"


def _dies_at(bench: Bench, change: int) -> bool:
    child = os.fork()
    if child == 0:
        count = 0
        replace, unlink = Path.replace, Path.unlink

        def counted() -> None:
            nonlocal count
            count += 1
            if count == change:
                os._exit(9)

        def dying_replace(self: Path, target: Path) -> Path:
            counted()
            return replace(self, target)

        def dying_unlink(self: Path, missing_ok: bool = False) -> None:
            if self.exists():
                counted()
            unlink(self, missing_ok=missing_ok)

        Path.replace = dying_replace  # type: ignore[method-assign,assignment]
        Path.unlink = dying_unlink  # type: ignore[method-assign]
        try:
            let_go(bench, LATER)
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9), f"the child failed otherwise: {code}"
    return code == 9
