"""The half-year benchmark as a page: what leads, what follows, which sentence stands where."""

from __future__ import annotations

from markupsafe import Markup

from programme.benchmarks import Company
from reports import benchmark_charts as pictures
from reports.benchmark_sections import (
    breaks_section,
    drivers_section,
    method_section,
    missing_section,
    scorecard_section,
    scorecard_table,
    segments_section,
    trends_section,
)
from reports.context import BenchmarkEdition
from reports.judgement import tone_of
from reports.layout import (
    Block,
    Card,
    Page,
    Text,
    Tone,
)
from reports.notes import colophon, state_callout
from reports.wording import Wording, plain


def benchmark_page(edition: BenchmarkEdition, words: Wording, company: Company) -> Page:
    """Lay out a benchmark edition in one language."""
    say = words.say
    card = headline_card(edition, words)
    charts = pictures.for_mail(edition, words)
    sections = [
        scorecard_section(edition, words),
        trends_section(edition, words),
        segments_section(edition, words),
        drivers_section(edition, words),
        breaks_section(edition, words),
        missing_section(edition, words),
        method_section(edition, words),
    ]
    title = words.in_language(edition.title)
    now = words.figure("/wave", "wave")
    return Page(
        kicker=words.in_language(company.name),
        title=title,
        subtitle=say(
            "benchmark.subtitle", wave=now, previous=words.figure("/previous_wave", "wave")
        ),
        facts=_facts(edition, words),
        state=state_callout(edition, words),
        card=card,
        banner=None,
        opening=[*pictures.headline_picture(edition, words), *_glance(edition, words)],
        sections=[section for section in sections if section is not None],
        colophon=colophon(edition, words),
        subject=plain(
            say(
                "benchmark.mail_subject",
                title=title,
                wave=now.text(),
                change=_short(edition, words),
            )
        ),
        summary=[card.sentence, *_glance_lines(edition, words)],
        mail_table=scorecard_table(edition, words, edition.metrics_in_order, short=True),
        mail_charts=charts,
    )


def _facts(edition: BenchmarkEdition, words: Wording) -> list[tuple[str, Markup]]:
    say = words.say
    period = say(
        "benchmark.period",
        first=words.figure("/wave", "half_year_first"),
        last=words.figure("/wave", "half_year_last"),
    )
    return [
        (str(say("fact.period")), period),
        (str(say("fact.as_of")), Markup("{}").format(words.figure("/as_of", "date"))),
        (str(say("fact.state")), say(f"state.{edition.state}")),
    ]


def _short(edition: BenchmarkEdition, words: Wording) -> str:
    """The headline's level and change as the mail's subject shows them."""
    level, change = edition.level(edition.headline), edition.change(edition.headline)
    label = words.metric_text(edition.headline)
    if level is None or level.estimate is None:
        return label
    text = f"{label} {words.level(level).text()}"
    if change is None or change.estimate is None:
        return text
    moved = words.change(change).text()
    return f"{text} ({moved})" if words.language == "en" else f"{text}（{moved}）"


# headline ------------------------------------------------------------------------------------


def change_sentence(edition: BenchmarkEdition, words: Wording, metric: str) -> Markup:
    """What happened to a metric, in one sentence with its interval."""
    level, change = edition.level(metric), edition.change(metric)
    label = words.metric(metric)
    if level is None or level.estimate is None:
        reason = level.reason if level is not None and level.reason else "not_measured"
        return words.say("headline.no_level", metric=label, reason=words.no_estimate(reason))
    values = {
        "metric": label,
        "now": words.level(level),
    }
    confidence = words.figure("/confidence", "percent")
    before = edition.level(metric, edition.previous_wave)
    if change is None or change.estimate is None or before is None or not change.has_interval:
        reason = change.reason if change is not None and change.reason else "not_measured"
        return words.say(
            "headline.no_change_estimate",
            **values,
            ci=words.confidence_interval(words.interval(level), confidence),
            reason=words.no_estimate(reason),
        )
    tone = tone_of(change, edition.metrics[metric])
    moved = "flat" if tone == "flat" else "rose" if change.estimate > 0 else "fell"
    return words.say(
        f"headline.{moved}",
        **values,
        before=words.level(before),
        change=words.change(change),
        ci=words.confidence_interval(words.interval(change, "change"), confidence),
    )


def headline_card(edition: BenchmarkEdition, words: Wording) -> Card:
    """The headline metric, large."""
    level, change = edition.level(edition.headline), edition.change(edition.headline)
    shown = level is not None and level.estimate is not None
    moved = change is not None and change.estimate is not None
    confidence = words.figure("/confidence", "percent")
    empty = Markup("–")
    return Card(
        label=words.metric(edition.headline),
        value=Markup("{}").format(words.level(level)) if shown and level else empty,
        interval=words.say("ci", confidence=confidence, interval=words.interval(level))
        if shown and level
        else empty,
        change=Markup("{}").format(words.change(change)) if moved and change else empty,
        change_interval=words.say(
            "ci", confidence=confidence, interval=words.interval(change, "change")
        )
        if moved and change
        else empty,
        sentence=change_sentence(edition, words, edition.headline),
        tone=tone_of(change, edition.metrics[edition.headline]),
    )


def _glance_lines(edition: BenchmarkEdition, words: Wording) -> list[Markup]:
    groups: dict[Tone, list[str]] = {"good": [], "bad": [], "flat": [], "none": []}
    for metric in edition.metrics_in_order:
        groups[tone_of(edition.change(metric), edition.metrics[metric])].append(metric)
    comma = words.say("separator")
    return [
        words.say(f"glance.{tone}", metrics=comma.join(words.metric(m) for m in metrics))
        for tone, metrics in groups.items()
        if metrics
    ]


def _glance(edition: BenchmarkEdition, words: Wording) -> list[Block]:
    return [Text(_glance_lines(edition, words), bullets=True)]
