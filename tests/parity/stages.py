"""The scenario that every warehouse goes through, and what it held after each stage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from analysis.dbt_build import build
from analysis.engines import engine_of
from analysis.parity import Table, compare, snapshot
from connectors.postgres_copy import CopySummary, copy_lake
from programme import Settings
from tests.parity import twenty_days

FULL_AT_14, TO_20, NOTHING_NEW, REFRESHED = STAGES = (
    "full build as of day 14",
    "on to day 20",
    "nothing new",
    "full refresh",
)
Tables = dict[str, Table]


@dataclass(frozen=True)
class Passage:
    """One warehouse's way through the scenario: stage -> what it held, and what was copied."""

    tables: dict[str, Tables]
    copied: dict[str, CopySummary | None]


def passage(settings: Settings) -> Passage:
    """Run the four stages; takes four builds.

    Raises:
        DbtBuildError: a model or a test of the data failed.
    """
    tables: dict[str, Tables] = {}
    copied: dict[str, CopySummary | None] = {}
    for stage in STAGES:
        until = twenty_days.DAY_14 if stage == FULL_AT_14 else twenty_days.LAST_DAY
        if stage in (FULL_AT_14, TO_20):
            twenty_days.write(settings.lake, until=until)
        copied[stage] = copy_lake(settings)
        run(settings, as_of=until, full_refresh=stage in (FULL_AT_14, REFRESHED))
        tables[stage] = snapshot(engine_of(settings))
    return Passage(tables, copied)


def run(settings: Settings, *, as_of: date, full_refresh: bool = False) -> None:
    """One build, its tests of the data included."""
    build(settings, as_of=as_of, full_refresh=full_refresh)


def different(one: Tables, other: Tables) -> list[str]:
    """Every difference as a line, with its table."""
    return [f"{each.relation}: {text}" for each in compare(one, other) for text in each.differences]
