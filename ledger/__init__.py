"""What has happened and must neither happen twice nor be forgotten; written by runs only."""

from ledger.entries import Build, Edition, Load, OutboxMail, Registration
from ledger.errors import (
    ContentChangedError,
    DuplicateMessageIdError,
    LedgerError,
    LedgerTooNewError,
    LedgerUnreachableError,
    NaiveInstantError,
    OutboxStateError,
    UnknownEditionError,
)
from ledger.store import Ledger

__all__ = [
    "Build",
    "ContentChangedError",
    "DuplicateMessageIdError",
    "Edition",
    "Ledger",
    "LedgerError",
    "LedgerTooNewError",
    "LedgerUnreachableError",
    "Load",
    "NaiveInstantError",
    "OutboxMail",
    "OutboxStateError",
    "Registration",
    "UnknownEditionError",
]
