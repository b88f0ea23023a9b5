"""Secrets come from the environment or Airflow's connections and are never told to anybody.

Real extracts with wrong credentials, against servers that repeat whatever they were sent in their
answers: what is logged at level DEBUG, raised, printed, handed over and rendered is searched.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from connectors.connections import connection, variable_of
from connectors.errors import (
    ConnectorError,
    MissingSettingError,
    SourceUnavailableError,
    UnusableDeclarationError,
)
from connectors.placeholders import Placeholders
from tests.connectors.conftest import Api, Bench
from tests.connectors.file_servers import SftpServer

REPOSITORY = Path(__file__).resolve().parents[2]
SECRET = "S3cr3t/of+the=Crm &c@1"
RECORDS = """
            records:
              - record: interaction
                fields: {interaction_id: id, kind: {const: ticket}, opened_at: at}
"""


def spelt(secret: str) -> set[str]:
    """Every way in which a careless library would write it."""
    both = base64.b64encode(f"agent:{secret}".encode()).decode()
    words = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), both}
    return words | {json.dumps(secret)[1:-1], repr(secret)[1:-1], secret.split("@")[0]}


def told(error: BaseException, log: str) -> str:
    """All that somebody reads after a failure."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return "\n".join([log, *lines, str(error), repr(error), *getattr(error, "__notes__", ())])


def require_quiet(text: str, secret: str = SECRET) -> None:
    assert len(text) > 40
    found = [word for word in spelt(secret) if word in text]
    assert not found, f"{found} in {text}"


def failing_extract(bench: Bench, log: pytest.LogCaptureFixture) -> str:
    with log.at_level(logging.DEBUG), pytest.raises(ConnectorError) as caught:
        bench.extract()
    return told(caught.value, log.text)


@pytest.fixture
def crm(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("CRM_SECRET", SECRET)
    return bench


def echoing(api: Api, status: int) -> None:
    """Refuse, and repeat the whole request in the answer, as debug pages do."""

    def answer(path: str, query: dict[str, str], count: int) -> tuple[int, dict[str, str], str]:
        headers = api.requests[-1][2]
        body = json.dumps({"error": "refused", "path": path, "query": query, "headers": headers})
        return status, {}, body + quote(json.dumps(query)) + quote_plus(SECRET)

    api.answer = answer


AUTHS = {
    "bearer": "{kind: bearer, token: '${env:CRM_SECRET}'}",
    "header": "{kind: api_key, header: X-Key, key: '${env:CRM_SECRET}'}",
    "query": "{kind: api_key, query: api_key, key: '${env:CRM_SECRET}'}",
    "basic": "{kind: basic, username: agent, password: '${env:CRM_SECRET}'}",
    "connection": "{kind: bearer, token: '${conn:crm.password}'}",
}


@pytest.mark.parametrize("status", [401, 400, 503])
@pytest.mark.parametrize("auth", AUTHS)
def test_an_api_that_refuses_and_repeats_the_request(
    crm: Bench,
    api: Api,
    auth: str,
    status: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"password": SECRET, "login": "agent"}))
    crm.source(f"""
        system: {{kind: rest, base_url: "{api.url}", max_attempts: 1, auth: {AUTHS[auth]}}}
        entities:
          tickets:
            rest: {{path: /t, data_selector: data}}{RECORDS}""")
    echoing(api, status)
    text = failing_extract(crm, caplog)
    # the server did get it
    _, query, headers = api.requests[-1]
    sent = json.dumps([query, headers])
    assert any(word in sent for word in spelt(SECRET))
    require_quiet(text)


def test_an_api_that_sends_elsewhere(
    crm: Bench, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    crm.source(f"""
        system: {{kind: rest, base_url: "{api.url}", max_attempts: 1, auth: {AUTHS["query"]}}}
        entities:
          tickets:
            rest: {{path: /t, data_selector: data}}{RECORDS}""")
    target = f"http://127.0.0.2:1/x?api_key={quote(SECRET)}"
    api.answer = lambda path, query, count: (302, {"Location": target}, "")
    require_quiet(failing_extract(crm, caplog))


def test_an_api_that_is_away(crm: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    crm.source(f"""
        system:
          kind: rest
          base_url: "http://127.0.0.1:{port}"
          max_attempts: 1
          auth: {AUTHS["query"]}
        entities:
          tickets:
            rest: {{path: /t, data_selector: data}}{RECORDS}""")
    require_quiet(failing_extract(crm, caplog))


@pytest.fixture
def database() -> Iterator[tuple[int, list[bytes]]]:
    """A Postgres server that asks for the password and repeats it in its refusal."""
    received: list[bytes] = []

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link:
                start = link.recv(8192)
                if struct.unpack("!i", start[4:8])[0] == 80877103:  # may it be encrypted? no
                    link.sendall(b"N")
                    start = link.recv(8192)
                received.append(start)
                link.sendall(message(b"R", struct.pack("!i", 3)))
                password = link.recv(8192)
                received.append(password)
                said = b"M" + b"password refused: " + password[5:-1] + b"\0"
                link.sendall(message(b"E", b"SFATAL\0C28P01\0" + said + b"\0"))

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=(listener,))
    thread.start()
    yield listener.getsockname()[1], received
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


URLS = {
    "password": "postgresql+psycopg2://agent:${env:CRM_SECRET}@127.0.0.1:PORT/crm",
    "connection": "postgresql+psycopg2://${conn:crm.login}:${conn:crm.password}@127.0.0.1:PORT/crm",
    "whole": "${env:CRM_URL}",
}


@pytest.mark.parametrize("url", URLS)
def test_a_database_that_refuses_and_repeats_the_password(
    crm: Bench,
    database: tuple[int, list[bytes]],
    url: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("psycopg2", reason="the postgres extra is not installed")
    port, received = database
    address = f"postgresql+psycopg2://agent:{quote(SECRET, safe='')}@127.0.0.1:{port}/crm"
    monkeypatch.setenv("CRM_URL", address)
    monkeypatch.setenv("AIRFLOW_CONN_CRM", address)
    crm.source(f"""
        system: {{kind: sql, url: "{URLS[url].replace("PORT", str(port))}"}}
        entities:
          tickets:
            sql: {{table: tickets}}{RECORDS}""")
    text = failing_extract(crm, caplog)
    assert SECRET.encode() in received[-1]
    assert "the database refused" in text
    require_quiet(text)


def test_an_address_that_is_none_is_not_repeated(
    crm: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    crm.source(f"""
        system: {{kind: sql, url: "${{env:CRM_SECRET}}"}}
        entities:
          tickets:
            sql: {{table: tickets}}{RECORDS}""")
    with caplog.at_level(logging.DEBUG), pytest.raises(UnusableDeclarationError) as caught:
        crm.extract()
    require_quiet(told(caught.value, caplog.text))


FILES = """
        system: {{kind: files, root: "{root}"{block}}}
        entities:
          tickets:
            files: {{pattern: "*.csv"}}"""


def test_files_on_a_server_that_refuses_the_password(
    crm: Bench, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with SftpServer(tmp_path).running() as server:
        block = ", sftp: {username: user, password: '${env:CRM_SECRET}', max_attempts: 1, "
        block += f"known_host: '{server.known_host}'}}"
        root = f"sftp://127.0.0.1:{server.port}/out"
        crm.source(FILES.format(root=root, block=block) + RECORDS)
        text = failing_extract(crm, caplog)
    assert "correct `username` and `password`" in text
    require_quiet(text)


def test_a_store_that_refuses_and_repeats_the_request(
    crm: Bench, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    block = f", s3: {{endpoint: '{api.url}', max_attempts: 1, access_key: AKIA, "
    block += "secret_key: '${env:CRM_SECRET}'}"
    crm.source(FILES.format(root="s3://bucket/in", block=block) + RECORDS)
    echoing(api, 403)
    text = failing_extract(crm, caplog)
    assert api.requests
    require_quiet(text)


def test_an_address_with_a_login_is_shown_without_it(
    crm: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOT", f"sftp://agent:{quote(SECRET, safe='')}@127.0.0.1:1/out")
    crm.source(FILES.format(root="${env:ROOT}", block="") + RECORDS)
    text = failing_extract(crm, caplog)
    assert "sftp://127.0.0.1:1/out" in text
    require_quiet(text)


def test_the_command_line_tells_no_secret(crm: Bench, database: tuple[int, list[bytes]]) -> None:
    pytest.importorskip("psycopg2", reason="the postgres extra is not installed")
    url = URLS["password"].replace("PORT", str(database[0]))
    crm.source(f"""
        system: {{kind: sql, url: "{url}"}}
        entities:
          tickets:
            sql: {{table: tickets}}{RECORDS}""")
    command = [sys.executable, "-m", "cli", "--verbose", "run", "--only", "collect", "--json"]
    done = subprocess.run(
        command,
        env=os.environ
        | {
            "CXLOOP_PROGRAMME": str(crm.root / "programme"),
            "CXLOOP_HOME": str(crm.root / "home"),
            "CXLOOP_DATA_ROOT": str(crm.data),
        },
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )
    assert done.returncode == 1
    assert "the database refused" in json.loads(done.stdout)["failures"][0]
    require_quiet(done.stdout + done.stderr)


RENDER = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
rendered = {}
for dag_id, dag in bag.dags.items():
    for task in dag.tasks:
        fields = {name: repr(getattr(task, name, None)) for name in task.template_fields}
        rendered[f"{dag_id}.{task.task_id}"] = fields
serialized = [DagSerialization.to_dict(dag) for dag in bag.dags.values()]
print(json.dumps([rendered, serialized], default=str, ensure_ascii=False))
"""


def test_airflow_renders_and_keeps_no_secret(crm: Bench) -> None:
    crm.source(f"""
        system:
          kind: rest
          base_url: "http://127.0.0.1:1"
          auth: {AUTHS["basic"]}
        entities:
          tickets:
            rest:
              path: /t
              data_selector: data
              params: {{key: "${{env:CRM_SECRET}}"}}{RECORDS}""")
    done = subprocess.run(
        [sys.executable, "-B", "-W", "ignore", "-c", RENDER, str(REPOSITORY / "dags")],
        env=os.environ
        | {
            "AIRFLOW_HOME": str(crm.root / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "CXLOOP_PROGRAMME": str(crm.root / "programme"),
            "CXLOOP_HOME": str(crm.root / "home"),
            "PYTHONPATH": str(REPOSITORY),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rendered, serialized = json.loads(done.stdout.splitlines()[-1])
    assert "ingest_src.extract" in rendered
    assert len(serialized) >= 5
    require_quiet(done.stdout + done.stderr)


def test_what_is_handed_over_between_tasks_tells_no_secret(crm: Bench, api: Api) -> None:
    crm.source(f"""
        system: {{kind: rest, base_url: "{api.url}", auth: {AUTHS["query"]}}}
        entities:
          tickets:
            rest: {{path: /t, data_selector: data}}{RECORDS}""")
    body = json.dumps({"data": [{"id": 1, "at": "2026-07-01"}]})
    api.answer = lambda path, query, count: (200, {}, body)
    extracted, landed = crm.extract(), crm.land()
    files = [path.read_bytes() for path in crm.settings.home.rglob("*") if path.is_file()]
    require_quiet(f"{extracted} {landed} {extracted!r} {landed!r} {files}")


def filler(**environment: str) -> Placeholders:
    return Placeholders("crm", Path("/data"), environment)


def test_a_connection_as_json_or_as_an_address() -> None:
    content = {"host": "h", "port": 5432, "login": "u", "password": SECRET, "extra": {"key": "K9"}}
    as_json = filler(AIRFLOW_CONN_CRM_DB=json.dumps(content))
    as_text = filler(AIRFLOW_CONN_CRM_DB=json.dumps(content | {"extra": '{"key": "K9"}'}))
    address = f"postgres://u:{quote(SECRET, safe='')}@h:5432/db?key=K9"
    as_address = filler(AIRFLOW_CONN_CRM_DB=address)
    for one in (as_json, as_text, as_address):
        assert one.fill("${conn:crm_db.password}") == SECRET
        assert one.fill("${conn:crm_db.host}:${conn:crm_db.port}") == "h:5432"
        assert one.fill("${conn:crm_db.extra.key}") == "K9"
        assert one.redact(f"h u K9 {SECRET}") == "h u *** ***"


def test_connections_are_read_as_airflow_reads_them() -> None:
    from airflow.sdk import Connection

    address = "postgres://u%40x:p%2F%3A1@db.example:5433/crm?sslmode=require&token=t%201"
    theirs = Connection.from_uri(address, conn_id="crm")
    ours = connection("crm", {"AIRFLOW_CONN_CRM": address})
    assert ours is not None
    for name in ("host", "port", "schema", "login", "password"):
        assert ours[name] == getattr(theirs, name)
    assert ours["extra"] == theirs.extra_dejson


@pytest.mark.parametrize(
    ("written", "text", "what"),
    [
        (None, "${conn:crm.password}", "there is no connection `crm`.*set AIRFLOW_CONN_CRM"),
        ("{broken " + SECRET, "${conn:crm.password}", "AIRFLOW_CONN_CRM cannot be read"),
        (SECRET, "${conn:crm.password}", "AIRFLOW_CONN_CRM cannot be read"),
        ('{"login": "u"}', "${conn:crm.password}", "`crm` has no `password`"),
        ('{"login": "u"}', "${conn:crm.__class__}", "`crm` has no `__class__`"),
        ('{"login": "u"}', "${conn:crm.extra.token}", r"`crm` has no `extra\.token`"),
        ('{"login": "u"}', "${conn:crm}", "unknown placeholder"),
    ],
)
def test_a_connection_that_is_missing_or_broken_is_named(
    written: str | None, text: str, what: str
) -> None:
    environment = {} if written is None else {variable_of("crm"): written}
    with pytest.raises(MissingSettingError, match=what) as caught:
        filler(**environment).fill(text)
    assert SECRET not in told(caught.value, "")


TASK = """
import sys, types
from unittest.mock import patch
import airflow.sdk.execution_time.task_runner
from airflow.sdk import BaseHook, Connection
from connectors.placeholders import Placeholders
from pathlib import Path
asked = []
def get_connection(name):
    asked.append(name)
    return Connection(conn_id=name, conn_type="http", password="from-airflow", login="u")
with patch.object(BaseHook, "get_connection", get_connection):
    print(Placeholders("crm", Path("/"), {}).fill("${conn:crm.password}"), asked)
"""


def test_inside_a_task_airflows_own_connections_are_asked(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TASK],
        env=os.environ | {"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    # Airflow masks the secret in what a task prints
    assert done.stdout.split()[-1] == "['crm']", done.stderr


def test_a_password_with_any_sign_reaches_the_database_as_it_is() -> None:
    one = filler(PW="p@ss/w:rd?#%", HOST="db.example")
    filled = one.fill_address("postgresql://u:${env:PW}@${env:HOST}:5432/${data_root}")
    assert filled == "postgresql://u:p%40ss%2Fw%3Ard%3F%23%25@db.example:5432//data"
    assert one.fill_address("sqlite:///${data_root}/a@b.db") == "sqlite:////data/a@b.db"
    whole = filler(URL="postgresql://u:p%40ss@h/db")
    assert whole.fill_address("${env:URL}") == "postgresql://u:p%40ss@h/db"
    assert whole.redact("p@ss and p%40ss and h") == "*** and *** and h"


def test_a_refused_source_is_no_reason_to_tell_the_others_secrets(
    crm: Bench, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    crm.source(f"""
        system: {{kind: rest, base_url: "{api.url}", max_attempts: 1, auth: {AUTHS["bearer"]}}}
        entities:
          a:
            rest: {{path: /a, data_selector: data}}{RECORDS}
          b:
            rest: {{path: /b, data_selector: data}}{RECORDS}""")
    echoing(api, 401)
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceUnavailableError) as caught:
        crm.extract()
    assert len(caught.value.__notes__) == 1
    require_quiet(told(caught.value, caplog.text))
