"""Which rows of a benchmark stand in which chart."""

from __future__ import annotations

from reports.charts import Chart, Point
from reports.context import BenchmarkEdition
from reports.interval_charts import Line, draw_lines
from reports.layout import Picture
from reports.results import Row
from reports.scales import scale_for
from reports.trend_charts import Trend, draw_small_trends, draw_trend
from reports.wording import Wording, plain


def headline_picture(edition: BenchmarkEdition, words: Wording) -> list[Picture]:
    """The headline over all waves; nothing where no wave has a level."""
    trend = _trend(edition, words, edition.headline, titled=False)
    if not _drawable(trend):
        return []
    mark = str(words.say("chart.break"))
    alt = plain(words.say("chart.trend_alt", metric=words.metric(edition.headline)))
    chart = Chart("headline-trend", alt, lambda size: draw_trend(trend, size, mark))
    caption = words.say(
        "chart.trend_caption",
        metric=words.metric(edition.headline),
        confidence=words.figure("/confidence", "percent"),
    )
    return [Picture(chart, caption)]


def small_trends(edition: BenchmarkEdition, words: Wording) -> list[Picture]:
    """Every other metric over all waves, as small multiples."""
    others = [metric for metric in edition.metrics_in_order if metric != edition.headline]
    found = [_trend(edition, words, metric, titled=True) for metric in others]
    trends = [trend for trend in found if _drawable(trend)]
    if not trends:
        return []
    alt = str(words.say("chart.trends_alt"))
    chart = Chart("all-trends", alt, lambda size: draw_small_trends(trends, size))
    return [Picture(chart, words.say("chart.trends_caption"))]


def segment_picture(edition: BenchmarkEdition, words: Wording) -> list[Picture]:
    """The headline by segment, now against before."""
    lines = [
        line
        for name in edition.segment_names
        for value in edition.values_of(name)
        for line in [_segment_line(edition, words, name, value)]
        if line.now.value is not None
    ]
    if not lines:
        return []
    unit = edition.metrics[edition.headline].unit
    largest = max(abs(line.now.value or 0) for line in lines)
    scale = scale_for(unit, largest, words.language)
    scaled = [_scaled(line, scale.factor) for line in lines]
    legend = (
        words.figure("/wave", "wave").text(),
        words.figure("/previous_wave", "wave").text(),
    )
    alt = plain(words.say("chart.segments_alt", metric=words.metric(edition.headline)))
    chart = Chart(
        "segments", alt, lambda size: draw_lines(scaled, size, scale=scale, legend=legend)
    )
    return [Picture(chart, words.say("chart.segments_caption"))]


def driver_picture(edition: BenchmarkEdition, words: Wording) -> list[Picture]:
    """The drivers' shares of the explained variance."""
    lines = [
        Line(
            words.in_language(driver),
            Point("", driver.importance, driver.lower, driver.upper),
            note=_rank_note(words, number),
        )
        for number, driver in enumerate(edition.drivers)
        if driver.importance is not None
    ]
    if not lines:
        return []
    scale = scale_for("rate", 1, words.language)
    scaled = [_scaled(line, 100) for line in lines]
    chart = Chart(
        "drivers",
        str(words.say("chart.drivers_alt")),
        lambda size: draw_lines(scaled, size, scale=scale, zero=True),
    )
    return [Picture(chart, words.say("chart.drivers_caption"))]


def for_mail(edition: BenchmarkEdition, words: Wording) -> list[Picture]:
    """The charts a mail carries."""
    return [*headline_picture(edition, words), *segment_picture(edition, words)]


def _rank_note(words: Wording, number: int) -> str:
    driver = f"/drivers/{number}"
    lower = words.figure(f"{driver}/rank_lower", "count")
    upper = words.figure(f"{driver}/rank_upper", "count")
    if lower.value is None or upper.value is None:
        return ""
    key = "chart.rank_single" if lower.value == upper.value else "chart.rank_note"
    return plain(words.say(key, lower=lower, upper=upper))


def _trend(edition: BenchmarkEdition, words: Wording, metric: str, *, titled: bool) -> Trend:
    rows = [edition.level(metric, wave) for wave in edition.waves]
    points = [
        _point(row, _wave_label(words, wave)) for row, wave in zip(rows, edition.waves, strict=True)
    ]
    largest = max((abs(p.value) for p in points if p.value is not None), default=0.0)
    scale = scale_for(edition.metrics[metric].unit, largest, words.language)
    waves = edition.waves
    breaks = [waves.index(m.wave) for m in edition.breaks_of(metric) if m.wave in waves]
    texts = [words.level(r).text() if r and r.estimate is not None else "" for r in rows[-2:]]
    return Trend(
        words.metric_text(metric) if titled else "",
        points,
        (texts[0] if len(texts) > 1 else "", texts[-1]),
        breaks,
        scale,
    )


def _wave_label(words: Wording, wave: str) -> str:
    year, half = wave[:4], wave[4:]
    if words.language == "ja":
        return f"{year}年\n{'1〜6月' if half == 'H1' else '7〜12月'}"
    return f"{half}\n{year}"


def _drawable(trend: Trend) -> bool:
    return any(point.value is not None for point in trend.points)


def _point(row: Row | None, label: str = "") -> Point:
    if row is None:
        return Point(label, None)
    return Point(label, row.estimate, row.lower, row.upper)


def _segment_line(edition: BenchmarkEdition, words: Wording, name: str, value: str) -> Line:
    where = {"segment_name": name, "segment_value": value}
    now = edition.find(edition.headline, "level", window=edition.wave, **where)
    before = edition.find(edition.headline, "level", window=edition.previous_wave, **where)
    change = edition.find(edition.headline, "change", window=edition.wave, **where)
    note = words.change(change).text() if change and change.estimate is not None else ""
    return Line(
        words.segment_value(name, value),
        _point(now),
        _point(before),
        note=note,
        group=words.segment(name),
    )


def _scaled(line: Line, factor: float) -> Line:
    def times(point: Point | None) -> Point | None:
        if point is None:
            return None
        values = [
            v * factor if v is not None else None for v in (point.value, point.lower, point.upper)
        ]
        return Point(point.label, *values)

    now = times(line.now)
    assert now is not None  # noqa: S101 - a line always has its first point
    return Line(line.label, now, times(line.before), line.note, line.marks, line.group)
