"""`cxloop outbox`: which mails were claimed, sent, or are in doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.console import AsJson, CommandError, print_rows, workplace

app = typer.Typer(name="outbox", help="Mails claimed, sent and in doubt.", no_args_is_help=True)


@app.command("list", epilog="Example: cxloop outbox list --json")
def list_mails(
    ctx: typer.Context,
    edition_id: Annotated[str | None, typer.Argument(help="Only the mails of one edition.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every mail and its state."""
    from dataclasses import asdict

    mails = workplace(ctx).ledger.outbox(edition_id)
    print_rows(
        [asdict(mail) for mail in mails],
        as_json=as_json,
        empty="the outbox is empty",
        columns=("edition_id", "recipient", "language", "state", "attempts", "sent_at", "reason"),
    )


@app.command(
    "settle",
    epilog="Example: cxloop outbox settle experiment/callback/r1 board@acorn.example --sent",
)
def settle(
    ctx: typer.Context,
    edition_id: Annotated[str, typer.Argument(help="The edition of the mail in doubt.")],
    recipient: Annotated[str, typer.Argument(help="Its recipient's address.")],
    sent: Annotated[
        bool, typer.Option("--sent/--not-sent", help="Whether it reached the mail server.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say how a send that was cut off ended; what was not sent goes out with the next run."""
    from dataclasses import asdict

    ledger = workplace(ctx).ledger
    mails = {mail.recipient: mail for mail in ledger.outbox(edition_id)}
    mail = mails.get(recipient.strip().lower())
    if mail is None or mail.state != "sending":
        state = mail.state if mail else "not in the outbox"
        raise CommandError(
            f"the mail about `{edition_id}` to {recipient} is not in doubt: it is {state}",
            "settle only what `cxloop outbox list` shows as `sending`",
        )
    if sent:
        settled = ledger.mark_sent(mail, datetime.now(UTC))
    else:
        settled = ledger.mark_failed(mail, "settled by hand as not sent")
    print_rows([asdict(settled)], as_json=as_json, empty="", columns=("recipient", "state"))
