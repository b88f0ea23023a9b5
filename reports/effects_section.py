"""The effects of an experiment in a table: beside their levels, their bars, and unadjusted."""

from __future__ import annotations

from markupsafe import Markup

from reports.context import ExperimentEdition
from reports.experiment_charts import bar_of, effects_picture, roles, segment_effects_picture
from reports.judgement import tone_of
from reports.layout import Block, Cell, Column, Section, Table, TableRow, Text, Tone
from reports.results import Row
from reports.verdict_words import states
from reports.wording import Wording, declared

_STATE_TONES: dict[str, Tone] = {
    "superior": "good",
    "harmed": "bad",
    "ruled_out": "flat",
    "undecided": "flat",
    "non_inferior": "flat",
    "no_estimate": "none",
}


def effects_section(edition: ExperimentEdition, words: Wording) -> Section:
    """All effects, success first, then guardrails, then the rest."""
    lead = words.say("effects.lead", confidence=words.figure("/plan/alpha", "confidence"))
    blocks: list[Block] = [*effects_picture(edition, words), effects_table(edition, words)]
    return Section("effects", str(words.say("effects.heading")), lead, blocks)


def effects_table(edition: ExperimentEdition, words: Wording, *, short: bool = False) -> Table:
    """One row a metric and treatment; ``short`` leaves out what a mail has no room for."""
    say = words.say
    columns = [Column(str(say("column.metric")), "left")]
    if not short:
        columns += [Column(str(say("column.control"))), Column(str(say("column.treatment")))]
    columns.append(Column(str(say("column.effect"))))
    if not short:
        columns += [Column(str(say("column.unadjusted"))), Column(str(say("column.relative")))]
    columns.append(Column(str(say("column.outcome")), "left"))
    rows = []
    for role, names in roles(edition).items():
        found = [
            _effect_row(edition, words, row, short=short)
            for name in names
            for row in edition.select("difference", metric=name, segment_name="all")
        ]
        if found:
            heading = say(f"effects.{role}")
            rows += [TableRow([Cell(heading)], heading=True), *found]
    key = "effects.caption_short" if short else "effects.caption"
    return Table(columns, rows, say(key, confidence=words.figure("/plan/alpha", "confidence")))


def _effect_row(edition: ExperimentEdition, words: Wording, row: Row, *, short: bool) -> TableRow:
    where = {"comparison": row.comparison or "", "segment_name": "all"}
    cells = [Cell(_name(edition, words, row), _bar_note(edition, words, row.metric))]
    if not short:
        arms = (edition.plan.control, _treatment(edition, row))
        levels = [edition.find(row.metric, "level", comparison=arm) for arm in arms]
        cells += [_level_cell(level, words) for level in levels]
    cells.append(_change_cell(row, words))
    if not short:
        unadjusted = edition.find(row.metric, "difference_unadjusted", **where)
        relative = edition.find(row.metric, "relative", **where)
        cells += [_change_cell(unadjusted, words), _relative_cell(relative, words)]
    cells.append(_outcome_cell(edition, words, row))
    return TableRow(cells)


def _name(edition: ExperimentEdition, words: Wording, row: Row) -> Markup:
    label = words.metric(row.metric)
    if len(edition.treatments) > 1:
        label = words.say("place_separator").join([label, declared(_treatment(edition, row))])
    return label


def _treatment(edition: ExperimentEdition, row: Row) -> str:
    comparison = row.comparison or ""
    return comparison.removesuffix(f"-{edition.plan.control}")


def _bar_note(edition: ExperimentEdition, words: Wording, metric: str) -> Markup:
    if bar_of(edition, metric) is None:
        return Markup("")
    unit = edition.metrics[metric].unit
    for number, item in enumerate(edition.plan.success):
        if item.metric == metric:
            ref = f"/plan/success/{number}/minimum_effect"
            form = "rise" if item.alternative == "increase" else "fall"
            return words.say("effect.bar", value=words.figure(ref, form, unit=unit))
    for number, guard in enumerate(edition.plan.guardrails):
        if guard.metric == metric:
            ref = f"/plan/guardrails/{number}/margin"
            form = "rise" if guard.harm == "increase" else "fall"
            return words.say("effect.margin", value=words.figure(ref, form, unit=unit))
    return Markup("")


def _outcome_cell(edition: ExperimentEdition, words: Wording, row: Row) -> Cell:
    state = states(edition).get(row.metric)
    if state is None:
        tone = tone_of(row, edition.metrics[row.metric])
        note = words.say("segment_effects.flag") if "exploratory" in row.flags else Markup("")
        return Cell(words.say(f"effect_tone.{tone}"), note, tone=tone)
    where = {"comparison": row.comparison or "", "segment_name": "all"}
    test = edition.find(row.metric, "non_inferiority", **where)
    note = Markup("")
    if test is not None and test.estimate is not None:
        field = "upper" if test.upper is not None else "lower"
        if getattr(test, field) is not None:
            note = words.say("effect.bound", bound=words.change(test, field))
    return Cell(words.say(f"outcome.{state}"), note, tone=_STATE_TONES[state])


def _level_cell(row: Row | None, words: Wording) -> Cell:
    if row is None or row.estimate is None:
        return Cell(Markup("–"))
    return Cell(Markup("{}").format(words.level(row)))


def _change_cell(row: Row | None, words: Wording) -> Cell:
    if row is None:
        return Cell(Markup("–"))
    if row.estimate is None:
        return Cell(Markup("–"), words.no_estimate(row.reason or "not_measured"))
    return Cell(Markup("{}").format(words.change(row)), words.interval(row, "change"))


def _relative_cell(row: Row | None, words: Wording) -> Cell:
    if row is None:
        return Cell(Markup("–"))
    if row.estimate is None:
        return Cell(Markup("–"), words.no_estimate(row.reason or "not_measured"))
    shown = {
        field: words.figure(f"{row.ref}/{field}", "relative", getattr(row, field))
        for field in ("estimate", "lower", "upper")
        if getattr(row, field) is not None
    }
    value = Markup("{}").format(shown["estimate"])
    if len(shown) < 3:
        return Cell(value)
    shown["lower"] = words.figure(f"{row.ref}/lower", "first_relative", row.lower)
    interval = words.say("interval", lower=shown["lower"], upper=shown["upper"])
    return Cell(value, Markup('<span class="interval">{}</span>').format(interval))


def segment_section(edition: ExperimentEdition, words: Wording) -> Section | None:
    """The first success metric within groups, after the test of whether they differ."""
    metric = edition.plan.success[0].metric
    pictures = segment_effects_picture(edition, words, metric)
    if not pictures:
        return None
    lines = [_interaction(words, row) for row in edition.select("interaction", metric=metric)]
    lead = words.say("segment_effects.lead", metric=words.metric(metric))
    heading = str(words.say("segment_effects.heading"))
    return Section("segments", heading, lead, [Text(lines, bullets=True), *pictures])


def _interaction(words: Wording, row: Row) -> Markup:
    segment = declared(words.segment(row.segment_name))
    if row.p_value is None:
        reason = words.no_estimate(row.reason or "not_measured")
        return words.say("segment_effects.interaction_none", segment=segment, reason=reason)
    p_value = words.figure(f"{row.ref}/p_value", "p", row.p_value)
    line = words.say("segment_effects.interaction", segment=segment, p=p_value)
    if "exploratory" in row.flags:
        line = words.say("segment_effects.marked", line=line)
    return line
