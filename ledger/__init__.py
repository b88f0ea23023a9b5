"""What has happened and must neither happen twice nor be forgotten; written by runs only."""

from ledger.entries import Build, Edition, Erasure, Load, OutboxMail, Registration
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
    UnknownErasureError,
)
from ledger.store import Ledger
from ledger.workplace import Workplace, open_workplace

__all__ = [
    "Build",
    "ContentChangedError",
    "DuplicateMessageIdError",
    "Edition",
    "Erasure",
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
    "UnknownErasureError",
    "Workplace",
    "open_workplace",
]
