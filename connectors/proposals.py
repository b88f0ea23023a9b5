"""Which canonical record a table seems to hold and which column fills which field: a draft."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.column_words import EMPLOYEES, FIELD_WORDS, SIGNATURES
from connectors.contracts import KINDS
from connectors.guesses import ColumnGuess, words_of
from connectors.record_types import FieldType, Record
from connectors.records import RECORDS

_FITS: dict[FieldType, tuple[FieldType, ...]] = {
    "text": ("text", "integer", "flag", "number"),
    "number": ("number", "integer"),
    "integer": ("integer",),
    "flag": ("flag",),
    "instant": ("instant", "day"),
    "day": ("day", "instant"),
}
# letters of the longest comment; Japanese says much in few
LEAST_PROSE = 20
_NPS = re.compile(r"(^|_)nps|recommend|likel|推奨")
_CES = re.compile(r"(^|_)ces($|_)|effort|eas[ey]|手間")


@dataclass(frozen=True)
class FieldDraft:
    """One field of a record: from a column, a constant, or the columns that tell rows apart."""

    name: str
    column: ColumnGuess | None = None
    const: str | None = None
    fingerprint: tuple[str, ...] = ()


@dataclass(frozen=True)
class QuestionDraft:
    """A question of a survey that nobody has declared yet."""

    name: str
    kind: str
    column: ColumnGuess


@dataclass(frozen=True)
class MappingDraft:
    """One record of an entity; ``question`` for answers."""

    record: str
    fields: tuple[FieldDraft, ...]
    question: QuestionDraft | None = None


def propose(columns: Sequence[ColumnGuess], *, record: str | None = None) -> list[MappingDraft]:
    """Mappings for the table: one, or one for each column that holds answers.

    Args:
        columns: The table's columns.
        record: The canonical record, where somebody knows better than the columns' names.
    """
    kept = [column for column in columns if column.personal != "drop"]
    chosen = RECORDS[record or likely_record(kept)]
    if not any(field.name == "score" for field in chosen.fields):
        return [MappingDraft(chosen.name, _fields(chosen, kept, kept))]
    questions = _questions(kept)
    answers = {question.column.name for question in questions}
    rest = [column for column in kept if column.name not in answers]
    drafts = []
    for question in questions:
        answer = FieldDraft("comment" if question.kind == "comment" else "score", question.column)
        drafts.append(MappingDraft(chosen.name, (*_fields(chosen, rest, kept), answer), question))
    # without a question of a survey the mapping itself names kind and question
    named = (FieldDraft("question_id", const="answer"), FieldDraft("kind", const="comment"))
    known = {field.name for field in chosen.fields}
    whole = (*_fields(chosen, rest, kept), *(field for field in named if field.name in known))
    return drafts or [MappingDraft(chosen.name, whole)]


def likely_record(columns: Sequence[ColumnGuess]) -> str:
    """The record whose words stand most often in the columns' names; ``order`` where none does.

    Example:
        >>> from connectors.guesses import ColumnGuess
        >>> likely_record([ColumnGuess("ticket", "text", 9), ColumnGuess("agent", "text", 9)])
        'interaction'
    """
    names = [words_of(column.name) for column in columns]
    hits = {
        record: sum(bool(re.search(words, name)) for name in names)
        for record, words in SIGNATURES.items()
    }
    answers = _questions(columns)
    hits["feedback"] = hits["feedback"] + len(answers) if answers else 0
    best = max(hits, key=lambda record: hits[record])
    if best == "feedback" and any(EMPLOYEES.search(name) for name in names):
        return "employee_feedback"
    return best if hits[best] else "order"


def _questions(columns: Sequence[ColumnGuess]) -> list[QuestionDraft]:
    found = [column for column in columns if column.scale is not None]
    prose = [column for column in columns if column.length > LEAST_PROSE and not column.codes]
    words = re.compile(FIELD_WORDS["comment"])
    comments = [column for column in prose if words.search(words_of(column.name))]
    named: dict[str, QuestionDraft] = {}
    for column in [*found, *comments[:1]]:
        spelt = words_of(column.name)
        kind = "comment" if column.scale is None else "csat"
        if column.scale == (0, 10) and _NPS.search(spelt):
            kind = "nps"
        elif column.scale and _CES.search(spelt):
            kind = "ces"
        name = spelt if re.fullmatch(r"[a-z][a-z0-9_]*", spelt) else f"question_{len(named) + 1}"
        named.setdefault(name, QuestionDraft(name, kind, column))
    return list(named.values())


def _fields(
    record: Record, columns: Sequence[ColumnGuess], whole: Sequence[ColumnGuess]
) -> tuple[FieldDraft, ...]:
    """Every field that a column or a constant can fill; the key and the date always."""
    left = list(columns)
    drafts: dict[str, FieldDraft] = {}
    keys = [key for key in record.key if key != "question_id"]
    own_key = keys[0]
    for name in (own_key, record.occurred, *(field.name for field in record.fields)):
        if name in drafts or name in ("score", "comment", "question_id"):
            continue
        kind = next(field.type for field in record.fields if field.name == name)
        column = _matching(name, kind, left, is_key=name == own_key, alone=len(keys) == 1)
        if column is None and name == record.occurred:
            changed = re.compile(FIELD_WORDS["version"])
            times = [c for c in left if c.kind in _FITS[kind]]
            # when a row last changed is not when it happened, but better than nothing
            times.sort(key=lambda c: bool(changed.search(words_of(c.name))))
            column = next(iter(times), None)
        if column is not None:
            drafts[name] = FieldDraft(name, column)
            # an id may stand in two fields, such as who answered and which answer it is
            if name != own_key:
                left.remove(column)
        elif name == own_key:
            drafts[name] = FieldDraft(name, fingerprint=tuple(c.name for c in whole))
        elif name == record.occurred or name in record.key:
            drafts[name] = FieldDraft(name, const="2020-01-01" if kind in _TIMES else "unknown")
        elif name == "kind" and record.name in KINDS and record.name != "feedback":
            drafts[name] = FieldDraft(name, const=KINDS[record.name][0])
    return tuple(drafts[field.name] for field in record.fields if field.name in drafts)


_TIMES = ("instant", "day")


def _matching(
    name: str, kind: FieldType, columns: Sequence[ColumnGuess], *, is_key: bool, alone: bool
) -> ColumnGuess | None:
    words = re.compile(FIELD_WORDS.get(name, r"(?!)"))
    fitting = [c for c in columns if c.kind in _FITS[kind] and c.scale is None]
    named = [c for c in fitting if words.search(words_of(c.name))]
    if not is_key:
        return named[0] if named else None
    unique = [c for c in (*named, *fitting) if c.is_key]
    return next(iter(unique), None) if alone else next(iter((*named, *unique)), None)
