"""Cross-references of declared contracts: expectations, columns, and the records they point to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from programme.contracts import EXPECTATIONS, Check, Contract, Distribution
from programme.errors import Problem
from programme.findings import Page, Steps
from programme.sources import Entity

Fields = Mapping[str, Collection[str]]
_COLUMN = ("column", "column_A", "column_B")
_COLUMNS = ("column_list", "column_set")


def contract_problems(page: Page, at: Steps, entity: Entity, fields: Fields) -> Iterator[Problem]:
    """Every problem of an entity's checks and contracts; ``fields`` are those of each record."""
    for place, check in enumerate(entity.checks):
        yield from _check_problems(page, (*at, "checks", place), check, entity, fields)
    for record, contract in entity.contract.items():
        where: Steps = (*at, "contract", record)
        mapped = {mapping.record for mapping in entity.records}
        yield from page.unknown(where, "record of this entity", record, mapped)
        if record in fields:
            yield from _part_problems(page, where, contract, record, fields)


def _check_problems(
    page: Page, at: Steps, check: Check, entity: Entity, fields: Fields
) -> Iterator[Problem]:
    mapped = {mapping.record for mapping in entity.records}
    yield from page.unknown((*at, "record"), "record of this entity", check.record, mapped)
    yield from page.unknown(
        (*at, "expectation"), "expectation on rows or batches", check.expectation, EXPECTATIONS
    )
    if check.record not in mapped & set(fields):
        return
    kind, known = f"field of `{check.record}`", fields[check.record]
    for key in _COLUMN:
        name = check.kwargs.get(key)
        if isinstance(name, str):
            yield from page.unknown((*at, "kwargs", key), kind, name, known)
    for key in _COLUMNS:
        names = check.kwargs.get(key)
        if isinstance(names, list):
            listed = [str(name) for name in names]
            yield from page.each_unknown((*at, "kwargs", key), kind, listed, known)


def _part_problems(
    page: Page, at: Steps, contract: Contract, record: str, fields: Fields
) -> Iterator[Problem]:
    own = f"field of `{record}`"
    for place, reference in enumerate(contract.references):
        where: Steps = (*at, "references", place)
        yield from page.unknown((*where, "column"), own, reference.column, fields[record])
        yield from page.unknown((*where, "record"), "record", reference.record, fields)
        if reference.record in fields:
            key = "field" if reference.field else "column"
            name, kind = reference.field or reference.column, f"field of `{reference.record}`"
            yield from page.unknown((*where, key), kind, name, fields[reference.record])
    if isinstance(contract.distribution, Distribution):
        without: Steps = (*at, "distribution", "without")
        yield from page.each_unknown(without, own, contract.distribution.without, fields[record])
