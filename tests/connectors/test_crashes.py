"""A process that dies at any of its writes, unable to clear up, loses and doubles nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.empty_partitions import ensure_empty_partitions
from connectors.landing import lake_fingerprint
from tests.connectors.conftest import Bench

HEADER = "id,amount,at\n"
MANY = 200


def die_at(bench: Bench, write: int) -> bool:
    """Run in a child process that exits at once before its n-th rename; whether it died so."""
    child = os.fork()
    if child == 0:
        count = 0
        replace = Path.replace

        def dying(self: Path, target: Path) -> Path:
            nonlocal count
            count += 1
            if count == write:
                os._exit(9)
            return replace(self, target)

        Path.replace = dying  # type: ignore[method-assign,assignment]
        try:
            bench.run()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 9), f"the child failed otherwise: {code}"
    return code == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.chaos
def test_dying_at_any_write_and_running_again_gives_the_same_lake(
    orders: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    orders.file("orders1.csv", HEADER + "b,2,2026-07-02\na,1,2026-07-01\nc,x,2026-07-01\n")
    orders.file("orders2.csv", HEADER + "d,4,2026-07-03\na,1,2026-07-01\n")
    orders.run()
    whole, fingerprint = orders.bytes_of_raw(), lake_fingerprint(orders.settings)
    deaths = 0
    for write in range(1, MANY):
        orders.settings.lake.rename(tmp_path_factory.mktemp("before") / "lake")
        orders.ledger.entries.clear()
        ensure_empty_partitions(orders.settings)  # these are written once, not by every run
        if not die_at(orders, write):
            break
        deaths += 1
        orders.run()
        assert orders.bytes_of_raw() == whole, f"after dying at write {write}"
        assert lake_fingerprint(orders.settings) == fingerprint
        assert not list(orders.settings.lake.rglob("*.unfinished"))
    assert 7 < deaths < MANY - 1, "every write was tried"
