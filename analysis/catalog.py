"""The metrics and segments that dbt defines, read from its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from analysis.errors import CatalogError
from analysis.levels import Scale
from programme.questions import question_metric
from programme.surveys import Survey

_SUFFIX = "_numerator"
_QUESTIONS = "int_questions_answered"


@dataclass(frozen=True)
class Metric:
    """One metric as its numerator column's ``config.meta`` declares it.

    ``fact`` is the dbt model that holds the pair of columns.
    """

    metric: str
    kind: str
    unit: str
    direction: str
    can_be_negative: bool
    minimum: float | None
    maximum: float | None
    owner: str
    version: str
    valid_from: str
    label_en: str
    label_ja: str
    description_en: str
    description_ja: str
    fact: str

    @property
    def scale(self) -> Scale:
        """What the estimators need to know."""
        return Scale(self.kind, self.minimum, self.maximum, self.can_be_negative)

    @property
    def is_survey(self) -> bool:
        """Whether its events are answers, which people may withhold."""
        return self.fact in ("fct_survey_responses", _QUESTIONS)

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Segment:
    """One segment column and its labels."""

    segment: str
    label_en: str
    label_ja: str


@dataclass(frozen=True)
class Definition:
    """What the two columns of a metric hold, in the words of the dbt project (English)."""

    numerator: str
    denominator: str


@dataclass(frozen=True)
class Catalog:
    """Every metric and segment, by name; definitions of the metrics that stand on a fact."""

    metrics: Mapping[str, Metric]
    segments: Mapping[str, Segment]
    definitions: Mapping[str, Definition] = field(default_factory=dict)


def read_catalog(manifest: Path) -> Catalog:
    """Collect ``meta`` of all model columns in dbt's ``manifest.json``.

    Raises:
        CatalogError: no manifest, a metric without a required key, or one that two facts define.
    """
    if not manifest.is_file():
        raise CatalogError(
            f"no dbt manifest at {manifest}", "run `cxloop run`, which parses the dbt project"
        )
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    metrics: dict[str, Metric] = {}
    segments: dict[str, Segment] = {}
    definitions: dict[str, Definition] = {}
    for node in sorted(nodes.values(), key=lambda node: str(node["name"])):
        if node["resource_type"] != "model":
            continue
        for column in node["columns"].values():
            meta = {**column.get("meta", {}), **column.get("config", {}).get("meta", {})}
            if "metric" in meta:
                found = _metric(meta, column["name"], node["name"])
                if found.metric in metrics:
                    other = metrics[found.metric].fact
                    what = f"metric `{found.metric}` is defined on {other} and on {found.fact}"
                    raise CatalogError(what, "keep one definition in the dbt project")
                metrics[found.metric] = found
                definitions[found.metric] = _definition(found.metric, node["columns"])
            elif "segment" in meta:
                name = str(meta["segment"])
                segments.setdefault(
                    name,
                    Segment(name, str(meta.get("label_en", name)), str(meta.get("label_ja", name))),
                )
    return Catalog(dict(sorted(metrics.items())), dict(sorted(segments.items())), definitions)


def _definition(metric: str, columns: Mapping[str, Any]) -> Definition:
    def said(side: str) -> str:
        return " ".join(str(columns.get(f"{metric}_{side}", {}).get("description", "")).split())

    return Definition(said("numerator"), said("denominator"))


def with_questions(catalog: Catalog, surveys: Mapping[str, Survey]) -> Catalog:
    """The catalog and, for every scored question of the surveys, the metric of its answers."""
    asked = {
        question_metric(survey_id, question_id): _question(survey_id, survey, question_id)
        for survey_id, survey in surveys.items()
        for question_id, question in survey.questions.items()
        if question.kind != "comment"
    }
    metrics = dict(sorted({**catalog.metrics, **asked}.items()))
    return Catalog(metrics, catalog.segments, catalog.definitions)


def _question(survey_id: str, survey: Survey, question_id: str) -> Metric:
    question = survey.questions[question_id]
    low, high = question.scale_min, question.scale_max
    assert low is not None  # noqa: S101  only a comment has no scale
    assert high is not None  # noqa: S101
    ends = f"{low:g}–{high:g}"
    turned_en = "" if question.is_high_good else " The scale is turned, so that high is good."
    turned_ja = (
        ""
        if question.is_high_good
        else "設問の向きが逆のため、高いほど良好になるよう換算しています。"
    )
    return Metric(
        metric=question_metric(survey_id, question_id),
        kind="mean",
        unit="score",
        direction="up",
        can_be_negative=low < 0,
        minimum=low,
        maximum=high,
        owner=survey.owner,
        version="1",
        valid_from="",
        label_en=question.wording.en,
        label_ja=question.wording.ja,
        description_en=f"Mean answer ({ends}) in “{survey.title.en}”.{turned_en}",
        description_ja=f"「{survey.title.ja}」での回答の平均値（{ends}）。{turned_ja}",
        fact=_QUESTIONS,
    )


def _metric(meta: Mapping[str, Any], column: str, model: str) -> Metric:
    wanted = [name for name in Metric.__dataclass_fields__ if name != "fact"]
    missing = [name for name in wanted if name not in meta]
    if missing:
        what = f"{model}.{column} declares a metric without meta {', '.join(missing)}"
        raise CatalogError(what, "add the keys under `config.meta` of that column")
    if column != f"{meta['metric']}{_SUFFIX}":
        what = f"{model}.{column} declares metric `{meta['metric']}`"
        raise CatalogError(what, f"name the column `{meta['metric']}{_SUFFIX}`")
    values: dict[str, Any] = {name: str(meta[name]) for name in wanted}
    for name in ("minimum", "maximum"):
        values[name] = None if meta[name] is None else float(meta[name])
    values["can_be_negative"] = bool(meta["can_be_negative"])
    return Metric(**values, fact=model)
