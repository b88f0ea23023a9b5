"""Every kind of source at once, for runs that are killed: data, servers and a programme.

Run as a program it serves the APIs until its input ends: a line `1` or `2` sets the round, and each
is answered by a line, the first with the addresses.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.webhooks.journal import Journal
from connectors.webhooks.segments import Delivery
from tests.connectors.vendors import test_formbricks as formbricks
from tests.connectors.vendors import test_qualtrics as qualtrics
from tests.connectors.vendors import test_surveymonkey as surveymonkey
from tests.connectors.vendors import test_typeform as typeform
from tests.emulators import intercom, rest, zendesk
from tests.emulators.formbricks import TOKEN as FORMBRICKS_TOKEN
from tests.emulators.formbricks import FormbricksEmulator
from tests.emulators.intercom import TOKEN as INTERCOM_TOKEN
from tests.emulators.qualtrics import TOKEN as QUALTRICS_TOKEN
from tests.emulators.qualtrics import QualtricsEmulator
from tests.emulators.surveymonkey import TOKEN as SURVEYMONKEY_TOKEN
from tests.emulators.surveymonkey import SurveyMonkeyEmulator
from tests.emulators.typeform import TOKEN as TYPEFORM_TOKEN
from tests.emulators.typeform import TypeformEmulator

TEMPLATES = Path(__file__).resolve().parents[2] / "programme" / "templates"
DAYS = {1: date(2026, 7, 5), 2: date(2026, 7, 6)}
ROUNDS = (1, 2)
HASH_KEY = "a long secret of this test alone"
_VENDORS = ("zendesk", "intercom", "qualtrics", "surveymonkey", "typeform", "formbricks")
_COMPANY = """
name: {en: Test company, ja: 試験会社}
timezone: Asia/Tokyo
currency: JPY
sender: cx@example.com
allowed_domains: [example.com]
roles: {leadership: {title: {en: Leadership, ja: 経営層}, language: en}}
"""
_HEAD = "description: d\nowner: o\n"
_FILES = (
    _HEAD
    + """
system: {kind: files}
entities:
  orders:
    files: {pattern: "orders*.csv"}
    records:
      - record: order
        fields: {order_id: id, kind: {const: purchase}, amount: amount, ordered_at: at}
  renewals:
    files: {pattern: "renewals*.csv"}
    personal: {mail: hash}
    records:
      - record: outcome
        fields: {outcome_id: id, customer_id: mail, kind: {const: renewal}, due_at: at}
  answers:
    files: {pattern: "answers*.jsonl", format: jsonl}
    records:
      - record: feedback
        survey: customer_feedback
        question: nps_question
        explode: answers
        fields: {response_id: id, score: answers.score, responded_at: at}
"""
)
_DATABASE = (
    _HEAD
    + """
system: {kind: sql, url: "sqlite:///${data_root}/crm.sqlite"}
entities:
  usage:
    sql: {table: usage, cursor: changed}
    lookback_minutes: 60
    records:
      - record: usage
        fields: {customer_id: id, usage_date: day, feature: {const: app}, version: changed}
  contacts:
    sql: {table: contact}
    absence: {max_share: 0.5}
    records:
      - record: customer
        fields: {customer_id: id, valid_from: since, plan: plan}
"""
)
_REST = (
    _HEAD
    + """
system:
  kind: rest
  base_url: ${env:CXLOOP_REST_URL}
  auth: {kind: bearer, token: "${env:CXLOOP_REST_TOKEN}"}
entities:
  tickets:
    rest:
      path: /v1/cursor
      data_selector: data
      paginator: cursor
      cursor_path: meta.next
      cursor_param: at
      cursor: updated_at
      since_param: since
      ordered: true
    lookback_minutes: 5
    records:
      - record: interaction
        fields: {interaction_id: id, kind: {const: ticket}, opened_at: created_at,
                 version: updated_at}
"""
)


_CALL = """WEBVTT

00:00.000 --> 00:04.000
<v Agent Sato>This call may be recorded.

00:05.000 --> 00:09.000
<v Hanako>My delivery is late.""".splitlines()


@dataclass
class Apis:
    """The servers, and what they hold in each round."""

    zendesk: zendesk.Zendesk
    intercom: intercom.Intercom
    qualtrics: QualtricsEmulator
    surveymonkey: SurveyMonkeyEmulator
    typeform: TypeformEmulator
    formbricks: FormbricksEmulator
    rest: rest.Rest

    def environment(self) -> dict[str, str]:
        """Addresses and tokens, as the templates name them."""
        tokens = {
            "ZENDESK": zendesk.TOKEN,
            "INTERCOM": INTERCOM_TOKEN,
            "QUALTRICS": QUALTRICS_TOKEN,
            "SURVEYMONKEY": SURVEYMONKEY_TOKEN,
            "TYPEFORM": TYPEFORM_TOKEN,
            "REST": rest.TOKEN,
        }
        found = {f"CXLOOP_{name}_TOKEN": token for name, token in tokens.items()}
        for name in (*_VENDORS, "rest"):
            found[f"CXLOOP_{name.upper()}_URL"] = getattr(self, name).url
        return {
            **found,
            "CXLOOP_APP_WEBHOOK_SECRET": "an app's secret",
            "CXLOOP_FORMBRICKS_KEY": FORMBRICKS_TOKEN,
            "CXLOOP_ZENDESK_EMAIL": zendesk.EMAIL,
            "CXLOOP_HASH_KEY": HASH_KEY,
        }

    def fill(self, round_: int) -> None:
        """Set what the round holds: in the second, more, and some of the first changed."""
        count = 20 * round_
        self._fill_desk(count, changed=range(1, 6) if round_ == 2 else ())
        self.intercom.conversations = [
            intercom.conversation(n, n + (1000 if round_ == 2 and n < 4 else 0))
            for n in range(1, count + 1)
        ]
        self.qualtrics.responses = qualtrics.many(count)
        self.surveymonkey.responses = [
            surveymonkey.whole(
                n,
                surveymonkey.at_second(n),
                surveymonkey.answered("111111111", surveymonkey.choice(f"11000000{n % 10}")),
            )
            for n in range(count)
        ]
        self.typeform.responses = [
            typeform.response(n, typeform.at_second(n), typeform.answer("nps", "number", n % 11))
            for n in range(count)
        ]
        self.formbricks.responses = [
            formbricks.response(n, formbricks.at_minute(n)) for n in range(count)
        ]
        self.rest.rows = rest.tickets(count)

    def _fill_desk(self, count: int, changed: Any) -> None:
        desk = self.zendesk
        desk.tickets = [
            zendesk.ticket(n, n + (1000 if n in changed else 0)) for n in range(1, count + 1)
        ]
        desk.ticket_events = [
            zendesk.audit(
                n, n, n, 100 + n % 5, *zendesk.created(status="new"), zendesk.comment(100, "Hi")
            )
            for n in range(1, count + 1)
        ]
        desk.users = [zendesk.user(n, n - 99) for n in range(100, 100 + count)]
        desk.organizations = [zendesk.organization(n, n) for n in range(1, count + 1)]
        desk.ratings = [zendesk.rating(n, n, "good") for n in range(1, count + 1)]


@contextlib.contextmanager
def apis() -> Iterator[Apis]:
    """All servers, each on a free port of the loopback interface."""
    with contextlib.ExitStack() as stack:
        started = Apis(
            zendesk=stack.enter_context(zendesk.Zendesk()),
            intercom=stack.enter_context(intercom.Intercom()),
            qualtrics=stack.enter_context(QualtricsEmulator(survey="SV_0123456789abcde")),
            surveymonkey=stack.enter_context(SurveyMonkeyEmulator(survey="0000000000")),
            typeform=stack.enter_context(TypeformEmulator(form="AbCdEf12")),
            formbricks=stack.enter_context(FormbricksEmulator()),
            rest=stack.enter_context(rest.Rest()),
        )
        started.qualtrics.polls = 0
        for emulator in (started.surveymonkey, started.typeform):
            emulator.per_page = 7
        yield started


def write_programme(folder: Path, addresses: dict[str, str]) -> None:
    """Files, a database, a declared API and the templates of all vendors."""
    (folder / "sources").mkdir(parents=True)
    shutil.copytree(TEMPLATES / "surveys", folder / "surveys")
    (folder / "programme.yml").write_text(_COMPANY, encoding="utf-8")
    for name in (*_VENDORS, "webhook", "calls"):
        text = (TEMPLATES / "sources" / f"{name}.yml").read_text(encoding="utf-8")
        if name == "intercom":
            text = text.replace("https://api.intercom.io", addresses["CXLOOP_INTERCOM_URL"])
        (folder / "sources" / f"{name}.yml").write_text(text, encoding="utf-8")
    for name, text in (("exports", _FILES), ("crm", _DATABASE), ("api", _REST)):
        (folder / "sources" / f"{name}.yml").write_text(text, encoding="utf-8")


def write_data(folder: Path, round_: int) -> None:
    """The files and the database of one round."""
    folder.mkdir(parents=True, exist_ok=True)
    at = [datetime(2026, 7, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(400)]
    rows = [f"o{n},{n if n % 50 else 'x'},{at[n].isoformat()}" for n in range(200 * round_)]
    _write(folder / f"orders{round_}.csv", ["id,amount,at", *rows, "short"])
    rows = [f"r{n},m{n}@example.com,{at[n].isoformat()}" for n in range(100 * round_)]
    _write(folder / f"renewals{round_}.csv", ["id,mail,at", *rows])
    answers = [
        {"id": f"a{n}", "at": at[n].isoformat(), "answers": [{"score": n % 12}]}
        for n in range(100 * round_)
    ]
    _write(folder / f"answers{round_}.jsonl", [*map(json.dumps, answers), "{broken"])
    for n in range(3 * round_):
        _write(folder / "calls" / f"202607{n + 1:02d}T093000_K{n}.vtt", _CALL)
    database = folder / "crm.sqlite"
    database.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("create table usage (id text, day text, changed text)")
        used = [(f"c{n}", "2026-06-01", str(at[n])[:19]) for n in range(150 * round_)]
        connection.executemany("insert into usage values (?, ?, ?)", used)
        connection.execute("create table contact (id text, since text, plan text)")
        known = [(f"c{n}", "2026-01-01", f"plan{round_}") for n in range(5 * round_, 60)]
        connection.executemany("insert into contact values (?, ?, ?)", known)
        connection.commit()


def deliver(home: Path, round_: int) -> None:
    """What the webhook receiver has kept by then."""
    journal = Journal(home, "webhook", segment_bytes=4096)
    journal.open()
    for n in range(20 * (round_ - 1), 20 * round_):
        at = datetime(2026, 7, 1, tzinfo=UTC) + timedelta(minutes=n)
        answer = {"id": f"w{n}", "nps": n % 12, "created_at": at.isoformat()}
        answer |= {"updated_at": at.isoformat(), "customer": {"id": f"c{n}", "email": "e@x.jp"}}
        body = json.dumps({"id": f"d{n}", "type": "answer.created", "answer": answer}).encode()
        journal.append([Delivery(f"d{n}", at, "answer.created", body)])


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def serve() -> None:
    """Answer each round that is asked for."""
    with apis() as started:
        for line in sys.stdin:
            started.fill(int(line))
            sys.stdout.write(json.dumps(started.environment()) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    serve()
