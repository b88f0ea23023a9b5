"""Files land as received: text, with their name and row; bad ones are refused by name."""

from __future__ import annotations

import gzip

import pytest

from connectors.errors import SchemaDriftError, SourceUnavailableError, UnreadableFileError
from tests.connectors.conftest import ORDERS, Bench

HEADER = "id,amount,at\n"


def test_a_file_lands_byte_for_byte_and_compressed(orders: Bench) -> None:
    content = HEADER + '007,1.50,2026-07-01\n"a\nb","1 ""x"", 2",2026-07-01\n'
    orders.file("orders1.csv", content)
    (entity,) = orders.extract().entities
    assert (entity.rows, entity.size) == (0, len(content))
    assert orders.received("orders") == [content.encode()]


def test_personal_columns_make_rows_of_a_file_and_land_protected(
    orders: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXLOOP_HASH_KEY", "k" * 32)
    orders.source(ORDERS.replace("records:", "personal: {mail: hash}\n        records:", 1))
    orders.file("orders1.csv", "id,amount,at,mail\na,1,2026-07-01,me@example.com\nb,2\n")
    counts = orders.run().counts
    assert (counts.received, counts.landed, counts.quarantined) == (2, 1, 1)
    (table,) = orders.landed("orders")
    assert table.column("id").to_pylist() == ["a", None]
    assert "me@example.com" not in str(table.to_pylist())
    assert orders.received("orders") == []
    assert orders.run().rewritten == ()


def test_a_mended_declaration_reads_the_landed_bytes_again(orders: Bench) -> None:
    orders.file("orders1.csv", "id;amount;at\na;1;2026-07-01\n")
    with pytest.raises(SchemaDriftError, match="`amount`"):
        orders.run()
    (orders.data / "orders1.csv").unlink()
    orders.source(ORDERS.replace('"orders*.csv"', '"orders*.csv", delimiter: ";"'))
    assert orders.land().counts.landed == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_encodings_and_byte_order_marks(bench: Bench, encoding: str) -> None:
    declared = "utf-8-sig" if encoding == "utf-8" else encoding
    bench.source(f"""
        system: {{kind: files}}
        entities:
          shops:
            files: {{pattern: "*.csv", encoding: {declared}, delimiter: ";"}}
            records:
              - record: account
                fields: {{account_id: 顧客, industry: 業種, valid_from: {{const: "2020-01-01"}}}}
    """)
    bench.file("shops.csv", "顧客;業種\n表示ソ;小売\n", encoding)
    bench.run()
    (row,) = bench.raw("account")
    assert (row["account_id"], row["industry"]) == ("表示ソ", "小売")


def test_latin_text_declared_as_utf_8_is_refused_with_the_mend(orders: Bench) -> None:
    orders.file("orders1.csv", HEADER + "café,1,2026-07-01\n", "cp1252")
    with pytest.raises(UnreadableFileError, match=r"orders1\.csv.*`encoding`"):
        orders.run()


def test_gzip_is_decompressed_and_a_cut_off_one_refused(bench: Bench) -> None:
    bench.source("""
        system: {kind: files}
        entities:
          orders:
            files: {pattern: "*.csv.gz"}
            records:
              - {record: order, fields: {order_id: id, kind: {const: purchase}, ordered_at: at}}
    """)
    content = gzip.compress(b"id,at\n" + b"".join(b"%d,2026-07-01\n" % n for n in range(5000)))
    bench.file("a.csv.gz", content)
    assert bench.run().counts.landed == 5000
    bench.file("b.csv.gz", content[:-200])
    with pytest.raises(UnreadableFileError, match=r"b\.csv\.gz.*sent again"):
        bench.extract()


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_file_is_refused_and_a_header_alone_is_not(orders: Bench, content: str) -> None:
    orders.file("orders1.csv", content)
    with pytest.raises(UnreadableFileError, match="empty"):
        orders.run()
    orders.file("orders1.csv", HEADER)
    assert orders.run().counts.received == 0


def test_a_header_that_names_a_column_twice_is_refused(orders: Bench) -> None:
    orders.file("orders1.csv", "id,amount,at,amount\n")
    with pytest.raises(UnreadableFileError, match="amount"):
        orders.run()


def test_rows_with_too_many_or_too_few_fields_go_to_quarantine(orders: Bench) -> None:
    orders.file("orders1.csv", HEADER + "a,1,2026-07-01\nb,2\nc,3,2026-07-01,x\nd,4,2026-07-01\n")
    counts = orders.run().counts
    assert (counts.received, counts.landed, counts.quarantined) == (4, 2, 2)
    found = {(row["rule"], row["reason"], row["payload"]) for row in orders.quarantine("order")}
    assert found == {
        ("is_row", "2 fields instead of 3", "b,2"),
        ("is_row", "4 fields instead of 3", "c,3,2026-07-01,x"),
    }


def test_a_missing_column_names_file_column_nearest_name_and_mend(orders: Bench) -> None:
    orders.file("orders1.csv", "id,amout,at\na,1,2026-07-01\n")
    with pytest.raises(SchemaDriftError) as caught:
        orders.run()
    text = str(caught.value)
    for part in ("src.orders", "orders1.csv", "`amount`", "nearest: `amout`", "Mend: "):
        assert part in text
    assert not orders.raw("order")


def test_a_bad_file_holds_its_load_date_until_it_is_sent_again(orders: Bench) -> None:
    orders.file("orders1.csv", "id,at\na,2026-07-01\n")
    orders.file("orders2.csv", HEADER + "b,1,2026-07-01\n")
    with pytest.raises(SchemaDriftError, match=r"orders1\.csv"):
        orders.run()
    assert len(orders.received("orders")) == 2
    orders.file("orders1.csv", HEADER + "a,1,2026-07-01\n")
    orders.run()
    assert [row["order_id"] for row in orders.raw("order")] == ["a", "b"]


def test_new_columns_are_warned_about_by_name(bench: Bench) -> None:
    bench.source("""
        system: {kind: files}
        entities:
          orders:
            files: {pattern: "*.csv"}
            columns: [id, at, unused]
            records:
              - {record: order, fields: {order_id: id, kind: {const: purchase}, ordered_at: at}}
    """)
    bench.file("orders.csv", "id,at,unused,loyalty\na,2026-07-01,x,gold\n")
    (part,) = bench.run().load_dates
    assert part.warnings == ("orders: orders.csv: new columns loyalty",)
    bench.file("orders2.csv", "id,at\nb,2026-07-01\n")
    with pytest.raises(SchemaDriftError, match="`unused`"):
        bench.run()


def test_the_same_file_under_another_name_is_recognised_and_said(orders: Bench) -> None:
    orders.file("orders1.csv", HEADER + "a,1,2026-07-01\n")
    orders.extract()
    orders.file("orders2.csv", HEADER + "a,1,2026-07-01\n")
    summary = orders.extract()
    assert summary.rows == 0
    assert summary.entities[0].repeated_files == (("orders2.csv", "orders1.csv"),)
    assert "orders2.csv repeats orders1.csv" in str(summary)


def test_a_file_that_changed_is_read_again_as_a_new_batch(orders: Bench) -> None:
    orders.file("orders1.csv", HEADER + "a,1,2026-07-01\n")
    orders.run()
    orders.file("orders1.csv", HEADER + "a,2,2026-07-01\nb,3,2026-07-01\n")
    assert len(orders.extract().entities[0].batches) == 1
    counts = orders.land().counts
    assert (counts.received, counts.landed, counts.duplicate) == (3, 2, 1)
    assert [(row["order_id"], row["amount"]) for row in orders.raw("order")] == [("a", 2), ("b", 3)]
    assert "1 rows share key and version" in orders.manifest()["warnings"][0]


def test_no_directory_and_no_file_are_said(orders: Bench) -> None:
    with pytest.raises(SourceUnavailableError, match=r"no file matches `orders\*\.csv`"):
        orders.extract()
    orders.data.rmdir()
    with pytest.raises(SourceUnavailableError, match="CXLOOP_DATA_ROOT"):
        orders.extract()


def test_json_lines_land_exactly_as_received(bench: Bench) -> None:
    bench.source("""
        system: {kind: files}
        entities:
          answers:
            files: {pattern: "*.jsonl", format: jsonl}
            records:
              - record: feedback
                survey: service
                question: satisfaction
                fields: {response_id: id, score: answer.value, responded_at: at}
    """)
    first = '{"id": 1,  "answer": {"value": 4.0}, "at": "2026-07-01T00:00:00Z", "t": "a\u2028b"}'
    broken = '{"id": 2, "answer": {"va'
    nan = '{"id": 3, "answer": {"value": NaN}, "at": "2026-07-01T00:00:00Z"}'
    bench.file("a.jsonl", f"{first}\n\n{broken}\n{nan}\n[1]\n")
    counts = bench.run().counts
    assert (counts.landed, counts.quarantined) == (1, 3)
    found = [(row["rule"], row["column"], row["value"]) for row in bench.quarantine("feedback")]
    assert sorted(rule for rule, _, _ in found) == ["is_number", "is_row", "is_row"]
    assert ("is_number", "score", "NaN") in found
    assert sorted(row["payload"] for row in bench.quarantine("feedback")) == ["[1]", broken, nan]
