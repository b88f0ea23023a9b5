"""A person is removed everywhere, stays away, and the proof holds nothing of them."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.batches import committed
from connectors.erased import Erased, IdHashes
from connectors.erasing_outputs import OutputPlace, OutputSearch
from connectors.errors import MissingSettingError, UnusableDeclarationError
from connectors.lake import Lake
from connectors.landing import lake_fingerprint
from connectors.personal import Privacy
from connectors.returning import sweep
from connectors.scrubbing import Tokens
from connectors.searching import search
from connectors.webhooks.journal import Journal
from connectors.webhooks.segments import Delivery
from tests.connectors.conftest import Api, Bench
from tests.connectors.erasing import (
    DAY,
    HER,
    KEY,
    NEXT_DAY,
    SOURCE,
    erase,
    erasure,
    opened,
    put,
    rows_by_layer,
    tree,
    with_her,
    without_her,
)


@pytest.fixture(autouse=True)
def _key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXLOOP_HASH_KEY", KEY)


@pytest.fixture
def company(bench: Bench) -> Bench:
    bench.source(SOURCE)
    put(bench, with_her())
    opened(bench).run(DAY)
    return bench


def raw_rows(bench: Bench) -> dict[str, list[dict[str, object]]]:
    records = ("interaction", "interaction_turn", "feedback", "usage")
    return {name: bench.raw(name, DAY) for name in records}


def test_the_preview_counts_every_layer_and_changes_nothing(company: Bench) -> None:
    before = tree(company.settings.home)
    found = rows_by_layer(erasure(company).survey())
    # tickets t1 t3 t4 and the ragged t7; turns of t1 and t3; answers r1 r2 r5; two days of usage
    assert found["landing"] == (4 + 2 + 3, 2 + 2)
    # raw: t1 t3; turns of t1 (2) and t3; r2 and r5 (r1 was refused for its score); usage
    assert found["raw"] == (2 + 3 + 2 + 2, 1)
    # t4 for its day, t7 for its fields, r1 for its score
    assert found["quarantine"] == (3, 0)
    after = tree(company.settings.home)
    assert {name: after[name] for name in after if "ledger" not in name} == {
        name: before[name] for name in before if "ledger" not in name
    }


def test_what_is_left_is_what_it_would_be_without_the_person(
    company: Bench, tmp_path: Path, bench: Bench
) -> None:
    certificate = erase(company)
    assert certificate.is_complete, certificate.lines()
    other = Bench(tmp_path / "other")
    (tmp_path / "other").mkdir()
    (tmp_path / "programme").rename(tmp_path / "other" / "programme")
    put(other, without_her())
    opened(other).run(DAY)
    assert raw_rows(other) == _raw_of(tmp_path / "home")
    assert len(raw_rows(other)["interaction"]) == 3


def _raw_of(home: Path) -> dict[str, list[dict[str, object]]]:
    found = {}
    for name in ("interaction", "interaction_turn", "feedback", "usage"):
        path = home / f"lake/raw/{name}/source=src/load_date={DAY}/part-0.parquet"
        found[name] = pq.ParquetFile(path).read().to_pylist() if path.exists() else []
    return found


def test_no_byte_of_the_home_holds_the_id(company: Bench) -> None:
    tokens = Tokens.of([HER])
    assert search(company.settings.home, tokens).hits
    assert company.landed("answers") == []  # received as bytes
    erase(company)
    left = search(company.settings.home, tokens)
    assert (left.hits, left.unread) == ({}, {})
    assert left.files > 15
    for path, content in tree(company.settings.home).items():
        assert HER.encode() not in content or b"C-10170" in content, path
    # the neighbour with the longer number is untouched
    (batch,) = company.landed("tickets")
    assert "C-10170" in batch.column("customer").to_pylist()


def test_files_are_not_read_in_again_and_counts_reconcile(company: Bench) -> None:
    before = {b.content_sha256 for b in committed(Lake(company.settings.lake, "src"), "tickets")}
    erase(company)
    (batch,) = committed(Lake(company.settings.lake, "src"), "tickets")
    assert (batch.form, batch.erased, {batch.content_sha256}) == ("rows", 4, before)
    summary = company.run(NEXT_DAY)
    assert [part.rewritten for part in summary.load_dates] == [False, True]
    assert summary.counts.received == 0
    counts = company.manifest(DAY)["counts"]
    assert counts["tickets"]["interaction"] == {
        "received": 7,
        "landed": 3,
        "quarantined": 0,
        "duplicate": 0,
        "not_applicable": 0,
        "erased": 4,
    }


def test_the_certificate_proves_it_without_the_id(company: Bench) -> None:
    certificate = erase(company)
    (kept,) = company.ledger.erasures()  # type: ignore[attr-defined]
    assert kept.certificate == certificate.as_json()
    content = json.loads(kept.certificate)
    assert content["complete"] is True
    assert content["layers"]["landing"]["rows_before"] == 9
    assert {total["rows_after"] for total in content["layers"].values()} == {0}
    landed = [file for file in content["files"] if file["layer"] == "landing"]
    # files of bytes are gone; what stands in their place has the same name
    assert all(file["path"].endswith(".zst") for file in landed)
    raw = [file for file in content["files"] if file["layer"] == "raw"]
    assert any(len(file["sha256_after"] or "") == 64 for file in raw)
    hashed = Privacy({}, KEY.encode()).hashed(HER)
    with closing(sqlite3.connect(company.settings.home / "ledger.db")) as connection:
        dump = "\n".join(connection.iterdump())
    for text in (kept.certificate, "\n".join(certificate.lines()), dump):
        assert HER not in text
        assert hashed not in text
    assert "verified:" in "\n".join(certificate.lines())


def test_erasing_twice_finds_nothing_and_a_stranger_neither(company: Bench) -> None:
    erase(company)
    assert erasure(company).survey() == []
    assert erase(company).is_complete
    assert len(company.ledger.erasures()) == 1  # type: ignore[attr-defined]
    assert erasure(company, "C-9999").survey() == []


def test_who_comes_back_is_left_out_of_raw_and_swept_from_landing(company: Bench) -> None:
    erase(company)
    company.file(
        "tickets2.csv",
        "id,customer,at\nt8,C-1017,2026-07-06T09:00:00Z\nt9,C-2000,2026-07-06T09:00:00Z\n"
        "t10,C-1017,bad\nt1,C-1017,2026-07-06T09:00:00Z\n",
    )
    company.file("turns2.jsonl", '{"ticket": "t1", "turns": [{"id": 9, "text": "again"}]}')
    company.file("answers2.csv", "id,ticket,comment,score,at\nr9,t3,x,,2026-07-06T09:00:00Z\n")
    summary = company.run(NEXT_DAY)
    assert [row["interaction_id"] for row in company.raw("interaction", NEXT_DAY)] == ["t9"]
    assert company.raw("interaction_turn", NEXT_DAY) == []
    assert company.raw("feedback", NEXT_DAY) == []
    assert company.quarantine("interaction", NEXT_DAY) == []
    counts = company.manifest(NEXT_DAY)["counts"]["tickets"]["interaction"]
    assert (counts["received"], counts["landed"], counts["erased"]) == (4, 1, 3)
    assert "erased 5" in str(summary)
    swept = sweep(
        company.programme,
        company.settings,
        company.ledger,  # type: ignore[arg-type]
        "src",
        environment=os.environ,
        since=NEXT_DAY,
    )
    assert (swept.batches, swept.rows) == (3, 5)
    assert not search(company.settings.home, Tokens.of([HER])).hits
    company.land()
    after = company.manifest(NEXT_DAY)["counts"]["tickets"]["interaction"]
    assert (after["received"], after["landed"], after["erased"]) == (4, 1, 3)


def test_another_key_or_none_is_refused_rather_than_letting_them_back(
    company: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(company)
    for key, what in (("another", "is not the secret"), ("", "is not set")):
        monkeypatch.setenv("CXLOOP_HASH_KEY", key)
        with pytest.raises(MissingSettingError, match=what):
            company.land()


def test_hashed_columns_and_several_ids_of_one_person(bench: Bench) -> None:
    bench.source("""
        system: {kind: files}
        entities:
          orders:
            files: {pattern: "*.csv"}
            personal: {email: hash, name: drop}
            records:
              - record: order
                fields:
                  order_id: id
                  customer_id: email
                  kind: {const: purchase}
                  amount: amount
                  ordered_at: at
    """)
    bench.file(
        "o.csv",
        "id,email,name,amount,at\n1,a@x.jp,A,1,2026-07-01\n2,b@x.jp,B,2,2026-07-01\n"
        "3,a2@x.jp,A,3,2026-07-01\n4,a@x.jp,A,bad,2026-07-01\n5,a@x.jp,A,5\n",
    )
    opened(bench).run()
    assert erase(bench, "a@x.jp", "a2@x.jp").is_complete
    assert [row["order_id"] for row in bench.raw("order")] == ["2"]
    # the ragged line was withheld because of `personal`: nothing in it tells whose it is
    assert [row["rule"] for row in bench.quarantine("order")] == ["is_row"]
    hashed = Privacy({}, KEY.encode()).hashed("a@x.jp")
    assert not search(bench.settings.home, Tokens.of([hashed, "a@x.jp"])).hits


def test_payloads_of_an_api_and_rows_of_a_database(bench: Bench, api: Api) -> None:
    bench.source(f"""
        system: {{kind: rest, base_url: "{api.url}"}}
        entities:
          tickets:
            rest: {{path: /t, data_selector: data}}
            records:
              - record: interaction
                fields:
                  interaction_id: id
                  customer_id: requester.id
                  kind: {{const: ticket}}
                  opened_at: at
              - record: interaction_event
                explode: events
                fields:
                  interaction_id: id
                  event_id: events.id
                  kind: {{const: replied}}
                  occurred_at: at
    """)
    events = [{"id": 1}]
    payloads = [
        {"id": n, "requester": {"id": who}, "at": "2026-07-01", "events": events, "cc": ["C-1017"]}
        for n, who in enumerate((HER, "C-2", None))
    ]
    api.answer = lambda path, query, count: (200, {}, json.dumps({"data": payloads}))
    opened(bench).run()
    assert erase(bench).is_complete
    assert [row["interaction_id"] for row in bench.raw("interaction")] == ["1", "2"]
    assert [row["interaction_id"] for row in bench.raw("interaction_event")] == ["1", "2"]
    (table,) = bench.landed("tickets")
    assert table.column_names == ["_payload", "_page", "_row"]
    assert [json.loads(text)["cc"] for text in table["_payload"].to_pylist()] == [["[erased]"]] * 2
    # the unchanged collection is not landed anew
    assert bench.extract(NEXT_DAY).rows == 0


def test_a_short_id_is_looked_for_in_columns_of_ids_only(bench: Bench) -> None:
    bench.source("""
        system: {kind: sql, url: "sqlite:///${data_root}/crm.sqlite"}
        entities:
          orders:
            sql: {table: orders}
            records:
              - record: order
                fields:
                  order_id: id
                  customer_id: customer
                  kind: {const: purchase}
                  amount: amount
                  ordered_at: at
    """)
    path = bench.data / "crm.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table orders (id integer, customer integer, amount, at text)")
        connection.execute("insert into orders values (17, 1, 17, '2026-07-01')")
        connection.execute("insert into orders values (2, 17, 5, '2026-07-01')")
    opened(bench).run()
    certificate = erase(bench, "17")
    assert certificate.is_complete
    assert certificate.verification.too_short == 1
    assert "too short" in "\n".join(certificate.lines())
    assert [(row["order_id"], row["amount"]) for row in bench.raw("order")] == [("17", 17.0)]


def deliver(bench: Bench, number: int, body: object) -> None:
    journal = Journal(bench.settings.home, "src", segment_bytes=1 << 20)
    journal.open()
    text = body if isinstance(body, str) else json.dumps(body)
    at = datetime(2026, 7, 5, 9, number, tzinfo=UTC)
    journal.append([Delivery(f"msg_{number}", at, "answered", text.encode())])


def test_received_deliveries_are_emptied_pulled_or_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.source("""
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
                fields:
                  response_id: body.id
                  customer_id: body.customer.id
                  comment: body.text
                  responded_at: received_at
    """)
    deliver(bench, 1, {"id": 1, "customer": {"id": HER}, "text": "mine"})
    deliver(bench, 2, {"id": 2, "customer": {"id": "C-2"}, "text": "other"})
    opened(bench).run()
    deliver(bench, 3, {"id": 3, "customer": {"id": HER}, "text": "later"})
    deliver(bench, 4, "no json, but of C-1017")
    deliver(bench, 5, {"id": 5, "customer": {"id": "C-2"}, "text": "later"})
    found = rows_by_layer(erasure(bench).survey())
    assert found["webhooks"] == (3, 0)
    assert erase(bench).is_complete
    bench.run(NEXT_DAY)
    assert [row["response_id"] for row in bench.raw("feedback", DAY)] == ["2"]
    assert [row["response_id"] for row in bench.raw("feedback", NEXT_DAY)] == ["5"]


def test_a_load_date_that_is_held_is_cleared_in_place(company: Bench) -> None:
    whole = company.manifest(DAY)["counts"]["usage"]["usage"]
    # the mapping of answers now names a column that no file has: the load date cannot be remade
    company.source(SOURCE.replace("comment: comment\n", "comment: verbatim\n"))
    certificate = erase(company)
    assert certificate.is_complete, certificate.lines()
    assert "verbatim" in "\n".join(certificate.troubles)
    assert {row["interaction_id"] for row in company.raw("interaction", DAY)} == {"t2", "t5", "t6"}
    counts = company.manifest(DAY)["counts"]["usage"]["usage"]
    assert (whole["landed"], counts["landed"], counts["erased"]) == (3, 1, 2)
    assert sum(counts[name] for name in counts if name != "received") == counts["received"]
    assert company.manifest(DAY)["outputs"]["raw"]["interaction"]["rows"] == 3


def test_batches_that_were_withdrawn_are_searched_too(company: Bench) -> None:
    from connectors.extraction import withdraw

    lake = Lake(company.settings.lake, "src")
    (batch,) = committed(lake, "answers")
    withdraw(company.settings, "src", "answers", batch.name, reason="sent by mistake")
    company.land()
    assert erase(company).is_complete
    apart = lake.landing("answers") / "withdrawn"
    assert sorted(path.suffix for path in apart.iterdir()) == [".json", ".json", ".parquet"]
    rows = pq.ParquetFile(next(apart.glob("*.parquet"))).read().to_pylist()
    assert [row["id"] for row in rows] == ["r3", "r4"]


def test_what_cannot_be_cleared_is_named_and_the_erasure_stays_open(company: Bench) -> None:
    edition = company.settings.home / "editions" / "e" / "edition.json"
    edition.parent.mkdir(parents=True)
    edition.write_text('{"who": "C-1017"}')
    certificate = erase(company)
    assert not certificate.is_complete
    assert "still found: editions/e/edition.json (1 times)" in certificate.lines()
    assert "NOT COMPLETE" in certificate.lines()[0]
    (kept,) = company.ledger.erasures()  # type: ignore[attr-defined]
    assert kept.completed_at is None
    edition.unlink()
    again = erase(company)
    assert again.is_complete
    # what the first attempt removed is still in the proof
    assert again.by_layer()["landing"]["rows_before"] == 9


def test_notes_and_logs_are_scrubbed(company: Bench) -> None:
    log = company.settings.home / "logs" / "run.log"
    log.parent.mkdir()
    log.write_text("row of C-1017 refused\nrow of C-10170 refused\n")
    assert erase(company).is_complete
    assert log.read_text() == "row of [erased] refused\nrow of C-10170 refused\n"


def test_what_killed_runs_left_is_removed(company: Bench) -> None:
    folder = company.settings.lake / "landing" / "src" / "answers" / f"load_date={DAY}"
    for name in ("000002-aaaa.zst", "000003.parquet.unfinished"):
        (folder / name).write_bytes(b"C-1017 in a draft")
    assert erase(company).is_complete
    assert not list(folder.glob("00000[23]*"))


def test_former_bytes_that_a_cut_off_rewriting_left_are_deleted(company: Bench) -> None:
    folder = company.settings.lake / "landing" / "src" / "answers" / f"load_date={DAY}"
    (received,) = folder.glob("*.zst")
    content = received.read_bytes()
    erase(company)
    assert not received.exists()
    received.write_bytes(content)
    assert erase(company).is_complete
    assert not received.exists()


def test_what_hung_on_rows_that_are_gone_is_found_by_the_next_attempt(
    company: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # held, so that nothing is made anew from the landing
    company.source(SOURCE.replace("comment: comment\n", "comment: verbatim\n"))
    rewrite = OutputSearch.rewrite

    def cut_off(self: OutputSearch, place: OutputPlace) -> None:
        if place.record == "interaction_turn":
            raise KeyboardInterrupt
        rewrite(self, place)

    with monkeypatch.context() as patch:
        patch.setattr(OutputSearch, "rewrite", cut_off)
        with pytest.raises(KeyboardInterrupt):
            erase(company)
    assert {row["interaction_id"] for row in company.raw("interaction", DAY)} == {"t2", "t5", "t6"}
    assert {row["interaction_id"] for row in company.raw("interaction_turn", DAY)} != {"t2"}
    assert erase(company).is_complete
    assert {row["interaction_id"] for row in company.raw("interaction_turn", DAY)} == {"t2"}


def test_a_file_whose_name_holds_the_id_is_named(company: Bench) -> None:
    page = company.settings.home / "reports" / "answer_of_C-1017.txt"
    page.parent.mkdir()
    page.write_text("nothing")
    certificate = erase(company)
    assert dict(certificate.verification.hits) == {"reports/answer_of_C-1017.txt": 1}


def test_what_hangs_on_a_swept_row_stays_away_as_well(company: Bench) -> None:
    erase(company)
    company.file("tickets2.csv", "id,customer,at\nt8,C-1017,2026-07-06T09:00:00Z\n")
    company.run(NEXT_DAY)
    sweep(
        company.programme,
        company.settings,
        company.ledger,  # type: ignore[arg-type]
        "src",
        environment=os.environ,
    )
    company.file("turns2.jsonl", '{"ticket": "t8", "turns": [{"id": 1, "text": "again"}]}')
    company.run(NEXT_DAY)
    assert company.raw("interaction_turn", NEXT_DAY) == []


@pytest.mark.parametrize(
    ("ids", "reason", "what"),
    [
        ((), "x", "an id is empty"),
        (("C-1", " "), "x", "an id is empty"),
        (("C-1",), "for C-1", "the reason holds the id"),
    ],
)
def test_a_request_that_would_keep_the_id_is_refused(
    company: Bench, ids: tuple[str, ...], reason: str, what: str
) -> None:
    work = erasure(company)
    with pytest.raises(UnusableDeclarationError, match=what):
        replace(work.request, ids=ids, reason=reason).require_usable()


def test_hashes_of_the_ledger_are_not_those_of_the_lake() -> None:
    hashing = IdHashes(KEY.encode())
    assert hashing.of_id("person", HER) != Privacy({}, KEY.encode()).hashed(HER)
    assert hashing.of_id("person", HER) != hashing.of_id("interaction_id", HER)
    assert hashing.of_request(["b", "a"]) == hashing.of_request(["a", "b"])
    assert not Erased({}, None)


def die_at(company: Bench, write: int) -> bool:
    """Erase in a child process that exits at once before its n-th change of a name."""
    child = os.fork()
    if child == 0:
        count = 0
        replace_, unlink_ = Path.replace, Path.unlink

        def counted() -> None:
            nonlocal count
            count += 1
            if count == write:
                os._exit(9)

        def dying_replace(self: Path, target: Path) -> Path:
            counted()
            return replace_(self, target)

        def dying_unlink(self: Path, missing_ok: bool = False) -> None:
            if self.suffix in (".zst", ".json") and self.exists():
                counted()
            unlink_(self, missing_ok=missing_ok)

        Path.replace = dying_replace  # type: ignore[method-assign,assignment]
        Path.unlink = dying_unlink  # type: ignore[method-assign]
        try:
            opened(company)
            erase(company)
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9), f"the child failed otherwise: {code}"
    return code == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.chaos
def test_dying_at_any_write_and_repeating_the_command_completes_it(
    company: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import shutil

    kept = tmp_path_factory.mktemp("kept") / "home"
    shutil.copytree(company.settings.home, kept)
    certificate = erase(company)
    whole, fingerprint = company.bytes_of_raw(), lake_fingerprint(company.settings)
    deaths = 0
    for write in range(1, 200, 3):
        shutil.rmtree(company.settings.home)
        shutil.copytree(kept, company.settings.home)
        if not die_at(company, write):
            break
        deaths += 1
        opened(company)
        again = erase(company)
        assert again.is_complete, (write, again.lines())
        assert company.bytes_of_raw() == whole, f"after dying at {write}"
        assert lake_fingerprint(company.settings) == fingerprint, f"after dying at {write}"
        assert not list(company.settings.lake.rglob("*.unfinished"))
        before = {layer: total["rows_before"] for layer, total in again.by_layer().items()}
        expected = certificate.by_layer().items()
        assert before == {layer: total["rows_before"] for layer, total in expected}, write
    assert 8 < deaths < 66, "every third write was tried, to the end"
