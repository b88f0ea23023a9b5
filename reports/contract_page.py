"""The page of the data checks: what fails now, every record's course, and what the terms mean.

It is made from plain values (the summaries that manifests hold), needs no network and reads no
clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from markupsafe import Markup

from programme.base import Words
from programme.benchmarks import Language
from reports import fonts
from reports.composing import template_environment, template_text
from reports.contract_page_tables import Series, aside_table, earlier_table, overview_table
from reports.contract_page_words import ContractWords, Result
from reports.layout import Banner, Definitions
from reports.wording import declared, plain
from reports.written import replace

_STYLE = "/* style */"
_ORDER = {"hold": 0, "warn": 1, "quarantine": 2}
# severity -> words, and the look of the banner
_STATES = {
    "hold": ("held", "stop"),
    "warn": ("warned", "cannot_tell"),
    "quarantine": ("set_aside", "cannot_tell"),
    "passed": ("passed", "ship"),
    "empty": ("empty", "no_verdict"),
}
_MOST_FINDINGS = 30
# findings of several columns that differ in nothing else are said once
_TOGETHER = (
    "severity",
    "source",
    "load_date",
    "entity",
    "record",
    "group",
    "expectation",
    "reason",
)


@dataclass(frozen=True)
class Finding:
    """One failing check in words, of one column or of several for the same reason.

    ``lines`` are (column, observed, expected); the column is empty where there is one only.
    """

    severity: str
    tag: Markup
    what: Markup
    rule: Markup
    where: Markup
    date: Markup
    lines: Sequence[tuple[Markup, Markup, Markup]]
    mend: Markup


def write_contract_pages(
    results: Sequence[Result], series: Sequence[Series], folder: Path, *, company: Words
) -> list[Path]:
    """Write ``contracts__en.html`` and ``contracts__ja.html``; each replaces its last at once.

    Args:
        results: Summaries of all checks with ``source``, ``load_date``, ``state``, ``is_current``.
        series: Rows and missing values per record over the load dates.
        folder: Where reports lie.
        company: Its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for language in get_args(Language):
        html = contract_page_html(results, series, language, company=company)
        file = folder / f"contracts__{language}.html"
        replace(file, html.encode())
        files.append(file)
    return files


def contract_page_html(
    results: Sequence[Result], series: Sequence[Series], language: Language, *, company: Words
) -> str:
    """The page as self-contained HTML."""
    words = ContractWords(language)
    failing = sorted(
        (part for part in results if part["is_current"] and not part["passed"]),
        key=lambda part: (_ORDER[part["severity"]], part["source"], part["load_date"]),
    )
    urgent = [part for part in failing if part["severity"] != "quarantine"]
    findings = _findings(urgent, words)
    template = template_environment().get_template("contracts.html.j2")
    html = template.render(
        language=language,
        words=words,
        company=getattr(company, language),
        banner=banner(results, words),
        subtitle=_subtitle(results, words),
        facts=_facts(results, words),
        findings=findings[:_MOST_FINDINGS],
        left=len(findings) - _MOST_FINDINGS,
        aside=aside_table([part for part in failing if part["severity"] == "quarantine"], words),
        overview=overview_table(results, series, words),
        earlier=earlier_table(results, words),
        terms=_terms(words),
        stylesheet=_STYLE,
    )
    style = "".join(template_text(name) for name in ("base.css", "page.css", "contracts.css"))
    if language == "ja":
        style += fonts.font_faces(html, "woff2", language)
    return html.replace(_STYLE, style, 1)


def summary(results: Sequence[Result], language: Language) -> str:
    """The state of the newest loads in one paragraph of plain text."""
    words = ContractWords(language)
    current = [part for part in results if part["is_current"]]
    if not current:
        return plain(words.say("summary.empty"))
    failing = sorted(
        (part for part in current if not part["passed"]), key=lambda part: _ORDER[part["severity"]]
    )
    values = {
        "checks": words.number(len(current)),
        "sources": words.number(len({part["source"] for part in current})),
    }
    if not failing:
        return plain(words.say("summary.passed", **values))
    first = failing[0]
    said = words.say(
        "summary.first",
        what=words.rule(first),
        where=words.where(first),
        observed=words.observed(first),
    )
    counts = {
        name: words.number(sum(part["severity"] == severity for part in failing))
        for name, severity in (("held", "hold"), ("warned", "warn"), ("set_aside", "quarantine"))
    }
    number = words.number(len(failing))
    return plain(words.say("summary.failed", failing=number, first=said, **counts, **values))


def banner(results: Sequence[Result], words: ContractWords) -> Banner:
    """The worst state of the newest loads."""
    current = [part for part in results if part["is_current"]]
    failed = [part["severity"] for part in current if not part["passed"]]
    worst = next((name for name in _ORDER if name in failed), "passed" if current else "empty")
    state, decision = _STATES[worst]
    sentence = words.say(f"sentence.{state}", count=words.number(failed.count(worst)))
    for name, severity in (("warned", "warn"), ("set_aside", "quarantine")):
        if severity != worst and (count := failed.count(severity)):
            sentence += words.say(f"sentence.also_{name}", count=words.number(count))
    word = str(words.say(f"state.{state}"))
    return Banner(str(words.say("state_label")), word, sentence, decision)


def _subtitle(results: Sequence[Result], words: ContractWords) -> Markup:
    if not results:
        return Markup("")
    return words.say("subtitle", date=words.number(max(p["load_date"] for p in results), "date"))


def _facts(results: Sequence[Result], words: ContractWords) -> list[tuple[Markup, Markup]]:
    current = [part for part in results if part["is_current"]]
    values = {
        "sources": len({part["source"] for part in results}),
        "checks": len(current),
        "failing": sum(not part["passed"] for part in current),
    }
    return [(words.say(f"fact.{name}"), words.number(value)) for name, value in values.items()]


def _findings(results: Sequence[Result], words: ContractWords) -> list[Finding]:
    together: dict[tuple[str, ...], list[Result]] = {}
    for part in results:
        together.setdefault(tuple(str(part.get(name, "")) for name in _TOGETHER), []).append(part)
    return [_finding(parts, words) for parts in together.values()]


def _finding(results: Sequence[Result], words: ContractWords) -> Finding:
    first = results[0]
    columns = [words.listed(part["columns"]) for part in results]
    labels = columns if len(results) > 1 else [""]
    whole = {**first, "columns": columns}
    said, rule = words.rule(whole), words.rule({**whole, "reason": ""})
    return Finding(
        severity=first["severity"],
        tag=words.say(f"severity.{first['severity']}"),
        what=said,
        rule=rule if rule != said else Markup(""),
        where=words.where(first),
        date=words.number(first["load_date"], "date"),
        lines=[
            (declared(label), words.observed(part), words.expected(part))
            for label, part in zip(labels, results, strict=True)
        ],
        mend=words.mend(first),
    )


def _terms(words: ContractWords) -> Definitions:
    names = ("held", "warned", "aside", "compared", "psi")
    return Definitions(
        [(words.say(f"terms.{name}"), words.say(f"terms.{name}_meaning")) for name in names]
    )
