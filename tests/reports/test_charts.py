from __future__ import annotations

import io

import pytest
from matplotlib.figure import Figure
from PIL import Image

from reports.charts import Chart, Point, Size, text_width, wrapped
from reports.errors import BlankChartError, MissingGlyphError
from reports.interval_charts import Line, draw_lines
from reports.layout import Picture
from reports.scales import scale_for
from reports.trend_charts import _runs
from tests.reports.conftest import Lay
from tests.reports.fixtures import editions


def pictures(lay: Lay, language: str = "ja") -> list[Picture]:
    page = lay(editions.benchmark(), language).page
    blocks = [*page.opening, *(block for section in page.sections for block in section.blocks)]
    return [block for block in blocks if isinstance(block, Picture)]


def test_charts_are_drawn_the_same_way_twice(lay: Lay) -> None:
    first, second = pictures(lay), pictures(lay)
    assert len(first) == 4
    for one, other in zip(first, second, strict=True):
        assert one.chart.svg("wide") == other.chart.svg("wide")
    assert first[0].chart.png() == second[0].chart.png()


def test_a_chart_holds_ink_and_outlined_letters(lay: Lay) -> None:
    chart = pictures(lay)[0].chart
    assert "<text" not in chart.svg("wide")
    assert "<text" in chart.svg("wide", outlined=False)
    image = Image.open(io.BytesIO(chart.png())).convert("RGB")
    accent = sum(1 for pixel in image.get_flattened_data() if pixel == (11, 90, 112))
    assert image.width == 1152
    assert accent > 200


def test_a_chart_carries_no_date(lay: Lay) -> None:
    svg = pictures(lay)[0].chart.svg("wide")
    assert "dc:date" not in svg
    assert "matplotlib.org" not in svg


def test_a_blank_chart_is_an_error() -> None:
    def draw(size: Size) -> Figure:
        lines = [Line("x", Point("", None))]
        return draw_lines(lines, size, scale=scale_for("points", 1, "en"))

    with pytest.raises(BlankChartError, match="chart `empty`"):
        Chart("empty", "", draw).svg("wide")


def test_a_missing_glyph_is_an_error() -> None:
    def draw(size: Size) -> Figure:
        lines = [Line("한국어", Point("", 1.0, 0.5, 1.5))]
        return draw_lines(lines, size, scale=scale_for("points", 1, "en"))

    with pytest.raises(MissingGlyphError, match="chart `korean`"):
        Chart("korean", "", draw).png()


def test_a_line_stops_at_a_break_and_at_a_missing_wave() -> None:
    known = Point("", 1.0)
    assert _runs([known] * 5, [3]) == [(0, 3), (3, 5)]
    assert _runs([known, Point("", None), known, known], []) == [(2, 4)]


def test_long_labels_wrap_in_both_scripts() -> None:
    text = "How satisfied are you with the way we handled your enquiry last time"
    assert "\n" in wrapped(text, 8.5, 2.3)
    assert wrapped(text, 8.5, 2.3).replace("\n", " ") == text
    ja = "前回のお問い合わせに対する当社の対応にどの程度満足していますか"
    assert wrapped(ja, 8.5, 2.3).replace("\n", "") == ja
    assert "\n" in wrapped(ja, 8.5, 2.3)


def test_japanese_breaks_before_its_brackets_and_into_lines_alike() -> None:
    assert wrapped("顧客満足度の平均（5点満点）", 8, 1.3) == "顧客満足度の平均\n（5点満点）"
    assert wrapped("Repeat purchase within 90 days", 8, 1.5) == "Repeat purchase\nwithin 90 days"
    assert wrapped("配送遅延率", 8, 1.5) == "配送遅延率"


def test_a_text_is_as_wide_as_the_font_draws_it() -> None:
    assert text_width("顧客", 72) == pytest.approx(2.0)
    assert text_width("WWW", 72) > 1.5 > text_width("iii", 72)
    assert text_width("a\n顧客", 72) == pytest.approx(2.0)
