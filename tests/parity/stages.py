"""The scenario that every warehouse goes through, and what it held after each stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from analysis.dbt_build import BuildState, build, build_if_changed
from analysis.engines import engine_of
from analysis.parity import Table, compare, snapshot
from connectors.postgres_copy import CopySummary, copy_lake
from connectors.postgres_rows import parts_of
from ledger import Ledger, Load
from programme import Settings
from tests.parity import twenty_days

FULL_AT_14, TO_20, NOTHING_NEW, REFRESHED = STAGES = (
    "full build as of day 14",
    "on to day 20",
    "nothing new",
    "full refresh",
)
Tables = dict[str, Table]
# They say what one build found changed, and so differ from build to build.
OF_ONE_BUILD = ("int_ids_changed", "int_customers_changed", "int_rows_changed")
OF_ONE_BUILD += (
    *("int_units_touched", "int_units_changed", "int_cost_pools_before"),
    *("int_customers_affected", "int_money_changed"),
)


@dataclass(frozen=True)
class Passage:
    """One warehouse's way through the scenario: stage -> what it held, was given, and said."""

    tables: dict[str, Tables]
    copied: dict[str, CopySummary | None]
    said: dict[str, str]


def passage(settings: Settings, *, stages: Sequence[str] = STAGES) -> Passage:
    """Run the stages, which takes a build each.

    Raises:
        DbtBuildError: a model or a test of the data failed.
    """
    settings = replace(settings, increment_from_mb=0)
    tables: dict[str, Tables] = {}
    copied: dict[str, CopySummary | None] = {}
    said: dict[str, str] = {}
    for stage in stages:
        until = twenty_days.DAY_14 if stage == FULL_AT_14 else twenty_days.LAST_DAY
        if stage in (FULL_AT_14, TO_20):
            twenty_days.write(settings.lake, until=until)
        copied[stage] = copy_lake(settings)
        said[stage] = run(settings, stage, as_of=until)
        tables[stage] = snapshot(engine_of(settings))
    return Passage(tables, copied, said)


def run(settings: Settings, stage: str, *, as_of: date) -> str:
    """One build as it runs on schedule, its tests of the data included; what it says it did."""
    if stage == REFRESHED:
        return str(BuildState(as_of, build(settings, as_of=as_of, full_refresh=True)))
    ledger = Ledger.open(settings.ledger_url)
    ledger.record_load(Load("main", as_of, stage, 1, 1, 0, 0, None))
    partitions: dict[str, str] = {}
    for part in parts_of(settings.lake):
        if part.source:
            name = f"{part.source}/{part.load_date}"
            partitions[name] = partitions.get(name, "") + part.fingerprint[:8]
    # the stage as the lake's fingerprint: a build is asked for even where nothing is new
    return str(build_if_changed(settings, ledger, lake=stage, partitions=partitions))


def different(one: Tables, other: Tables) -> list[str]:
    """Every difference as a line, with its table."""
    return [f"{each.relation}: {text}" for each in compare(one, other) for text in each.differences]


def lasting(tables: Tables) -> Tables:
    """Those that must not depend on how many builds led to them."""
    return {name: table for name, table in tables.items() if name.split(".")[1] not in OF_ONE_BUILD}
