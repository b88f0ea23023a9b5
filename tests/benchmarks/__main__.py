"""`make bench`: ratios measured in one run on this machine; seconds beside them mean little.

Each ratio sets a step of the loop beside the plainest thing that reads or writes the same bytes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import landing, measure, measure_postgres, measure_spark, rest_pull


def main() -> int:
    """Print the table."""
    console = Console()
    table = Table(title="Ratios of one run", title_justify="left")
    table.add_column("what")
    table.add_column("ratio", justify="right")
    table.add_column("seconds", justify="right")
    with tempfile.TemporaryDirectory() as place:
        for row in landing.measure(Path(place)):
            table.add_row(*row)
    with tempfile.TemporaryDirectory() as place:
        for what, ratio, seconds in rest_pull.measure_rest_pull(Path(place)):
            table.add_row(what, f"{ratio:.2f}", seconds)
    for warehouse in (measure, measure_postgres, measure_spark):
        with tempfile.TemporaryDirectory() as place:
            for what, ratio, seconds in warehouse.measure_builds(Path(place)):
                table.add_row(what, f"{ratio:.2f}", seconds)
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
