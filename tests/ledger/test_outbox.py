from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ledger import (
    ContentChangedError,
    DuplicateMessageIdError,
    NaiveInstantError,
    OutboxStateError,
    UnknownEditionError,
)

NOON = datetime(2026, 7, 6, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def claim(ledger, edition, recipient="board@acorn.example", **changes):
    values = {
        "language": "ja",
        "content_hash": "h1",
        "message_id": f"<{recipient.lower()}>",
        "now": NOON,
    }
    return ledger.claim(edition.edition_id, recipient, **{**values, **changes})


@pytest.fixture
def frozen(ledger, edition):
    return ledger.freeze(edition)


def test_a_mail_goes_from_claimed_over_sending_to_sent(ledger, frozen):
    mail = claim(ledger, frozen)
    assert (mail.state, mail.attempts, mail.claimed_at, mail.sent_at) == ("claimed", 0, NOON, None)
    mail = ledger.mark_sending(mail)
    assert (mail.state, mail.attempts) == ("sending", 1)
    mail = ledger.mark_sent(mail, LATER.astimezone(timezone(timedelta(hours=9))))
    assert (mail.state, mail.sent_at, mail.sent_at.tzinfo) == ("sent", LATER, UTC)
    assert ledger.outbox() == [mail]


def test_claiming_again_returns_the_mail_as_it_stands(ledger, frozen):
    sent = ledger.mark_sent(ledger.mark_sending(claim(ledger, frozen)), NOON)
    assert claim(ledger, frozen, now=LATER) == sent
    assert claim(ledger, frozen, recipient=" Board@Acorn.example ") == sent


def test_changed_content_is_refused_and_changes_nothing(ledger, frozen):
    mail = claim(ledger, frozen)
    with pytest.raises(ContentChangedError, match="was claimed with content h1 and is now h2"):
        claim(ledger, frozen, content_hash="h2")
    assert ledger.outbox() == [mail]


def test_a_failed_mail_may_be_sent_again(ledger, frozen):
    mail = ledger.mark_failed(ledger.mark_sending(claim(ledger, frozen)), "450 mailbox busy")
    assert (mail.state, mail.reason, mail.attempts) == ("failed", "450 mailbox busy", 1)
    mail = ledger.mark_sending(mail)
    assert (mail.state, mail.reason, mail.attempts) == ("sending", None, 2)


def test_sent_is_final(ledger, frozen):
    mail = ledger.mark_sent(ledger.mark_sending(claim(ledger, frozen)), NOON)
    assert ledger.mark_sent(mail, LATER) == mail
    with pytest.raises(OutboxStateError, match="is `sent` and cannot become `sending`"):
        ledger.mark_sending(mail)
    with pytest.raises(OutboxStateError, match="is `sent` and cannot become `failed`"):
        ledger.mark_failed(mail, "late bounce")


def test_a_mail_whose_sending_never_began_cannot_be_sent(ledger, frozen):
    with pytest.raises(OutboxStateError, match="is `claimed` and cannot become `sent`"):
        ledger.mark_sent(claim(ledger, frozen), NOON)


def test_a_mail_that_was_never_claimed_has_no_state(ledger, frozen, url):
    from ledger import Ledger

    mail = claim(ledger, frozen)
    elsewhere = Ledger.open("sqlite://")
    with pytest.raises(OutboxStateError, match="was claimed"):
        elsewhere.mark_sending(mail)


def test_an_edition_that_was_not_frozen_has_no_mail(ledger, edition):
    with pytest.raises(UnknownEditionError, match="was never frozen"):
        claim(ledger, edition)


def test_two_mails_never_share_a_message_id(ledger, frozen):
    claim(ledger, frozen, message_id="<one>")
    with pytest.raises(DuplicateMessageIdError, match="<one> belongs to the mail"):
        claim(ledger, frozen, recipient="team@acorn.example", message_id="<one>")


def test_a_time_without_zone_is_refused(ledger, frozen):
    naive = datetime(2026, 7, 6, 12)  # noqa: DTZ001 - the point
    with pytest.raises(NaiveInstantError):
        claim(ledger, frozen, now=naive)
    mail = ledger.mark_sending(claim(ledger, frozen))
    with pytest.raises(NaiveInstantError):
        ledger.mark_sent(mail, naive)
    assert ledger.outbox() == [mail]


def test_the_outbox_of_one_edition(ledger, frozen):
    b, a = claim(ledger, frozen, "b@acorn.example"), claim(ledger, frozen, "a@acorn.example")
    assert ledger.outbox(frozen.edition_id) == [a, b]
    assert ledger.outbox("experiment/none/r1") == []


CLAIM = """
    import json, sys, time
    from datetime import UTC, datetime
    from pathlib import Path
    from ledger import Ledger

    url, edition_id, number, gate = sys.argv[1:]
    ledger = Ledger.open(url)
    print("ready", flush=True)
    while not Path(gate).exists():
        time.sleep(0.005)
    mails = [
        ledger.claim(
            edition_id, f"r{recipient}@acorn.example", language="ja", content_hash="h",
            message_id=f"<{recipient}>", now=datetime(2026, 7, 6, int(number), tzinfo=UTC),
        )
        for recipient in range(10)
    ]
    print(json.dumps([mail.claimed_at.isoformat() for mail in mails]))
"""


def test_eight_processes_claim_each_mail_once(ledger, frozen, url, start, tmp_path):
    gate = tmp_path / "open"
    processes = [
        start(CLAIM, url, frozen.edition_id, str(number), str(gate)) for number in range(8)
    ]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 8
    gate.touch()
    answers = []
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        answers.append(json.loads(output))
    kept = [mail.claimed_at.isoformat() for mail in ledger.outbox()]
    assert len(kept) == 10
    assert answers == [kept] * 8


def test_eight_processes_open_a_new_ledger_at_once(file, url, start):
    code = "import sys; from ledger import Ledger; print(len(Ledger.open(sys.argv[1]).loads()))"
    processes = [start(code, f"{url}.new") for _ in range(8)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [output for output, _ in outputs] == ["0\n"] * 8, outputs


DIE = """
    import os, signal, sys
    from datetime import UTC, datetime
    from sqlalchemy import event
    from ledger import Ledger

    url, edition_id, step = sys.argv[1:]
    ledger = Ledger.open(url)
    mail = ledger.claim(
        edition_id, "board@acorn.example", language="ja", content_hash="h",
        message_id="<m>", now=datetime(2026, 7, 6, tzinfo=UTC),
    ) if step == "mark_sending" else None

    @event.listens_for(ledger._engine, "commit")
    def die(connection):
        # Everything of the transaction is written; only its commit is missing.
        os.kill(os.getpid(), signal.SIGKILL)

    if mail is None:
        ledger.claim(
            edition_id, "board@acorn.example", language="ja", content_hash="h",
            message_id="<m>", now=datetime(2026, 7, 6, tzinfo=UTC),
        )
    else:
        ledger.mark_sending(mail)
"""


@pytest.mark.parametrize(("step", "left"), [("claim", []), ("mark_sending", ["claimed"])])
def test_a_process_killed_inside_a_transaction_leaves_nothing_half(
    ledger, frozen, url, start, step, left
):
    process = start(DIE, url, frozen.edition_id, step)
    process.communicate(timeout=60)
    assert process.returncode == -9
    assert [mail.state for mail in ledger.outbox()] == left
    again = ledger.claim(
        frozen.edition_id,
        "board@acorn.example",
        language="ja",
        content_hash="h",
        message_id="<m>",
        now=NOON,
    )
    assert again.state == "claimed"
