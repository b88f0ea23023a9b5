"""Names of segments in the reports' languages."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.catalog import Catalog


def segment_labels(names: Iterable[str], catalog: Catalog) -> dict[str, dict[str, str]]:
    """Labels of segments in both languages; the name itself where dbt declares none."""
    found = {}
    for name in names:
        segment = catalog.segments.get(name)
        found[name] = {
            "label_en": segment.label_en if segment else name,
            "label_ja": segment.label_ja if segment else name,
        }
    return found
