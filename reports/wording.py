"""Every sentence of every report, in both languages, and the numbers inside the sentences.

A sentence stands in ``locale/<language>.yml``. A number enters it as a :class:`Figure`, which
prints the value together with a pointer into the edition, so that no number can be typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from markupsafe import Markup
from ruamel.yaml import YAML

from programme.base import Words
from programme.benchmarks import Language
from programme.loader import nearest
from reports.context import FrozenEdition
from reports.errors import UnknownCodeError
from reports.formats import PARTS, format_value, looks_like_date
from reports.results import BreakMark, Driver, Label, Metric, Row

LOCALES = Path(__file__).parent / "locale"
# Longer ones must wrap, or they would widen a column.
_BRACKETS = re.compile(r"（[^（）<>]{1,12}）")
Labels = Mapping[str, Mapping[str, Words]]


@lru_cache
def sentences(language: Language) -> Mapping[str, str]:
    """All sentences of a language, keyed by dotted path."""
    content = YAML(typ="safe").load((LOCALES / f"{language}.yml").read_text(encoding="utf-8"))
    return dict(_flatten(content, ""))


def _flatten(node: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in node.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found += _flatten(value, f"{path}.")
        else:
            found.append((path, str(value)))
    return found


@dataclass(frozen=True)
class Figure:
    """A value of the edition, printed with the pointer to where it stands.

    In a sentence, ``{value}`` prints it in its own form and ``{value:count}`` in the form named;
    ``{value:level}`` and ``{value:change}`` use the unit of the metric it belongs to.
    """

    value: Any
    ref: str
    form: str
    language: Language
    unit: str = ""

    def text(self, form: str = "") -> str:
        """The plain text."""
        return format_value(self.value, self._form(form), self.language)

    def _form(self, form: str) -> str:
        chosen = form or self.form
        return f"{self.unit}.{chosen}" if chosen in PARTS else chosen

    def __html__(self) -> Markup:
        return self.__html_format__("")

    def __html_format__(self, form: str) -> Markup:
        chosen = self._form(form)
        attributes = Markup('<span class="fig" data-ref="{}" data-form="{}">{}</span>')
        return attributes.format(self.ref, chosen, self.text(form))


def declared(text: str) -> Markup:
    """A text the company declared (a label, a note): escaped, and marked as not computed."""
    return Markup("<span data-declared>{}</span>").format(text)


def plain(markup: str) -> str:
    """The text of a rendered fragment, without its tags."""
    text = Markup(markup).striptags()  # noqa: S704 - only to take the tags away
    return text.replace("\u00a0", " ")


class Wording:
    """The words of one edition in one language."""

    def __init__(
        self, frozen: FrozenEdition, language: Language, labels: Labels | None = None
    ) -> None:
        self.language: Language = language
        self.frozen = frozen
        self._labels = labels or {}
        self._sentences = sentences(language)

    def say(self, key: str, /, **values: Any) -> Markup:
        """The sentence under ``key`` with its values; what is no figure and no markup is escaped.

        Raises:
            UnknownCodeError: if the locale file has no such sentence; names file, key and mend.
        """
        if key not in self._sentences:
            group = key.rpartition(".")[0]
            near = [known for known in self._sentences if known.rpartition(".")[0] == group]
            raise UnknownCodeError(
                f"reports/locale/{self.language}.yml has no sentence `{key}`: "
                f"{nearest(key, near or self._sentences)} Mend: add the sentence in both languages"
            )
        sentence = Markup(self._sentences[key])  # noqa: S704 - our own file
        return sentence.format(**values)

    def code(self, group: str, code: str, values: Mapping[str, Any], ref: str) -> Markup:
        """The sentence for a reason code; its values become figures and declared texts."""
        metric = str(values.get("metric", ""))
        metric = metric if metric in self.frozen.edition.metrics else ""
        known = {
            name: self._value(name, value, f"{ref}/{name}", metric)
            for name, value in values.items()
            if name != "code"
        }
        try:
            return self.say(f"{group}.{code}", **known)
        except KeyError as error:
            raise UnknownCodeError(
                f"`{group}.{code}` in reports/locale/{self.language}.yml names the value {error}, "
                f"which the edition does not give (it gives {sorted(known) or 'none'})"
            ) from error

    def _value(self, name: str, value: Any, ref: str, metric: str) -> Any:
        if name == "metric" or name == "headline":
            return self.metric(str(value))
        if name == "metrics" and isinstance(value, list):
            return self.say("separator").join(self.metric(str(item)) for item in value)
        if name == "checks" and isinstance(value, list):
            return self.say("separator").join(self.say(f"check.{item}") for item in value)
        if name == "reason":
            return self.no_estimate(str(value))
        if name in ("wave", "previous_wave") and value:
            return self.figure(ref, "wave", value)
        if isinstance(value, bool) or value is None:
            return str(value)
        if isinstance(value, int | float):
            unit = self.frozen.edition.metrics[metric].unit if metric else ""
            return self.figure(ref, "number", value, unit=unit)
        if isinstance(value, str) and looks_like_date(value):
            return self.figure(ref, "date", value)
        if isinstance(value, list):
            return declared(str(self.say("separator")).join(map(str, value)))
        return declared(str(value))

    # figures -----------------------------------------------------------------

    def figure(self, ref: str, form: str, value: Any = None, *, unit: str = "") -> Figure:
        """The edition's value at a JSON pointer."""
        found = resolve(self.frozen.document, ref) if value is None else value
        return Figure(found, ref, form, self.language, unit)

    def level(self, row: Row, field: str = "estimate") -> Figure:
        """A row's estimate or bound as a level of its metric."""
        return self._of(row, field, "level")

    def change(self, row: Row, field: str = "estimate") -> Figure:
        """A row's estimate or bound as a signed difference in its metric's unit."""
        return self._of(row, field, "change")

    def _of(self, row: Row, field: str, part: str) -> Figure:
        unit = self.frozen.edition.metrics[row.metric].unit
        return self.figure(f"{row.ref}/{field}", part, getattr(row, field), unit=unit)

    def interval(self, row: Row, part: str = "level") -> Markup:
        """A row's bounds; one where the statement is one-sided."""
        form = "bound" if part == "change" else part
        bounds = {
            field: self._of(row, field, form)
            for field in ("lower", "upper")
            if getattr(row, field) is not None
        }
        if len(bounds) == 2:
            bounds["lower"] = self._of(row, "lower", f"first_{form}")
        key = "interval" if len(bounds) == 2 else f"interval_{next(iter(bounds), 'none')}_only"
        return Markup('<span class="interval">{}</span>').format(self.say(key, **bounds))

    def no_estimate(self, reason: str) -> Markup:
        """Why a row has no estimate, in a few words."""
        code, _, check = reason.partition(":")
        if check:
            return self.say(f"no_estimate.{code}", check=self.say(f"check.{check}"))
        return self.say(f"no_estimate.{reason}")

    # names -------------------------------------------------------------------

    def in_language(self, thing: Words | Label | Metric | Driver) -> str:
        """A declared text in the report's language."""
        name = self.language if isinstance(thing, Words) else f"label_{self.language}"
        return str(getattr(thing, name))

    def metric(self, metric: str) -> Markup:
        """The metric's label; what stands in Japanese brackets stays on one line."""
        label = str(declared(self.metric_text(metric)))
        kept = _BRACKETS.sub(r'<span class="keep">\g<0></span>', label)
        return Markup(kept)  # noqa: S704 - escaped by `declared`

    def confidence_interval(self, interval: Markup, confidence: Figure) -> Markup:
        """An interval with its confidence, on one line."""
        said = self.say("ci", confidence=confidence, interval=interval)
        return Markup('<span class="keep">{}</span>').format(said)

    def metric_text(self, metric: str) -> str:
        """The metric's label without markup."""
        entry = self.frozen.edition.metrics.get(metric)
        return self.in_language(entry) if entry else metric

    def description(self, metric: str) -> str:
        """The metric's definition as the catalogue words it."""
        entry = self.frozen.edition.metrics[metric]
        return str(getattr(entry, f"description_{self.language}"))

    def note(self, mark: BreakMark) -> Markup:
        """What the company says about a break."""
        return declared(str(getattr(mark, f"note_{self.language}")))

    def segment(self, name: str) -> str:
        """The segment's label."""
        label = self.frozen.edition.segments.get(name)
        return self.in_language(label) if label else name.replace("_", " ")

    def segment_value(self, name: str, value: str) -> str:
        """A segment's value as the company calls it; countries by name, the rest as it stands."""
        label = self._labels.get(name, {}).get(value)
        if label is not None:
            return self.in_language(label)
        for key in (f"segment_value.{name}.{value}", f"segment_value.{value}"):
            if key in self._sentences:
                return self._sentences[key]
        if name == "country" and len(value) == 2:
            territories: Mapping[str, str] = Locale.parse(self.language).territories
            return territories.get(value.upper(), value)
        return value


def resolve(document: Any, ref: str) -> Any:
    """The value at a JSON pointer (RFC 6901); KeyError or IndexError where there is none."""
    node = document
    for step in ref.strip("/").split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        node = node[int(step)] if isinstance(node, list) else node[step]
    return node
