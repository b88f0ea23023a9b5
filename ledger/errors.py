"""How the ledger refuses: the fact and the mend, in one sentence each."""

from __future__ import annotations


class LedgerError(Exception):
    """Base of everything the ledger raises.

    Attributes:
        what: The fact, with the offending value.
        mend: What to do about it.
    """

    def __init__(self, what: str, mend: str) -> None:
        self.what = what
        self.mend = mend
        super().__init__(f"{what}. Mend: {mend}")


class LedgerUnreachableError(LedgerError):
    """The database cannot be opened, read or written."""


class LedgerTooNewError(LedgerError):
    """The database was migrated by a newer version of the code."""


class LedgerRuleError(LedgerError):
    """A row contradicts another one or the table's rules."""


class NaiveInstantError(LedgerError, ValueError):
    """A timestamp without a time zone."""


class ContentChangedError(LedgerError):
    """A mail was claimed with one content and is claimed again with another."""


class DuplicateMessageIdError(LedgerError):
    """Two mails carry one Message-ID, so that the journal could not tell which was sent."""


class NothingLoadedError(LedgerError):
    """No source has landed yet, so that there is no day the numbers could be about."""


class OutboxStateError(LedgerError):
    """A mail is in a state from which the asked step is not possible."""


class UnknownEditionError(LedgerError):
    """A mail is claimed for an edition that was never frozen."""


class UnknownErasureError(LedgerError):
    """An erasure is continued or completed that was never begun."""
