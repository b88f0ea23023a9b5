from __future__ import annotations

import dataclasses
import email
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ledger import Ledger
from programme import Programme, Settings
from reports.deliver import Delivery, SmtpSettings, deliver_due, require_delivered
from reports.errors import AddressBookError, SmtpUnavailableError, UndeliveredError
from reports.rendering import render_due
from tests.reports.conftest import Freeze, Post
from tests.reports.fixtures import editions

ROOT = Path(__file__).resolve().parents[2]
PRODUCT, BOARD = "suzuki@hoshi-home.example", "tanaka@hoshi-home.example"
EVERYBODY = {PRODUCT, BOARD, "sato@hoshi-home.example"}


@pytest.fixture
def edition_id(freeze: Freeze) -> str:
    return freeze(editions.experiment("no_verdict"))


def states(deliveries: list[Delivery]) -> Counter[str]:
    return Counter(delivery.state for delivery in deliveries)


def recipients(post: Post) -> list[str]:
    found = [email.message_from_bytes(file.read_bytes())["To"] for file in post.mails]
    return sorted(map(str, found))


def test_everybody_gets_one_mail_in_the_language_of_the_role(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    found = deliver_due(programme, settings, ledger, post.smtp)
    assert states(found) == {"sent": 3}
    assert recipients(post) == sorted(EVERYBODY)
    by_address = {mail.recipient: mail for mail in ledger.outbox(edition_id)}
    assert {mail.state for mail in by_address.values()} == {"sent"}
    assert by_address[PRODUCT].language == "en"
    assert by_address[BOARD].language == "ja"


def test_a_second_run_sends_nothing(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    deliver_due(programme, settings, ledger, post.smtp)
    assert states(deliver_due(programme, settings, ledger, post.smtp)) == {"already_sent": 3}
    assert len(post.mails) == 3


def test_the_clock_is_read_once_a_mark_and_can_be_given(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    at = datetime(2026, 7, 5, 9, tzinfo=UTC)
    deliver_due(programme, settings, ledger, post.smtp, clock=lambda: at)
    assert {mail.sent_at for mail in ledger.outbox()} == {at}


CRASH = """
import json, os, signal, sys
from pathlib import Path
from ledger import Ledger
from programme import load_programme
from reports.deliver import SmtpSettings, deliver_due
from tests.reports.fixtures import company
root, port, method = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(Ledger, method, die)
settings = company.settings(root)
deliver_due(company.company(root), settings, Ledger.open(settings.ledger_url),
            SmtpSettings("127.0.0.1", port))
"""


def crash(tmp_path: Path, post: Post, method: str) -> None:
    command = [sys.executable, "-c", CRASH, str(tmp_path), str(post.smtp.port), method]
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert ended.returncode == -signal.SIGKILL


def test_killed_between_sending_and_sent_the_journal_settles_it(
    tmp_path: Path, programme: Programme, settings: Settings, ledger: Ledger, post: Post,
    edition_id: str,
) -> None:  # fmt: skip
    crash(tmp_path, post, "mark_sent")
    assert len(post.mails) == 1
    assert Counter(mail.state for mail in ledger.outbox()) == {"sending": 1, "claimed": 2}
    found = deliver_due(programme, settings, ledger, post.smtp)
    assert states(found) == {"settled": 1, "sent": 2}
    assert recipients(post) == sorted(EVERYBODY)


def test_killed_before_sending_the_mail_goes_with_the_same_message_id(
    tmp_path: Path, programme: Programme, settings: Settings, ledger: Ledger, post: Post,
    edition_id: str,
) -> None:  # fmt: skip
    crash(tmp_path, post, "mark_sending")
    claimed = {mail.message_id for mail in ledger.outbox()}
    assert post.mails == []
    deliver_due(programme, settings, ledger, post.smtp)
    sent = {str(email.message_from_bytes(file.read_bytes())["Message-ID"]) for file in post.mails}
    assert sent == claimed
    assert len(post.mails) == 3


def test_without_a_journal_an_interrupted_mail_is_left_and_told(
    tmp_path: Path, programme: Programme, settings: Settings, ledger: Ledger, post: Post,
    edition_id: str,
) -> None:  # fmt: skip
    crash(tmp_path, post, "mark_sent")
    blind = dataclasses.replace(settings, mail_journal=None)
    found = deliver_due(programme, blind, ledger, post.smtp)
    assert states(found) == {"in_doubt": 1, "sent": 2}
    doubt = next(delivery for delivery in found if delivery.state == "in_doubt")
    assert "cxloop outbox settle" in doubt.reason
    assert len(post.mails) == 3


def test_an_interrupted_mail_the_journal_lacks_is_sent_again(
    tmp_path: Path, programme: Programme, settings: Settings, ledger: Ledger, post: Post,
    edition_id: str,
) -> None:  # fmt: skip
    crash(tmp_path, post, "mark_sent")
    lost = email.message_from_bytes(post.mails[0].read_bytes())["Message-ID"]
    post.mails[0].unlink()
    assert states(deliver_due(programme, settings, ledger, post.smtp)) == {"sent": 3}
    ids = [email.message_from_bytes(file.read_bytes())["Message-ID"] for file in post.mails]
    assert ids.count(lost) == 1


def test_a_server_that_is_down_is_named_and_the_next_run_sends(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    with pytest.raises(SmtpUnavailableError, match=rf"127\.0\.0\.1:{closed} .*Mend"):
        deliver_due(programme, settings, ledger, SmtpSettings("127.0.0.1", closed))
    assert {mail.state for mail in ledger.outbox()} == {"claimed"}
    assert states(deliver_due(programme, settings, ledger, post.smtp)) == {"sent": 3}


def test_one_refused_recipient_does_not_hold_the_others(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    post.refused.add(BOARD)
    found = deliver_due(programme, settings, ledger, post.smtp)
    assert states(found) == {"sent": 2, "failed": 1}
    failed = next(delivery for delivery in found if delivery.state == "failed")
    assert failed.reason == "550 no such mailbox"
    post.refused.clear()
    again = deliver_due(programme, settings, ledger, post.smtp)
    assert states(again) == {"already_sent": 2, "sent": 1}
    assert recipients(post) == sorted(EVERYBODY)


def test_a_changed_edition_is_not_sent(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    content = editions.experiment("no_verdict")
    content["arms"][0]["n_units"] = 1
    editions.write(content, settings.editions)
    found = deliver_due(programme, settings, ledger, post.smtp)
    assert states(found) == {"blocked": 3}
    assert "not the edition that was frozen" in found[0].reason
    assert post.mails == []
    assert ledger.outbox() == []


def test_a_mail_claimed_with_other_content_is_blocked(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    at = datetime(2026, 7, 5, tzinfo=UTC)
    ledger.claim(edition_id, BOARD, language="ja", content_hash="other", message_id="<x@y>", now=at)
    found = deliver_due(programme, settings, ledger, post.smtp)
    assert states(found) == {"blocked": 1, "sent": 2}


def test_a_problem_blocks_with_its_reason(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, freeze: Freeze
) -> None:
    content = editions.small_benchmark()
    content["coverage"][0]["landed"] = 0
    freeze(content)
    found = deliver_due(programme, settings, ledger, post.smtp)
    assert states(found) == {"blocked": 3}
    assert "source `crm` brought no rows" in found[0].reason
    assert ledger.outbox() == []


def test_a_domain_that_is_not_allowed_gets_nothing(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    book = settings.address_book.read_text().replace("suzuki@hoshi-home", "suzuki@elsewhere")
    settings.address_book.write_text(book)
    found = deliver_due(programme, settings, ledger, post.smtp)
    assert states(found) == {"refused": 1, "sent": 2}
    refused = next(delivery for delivery in found if delivery.state == "refused")
    assert "elsewhere.example" in refused.reason
    assert "allowed_domains" in refused.reason
    assert "suzuki@elsewhere.example" not in recipients(post)


def test_a_role_without_address_stops_before_anything_is_sent(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    settings.address_book.write_text("board: [tanaka@hoshi-home.example]\n")
    with pytest.raises(AddressBookError, match="role `product`"):
        deliver_due(programme, settings, ledger, post.smtp)
    assert post.mails == []
    assert ledger.outbox() == []


def test_somebody_in_two_roles_gets_one_mail(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    settings.address_book.write_text(
        "board: [Suzuki@hoshi-home.example]\nproduct: [suzuki@hoshi-home.example]\n"
        "leadership_abroad: [smith@hoshi-home.example]\n"
    )
    assert states(deliver_due(programme, settings, ledger, post.smtp)) == {"sent": 1}
    assert ledger.outbox()[0].language == "en"


@pytest.mark.parametrize(
    ("port", "extra", "security"),
    [
        (25, {"disable_ssl": True, "disable_tls": True}, "none"),
        (25, {"disable_ssl": "true", "disable_tls": "true"}, "none"),
        (587, {"disable_ssl": True}, "starttls"),
        (587, {}, "starttls"),
        (465, {}, "tls"),
        (2465, {"disable_ssl": False}, "tls"),
    ],
)
def test_an_airflow_connection_becomes_settings(
    port: int, extra: dict[str, object], security: str
) -> None:
    connection = SimpleNamespace(
        host="mail.example", port=port, login="cx", password="secret", extra_dejson=extra
    )
    smtp = SmtpSettings.from_connection(connection)
    assert (smtp.host, smtp.port, smtp.security) == ("mail.example", port, security)
    assert "secret" not in repr(smtp)


def test_deliveries_can_be_told(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    found = deliver_due(programme, settings, ledger, post.smtp)
    assert json.dumps([dataclasses.asdict(delivery) for delivery in found])


def test_what_went_out_is_passed_on() -> None:
    out = [Delivery("e/1", "board", "a@b.example", state) for state in ("sent", "already_sent")]
    out.append(Delivery("e/1", "board", "c@b.example", "settled"))
    assert require_delivered(out) == out
    assert str(out[0]) == "e/1 to a@b.example: sent"


@pytest.mark.parametrize("state", ["blocked", "failed", "refused", "in_doubt"])
def test_one_mail_that_stayed_behind_fails_the_caller(state: Any) -> None:
    kept = Delivery("e/1", "board", "c@b.example", state, "", "the reason")
    with pytest.raises(UndeliveredError, match="1 of 2 mails did not go out") as caught:
        require_delivered([Delivery("e/1", "board", "a@b.example", "sent"), kept])
    assert caught.value.mails[0].startswith(f"e/1 to c@b.example: {state}: the reason. Mend: ")


def test_a_refused_domain_fails_only_after_the_others_went(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str
) -> None:
    book = settings.address_book.read_text().replace("suzuki@hoshi-home", "suzuki@elsewhere")
    settings.address_book.write_text(book)
    with pytest.raises(UndeliveredError) as caught:
        require_delivered(deliver_due(programme, settings, ledger, post.smtp))
    assert len(post.mails) == 2
    (line,) = caught.value.mails
    assert line.count("Mend:") == 1
    assert "suzuki@elsewhere.example" in line


def newest(
    freeze: Freeze, programme: Programme, settings: Settings, ledger: Ledger, post: Post
) -> set[str]:
    """Which editions were mailed, of two waves and a correction frozen out of order."""
    for wave, revision in (("2026H1", 1), ("2025H2", 1), ("2026H1", 2)):
        content = editions.small_benchmark() | {
            "edition_id": f"benchmark/customer_experience/{wave}/r{revision}"
        }
        freeze(content)
        deliver_due(programme, settings, ledger, post.smtp)
    return {str(mail["X-Cxloop-Edition"]) for mail in post.parsed}


def test_an_older_wave_frozen_by_hand_is_rendered_and_not_mailed(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, freeze: Freeze
) -> None:
    mailed = newest(freeze, programme, settings, ledger, post)
    assert mailed == {f"benchmark/customer_experience/2026H1/r{number}" for number in (1, 2)}
    assert len(post.mails) == 6
    rendered = {report.edition_id for report in render_due(programme, settings, ledger)}
    assert len(rendered) == 3
