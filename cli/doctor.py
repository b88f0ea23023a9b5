"""`cxloop doctor`: what would go wrong, before it does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from cli import environment
from cli.console import AsJson, settings_of
from cli.findings import Finding, conclude, examine, fail, ok, tell, warn

if TYPE_CHECKING:
    from programme import Settings


def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Examine the installation; each line says ok, warn or fail, and the mend (exit code 1)."""
    settings = settings_of(ctx)
    found: list[Finding] = []
    for topic, examination in {
        "python": environment.python,
        "packages": environment.packages,
        "fonts": environment.fonts,
        "disk": lambda: environment.disk(settings.home),
        "programme": lambda: _programme(settings),
        "lake": lambda: _lake(settings),
        "ledger": lambda: _ledger(settings),
        "warehouse": lambda: _warehouse(settings),
        "addresses": lambda: _addresses(settings),
        "mail": _mail,
        "airflow": environment.airflow,
    }.items():
        new = examine(topic, examination)
        found += new
        if not as_json:
            tell(new)
    conclude(found, as_json=as_json)


def _programme(settings: Settings) -> Iterator[Finding]:
    """The programme loads, and what its sources name from outside is there."""
    from programme import DeclarationError, load_programme
    from programme.source_checking import placeholders

    try:
        programme = load_programme(settings.programme_dir)
    except DeclarationError as error:
        number = len(error.problems)
        what = f"{settings.programme_dir}: {number} problem{'s' if number > 1 else ''}"
        yield fail("programme", what, "see `cxloop check`")
        return
    yield ok("programme", f"{len(programme.sources)} sources in {settings.programme_dir}")
    for name, source in sorted(programme.sources.items()):
        named = {text for texts in placeholders(source).values() for text in texts}
        variables = sorted(text.removeprefix("env:") for text in named if text.startswith("env:"))
        # where Airflow runs, its own connections are there as well
        variables += sorted(
            {
                f"AIRFLOW_CONN_{text[5:].partition('.')[0].upper()}"
                for text in named
                if text.startswith("conn:") and "AIRFLOW_HOME" not in os.environ
            }
        )
        unset = [variable for variable in variables if not os.environ.get(variable)]
        if unset:
            mend = f"set {', '.join(unset)} where cxloop runs"
            yield fail("sources", f"{name} needs {', '.join(unset)}", mend)
        elif "data_root" in named and not settings.data_root.is_dir():
            mend = "set CXLOOP_DATA_ROOT to the directory that holds the source's files"
            yield fail("sources", f"{name} reads below {settings.data_root}, which is none", mend)
        else:
            yield ok("sources", f"{name}: everything it names from outside is set")


def _lake(settings: Settings) -> Iterator[Finding]:
    from tempfile import TemporaryFile

    settings.lake.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=settings.lake) as file:
        file.write(b"x")
    manifests = len(list(settings.lake.glob("manifests/*/*.json")))
    yield ok("lake", f"{settings.lake} can be written; {manifests} load dates landed")


def _ledger(settings: Settings) -> Iterator[Finding]:
    from ledger import Ledger

    ledger = Ledger.open(settings.ledger_url)
    doubtful = sum(mail.state == "sending" for mail in ledger.outbox())
    yield ok("ledger", f"open; {len(ledger.editions())} editions frozen")
    if doubtful:
        mend = "see `cxloop outbox list`, then `cxloop outbox settle`"
        yield warn("outbox", f"{doubtful} mails in doubt", mend)


def _warehouse(settings: Settings) -> Iterator[Finding]:
    from analysis.warehouse import Warehouse

    warehouse = Warehouse.of(settings)
    place = warehouse.engine.place
    if not warehouse.engine.is_built():
        yield warn("warehouse", f"not built yet at {place}", "`cxloop run`")
        return
    warehouse.wave_moments("")
    yield ok("warehouse", f"{place} opens and holds the published tables")


def _addresses(settings: Settings) -> Iterator[Finding]:
    from programme import DeclarationError, load_programme
    from reports.addresses import read_address_book

    try:
        reports = load_programme(settings.programme_dir).reports.values()
    except DeclarationError:
        return
    roles = sorted({role for report in reports for role in report.recipients})
    if not settings.address_book.is_file() and roles:
        mend = "write `role: [address, ...]` lines there, or set CXLOOP_ADDRESS_BOOK"
        yield warn("addresses", f"no address book at {settings.address_book}", mend)
        return
    book = read_address_book(settings.address_book)
    yield ok("addresses", f"{sum(len(book.of(role)) for role in roles)} for {len(roles)} roles")


def _mail() -> Iterator[Finding]:
    from cli.mail_server import MEND, VARIABLE, smtp_settings

    if not os.environ.get(VARIABLE):
        yield warn("mail", "no mail server is named", MEND)
        return
    smtp = smtp_settings()
    smtp.try_connection()
    yield ok("mail", f"{smtp.host}:{smtp.port} answers ({smtp.security})")
