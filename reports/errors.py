"""What can go wrong between a frozen edition and a mailbox: always the fact and the mend."""

from __future__ import annotations


class ReportError(RuntimeError):
    """A report that cannot be made or sent as things stand."""


class EditionUnreadableError(ReportError):
    """The edition's file is missing, or does not hold what an edition holds."""


class UnknownCodeError(ReportError):
    """A code, unit or sentence for which the report has no words."""


class MissingGlyphError(ReportError):
    """A character that no packaged font can draw."""


class BlankChartError(ReportError):
    """A chart without a single mark of data."""


class PdfUnavailableError(ReportError):
    """The system library that lays out PDF pages is not installed."""


class ReportWriteError(ReportError):
    """A page cannot be written; what stood before still stands."""


class ReportBlockedError(ReportError):
    """The pre-send checks found something; nothing is sent."""


class AddressBookError(ReportError):
    """The address book is missing, unreadable, lacks a role, or names a domain not allowed."""


class UndeliveredError(ReportError):
    """Mails that did not go out: blocked, refused, failed or in doubt.

    Attributes:
        mails: One line each: edition, recipient, state, reason and mend.
    """

    def __init__(self, mails: list[str], out_of: int) -> None:
        self.mails = mails
        listed = "".join(f"\n- {mail}" for mail in mails)
        super().__init__(f"{len(mails)} of {out_of} mails did not go out:{listed}")


class SmtpUnavailableError(ReportError):
    """The mail server cannot be reached or broke off; what was claimed is sent by the next run."""
