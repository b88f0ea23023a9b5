"""Which rows of an experiment stand in which chart."""

from __future__ import annotations

from reports.charts import Chart, Point
from reports.context import ExperimentEdition
from reports.interval_charts import Line, draw_lines
from reports.layout import Picture
from reports.results import Row
from reports.scales import scale_for
from reports.wording import Wording, plain


def bar_of(edition: ExperimentEdition, metric: str) -> float | None:
    """Where the plan's bar lies: the smallest effect worth having, or the guardrail's margin."""
    for item in edition.plan.success:
        if item.metric == metric:
            return item.minimum_effect * (1 if item.alternative == "increase" else -1)
    for guard in edition.plan.guardrails:
        if guard.metric == metric:
            return guard.margin * (1 if guard.harm == "increase" else -1)
    return None


def away_from_zero(row: Row) -> bool:
    """Whether a row's interval leaves out 0."""
    return row.lower is not None and row.upper is not None and not row.lower <= 0 <= row.upper


def effects_picture(edition: ExperimentEdition, words: Wording) -> list[Picture]:
    """Every effect on its own scale around zero, turned so that right is better."""
    lines = []
    for role, names in roles(edition).items():
        for name in names:
            lines += [
                _turned(edition, words, row, group=str(words.say(f"role.{role}")))
                for row in edition.select("difference", metric=name, segment_name="all")
                if row.estimate is not None
            ]
    if not lines:
        return []
    hint = str(words.say("chart.better"))
    chart = Chart(
        "effects",
        str(words.say("chart.effects_alt")),
        lambda size: draw_lines(lines, size, scale=None, zero=True, hint=hint),
    )
    return [Picture(chart, words.say("chart.effects_caption"))]


def segment_effects_picture(
    edition: ExperimentEdition, words: Wording, metric: str
) -> list[Picture]:
    """The effect on one metric within each group of customers."""
    rows = [
        row
        for row in edition.select("difference", metric=metric)
        if row.segment_name != "all" and row.estimate is not None
    ]
    if not rows:
        return []
    unit = edition.metrics[metric].unit
    largest = max(abs(row.estimate or 0.0) for row in rows)
    scale = scale_for(unit, largest, words.language)
    lines = [
        Line(
            words.segment_value(row.segment_name, row.segment_value),
            Point("", scale.of(row.estimate), scale.of(row.lower), scale.of(row.upper)),
            note=words.change(row).text(),
            group=words.segment(row.segment_name),
            filled=away_from_zero(row),
        )
        for row in rows
    ]
    alt = plain(words.say("chart.segment_effects_alt", metric=words.metric(metric)))
    chart = Chart(
        f"segment-effects-{metric.replace('_', '-')}",
        alt,
        lambda size: draw_lines(lines, size, scale=scale, zero=True),
    )
    caption = words.say("chart.segment_effects_caption", metric=words.metric(metric))
    return [Picture(chart, caption)]


def roles(edition: ExperimentEdition) -> dict[str, list[str]]:
    """The plan's metrics by the part they play; those added later are secondary."""
    plan = edition.plan
    named = {
        "success": [item.metric for item in plan.success],
        "guardrail": [item.metric for item in plan.guardrails],
    }
    judged = {name for names in named.values() for name in names}
    rest = [name for name in (*plan.secondary, *edition.metrics) if name not in judged]
    return {**named, "secondary": list(dict.fromkeys(rest))}


def _turned(edition: ExperimentEdition, words: Wording, row: Row, *, group: str) -> Line:
    turn = 1 if edition.metrics[row.metric].direction == "up" else -1
    bar = bar_of(edition, row.metric)
    values = [row.estimate, row.lower, row.upper, bar]
    reach = max(abs(value) for value in values if value is not None) or 1.0

    def place(value: float | None) -> float | None:
        return None if value is None else turn * value / reach

    low, high = sorted((place(row.lower) or 0.0, place(row.upper) or 0.0))
    marks = (turn * bar / reach,) if bar is not None else ()
    point = Point("", place(row.estimate), low, high)
    return Line(
        words.metric_text(row.metric),
        point,
        None,
        words.change(row).text(),
        marks,
        group,
        away_from_zero(row),
    )
