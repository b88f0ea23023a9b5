"""What stops the analysis, always with the mend."""

from __future__ import annotations

from dataclasses import dataclass


class AnalysisError(Exception):
    """The fact and what to do about it."""

    def __init__(self, what: str, mend: str) -> None:
        self.what = what
        self.mend = mend
        super().__init__(f"{what}. Mend: {mend}")


class CatalogError(AnalysisError):
    """dbt's manifest is absent or declares a metric incompletely."""


class WarehouseError(AnalysisError):
    """The warehouse is absent, busy, or lacks a table or column of the contract."""


class EditionError(AnalysisError):
    """An edition cannot be frozen as asked."""


@dataclass(frozen=True)
class FailedNode:
    """One dbt node that failed: its unique id, status, message and the file that defines it."""

    node: str
    status: str
    message: str
    file: str

    def __str__(self) -> str:
        return f"{self.node} ({self.file}): {self.status}: {self.message}"


class DbtBuildError(AnalysisError):
    """dbt failed; ``nodes`` lists every failing node (none where dbt stopped before running)."""

    def __init__(self, what: str, mend: str, nodes: tuple[FailedNode, ...] = ()) -> None:
        super().__init__(what, mend)
        self.nodes = nodes
