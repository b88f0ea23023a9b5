"""How the suite is shared out: files by what they set up, the longest first."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Files that use one of these stay together: a second worker would set the same up once more.
SET_UP_ONCE = {"empty_build": "warehouses", "seeded_build": "warehouses"}
# What takes more than half a minute, the longest first, so that no worker waits at the end for the
# other: the longest files hold few tests, and xdist would hand them out last.
LONGEST = (
    "journey/test_demo.py",
    "parity/test_postgres.py",
    "warehouses",
    "journey/test_bad_input.py",
    "dbt_project/test_increments.py",
    "cli/test_privacy.py",
    "journey/test_olist.py",
    "journey/test_nhs_fft.py",
    "journey/test_cfpb.py",
    "journey/test_hr.py",
    "journey/test_telco.py",
    "demo/test_truth.py",
    "demo/test_service.py",
    "demo/test_value.py",
    "analysis/test_multiplicity.py",
    "analysis/test_simulation.py",
)


# before xdist's own hook, which writes the groups it finds into the tests' ids
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its group, which `--dist loadgroup` hands to one worker."""
    groups = {item.path: item.path.relative_to(TESTS).as_posix() for item in items}
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in SET_UP_ONCE:
                groups[item.path] = SET_UP_ONCE[fixture]
    places = {group: place for place, group in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(groups[item.path], len(LONGEST)))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[item.path]))
