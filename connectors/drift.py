"""Whether the vendor's columns are still the declared ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from connectors.errors import SchemaDriftError
from connectors.rows import OWN_COLUMNS, Rows
from programme.sources import Entity, RecordMap


def columns_used(mapping: RecordMap, *, optional: bool = False) -> list[str]:
    """Columns or paths that the mapping reads, in order; ``optional`` ones only if asked for."""
    asked = [*mapping.where, *(field.when for field in mapping.fields.values() if field.when)]
    used = [condition.column for condition in asked if optional or not condition.optional]
    used += mapping.first_by
    if mapping.explode:
        used.append(mapping.explode)
    for field in mapping.fields.values():
        if field.optional and not optional:
            continue
        used += [field.column] if field.column is not None else []
        used += [*(field.join or []), *(field.fingerprint or [])]
    return list(dict.fromkeys(used))


def columns_expected(entity: Entity) -> list[str]:
    """Columns without which a table of the entity cannot be taken, personal ones included."""
    used = [
        column
        for mapping in entity.records
        for column in columns_used(mapping)
        if not (mapping.explode and column.startswith(f"{mapping.explode}."))
    ]
    return list(dict.fromkeys([*(entity.columns or []), *entity.personal, *used]))


def require_columns(
    expected: Iterable[str], present: Iterable[str], *, source: str, entity: str, where: str
) -> None:
    """Refuse a table that lacks a column.

    Raises:
        SchemaDriftError: naming the columns missing and the nearest existing names.
    """
    known = sorted(set(present) - set(OWN_COLUMNS))
    missing = [name for name in expected if name not in known]
    if missing:
        raise _drift(missing, known, source=source, entity=entity, where=where)


def require_present(
    rows: Rows, expected: Iterable[str], *, source: str, entity: str, where: str
) -> None:
    """Refuse rows none of which has one of the columns or dotted paths.

    Raises:
        SchemaDriftError: naming them and the nearest existing names.
    """
    missing = [name for name in expected if not rows.has(name)]
    if missing:
        raise _drift(missing, rows.names(), source=source, entity=entity, where=where)


def _drift(
    missing: list[str], known: list[str], *, source: str, entity: str, where: str
) -> SchemaDriftError:
    parts = []
    for name in missing:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        parts.append(f"`{name}`" + (f" (nearest: `{close[0]}`)" if close else ""))
    what = f"column missing: {', '.join(parts)}; present: {', '.join(known) or 'none'}"
    mend = (
        "if the vendor renamed it, change `column` (and `columns`, `personal`) of the entity; "
        "if the export is broken, have it sent again"
    )
    return SchemaDriftError(what, source=source, entity=entity, where=where, mend=mend)


def new_columns(entity: Entity, present: Iterable[str]) -> tuple[str, ...]:
    """Columns that the entity's ``columns`` does not list; none where nothing is listed."""
    if entity.columns is None:
        return ()
    listed = set(entity.columns) | set(entity.personal) | set(OWN_COLUMNS)
    return tuple(name for name in present if name not in listed)
