"""`cxloop warehouse`: the one that CXLOOP_DBT_TARGET chooses, and whether two are the same."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import (
    PROBLEM_FOUND,
    AsJson,
    day,
    note,
    print_facts,
    print_json,
    print_rows,
    settings_of,
    workplace,
)
from cli.findings import Finding, conclude, examine, fail, ok, tell, warn

if TYPE_CHECKING:
    from analysis.engines import Engine
    from analysis.parity import TableParity
    from programme import Settings

app = typer.Typer(
    name="warehouse", help="DuckDB, Postgres or Spark: see, build, compare.", no_args_is_help=True
)
Target = Annotated[
    str | None,
    typer.Option(help="duckdb, postgres, spark or spark_thrift.", show_default="CXLOOP_DBT_TARGET"),
]
ADAPTERS = {
    "duckdb": "dbt-duckdb",
    "postgres": "dbt-postgres",
    "spark": "dbt-spark",
    "spark_thrift": "dbt-spark",
}
_VERSION = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"


@app.command("check", epilog="Example: cxloop warehouse check --target postgres")
def check(ctx: typer.Context, target: Target = None, as_json: AsJson = False) -> None:
    """Whether the warehouse can be reached and holds what dbt defines (exit code 1 where not)."""
    settings = _at(settings_of(ctx), target)
    found: list[Finding] = []
    for topic, examination in (
        ("profile", lambda: _profile(settings)),
        ("session", lambda: _session(settings)),
        ("lake", lambda: _lake(settings)),
        ("tables", lambda: _tables(settings)),
    ):
        new = examine(topic, examination)
        found += new
        if not as_json:
            tell(new)
        if any(finding.state == "fail" for finding in new):
            break  # what follows asks the same server
    conclude(found, as_json=as_json)


@app.command("build", epilog="Example: cxloop warehouse build --target postgres --full-refresh")
def build(
    ctx: typer.Context,
    target: Target = None,
    as_of: Annotated[
        str | None, typer.Option(help="The day to build up to; the last one landed if left out.")
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild every model from nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy what is new where the warehouse does not read the lake, then run dbt."""
    from analysis.dbt_build import build as run_dbt
    from connectors.landing import declare
    from connectors.postgres_copy import copy_lake

    programme, settings, ledger = workplace(ctx)
    settings = _at(settings, target)
    until = day(as_of) or ledger.as_of()
    declare(programme, settings, as_of=until)
    copied = copy_lake(settings)
    result = run_dbt(settings, as_of=until, full_refresh=full_refresh)
    print_facts(
        {
            "warehouse": _engine(settings).place,
            "as_of": str(until),
            "copied": None if copied is None else str(copied),
            "nodes": result.nodes,
            "warned": list(result.warned),
        },
        as_json=as_json,
    )


@app.command("parity", epilog="Example: cxloop warehouse parity duckdb postgres")
def parity(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(help="A target, such as duckdb.")],
    second: Annotated[str, typer.Argument(help="Another, such as postgres.")],
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two warehouses table by table, all rows of both (exit code 1 where they differ)."""
    from analysis.parity import compare, snapshot

    settings = settings_of(ctx)
    one, other = (
        snapshot(_engine(_at(settings, name)), only=table or ()) for name in (first, second)
    )
    found = compare(one, other)
    different = [each for each in found if not each.is_same]
    if as_json:
        print_json(found)
    else:
        print_rows([_line(each) for each in found], as_json=False, empty="neither holds a table")
        for each in different:
            for difference in each.differences:
                typer.echo(f"{each.relation}: {difference}")
        note(f"{len(found) - len(different)} of {len(found)} tables are the same")
    if different or not found:
        raise typer.Exit(PROBLEM_FOUND)


def _line(each: TableParity) -> dict[str, object]:
    return {
        "table": each.relation,
        "rows": each.rows[0],
        "rows_of_second": each.rows[1],
        "largest_difference": f"{each.largest:.1e}",
        "state": "same" if each.is_same else "different",
    }


def _at(settings: Settings, target: str | None) -> Settings:
    return replace(settings, dbt_target=target) if target else settings


def _engine(settings: Settings) -> Engine:
    from analysis.engines import engine_of

    return engine_of(settings)


def _profile(settings: Settings) -> Iterator[Finding]:
    """The target, its address, and the adapter where dbt runs."""
    engine = _engine(settings)
    yield ok("profile", f"{settings.dbt_target}: {engine.place}")
    adapter = ADAPTERS[settings.dbt_target]
    call = [engine.python, "-c", _VERSION, adapter]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        mend = "install it there: see docs/warehouses.md"
        yield fail("profile", f"{adapter} is not installed for {engine.python}", mend)
    else:
        yield ok("profile", f"{adapter} {done.stdout.strip()}")


def _session(settings: Settings) -> Iterator[Finding]:
    """It answers, in which version, and counts days in UTC."""
    engine = _engine(settings)
    engine.ready()
    if not engine.is_built():
        yield warn("session", "nothing is built yet", "`cxloop warehouse build`")
        return
    yield ok("session", str(engine.fetch("select version()")[0][0]).split(" on ")[0])
    zone = engine.zone()
    if zone not in ("UTC", "Etc/UTC"):
        mend = "let the session set its zone: see docs/warehouses.md"
        yield fail("session", f"it counts days in {zone}, not in UTC", mend)
    else:
        yield ok("session", "days are UTC days")


def _lake(settings: Settings) -> Iterator[Finding]:
    """Whether everything the warehouse must hold a copy of has been copied."""
    from connectors.postgres_copy import uncopied

    behind = uncopied(settings)
    if behind is None:
        yield ok("lake", f"{settings.lake} is read in place")
    elif behind:
        what = f"{len(behind)} files of the lake are not copied, such as {behind[0]}"
        yield warn("lake", what, "`cxloop warehouse build`")
    else:
        yield ok("lake", "every file of the lake is copied")


def _tables(settings: Settings) -> Iterator[Finding]:
    """Which models dbt defines and the warehouse does not hold, and the other way round."""
    import json

    from analysis.dbt_build import parse

    nodes = json.loads(parse(settings).read_text(encoding="utf-8"))["nodes"].values()
    defined = {node["alias"] for node in nodes if node["resource_type"] == "model"}
    built = {name.split(".", 1)[1] for name in _engine(settings).relations("cx")}
    if missing := sorted(defined - built):
        what = f"{len(missing)} of {len(defined)} are not built: {', '.join(missing)}"
        yield warn("tables", what, "`cxloop warehouse build`")
    else:
        yield ok("tables", f"all {len(defined)} models are built")
    if left := sorted(built - defined):
        yield warn(
            "tables", f"dbt defines no {', '.join(left)}", "drop them when nobody reads them"
        )
