"""Compiles the project as for warehouses whose adapters are not installed; run as a process.

``python -m tests.parity.compile_elsewhere <target path> snowflake trino``: DuckDB's adapter parses
and renders, and macros are looked up as the named adapter would. Nothing is run. Prints, as JSON,
what stopped each; the SQL lies under ``<target path>/<name>``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.context import providers

from analysis.dbt_build import PROJECT

# Whose macros an adapter falls back on.
LOOKED_UP = {
    "snowflake": ["snowflake", "default"],
    "bigquery": ["bigquery", "default"],
    "databricks": ["databricks", "spark", "default"],
    "trino": ["trino", "default"],
    "unknown": ["unknown", "default"],
}
_QUIETLY = ["-q", "--no-version-check"]
_VARS = ["--vars", '{as_of: "2026-07-05"}']


def compile_for(adapter: str, root: Path, runner: dbtRunner) -> str:
    """What stops it, or nothing."""
    prefixes = LOOKED_UP[adapter]
    providers.BaseDatabaseWrapper._get_adapter_macro_prefixes = lambda _: prefixes  # type: ignore[method-assign]
    call = [*_QUIETLY, "compile", "--no-introspect", "--no-populate-cache", *_VARS]
    done = runner.invoke([*call, "--select", "resource_type:model", *_places(root / adapter)])
    if done.exception:
        return str(done.exception)
    results = getattr(done.result, "results", [])
    return "\n".join(str(each.message) for each in results if str(each.status) != "success")


def _places(target: Path) -> list[str]:
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    return [*places, "--target-path", str(target), "--log-path", str(target)]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    parsed = dbtRunner().invoke([*_QUIETLY, "parse", *_VARS, *_places(folder)])
    shared = dbtRunner(manifest=parsed.result)  # type: ignore[arg-type]
    print(json.dumps({name: compile_for(name, folder, shared) for name in sys.argv[2:]}))
