"""The sections of a benchmark page after its headline."""

from __future__ import annotations

from markupsafe import Markup

from reports import benchmark_charts as pictures
from reports.cells import EMPTY, change_cell, count_cell, level_cell
from reports.context import BenchmarkEdition
from reports.judgement import strip_of, tone_of
from reports.layout import Block, Callout, Cell, Column, Definitions, Section, Table, TableRow, Text
from reports.notes import missing_table
from reports.results import Coverage, Driver
from reports.wording import Wording, declared


def scorecard_section(edition: BenchmarkEdition, words: Wording) -> Section:
    """All metrics with level, change, their intervals and the number of answers."""
    table = scorecard_table(edition, words, edition.metrics_in_order)
    return Section(
        "scorecard", str(words.say("scorecard.heading")), words.say("scorecard.lead"), [table]
    )


def scorecard_table(
    edition: BenchmarkEdition, words: Wording, metrics: list[str], *, short: bool = False
) -> Table:
    """One row a metric; ``short`` leaves out what a mail has no room for."""
    say = words.say
    columns = [
        Column(str(say("column.metric")), "left"),
        Column(str(say("column.level"))),
        Column(str(say("column.change"))),
    ]
    if not short:
        columns += [Column(str(say("column.better")), "centre"), Column(str(say("column.n")))]
    columns.append(Column(str(say("column.reading")), "left"))
    rows = [_scorecard_row(edition, words, metric, short=short) for metric in metrics]
    confidence = words.figure("/confidence", "percent")
    key = "scorecard.caption_short" if short else "scorecard.caption"
    caption = say(key, confidence=confidence)
    if any("break_in_series" in row.flags for row in edition.select("change")):
        caption = Markup(" ").join([caption, say("scorecard.caption_break")])
    return Table(columns, rows, caption)


def _scorecard_row(
    edition: BenchmarkEdition, words: Wording, metric: str, *, short: bool
) -> TableRow:
    entry = edition.metrics[metric]
    level, change = edition.level(metric), edition.change(metric)
    tone = tone_of(change, entry)
    better = words.say("direction.down") if entry.direction == "down" else Markup("")
    cells = [
        Cell(words.metric(metric), better),
        level_cell(level, words),
        change_cell(change, words),
    ]
    if not short:
        cells.append(Cell(Markup(""), tone=tone, strip=strip_of(change, entry)))
        cells.append(count_cell(level, words))
    cells.append(Cell(words.say(f"tone.{tone}"), tone=tone))
    return TableRow(cells)


def trends_section(edition: BenchmarkEdition, words: Wording) -> Section | None:
    """Every metric but the headline over all waves."""
    found = pictures.small_trends(edition, words)
    if not found:
        return None
    heading = str(words.say("trends.heading"))
    return Section("trends", heading, words.say("trends.lead"), found)


def segments_section(edition: BenchmarkEdition, words: Wording) -> Section | None:
    """The headline metric by customer segment, now and before."""
    names = edition.segment_names
    if not names:
        return None
    say = words.say
    rows = []
    for name in names:
        rows.append(TableRow([Cell(declared(words.segment(name)))], heading=True))
        rows += [_segment_row(edition, words, name, value) for value in edition.values_of(name)]
    columns = [
        Column(str(say("column.segment")), "left"),
        Column(str(say("column.share"))),
        Column(str(say("column.level"))),
        Column(str(say("column.change"))),
        Column(str(say("column.n"))),
        Column(str(say("column.reading")), "left"),
    ]
    caption = say("segments.caption", confidence=words.figure("/confidence", "percent"))
    blocks: list[Block] = [*pictures.segment_picture(edition, words), Table(columns, rows, caption)]
    lead = say("segments.lead", metric=words.metric(edition.headline))
    return Section("segments", str(say("segments.heading")), lead, blocks)


def _segment_row(edition: BenchmarkEdition, words: Wording, name: str, value: str) -> TableRow:
    metric, where = edition.headline, {"segment_name": name, "segment_value": value}
    level = edition.find(metric, "level", window=edition.wave, **where)
    change = edition.find(metric, "change", window=edition.wave, **where)
    share = edition.find(metric, "share", window=edition.wave, **where)
    tone = tone_of(change, edition.metrics[metric])
    shown = EMPTY
    if share is not None and share.estimate is not None:
        figure = words.figure(f"{share.ref}/estimate", "share", share.estimate)
        shown = Cell(Markup("{}").format(figure))
    return TableRow(
        [
            Cell(declared(words.segment_value(name, value))),
            shown,
            level_cell(level, words),
            change_cell(change, words),
            count_cell(level, words),
            Cell(words.say(f"tone.{tone}"), tone=tone),
        ]
    )


def drivers_section(edition: BenchmarkEdition, words: Wording) -> Section | None:
    """Which ratings go with the outcome, ranked, with what that does not prove."""
    say = words.say
    heading = str(say("drivers.heading"))
    caution = Callout(str(say("drivers.caution_heading")), [say("drivers.caution")])
    if not edition.drivers:
        if "reason" not in edition.driver_fit:
            return None
        reason = words.no_estimate(str(edition.driver_fit["reason"]))
        return Section("drivers", heading, say("drivers.none", reason=reason), [])
    columns = [
        Column(str(say("column.rank"))),
        Column(str(say("column.driver")), "left"),
        Column(str(say("column.importance"))),
        Column(str(say("column.rank_interval"))),
        Column(str(say("column.rating"))),
    ]
    rows = [_driver_row(driver, f"/drivers/{i}", words) for i, driver in enumerate(edition.drivers)]
    lead = say("drivers.lead")
    if "r_squared" in edition.driver_fit:
        lead = say(
            "drivers.lead_fit",
            r_squared=words.figure("/driver_fit/r_squared", "percent_rounded"),
            n=words.figure("/driver_fit/n", "count"),
        )
    blocks: list[Block] = [*pictures.driver_picture(edition, words), Table(columns, rows), caution]
    return Section("drivers", heading, lead, blocks)


def _driver_row(driver: Driver, ref: str, words: Wording) -> TableRow:
    def show(field: str, form: str) -> Markup:
        value = getattr(driver, field)
        return (
            Markup("–")
            if value is None
            else Markup("{}").format(words.figure(f"{ref}/{field}", form))
        )

    name = declared(words.in_language(driver))
    if driver.importance is None:
        reason = words.no_estimate(driver.reason or "not_measured")
        return TableRow([EMPTY, Cell(name), Cell(Markup("–"), reason), EMPTY, EMPTY])
    bounds = words.say("interval", lower=show("lower", "share"), upper=show("upper", "share"))
    key = "rank_single" if driver.rank_lower == driver.rank_upper else "rank_interval"
    ranks = words.say(key, lower=show("rank_lower", "count"), upper=show("rank_upper", "count"))
    return TableRow(
        [
            Cell(show("rank", "count")),
            Cell(name),
            Cell(show("importance", "share"), bounds),
            Cell(ranks),
            Cell(show("mean", "score")),
        ]
    )


def breaks_section(edition: BenchmarkEdition, words: Wording) -> Section | None:
    """Where a series must not be read across."""
    if not edition.breaks:
        return None
    lines = [
        words.say(
            "breaks.line" if mark.segment_name == "all" else "breaks.line_scoped",
            date=words.figure(f"/breaks/{i}/date", "date"),
            what=words.say(f"break.{mark.what}"),
            note=words.note(mark),
            segment=declared(words.segment(mark.segment_name)),
            value=declared(words.segment_value(mark.segment_name, mark.segment_value)),
        )
        for i, mark in enumerate(edition.breaks)
    ]
    heading = str(words.say("breaks.heading"))
    return Section("breaks", heading, words.say("breaks.lead"), [Text(lines, bullets=True)])


def missing_section(edition: BenchmarkEdition, words: Wording) -> Section | None:
    """What could not be estimated, each with its reason."""
    missing = [row for row in edition.rows if row.reason is not None]
    totals = {
        (row.metric, row.statistic, row.window) for row in missing if row.segment_name == "all"
    }
    # where everybody together has no estimate, the segments need not be listed one by one
    shown = [
        row
        for row in missing
        if row.segment_name == "all" or (row.metric, row.statistic, row.window) not in totals
    ]
    table = missing_table(edition, words, shown)
    if table is None:
        return None
    heading = str(words.say("missing.heading"))
    return Section("missing", heading, words.say("missing.lead"), [table])


def method_section(edition: BenchmarkEdition, words: Wording) -> Section:
    """How to read the page, where the data came from, and what each metric means."""
    say = words.say
    known = ["interval", "weights", "many", "frozen"]
    if any("waves_treated_as_independent" in row.flags for row in edition.select("change")):
        known.insert(2, "independent")
    notes = [say(f"method.benchmark.{note}") for note in known]
    glossary = [
        (words.metric(metric), declared(words.description(metric)))
        for metric in edition.metrics_in_order
    ]
    columns = [
        Column(str(say("column.source")), "left"),
        Column(str(say("column.load_date"))),
        Column(str(say("column.landed"))),
        Column(str(say("column.quarantined"))),
    ]
    rows = [_coverage_row(c, f"/coverage/{i}", words) for i, c in enumerate(edition.coverage)]
    blocks: list[Block] = [Text(notes, bullets=True)]
    if rows:
        blocks.append(Table(columns, rows, say("coverage.caption"), compact=True))
    blocks.append(Definitions(glossary))
    return Section("method", str(say("method.heading")), Markup(""), blocks)


def _coverage_row(coverage: Coverage, ref: str, words: Wording) -> TableRow:
    def show(field: str, form: str) -> Cell:
        if getattr(coverage, field) is None:
            return EMPTY
        return Cell(Markup("{}").format(words.figure(f"{ref}/{field}", form)))

    return TableRow(
        [
            Cell(declared(coverage.source)),
            show("load_date", "date"),
            show("landed", "count"),
            show("quarantined", "count"),
        ]
    )
