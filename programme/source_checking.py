"""Cross-references of the declared sources: records, fields, surveys, zones and placeholders."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from programme.contract_checking import contract_problems
from programme.errors import Problem
from programme.findings import Page, Steps
from programme.loader import Programme
from programme.privacy import Retention
from programme.sources import RecordMap, Source
from programme.surveys import Survey

# What a declared question tells about every answer to it, so that no mapping has to.
SUPPLIED_BY_QUESTION = frozenset({"survey_id", "question_id"})
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}|\$\{")
_SECRETS = frozenset(
    {"token", "key", "password", "client_secret", "secrets", "secret_key", "passphrase"}
)
_KNOWN_PLACEHOLDER = re.compile(
    r"^(data_root|env:[A-Z][A-Z0-9_]*"
    r"|conn:[A-Za-z0-9_-]+\.(conn_type|host|port|schema|login|password|extra\..+))$"
)
_LOGIN_IN_ADDRESS = re.compile(r"://[^/@:\s]*:(?!\$\{)[^/@\s]+@")
_PLACEHOLDER_MEND = "write ${env:NAME} in capitals, ${conn:NAME.password}, or ${data_root}"


@dataclass(frozen=True)
class Records:
    """The canonical records: fields of each, and those that must be mapped."""

    fields: Mapping[str, Collection[str]]
    keys: Mapping[str, Collection[str]]


def source_problems(programme: Programme, records: Records) -> Iterator[Problem]:
    """Every problem of every source."""
    for source_id, source in programme.sources.items():
        page = Page(programme, f"sources/{source_id}")
        yield from page.zone(("timezone",), source.timezone)
        yield from _placeholder_problems(page, source)
        yield from _retention_problems(page, source, programme.company.retention)
        for entity_id, entity in source.entities.items():
            at: Steps = ("entities", entity_id)
            for place, mapping in enumerate(entity.records):
                yield from _mapping_problems(page, (*at, "records", place), mapping, records)
            yield from contract_problems(page, at, entity, records.fields)


def placeholders(source: Source) -> dict[Steps, list[str]]:
    """What stands in ``${…}`` in the source's system, by the key that holds it."""
    return {
        at: [match[1] or "" for match in _PLACEHOLDER.finditer(text)]
        for at, text in _texts(("system",), source.system.model_dump(mode="json"))
        if _PLACEHOLDER.search(text)
    }


def _texts(at: Steps, value: object) -> Iterator[tuple[Steps, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _texts((*at, str(key)), part)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _texts((*at, place), part)


def _placeholder_problems(page: Page, source: Source) -> Iterator[Problem]:
    found = placeholders(source)
    for at, names in found.items():
        for name in names:
            if not _KNOWN_PLACEHOLDER.match(name):
                what = f"`${{{name}}}` is no placeholder" if name else "a placeholder is not closed"
                yield page.problem(at, what, _PLACEHOLDER_MEND)
    for at, text in _texts(("system",), source.system.model_dump(mode="json")):
        is_secret = at not in found and any(step in _SECRETS for step in at[-2:])
        if is_secret or _LOGIN_IN_ADDRESS.search(text):
            what = "a credential is written out in a file that is reviewed in git"
            yield page.problem(at, what, "write ${env:NAME} and set NAME where cxloop runs")


def _retention_problems(page: Page, source: Source, general: Retention | None) -> Iterator[Problem]:
    periods = (source.retention or Retention()).over(general)
    longest = max(entity.lookback_minutes for entity in source.entities.values())
    conflict = periods.conflict(lookback_minutes=longest)
    if conflict is not None:
        yield page.problem(("retention",), *conflict)


def _mapping_problems(
    page: Page, at: Steps, mapping: RecordMap, records: Records
) -> Iterator[Problem]:
    yield from _question_problems(page, at, mapping)
    if mapping.record not in records.fields:
        yield from page.unknown((*at, "record"), "record", mapping.record, records.fields)
        return
    known = records.fields[mapping.record]
    for name, field in mapping.fields.items():
        where = (*at, "fields", name)
        yield from page.unknown(where, f"field of `{mapping.record}`", name, known)
        yield from page.zone((*where, "timezone"), field.timezone)
    supplied = SUPPLIED_BY_QUESTION if mapping.question else frozenset()
    for key in records.keys.get(mapping.record, ()):
        if key not in mapping.fields and key not in supplied:
            what = f"`{key}` identifies a row of `{mapping.record}` and is not mapped"
            yield page.problem((*at, "fields"), what, f"add `{key}:` under `fields`")


def _question_problems(page: Page, at: Steps, mapping: RecordMap) -> Iterator[Problem]:
    surveys: Mapping[str, Survey] = page.programme.surveys
    if mapping.question is not None and mapping.survey is None:
        what = f"question `{mapping.question}` is named without its survey"
        yield page.problem((*at, "question"), what, "add `survey:`")
    if mapping.survey is None:
        return
    yield from page.unknown((*at, "survey"), "survey", mapping.survey, surveys)
    if mapping.survey in surveys:
        questions = surveys[mapping.survey].questions
        kind = f"question of survey `{mapping.survey}`"
        yield from page.unknown((*at, "question"), kind, mapping.question, questions)
