"""What has happened and must neither happen twice nor be forgotten; written by runs only."""

from ledger.entries import Build, Edition, Load, OutboxMail, Registration
from ledger.errors import (
    ContentChangedError,
    DuplicateMessageIdError,
    LedgerError,
    LedgerRuleError,
    LedgerTooNewError,
    LedgerUnreachableError,
    NaiveInstantError,
    NothingLoadedError,
    OutboxStateError,
    UnknownEditionError,
)
from ledger.store import Ledger
from ledger.workplace import Workplace, open_workplace

__all__ = [
    "Build",
    "ContentChangedError",
    "DuplicateMessageIdError",
    "Edition",
    "Ledger",
    "LedgerError",
    "LedgerRuleError",
    "LedgerTooNewError",
    "LedgerUnreachableError",
    "Load",
    "NaiveInstantError",
    "NothingLoadedError",
    "OutboxMail",
    "OutboxStateError",
    "Registration",
    "UnknownEditionError",
    "Workplace",
    "open_workplace",
]
