"""Builds the warehouse when there is something new to build it from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from analysis.canonical import code_version, sha256
from analysis.dbt_build import build
from ledger import Build, Ledger
from programme import Settings


@dataclass(frozen=True)
class BuildState:
    """Whether dbt ran, and on what.

    Attributes:
        is_new: False where the warehouse already held this build.
        as_of: The last day the build knows about.
        nodes: Models and tests that ran, then or now.
        warned: Tests that warned now.
    """

    is_new: bool
    as_of: date
    nodes: int
    warned: tuple[str, ...] = ()

    def __str__(self) -> str:
        done = "built" if self.is_new else "already built, nothing new"
        warned = f"; warned: {', '.join(self.warned)}" if self.warned else ""
        return f"{done}: {self.nodes} nodes as of {self.as_of}{warned}"


def build_if_changed(
    settings: Settings, ledger: Ledger, *, lake: str, as_of: date, full_refresh: bool = False
) -> BuildState:
    """Run dbt unless the latest build was of the same lake, declarations, code and day.

    ``lake`` is the fingerprint of what has landed. A build that is cut off is not recorded, so the
    next call builds again.

    Raises:
        DbtBuildError: listing every failing node with its message and file.
    """
    fingerprint = _fingerprint(settings, lake, as_of)
    latest = ledger.latest_build()
    is_built = latest is not None and latest.fingerprint == fingerprint and not latest.failed
    if latest and is_built and settings.warehouse.is_file() and not full_refresh:
        return BuildState(False, latest.as_of, latest.nodes)
    result = build(settings, as_of=as_of, full_refresh=full_refresh)
    ledger.record_build(Build(fingerprint, as_of, result.nodes, result.failed))
    return BuildState(True, as_of, result.nodes, result.warned)


def _fingerprint(settings: Settings, lake: str, as_of: date) -> str:
    declared = [
        f"{file.parent.name}:{sha256(file.read_bytes())}"
        for file in sorted((settings.lake / "declared").glob("*/*.parquet"))
    ]
    parts = [lake, as_of.isoformat(), settings.dbt_target, code_version(), *declared]
    return sha256("\n".join(parts).encode())
