"""The metrics and segments that the dbt project defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.catalog import Catalog
    from programme import Settings


def current_catalog(settings: Settings) -> Catalog:
    """Parse the dbt project (a few seconds) and read its catalog.

    Raises:
        DbtBuildError: the project does not parse.
        CatalogError: a metric is declared incompletely.
    """
    from analysis.catalog import read_catalog
    from analysis.dbt_build import parse

    return read_catalog(parse(settings))
