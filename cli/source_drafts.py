"""The text of a declaration that `cxloop source new` proposes: every guess is marked `# check`."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.discovery import Discovery
    from connectors.guesses import ColumnGuess
    from connectors.proposals import FieldDraft, MappingDraft

PLAIN = re.compile(r"^[A-Za-z\u3040-\u9fff][\w\u3040-\u9fff ./-]*$")
RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "nan", "inf"}
CHANNELS = {
    "post": "letter",
    "letter": "letter",
    "mail": "email",
    "tel": "phone",
    "call": "phone",
    "shop": "store",
}
MOST_LETTERS = 60


def entity_text(
    name: str, read: Sequence[str], found: Discovery, drafts: Sequence[MappingDraft], survey: str
) -> str:
    """An `entities:` block with one entity.

    Args:
        name: The entity.
        read: Lines that say what is read, without indentation.
        found: The columns looked at.
        drafts: The mappings proposed.
        survey: The survey of the questions among them.
    """
    lines = ["entities:", f"  {name}:", *(f"    {line}" for line in read)]
    if found.cursor:
        lines += [
            "    # Rows written during a pull may carry an earlier time: an hour is read twice.",
            "    lookback_minutes: 60",
        ]
    lines += [f"    # From the first {found.rows:,} rows.", "    columns:"]
    width = max(len(quoted(column.name)) for column in found.columns)
    for column in found.columns:
        lines.append(f"      - {quoted(column.name):<{width}}  # {told(column)}")
    personal = {c.name: c.personal for c in found.columns if c.personal}
    if personal:
        listed = ", ".join(f"{quoted(column)}: {what}" for column, what in personal.items())
        lines.append(f"    personal: {{{listed}}}  # check: what else tells who somebody is?")
    lines.append("    records:")
    for draft in drafts:
        lines += [f"      {line}" for line in _mapping(draft, survey)]
    return "\n".join(lines) + "\n"


def survey_text(source: str, drafts: Sequence[MappingDraft]) -> str:
    """The survey whose questions the columns seem to answer."""
    questions = [draft.question for draft in drafts if draft.question]
    lines = [
        f"# The questions that the columns of `{source}` seem to answer.",
        f"title: {{en: {quoted(source)}, ja: {quoted(source)}}}  # check",
        "owner: cx_analytics  # check",
        "is_relational: false  # check: true when about the relationship as a whole",
        "touchpoint: unknown  # check",
        "journey_stage: use  # check: awareness, interest, consideration, purchase, use, advocacy",
        "questions:",
    ]
    for question in questions:
        words = quoted(question.column.name)
        lines += [f"  {question.name}:", f"    kind: {question.kind}  # check"]
        if question.column.scale:
            low, high = question.column.scale
            lines += [
                f"    scale_min: {low}  # check: the scale as asked, not as answered",
                f"    scale_max: {high}  # check",
                "    is_high_good: true  # check: which end is the good one?",
            ]
        lines.append(f"    wording: {{en: {words}, ja: {words}}}  # check")
    return "\n".join(lines) + "\n"


def told(column: ColumnGuess) -> str:
    """What was found in a column, for the comment beside its name."""
    facts: list[str] = [column.kind]
    if column.formats:
        facts.append(" or ".join(column.formats))
    if not column.filled:
        facts = ["empty"]
    if column.codes:
        facts.append(textwrap.shorten(" | ".join(column.codes), MOST_LETTERS, placeholder=" …"))
    if column.scale:
        facts.append(f"a scale from {column.scale[0]} to {column.scale[1]}?")
    if column.no_answer:
        facts.append(f"no answer: {', '.join(column.no_answer)}?")
    if column.is_key:
        facts.append("no two alike: a key?")
    text = ", ".join(facts)
    return " ".join(text.split())


def quoted(text: str) -> str:
    """The text as a YAML scalar that is read back as this text.

    Example:
        >>> quoted("order id"), quoted("No"), quoted("a: b")
        ('order id', '"No"', '"a: b"')
    """
    if PLAIN.match(text) and text.lower() not in RESERVED and not text.endswith(" "):
        return text
    return json.dumps(text, ensure_ascii=False)


def _mapping(draft: MappingDraft, survey: str) -> Iterator[str]:
    yield f"- record: {draft.record}  # check"
    if draft.question:
        yield f"  survey: {survey}"
        yield f"  question: {draft.question.name}"
        if draft.question.kind == "comment":
            yield "  where:"
            yield f"    - {{column: {quoted(draft.question.column.name)}, not_null: true}}"
    yield "  fields:"
    for field in draft.fields:
        yield f"    {field.name}: {_field(field, is_first=field is draft.fields[0])}"


def _field(field: FieldDraft, *, is_first: bool) -> str:
    if field.const is not None:
        return f"{{const: {quoted(field.const)}}}  # check: no column tells"
    if field.column is None:
        columns = ", ".join(map(quoted, field.fingerprint))
        return f"{{fingerprint: [{columns}]}}  # check: no column is a key"
    column = field.column
    parts = [f"column: {quoted(column.name)}"]
    if column.no_answer:
        parts.append(f"missing: [{', '.join(map(quoted, column.no_answer))}]")
    if field.name == "channel" and column.codes:
        codes = (code for code in column.codes if code not in column.no_answer)
        pairs = ", ".join(f"{quoted(code)}: {_channel(code)}" for code in codes)
        parts.append(f"recode: {{{pairs}}}")
    if column.formats:
        parts.append(f"formats: [{', '.join(json.dumps(form) for form in column.formats[:1])}]")
    if is_first:
        parts.append("required: true")
    text = f"{{{', '.join(parts)}}}" if len(parts) > 1 else quoted(column.name)
    if len(column.formats) > 1:
        return f"{text}  # check: {' and '.join(column.formats)} read every row"
    doubtful = is_first or column.no_answer or "recode" in text
    return f"{text}  # check" if doubtful else text


def _channel(code: str) -> str:
    spelt = re.sub(r"\W+", "_", code.lower()).strip("_") or "other"
    return quoted(next((name for word, name in CHANNELS.items() if word in code.lower()), spelt))
