"""The receiver in a process of its own: who may deliver, what is kept, what is put off."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn

from connectors.placeholders import Placeholders
from connectors.webhooks import application
from connectors.webhooks.journal import Journal
from connectors.webhooks.receiving import RateLimit, Writer
from connectors.webhooks.signatures import Verifier
from programme.webhooks import WebhookSystem
from tests.connectors.webhook_server import REPOSITORY, Receiver, b64, hmac_by_openssl

OLD, NEW = "old-secret-0001", "new-secret-0002"
STANDARD_KEY = b"standard-key-of-24-bytes"
SECRETS = {
    "S_OLD": OLD,
    "S_NEW": NEW,
    "S_STANDARD": f"whsec_{b64(STANDARD_KEY)}",
    "S_CLIENT": "client-id",
}
PLAIN = {
    "signature": {
        "scheme": "hmac",
        "header": "X-Signature",
        "prefix": "sha256=",
        "secrets": ["${env:S_NEW}", "${env:S_OLD}"],
    },
    "delivery_id": {"path": "id"},
    "event_path": "type",
}
SYSTEMS = {
    "plain": PLAIN,
    "small": {**PLAIN, "max_body_bytes": 1000},
    "slow": {**PLAIN, "max_per_minute": 3},
    "nameless": {"signature": PLAIN["signature"]},
    "stamped": {
        "signature": {
            "scheme": "hmac",
            "algorithm": "sha512",
            "encoding": "base64",
            "header": "X-Signature",
            "signed": "v0:{timestamp}:{body}",
            "timestamp_header": "X-Time",
            "tolerance_seconds": 60,
            "secrets": ["${env:S_NEW}"],
        }
    },
    "token": {"signature": {"scheme": "token", "header": "X-Token", "secrets": ["${env:S_NEW}"]}},
    "formbricks": {"signature": {"scheme": "formbricks", "secrets": ["${env:S_STANDARD}"]}},
    "typeform": {"signature": {"scheme": "typeform", "secrets": ["${env:S_NEW}"]}},
    "zendesk": {"signature": {"scheme": "zendesk", "secrets": ["${env:S_NEW}"]}},
    "surveymonkey": {
        "signature": {"scheme": "surveymonkey", "secrets": ["${env:S_CLIENT}&${env:S_NEW}"]}
    },
    "intercom": {"signature": {"scheme": "intercom", "secrets": ["${env:S_NEW}"]}},
}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    running = Receiver(tmp_path_factory.mktemp("receiver"), SECRETS)
    running.declare(**SYSTEMS)
    running.start()
    yield running
    running.stop()


def signed(body: str | bytes, secret: str = NEW) -> dict[str, str]:
    content = body.encode() if isinstance(body, str) else body
    return {"X-Signature": f"sha256={hmac_by_openssl(secret.encode(), content).hex()}"}


def now(shift_seconds: float = 0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=shift_seconds)


def test_a_delivery_is_kept_as_received_and_once(receiver: Receiver) -> None:
    body = '{"id": "d-1", "type": "created",  "text": "とても\\n良い", "n": 1.50}'
    first = receiver.post("plain", body, signed(body))
    again = receiver.post("plain", body, signed(body))
    assert [first.status_code, again.status_code] == [200, 200]
    assert [first.json(), again.json()] == [{"status": "stored"}, {"status": "already stored"}]
    (line,) = [line for line in receiver.kept("plain") if line["delivery_id"] == "d-1"]
    assert (line["event"], line["body"]) == ("created", body)
    assert abs(datetime.fromisoformat(line["received_at"]) - now()) < timedelta(seconds=30)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_either_secret_of_a_rotation_is_accepted(receiver: Receiver, secret: str) -> None:
    body = json.dumps({"id": f"rotated by {secret}"})
    assert receiver.post("plain", body, signed(body, secret)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Signature": ""},
        {"X-Signature": "sha256="},
        {"X-Signature": "sha256=" + "0" * 64},
        {"X-Signature": hmac_by_openssl(NEW.encode(), b'{"id":"bad"}').hex()},
        signed('{"id":"bad"}', "another"),
        signed('{"id":"bad"} '),
    ],
)
def test_a_wrong_signature_is_refused_and_nothing_kept(
    receiver: Receiver, headers: dict[str, str]
) -> None:
    answer = receiver.post("plain", '{"id":"bad"}', headers)
    assert answer.status_code == 401
    assert "bad" not in {line["delivery_id"] for line in receiver.kept("plain")}


def test_a_signature_that_is_no_text_is_refused(receiver: Receiver) -> None:
    answer = httpx.post(
        f"{receiver.url}/webhooks/plain", content=b"{}", headers={b"X-Signature": b"sha256=\xff"}
    )
    assert answer.status_code == 401


def test_a_signed_body_that_is_no_json_is_kept(receiver: Receiver) -> None:
    for body in (b"not json", b"\xff\xfe", b"", b"[1, 2]"):
        assert receiver.post("plain", body, signed(body)).status_code == 200
    kept = {line["delivery_id"]: line for line in receiver.kept("plain")}
    found = [line for name, line in kept.items() if name.startswith("sha256:")]
    assert [line.get("body") for line in found] == ["not json", None, "", "[1, 2]"]
    assert base64.b64decode(found[1]["body_base64"]) == b"\xff\xfe"


def test_without_a_declared_id_the_body_is_its_own(receiver: Receiver) -> None:
    for body in ('{"id": 1}', '{"id": 2}', '{"id": 1}'):
        receiver.post("nameless", body, signed(body))
    assert [line["body"] for line in receiver.kept("nameless")] == ['{"id": 1}', '{"id": 2}']


def test_other_addresses_and_methods(receiver: Receiver) -> None:
    assert receiver.post("nobody", "{}", signed("{}")).status_code == 404
    assert httpx.get(f"{receiver.url}/webhooks/plain").status_code == 405
    assert httpx.head(f"{receiver.url}/webhooks/plain").status_code == 200
    assert httpx.head(f"{receiver.url}/webhooks/nobody").status_code == 404
    assert httpx.get(f"{receiver.url}/docs").status_code == 404
    health = httpx.get(f"{receiver.url}/healthz")
    assert (health.status_code, health.text) == (200, "ok")


# --- the ways of vendors


@pytest.mark.parametrize(
    ("shift", "status"), [(0, 200), (-50, 200), (50, 200), (-70, 401), (70, 401)]
)
@pytest.mark.parametrize("form", ["seconds", "milliseconds", "iso"])
def test_a_stale_timestamp_is_refused(
    receiver: Receiver, shift: int, status: int, form: str
) -> None:
    moment = now(shift)
    stamp = {
        "seconds": str(int(moment.timestamp())),
        "milliseconds": str(int(moment.timestamp() * 1000)),
        "iso": moment.isoformat(),
    }[form]
    body = json.dumps({"form": form, "shift": shift})
    signature = b64(hmac_by_openssl(NEW.encode(), f"v0:{stamp}:{body}".encode(), "sha512"))
    headers = {"X-Signature": signature, "X-Time": stamp}
    assert receiver.post("stamped", body, headers).status_code == status
    moved = {**headers, "X-Time": stamp.replace("20", "21", 1) + "0"}
    assert receiver.post("stamped", body, moved).status_code == 401


def test_a_bare_token(receiver: Receiver) -> None:
    assert receiver.post("token", "{}", {"X-Token": NEW}).status_code == 200
    for wrong in (OLD, "", NEW + "x", NEW[:-1]):
        assert receiver.post("token", "{}", {"X-Token": wrong}).status_code == 401


def test_standard_webhooks_as_formbricks_signs(receiver: Receiver) -> None:
    body = '{"webhookId":"w","event":"responseFinished","data":{"id":"r-1"}}'
    stamp = str(int(now().timestamp()))
    good = b64(hmac_by_openssl(STANDARD_KEY, f"msg_1.{stamp}.{body}".encode()))
    other = b64(hmac_by_openssl(b"another", body.encode()))
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp}
    several = {**headers, "webhook-signature": f"v1a,{good} v1,{other} v1,{good}"}
    assert receiver.post("formbricks", body, several).json() == {"status": "stored"}
    (line,) = receiver.kept("formbricks")
    assert (line["delivery_id"], line["event"]) == ("msg_1", "responseFinished")
    for wrong in (f"v1,{other}", f"v1a,{good}", good):
        headers["webhook-signature"] = wrong
        assert receiver.post("formbricks", body, headers).status_code == 401
    renamed = {**several, "webhook-id": "msg_2"}
    assert receiver.post("formbricks", body, renamed).status_code == 401


def test_typeform(receiver: Receiver) -> None:
    body = '{"event_id":"e-1","event_type":"form_response"}'
    headers = {"Typeform-Signature": "sha256=" + b64(hmac_by_openssl(NEW.encode(), body.encode()))}
    assert receiver.post("typeform", body, headers).status_code == 200
    (line,) = receiver.kept("typeform")
    assert (line["delivery_id"], line["event"]) == ("e-1", "form_response")
    assert receiver.post("typeform", body + " ", headers).status_code == 401


def test_zendesk(receiver: Receiver) -> None:
    body, stamp = '{"type":"zen:event-type:ticket.created"}', now().strftime("%Y-%m-%dT%H:%M:%SZ")
    headers = {
        "X-Zendesk-Webhook-Signature": b64(hmac_by_openssl(NEW.encode(), (stamp + body).encode())),
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
        "X-Zendesk-Webhook-Invocation-Id": "01G1",
    }
    assert receiver.post("zendesk", body, headers).status_code == 200
    (line,) = receiver.kept("zendesk")
    assert (line["delivery_id"], line["event"]) == ("01G1", "zen:event-type:ticket.created")
    later = {**headers, "X-Zendesk-Webhook-Signature-Timestamp": stamp.replace("20", "21", 1)}
    assert receiver.post("zendesk", body, later).status_code == 401


def test_surveymonkey_signs_with_both_of_its_secrets(receiver: Receiver) -> None:
    body = '{"event_id":"17","event_type":"response_completed","object_id":"9"}'
    key = f"client-id&{NEW}".encode()
    headers = {
        "Sm-Apikey": "client-id",
        "Sm-Signature": b64(hmac_by_openssl(key, body.encode(), "sha1")),
        "Content-Type": "application/vnd.surveymonkey.response.v1+json",
    }
    assert receiver.post("surveymonkey", body, headers).status_code == 200
    assert receiver.kept("surveymonkey")[0]["delivery_id"] == "17"
    headers["Sm-Signature"] = b64(hmac_by_openssl(NEW.encode(), body.encode(), "sha1"))
    assert receiver.post("surveymonkey", body, headers).status_code == 401


def test_intercom_repeats_a_delivery_with_another_body(receiver: Receiver) -> None:
    for attempts in (1, 2):
        body = json.dumps({"id": "notif_1", "topic": "conversation", "delivery_attempts": attempts})
        digest = hmac_by_openssl(NEW.encode(), body.encode(), "sha1").hex()
        assert receiver.post("intercom", body, {"X-Hub-Signature": f"sha1={digest}"}).is_success
    (line,) = receiver.kept("intercom")
    assert (line["delivery_id"], line["event"]) == ("notif_1", "conversation")


# --- limits


def test_a_body_that_is_too_long_is_refused_before_it_is_read(receiver: Receiver) -> None:
    exact, over = b"x" * 1000, b"x" * 1001
    assert receiver.post("small", exact, signed(exact)).status_code == 200
    assert receiver.post("small", over, signed(over)).status_code == 413
    # announced and never sent: the answer comes all the same
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=5) as raw:
        raw.sendall(
            b"POST /webhooks/small HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"
        )
        assert b"413" in raw.recv(100)


def test_a_body_without_end_is_cut_off(receiver: Receiver) -> None:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=5) as raw:
        raw.sendall(
            b"POST /webhooks/small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        sent, answer = 0, b""
        raw.settimeout(0.2)
        while not answer and sent < 50_000_000:
            raw.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            sent += 65536
            try:
                answer = raw.recv(100)
            except TimeoutError:
                continue
    assert b"413" in answer
    assert sent < 5_000_000


def test_too_many_deliveries_are_put_off_with_the_time_to_wait(receiver: Receiver) -> None:
    bodies = [json.dumps({"id": f"r{number}"}) for number in range(5)]
    answers = [receiver.post("slow", body, signed(body)) for body in bodies]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 20
    # other sources are not put off, and who cannot sign does not use the rate up
    assert receiver.post("plain", bodies[4], signed(bodies[4])).status_code == 200
    assert receiver.post("slow", bodies[4], {}).status_code == 401


def test_two_hundred_at_once_are_each_kept_once(receiver: Receiver) -> None:
    bodies = [json.dumps({"id": f"c{number}"}) for number in range(200)]
    requests = [(body, signed(body)) for body in bodies for _ in range(2)]
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(40) as pool:
        url = f"{receiver.url}/webhooks/plain"
        began = time.monotonic()
        answers = list(pool.map(lambda r: client.post(url, content=r[0], headers=r[1]), requests))
        took = time.monotonic() - began
    assert {answer.status_code for answer in answers} == {200}
    stored = [answer.json()["status"] for answer in answers]
    assert stored.count("stored") == 200
    kept = [line["delivery_id"] for line in receiver.kept("plain")]
    assert sorted(name for name in kept if name.startswith("c")) == sorted(
        f"c{n}" for n in range(200)
    )
    print(f"400 deliveries, 200 of them repetitions, in {took:.1f} s")


def test_a_sender_that_hangs_up_leaves_nothing(receiver: Receiver) -> None:
    before = len(receiver.kept("plain"))
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=5) as raw:
        raw.sendall(b'POST /webhooks/plain HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"id"')
    body = '{"id": "after"}'
    assert receiver.post("plain", body, signed(body)).status_code == 200
    assert len(receiver.kept("plain")) == before + 1
    assert "Traceback" not in receiver.logged()


def test_a_sender_that_never_ends_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "_BODY_SECONDS", 0.3)
    system = WebhookSystem.model_validate({"kind": "webhook", **PLAIN})
    journal = Journal(tmp_path, "plain", segment_bytes=1000)
    journal.open()
    verifier = Verifier.of(system, Placeholders("plain", tmp_path, SECRETS))
    route = application.Route("plain", system, verifier, Writer(journal), RateLimit(60))
    app = application.application({"plain": route}, lambda: now())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            raw.sendall(b"POST /webhooks/plain HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            assert b"408" in raw.recv(100)
    finally:
        server.should_exit = True
        thread.join()


# --- as a process


def test_nothing_of_a_delivery_reaches_the_log(receiver: Receiver) -> None:
    body = '{"id": "SECRET-ID", "text": "SECRET-TEXT"}'
    headers = signed(body)
    url = f"{receiver.url}/webhooks/plain?token=SECRET-QUERY"
    assert httpx.post(url, content=body, headers=headers).status_code == 200
    assert httpx.post(url, content=body, headers={"X-Signature": "SECRET-SIGN"}).status_code == 401
    assert receiver.post("SECRET-PATH", body, headers).status_code == 404
    log = receiver.logged()
    assert "plain: stored" in log
    assert "plain: answered 401, the signature is wrong" in log
    assert "SECRET" not in log
    for secret in (*SECRETS.values(), headers["X-Signature"][7:]):
        assert secret not in log or secret == "client-id"


def test_what_is_kept_is_for_the_owner_alone(receiver: Receiver) -> None:
    folder = receiver.home / "webhooks" / "plain"
    modes = {path.stat().st_mode & 0o077 for path in (folder, *folder.glob("*.open"))}
    assert modes == {0}


def test_a_second_receiver_does_not_start(receiver: Receiver) -> None:
    done = subprocess.run(
        [*receiver.command(), str(receiver.port + 1)],
        cwd=REPOSITORY,
        env=receiver.settings(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "another receiver writes to" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("systems", "environment", "what"),
    [
        ({}, {}, "no source takes deliveries in"),
        ({"a": PLAIN}, {"S_NEW": "x"}, "variable S_OLD is not set"),
        (
            {"a": {"signature": {"scheme": "formbricks", "secrets": ["${env:S_NEW}"]}}},
            {"S_NEW": "whsec_§§§"},
            "no base64",
        ),
        ({"a": PLAIN}, {**SECRETS, "CXLOOP_HOME": "/proc/nowhere"}, "cannot write"),
    ],
)
def test_what_keeps_it_from_starting_is_named(
    tmp_path: Path, systems: dict[str, dict[str, object]], environment: dict[str, str], what: str
) -> None:
    receiver = Receiver(tmp_path, environment)
    receiver.declare(**systems)
    done = subprocess.run(
        [*receiver.command(), "1"],
        cwd=REPOSITORY,
        env=receiver.settings(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert what in done.stderr
    assert "Traceback" not in done.stderr
    assert "§" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_puts_deliveries_off_and_loses_none(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True
    )
    if mount.returncode:
        pytest.skip("no small disk can be mounted here")
    receiver = Receiver(tmp_path, {**SECRETS, "CXLOOP_HOME": str(disk)})
    receiver.declare(plain=PLAIN)
    try:
        receiver.start()
        bodies = [json.dumps({"id": f"f{n}", "text": "x" * 10_000}) for n in range(40)]
        answers = [receiver.post("plain", body, signed(body)) for body in bodies]
        codes = [answer.status_code for answer in answers]
        put_off = codes.index(503)
        assert put_off > 10
        assert answers[put_off].headers["Retry-After"] == "60"
        assert httpx.get(f"{receiver.url}/healthz").status_code == 503
        accepted = [f"f{n}" for n, code in enumerate(codes) if code == 200]
        assert [line["delivery_id"] for line in receiver.kept("plain")] == accepted
        # with space again, the vendor repeats what was put off
        resized = ["mount", "-o", "remount,size=2m", str(disk)]
        subprocess.run(resized, check=True)
        answers = [receiver.post("plain", body, signed(body)) for body in bodies]
        assert {answer.status_code for answer in answers} == {200}
        assert httpx.get(f"{receiver.url}/healthz").status_code == 200
        kept = [line["delivery_id"] for line in receiver.kept("plain")]
        assert sorted(kept) == sorted(f"f{n}" for n in range(40))
    finally:
        receiver.stop()
        subprocess.run(["umount", str(disk)], check=True)
