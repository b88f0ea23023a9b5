"""Every metric of the catalogue is recomputed on the demo company, once."""

from __future__ import annotations

import re

from tests.dbt_project import world_service
from tests.dbt_project.lake import PROJECT
from tests.demo import value_witness
from tests.journey.recomputed import compared

# the test that compares with the warehouse, and finds none of these left out -> what it recomputes
WITNESSES = {
    "tests/journey/test_demo.py": compared.METRICS,
    "tests/demo/test_service.py": world_service.METRICS,
    "tests/demo/test_value.py": value_witness.METRICS,
}
NOT_RECOMPUTED: dict[str, str] = {}  # metric -> why not


def test_no_metric_is_without_a_recomputation() -> None:
    catalogue = (PROJECT / "macros" / "metrics.sql").read_text(encoding="utf-8")
    metrics = re.findall(r"^        '(\w+)': 'fct_\w+',$", catalogue, flags=re.MULTILINE)
    assert len(metrics) >= 56
    recomputed = [metric for names in WITNESSES.values() for metric in names]
    assert sorted([*recomputed, *NOT_RECOMPUTED]) == sorted(metrics)
