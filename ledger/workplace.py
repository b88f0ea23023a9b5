"""A programme opened for work: what is declared, where its state lies, what has happened."""

from __future__ import annotations

from typing import NamedTuple

from ledger.store import Ledger
from programme import Programme, Settings, load_programme


class Workplace(NamedTuple):
    """What every step of the loop is given."""

    programme: Programme
    settings: Settings
    ledger: Ledger


def open_workplace(settings: Settings | None = None) -> Workplace:
    """Load the programme and open (and migrate) its ledger.

    Raises:
        DeclarationError: when the programme is not valid.
        LedgerError: when the ledger cannot be opened.
    """
    chosen = settings or Settings.from_environment()
    programme = load_programme(chosen.programme_dir)
    return Workplace(programme, chosen, Ledger.open(chosen.ledger_url))
