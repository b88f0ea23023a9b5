"""An experiment's readout as a page: the verdict, its effects, its plan, its data."""

from __future__ import annotations

from markupsafe import Markup

from programme.benchmarks import Company
from reports.context import ExperimentEdition
from reports.effects_section import effects_section, effects_table, segment_section
from reports.experiment_charts import effects_picture
from reports.layout import Block, Callout, Cell, Column, Page, Section, Table, TableRow, Text
from reports.notes import colophon, missing_table, state_callout
from reports.results import Arm, Check
from reports.verdict_words import verdict_banner
from reports.wording import Wording, declared, plain


def experiment_page(edition: ExperimentEdition, words: Wording, company: Company) -> Page:
    """Lay out an experiment's edition in one language; without a verdict no effect is shown."""
    say = words.say
    title = words.in_language(edition.plan.title)
    banner = verdict_banner(edition, words)
    shows_effects = edition.verdict.decision != "no_verdict"
    sections = [
        effects_section(edition, words) if shows_effects else None,
        plan_section(edition, words),
        checks_section(edition, words),
        segment_section(edition, words) if shows_effects else None,
        missing_section(edition, words) if shows_effects else None,
        method_section(edition, words),
    ]
    verdict = str(say(f"verdict.{edition.verdict.decision}"))
    return Page(
        kicker=f"{words.in_language(company.name)} · {say('experiment.kicker')}",
        title=title,
        subtitle=say("experiment.subtitle", **_dates(words)),
        facts=_facts(edition, words),
        state=state_callout(edition, words, beside=edition.verdict.reason),
        card=None,
        banner=banner,
        opening=rule_out(edition, words) if shows_effects else [],
        sections=[section for section in sections if section is not None],
        colophon=colophon(edition, words),
        subject=plain(say("experiment.mail_subject", title=title, verdict=verdict)),
        summary=[banner.sentence],
        mail_table=effects_table(edition, words, short=True)
        if shows_effects
        else checks_table(edition, words),
        mail_charts=effects_picture(edition, words) if shows_effects else [],
    )


def _dates(words: Wording) -> dict[str, object]:
    return {
        "first": words.figure("/plan/starts_on", "date"),
        "last": words.figure("/plan/ends_on", "date"),
    }


def _facts(edition: ExperimentEdition, words: Wording) -> list[tuple[str, Markup]]:
    say = words.say
    window = words.figure("/plan/window_days", "count")
    facts = [
        (str(say("fact.dates")), say("experiment.dates", **_dates(words))),
        (str(say("fact.window")), say("experiment.window", days=window)),
        (str(say("fact.as_of")), Markup("{}").format(words.figure("/as_of", "date"))),
    ]
    if edition.registered_on is not None:
        registered = Markup("{}").format(words.figure("/registered_on", "date"))
        facts.append((str(say("fact.registered")), registered))
    return facts


def rule_out(edition: ExperimentEdition, words: Wording) -> list[Block]:
    """Without a detected success: which effects the data still allow, and which they do not."""
    if edition.verdict.decision == "ship":
        return []
    rows = [
        row
        for item in edition.plan.success
        for row in edition.select("difference", metric=item.metric, segment_name="all")
        if None not in (row.estimate, row.lower, row.upper)
    ]
    lines = [
        words.say(
            "rule_out.line",
            metric=words.metric(row.metric),
            lower=words.change(row, "lower"),
            upper=words.change(row, "upper"),
        )
        for row in rows
    ]
    return [Callout(str(words.say("rule_out.heading")), lines)] if lines else []


# the plan ------------------------------------------------------------------------------------


def plan_section(edition: ExperimentEdition, words: Wording) -> Section:
    """What was promised, in which arms, and what differs from the promise."""
    say, plan = words.say, edition.plan
    lines = [
        say("plan.hypothesis", text=declared(words.in_language(plan.hypothesis))),
        say("plan.intervention", text=declared(words.in_language(plan.intervention))),
        say("plan.not_registered")
        if edition.registered_on is None
        else say(
            "plan.locked",
            date=words.figure("/registered_on", "date"),
            hash=words.figure("/plan_hash", "short_hash"),
        ),
    ]
    lines += [
        say("plan.amendments", text=declared(f"{item.date}: {item.what}"))
        for item in plan.amendments
    ]
    blocks: list[Block] = [Text(lines), _arms_table(edition, words), *_deviations(edition, words)]
    return Section("plan", str(say("plan.heading")), Markup(""), blocks)


def _arms_table(edition: ExperimentEdition, words: Wording) -> Table:
    say = words.say
    columns = [
        Column(str(say("column.arm")), "left"),
        Column(str(say("column.description")), "left"),
        Column(str(say("column.planned"))),
        Column(str(say("column.units"))),
    ]
    two = len(edition.arms) == 2
    rows = [
        _arm_row(arm, f"/arms/{number}", words, two=two) for number, arm in enumerate(edition.arms)
    ]
    return Table(columns, rows, say("plan.intention"))


def _arm_row(arm: Arm, ref: str, words: Wording, *, two: bool) -> TableRow:
    share = words.figure(f"{ref}/share", "percent", arm.share)
    units = words.figure(f"{ref}/n_units", "count", arm.n_units)
    description = arm.description_ja if words.language == "ja" else arm.description_en
    name, note = declared(arm.variant), Markup("")
    if two:
        name = words.say("column.control" if arm.is_control else "column.treatment")
    elif arm.is_control:
        note = words.say("plan.control")
    return TableRow(
        [
            Cell(name, note),
            Cell(declared(description)),
            Cell(Markup("{}").format(share)),
            Cell(Markup("–") if arm.n_units is None else Markup("{}").format(units)),
        ]
    )


def _deviations(edition: ExperimentEdition, words: Wording) -> list[Block]:
    heading = str(words.say("deviations.heading"))
    if not edition.deviations:
        return [Callout(heading, [words.say("deviations.none")])]
    lines = [
        words.say(
            "deviations.line",
            path=declared(item.path),
            registered=declared(_shown(item.registered)),
            now=declared(_shown(item.now)),
        )
        for item in edition.deviations
    ]
    return [Callout(heading, lines, strong=True)]


def _shown(value: object) -> str:
    return "–" if value is None else str(value)


# the data ------------------------------------------------------------------------------------


def checks_section(edition: ExperimentEdition, words: Wording) -> Section:
    """Whether the data may be read at all."""
    passed = all(check.passed for check in edition.checks)
    lead = words.say("checks.lead_passed" if passed else "checks.lead_failed")
    table = checks_table(edition, words)
    return Section("checks", str(words.say("checks.heading")), lead, [table])


def checks_table(edition: ExperimentEdition, words: Wording) -> Table:
    """Each check with what it saw and the threshold that was set for it."""
    say = words.say
    columns = [
        Column(str(say("column.check")), "left"),
        Column(str(say("column.outcome")), "left"),
        Column(str(say("column.saw"))),
        Column(str(say("column.threshold"))),
    ]
    rows = [_check_row(check, f"/checks/{i}", words) for i, check in enumerate(edition.checks)]
    return Table(columns, rows)


def _check_row(check: Check, ref: str, words: Wording) -> TableRow:
    say = words.say
    nothing = "reason" in check.values and check.p_value is None and check.passed
    key = "not_run" if nothing else "passed" if check.passed else "failed"
    saw, bar = Markup("–"), Markup("–")
    if check.p_value is not None:
        saw = say("checks.p", p=words.figure(f"{ref}/p_value", "p"))
        bar = say("checks.p_bar", p=words.figure(f"{ref}/threshold", "p_threshold"))
    elif "share" in check.values:
        saw = say("checks.share", share=words.figure(f"{ref}/values/share", "share"))
        bar = say("checks.share_bar", share=words.figure(f"{ref}/threshold", "percent"))
    tone = "bad" if key == "failed" else None
    outcome = Cell(say(f"checks.{key}"), tone="bad") if tone else Cell(say(f"checks.{key}"))
    return TableRow([Cell(say(f"check.{check.name}")), outcome, Cell(saw), Cell(bar)])


def missing_section(edition: ExperimentEdition, words: Wording) -> Section | None:
    """What could not be estimated, each with its reason."""
    rows = [row for row in edition.rows if row.reason is not None]
    shown = [row for row in rows if row.statistic in ("level", "difference", "interaction")]
    table = missing_table(edition, words, shown)
    if table is None:
        return None
    heading = str(words.say("missing.heading"))
    return Section("missing", heading, words.say("missing.lead"), [table])


def method_section(edition: ExperimentEdition, words: Wording) -> Section:
    """How to read the page: what is true of this one."""
    on = edition.registered_on
    registered = "registered" if on and on <= edition.plan.starts_on else "registered_late"
    shown = edition.rows if edition.verdict.decision != "no_verdict" else ()
    flags = {flag for row in shown for flag in row.flags}
    used = {"interval": bool(shown), "cuped": "cuped" in flags, registered: True}
    used["exploratory"] = "exploratory" in flags
    notes = [note for note, is_used in used.items() if is_used]
    lines = [words.say(f"method.experiment.{note}") for note in notes]
    return Section("method", str(words.say("method.heading")), Markup(""), [Text(lines, True)])
