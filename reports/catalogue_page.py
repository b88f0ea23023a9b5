"""The catalogue of metrics as a page: what each one means, who owns it and where it is used.

It is made from the dbt project's meta and the programme's declarations alone; it needs no network,
no warehouse and no clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from markupsafe import Markup

from analysis.catalog import Catalog, Metric
from programme import Programme
from programme.base import Words
from programme.benchmarks import Language
from programme.breaks import MetricBreak, metric_breaks
from reports import fonts
from reports.composing import template_environment, template_text
from reports.formats import format_value
from reports.wording import declared, sentences
from reports.written import replace

_STYLE = "/* style */"
_QUESTION = "question__"


class CatalogueWords:
    """The sentences of the catalogue in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._sentences = sentences(language)

    def say(self, key: str, /, **values: object) -> Markup:
        """The sentence under ``catalogue.<key>``; what is no markup is escaped."""
        return Markup(self._sentences[f"catalogue.{key}"]).format(**values)  # noqa: S704 - our own file

    def named(self, group: str, name: str) -> Markup:
        """What a unit, an owner or a kind is called; its own name where nobody has said."""
        text = self._sentences.get(f"catalogue.{group}.{name}")
        return Markup.escape(text) if text else declared(name.replace("_", " "))

    def number(self, value: object, form: str = "number") -> Markup:
        """A value as text in the language's way of writing numbers."""
        text = format_value(value, form, self.language)
        return Markup('<span class="fig">{}</span>').format(text)

    def chosen(self, words: Words) -> str:
        """The text in this language."""
        return words.ja if self.language == "ja" else words.en


@dataclass(frozen=True)
class Entry:
    """One metric as the page shows it; ``facts`` are pairs of a term and its value."""

    name: str
    label: Markup
    description: Markup
    facts: Sequence[tuple[Markup, Markup]]
    used: Sequence[Markup]
    breaks: Sequence[tuple[Markup, Markup]]


@dataclass(frozen=True)
class Group:
    """The metrics of one owner, or the questions of one survey."""

    anchor: str
    heading: Markup
    entries: Sequence[Entry]


def write_catalogue_pages(catalog: Catalog, programme: Programme, folder: Path) -> list[Path]:
    """Write ``metrics__en.html`` and ``metrics__ja.html``; each replaces its last at once."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for language in get_args(Language):
        file = folder / f"metrics__{language}.html"
        replace(file, catalogue_page_html(catalog, programme, language).encode())
        files.append(file)
    return files


def catalogue_page_html(catalog: Catalog, programme: Programme, language: Language) -> str:
    """The page as self-contained HTML."""
    words = CatalogueWords(language)
    groups = _groups(catalog, programme, words)
    html = (
        template_environment()
        .get_template("catalogue.html.j2")
        .render(
            language=language,
            words=words,
            company=words.chosen(programme.company.name),
            groups=groups,
            count=words.number(len(catalog.metrics), "count"),
            stylesheet=_STYLE,
        )
    )
    style = "".join(template_text(name) for name in ("base.css", "page.css", "catalogue.css"))
    if language == "ja":
        style += fonts.font_faces(html, "woff2", language)
    return html.replace(_STYLE, style, 1)


def _groups(catalog: Catalog, programme: Programme, words: CatalogueWords) -> list[Group]:
    used = _uses(programme, words)
    broken: dict[str, list[MetricBreak]] = {}
    for mark in metric_breaks(programme.breaks, programme.surveys):
        broken.setdefault(mark.metric, []).append(mark)
    by_owner: dict[str, list[Entry]] = {}
    by_survey: dict[str, list[Entry]] = {}
    for name, metric in _in_order(catalog, programme):
        entry = _entry(catalog, metric, used.get(name, []), broken.get(name, []), words)
        if name.startswith(_QUESTION):
            by_survey.setdefault(name.split("__")[1], []).append(entry)
        else:
            by_owner.setdefault(metric.owner, []).append(entry)
    owners = [
        Group(owner, words.named("owner", owner), entries)
        for owner, entries in sorted(by_owner.items())
    ]
    surveys = [
        Group(f"{_QUESTION}{survey}", _survey_heading(programme, survey, words), entries)
        for survey, entries in sorted(by_survey.items())
    ]
    return [*owners, *surveys]


def _in_order(catalog: Catalog, programme: Programme) -> list[tuple[str, Metric]]:
    """What a benchmark watches comes first, in its own order; the others by name."""
    watched = [name for plan in programme.benchmarks.values() for name in plan.metrics]
    places = {name: place for place, name in reversed(list(enumerate(watched)))}
    return sorted(
        catalog.metrics.items(), key=lambda item: (places.get(item[0], len(watched)), item[0])
    )


def _survey_heading(programme: Programme, survey: str, words: CatalogueWords) -> Markup:
    known = programme.surveys.get(survey)
    title = words.chosen(known.title) if known else survey
    return words.say("questions_of", survey=declared(title))


def _entry(
    catalog: Catalog,
    metric: Metric,
    used: Sequence[Markup],
    breaks: Sequence[MetricBreak],
    words: CatalogueWords,
) -> Entry:
    facts = [
        (words.say("fact.unit"), words.named("unit", metric.unit)),
        (words.say("fact.range"), _range(metric, words)),
        (words.say("fact.direction"), words.named("direction", metric.direction)),
        (words.say("fact.owner"), words.named("owner", metric.owner)),
    ]
    if metric.valid_from:
        version = words.say("version", version=metric.version, date=_day(metric.valid_from, words))
        facts.append((words.say("fact.version"), version))
    facts.append((words.say("fact.table"), Markup("<code>{}</code>").format(metric.fact)))
    definition = catalog.definitions.get(metric.metric)
    if definition is not None:
        for side in ("numerator", "denominator"):
            said = Markup('<span lang="en" data-declared>{}</span>')
            text = _with_code(getattr(definition, side))
            facts.append((words.say(f"fact.{side}"), said.format(text)))
    return Entry(
        name=metric.metric,
        label=declared(getattr(metric, f"label_{words.language}")),
        description=declared(getattr(metric, f"description_{words.language}")),
        facts=facts,
        used=used,
        breaks=[
            (words.number(mark.broke_on, "date"), declared(words.chosen(mark.reason)))
            for mark in breaks
        ],
    )


def _with_code(text: str) -> Markup:
    """What stands between backticks, as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(Markup.escape(text))))  # noqa: S704 - escaped above


def _range(metric: Metric, words: CatalogueWords) -> Markup:
    factor = 100 if metric.unit == "rate" else 1
    low = (
        words.say("unbounded") if metric.minimum is None else words.number(factor * metric.minimum)
    )
    if metric.maximum is None:
        return words.say("range_open", low=low)
    key = "range_percent" if metric.unit == "rate" else "range"
    return words.say(key, low=low, high=words.number(factor * metric.maximum))


def _day(text: str, words: CatalogueWords) -> Markup:
    return words.number(text, "date")


def _uses(programme: Programme, words: CatalogueWords) -> Mapping[str, list[Markup]]:
    """Metric -> the benchmarks and experiments that name it."""
    found: dict[str, list[Markup]] = {}
    for benchmark in programme.benchmarks.values():
        said = words.say("used.benchmark", title=declared(words.chosen(benchmark.title)))
        for metric in benchmark.metrics:
            found.setdefault(metric, []).append(said)
    for plan in programme.experiments.values():
        said = words.say("used.experiment", title=declared(words.chosen(plan.title)))
        goals, guards = plan.success, plan.guardrails
        named = [*(goal.metric for goal in goals), *(guard.metric for guard in guards)]
        for metric in dict.fromkeys([*named, *plan.secondary]):
            found.setdefault(metric, []).append(said)
    return found
