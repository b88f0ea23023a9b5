"""A company's lake in which one person stands everywhere, and the same lake without them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.certificates import Certificate, Place
from connectors.erasure import OtherPlace, PersonErasure, Request
from ledger import Ledger
from tests.connectors.conftest import Bench

KEY = "a long random secret of the company"
HER = "C-1017"
DAY = date(2026, 7, 5)
NEXT_DAY = date(2026, 7, 6)
NOW = datetime(2026, 7, 10, 9, 30, tzinfo=UTC)

SOURCE = """
    system: {kind: files}
    entities:
      tickets:
        files: {pattern: "tickets*.csv", encoding: cp932}
        records:
          - record: interaction
            fields:
              interaction_id: id
              customer_id: customer
              kind: {const: ticket}
              opened_at: at
      turns:
        files: {pattern: "turns*.jsonl", format: jsonl}
        records:
          - record: interaction_turn
            explode: turns
            fields:
              interaction_id: ticket
              turn_id: turns.id
              text: turns.text
      answers:
        files: {pattern: "answers*.csv"}
        records:
          - record: feedback
            survey: service
            question: comment
            fields:
              response_id: id
              customer_id: {column: customer, optional: true}
              interaction_id: ticket
              comment: comment
              score: score
              responded_at: at
      usage:
        files: {pattern: "usage*.jsonl", format: jsonl}
        records:
          - record: usage
            explode: users
            fields:
              customer_id: users.id
              usage_date: day
              feature: {const: all}
              event_count: users.n
"""
TICKETS = [
    "id,customer,at,備考",
    "t1,C-1017,2026-07-01T09:00:00Z,返金",
    "t2,C-2000,2026-07-01T09:00:00Z,配送",
    "t3,C-1017,2026-07-02T09:00:00Z,解約",
    "t4,C-1017,not a day,日付なし",
    "t5,C-10170,2026-07-03T09:00:00Z,よく似た番号",
    "t6,C-2000,2026-07-03T09:00:00Z,C-1017の件と同じ",
    "t7,C-1017,2026-07-03T09:00:00Z,欄が,多い",
]
TURNS: list[dict[str, Any]] = [
    {"ticket": "t1", "turns": [{"id": 1, "text": "もしもし"}, {"id": 2, "text": "返金を"}]},
    {"ticket": "t2", "turns": [{"id": 1, "text": "the parcel of C-1017 came to me"}]},
    {"ticket": "t3", "turns": [{"id": 1, "text": "解約します"}]},
]
ANSWERS = [
    "id,customer,ticket,comment,score,at",
    "r1,C-1017,t1,とても良い,x,2026-07-02T09:00:00Z",
    "r2,,t3,ok,,2026-07-02T09:00:00Z",
    "r3,C-2000,t1,mine although the ticket is hers,,2026-07-02T09:00:00Z",
    "r4,,,nobody,,2026-07-02T09:00:00Z",
    "r5,C-1017,,もう一度,,2026-07-02T09:00:00Z",
]
USAGE: list[dict[str, Any]] = [
    {"day": "2026-07-01", "users": [{"id": "C-1017", "n": 3}, {"id": "C-2000", "n": 5}]},
    {"day": "2026-07-02", "users": [{"id": "C-1017", "n": 1}]},
]


def lines(rows: Sequence[Any]) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n"


def without_her() -> dict[str, str]:
    """The same files as if she had never been a customer."""
    hers = {"t1", "t3"}
    tickets = [row for row in TICKETS if ",C-1017," not in row]
    answers = [row for row in ANSWERS if ",C-1017," not in row and not row.startswith("r2,")]
    usage = [
        {**row, "users": [user for user in row["users"] if user["id"] != HER]} for row in USAGE
    ]
    texts = {
        "tickets1.csv": lines(tickets),
        "turns1.jsonl": lines([row for row in TURNS if row["ticket"] not in hers]),
        "answers1.csv": lines(answers),
        "usage1.jsonl": lines(usage),
    }
    return {
        name: text.replace("C-1017の", "[erased]の").replace("of C-1017 ", "of [erased] ")
        for name, text in texts.items()
    }


def put(bench: Bench, files: dict[str, str]) -> None:
    for name, text in files.items():
        bench.file(name, text, encoding="cp932" if name.startswith("tickets") else "utf-8")


def with_her() -> dict[str, str]:
    return {
        "tickets1.csv": lines(TICKETS),
        "turns1.jsonl": lines(TURNS),
        "answers1.csv": lines(ANSWERS),
        "usage1.jsonl": lines(USAGE),
    }


def opened(bench: Bench) -> Bench:
    """The bench with a real ledger."""
    bench.ledger = Ledger.open(bench.settings.ledger_url)  # type: ignore[assignment]
    return bench


def erasure(bench: Bench, *ids: str, others: Sequence[OtherPlace] = ()) -> PersonErasure:
    return PersonErasure(
        bench.programme,
        bench.settings,
        bench.ledger,  # type: ignore[arg-type]
        Request(ids or (HER,), "REQ-7"),
        environment={"CXLOOP_HASH_KEY": KEY},
        others=others,
    )


def erase(bench: Bench, *ids: str) -> Certificate:
    work = erasure(bench, *ids)
    return work.carry_out(work.survey(), now=NOW, run_id="erasure")


def rows_by_layer(places: Sequence[Place]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for place in places:
        rows, changed = found.get(place.layer, (0, 0))
        found[place.layer] = (rows + place.rows, changed + place.changed)
    return found


def tree(root: Path) -> dict[str, bytes]:
    """Every file below ``root`` but locks."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }
