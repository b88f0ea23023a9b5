"""How the suite is shared out: files by what they set up, the longest first."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

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


@cache
def group_of(path: Path) -> str:
    """The file, or the group of those that use the same fixture."""
    text = path.read_text(encoding="utf-8")
    shared = (group for fixture, group in SET_UP_ONCE.items() if fixture in text)
    return next(shared, path.relative_to(TESTS).as_posix())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest groups first; the order within a file stays."""
    places = {group: place for place, group in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(group_of(item.path), len(LONGEST)))


class GroupScheduling(LoadScopeScheduling):
    """Hands each group to one worker. xdist's own loadgroup writes into ids that pytest 9.2 has
    made immutable, and so shares out single tests without a word."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(TESTS.parent / nodeid.split("::", maxsplit=1)[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Used with any ``-n``."""
    return GroupScheduling(config, log)
