"""An experiment's readout as a page."""

from __future__ import annotations

from programme.benchmarks import Company
from reports.context import ExperimentEdition
from reports.layout import Page
from reports.wording import Wording


def experiment_page(edition: ExperimentEdition, words: Wording, company: Company) -> Page:
    """Lay out an experiment's edition in one language."""
    raise NotImplementedError
