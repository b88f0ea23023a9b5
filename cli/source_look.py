"""`cxloop source check` and `sample`: what would come of a source, before anything is written."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import (
    AsJson,
    one_of,
    print_json,
    print_rows,
    settings_of,
)
from cli.findings import Finding, conclude, examine, fail, ok, tell, warn

if TYPE_CHECKING:
    from connectors.rehearsal import Rehearsal
    from connectors.samples import FirstRows
    from programme import Programme, Settings

CHECKED_ROWS = 200
RECENT_DAYS = 30
SHOWN_LETTERS = 80
Name = Annotated[str, typer.Argument(help="A source of `cxloop source list`.")]


def check(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Declaration, settings, connection, columns and mapping, by the first rows (exit code 1)."""
    settings = settings_of(ctx)
    found: list[Finding] = []
    programme = _declared(settings, name, found)
    if not as_json:
        tell(found)
    if programme is not None:
        for topic, examination in _examinations(programme, settings, name).items():
            new = examine(topic, examination)
            found += new
            if not as_json:
                tell(new)
    conclude(found, as_json=as_json, follows=f"next: cxloop source sample {name}")


def sample(
    ctx: typer.Context,
    name: Name,
    entity: Annotated[str | None, typer.Option(help="Only this entity.")] = None,
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The first rows as received (personal data protected), as records, and what is refused."""
    from programme import load_programme

    settings = settings_of(ctx)
    programme = load_programme(settings.programme_dir)
    entities = one_of("source", name, programme.sources).entities
    if entity is not None:
        one_of("entity", entity, entities)
    shown = []
    for one in [entity] if entity else list(entities):
        first = _first_rows(programme, settings, name, one, rows=rows)
        rehearsal = _rehearsed(programme, settings, name, first)
        shown.append(_shown(first, rehearsal))
        if not as_json:
            _print_sample(shown[-1])
    if as_json:
        print_json(shown)


def _declared(settings: Settings, name: str, found: list[Finding]) -> Programme | None:
    """The programme; what is wrong with the source's declaration goes into ``found``."""
    from connectors.records import RECORDS
    from programme import DeclarationError, load_programme
    from programme import check as check_programme

    try:
        programme = load_programme(settings.programme_dir)
    except DeclarationError as error:
        for problem in error.problems:
            what, _, mend = str(problem).partition(". Mend: ")
            found.append(fail("declaration", what, mend))
        return None
    one_of("source", name, programme.sources)
    problems = check_programme(
        programme,
        metrics=None,
        segments=None,
        records={record: [f.name for f in RECORDS[record].fields] for record in RECORDS},
        record_keys={record: RECORDS[record].key for record in RECORDS},
    )
    own = [one for one in problems if one.file == programme.files[f"sources/{name}"]]
    for problem in own:
        what, _, mend = str(problem).partition(". Mend: ")
        found.append(fail("declaration", what, mend))
    if not own:
        found.append(ok("declaration", str(programme.files[f"sources/{name}"])))
    return None if own else programme


def _examinations(programme: Programme, settings: Settings, name: str) -> dict[str, Any]:
    entities = programme.sources[name].entities
    return {
        "settings": lambda: _settings(programme, name),
        **{
            entity: lambda entity=entity: _entity(programme, settings, name, entity)
            for entity in entities
        },
    }


def _settings(programme: Programme, name: str) -> Iterator[Finding]:
    """What the declaration takes from the environment is there."""
    from connectors.personal import KEY_VARIABLE
    from programme.source_checking import placeholders

    source = programme.sources[name]
    wanted = {
        placeholder.removeprefix("env:")
        for found in placeholders(source).values()
        for placeholder in found
        if placeholder.startswith("env:")
    }
    if any("hash" in entity.personal.values() for entity in source.entities.values()):
        wanted.add(KEY_VARIABLE)
    for variable in sorted(wanted):
        if os.environ.get(variable):
            yield ok("settings", f"{variable} is set")
        else:
            yield fail("settings", f"{variable} is not set", f"set {variable} where cxloop runs")


def _entity(programme: Programme, settings: Settings, name: str, entity: str) -> Iterator[Finding]:
    first = _first_rows(programme, settings, name, entity, rows=CHECKED_ROWS)
    yield ok(entity, f"{first.table.num_rows} rows read from {first.where}")
    if not first.table.num_rows:
        yield warn(entity, "no rows yet: the mapping was not tried", "check again with data")
        return
    rehearsal = _rehearsed(programme, settings, name, first)
    counts = rehearsal.counts
    for record, table in rehearsal.raw.items():
        yield ok(entity, f"{table.num_rows} rows of {record}")
    for text in rehearsal.warnings:
        mend = "see whether this is meant, and declare it"
        yield warn(entity, text.removeprefix(f"{entity}: "), mend)
    state = warn if counts.landed else fail
    for what in _refusals(rehearsal):
        yield state(entity, what, f"see `cxloop source sample {name} --entity {entity}`")
    if not counts.landed and not counts.quarantined:
        yield warn(entity, "no row applies", "see whether `where` asks for what the source sends")
    yield from _empty_fields(programme, name, entity, rehearsal)


def _refusals(rehearsal: Rehearsal) -> Iterator[str]:
    for record, table in rehearsal.refused.items():
        groups = Counter((row["column"], row["reason"]) for row in table.to_pylist())
        for (column, reason), number in groups.most_common(5):
            yield f"{record}: {number} rows refused, {f'{column}: ' if column else ''}{reason}"


def _empty_fields(
    programme: Programme, name: str, entity: str, rehearsal: Rehearsal
) -> Iterator[Finding]:
    """Fields that are mapped and have no value in any row."""
    mappings = programme.sources[name].entities[entity].records
    for record, table in rehearsal.raw.items():
        mapped = {field for part in mappings if part.record == record for field in part.fields}
        empty = [
            field
            for field in sorted(mapped & set(table.column_names))
            if table.column(field).null_count == table.num_rows
        ]
        if empty:
            what = f"{record}: {', '.join(empty)} mapped, and empty in all {table.num_rows} rows"
            yield warn(entity, what, "see whether column, `missing` and `recode` are meant so")


def _first_rows(
    programme: Programme, settings: Settings, name: str, entity: str, *, rows: int
) -> FirstRows:
    from connectors.samples import first_rows

    recent = _today() - timedelta(days=RECENT_DAYS)
    return first_rows(programme, settings, name, entity, rows=rows, recent_from=recent)


def _rehearsed(programme: Programme, settings: Settings, name: str, first: FirstRows) -> Rehearsal:
    from connectors.rehearsal import rehearse_rows

    return rehearse_rows(programme, settings, name, first, load_date=_today())


def _shown(first: FirstRows, rehearsal: Rehearsal) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "entity": first.entity,
        "where": first.where,
        "new_columns": list(first.new_columns),
        "received": first.received(),
        "records": {record: table.to_pylist() for record, table in rehearsal.raw.items()},
        "refused": {
            record: table.drop_columns(["run_id"]).to_pylist()
            for record, table in rehearsal.refused.items()
        },
        "counts": asdict(rehearsal.counts),
    }


def _print_sample(shown: dict[str, Any]) -> None:
    typer.secho(f"{shown['entity']}: received from {shown['where']}", bold=True)
    print_rows([_short(row) for row in shown["received"]], as_json=False, empty="no rows")
    for record, rows in shown["records"].items():
        filled = {name: None for row in rows for name in row if row[name] is not None}
        typer.secho(f"\n{shown['entity']}: {len(rows)} rows of {record}", bold=True)
        print_rows([_short(row) for row in rows], as_json=False, empty="", columns=list(filled))
    for record, rows in shown["refused"].items():
        typer.secho(f"\n{shown['entity']}: {len(rows)} rows refused as {record}", bold=True)
        columns = ("rule", "column", "value", "reason", "payload")
        print_rows([_short(row) for row in rows], as_json=False, empty="", columns=columns)
    typer.echo()


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """Long texts cut, so that a table stays one."""
    return {
        name: f"{value[:SHOWN_LETTERS]}…"
        if isinstance(value, str) and len(value) > SHOWN_LETTERS
        else value
        for name, value in row.items()
    }


def _today() -> date:
    return datetime.now(UTC).date()
