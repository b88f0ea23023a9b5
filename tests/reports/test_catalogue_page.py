from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.catalog import Catalog, Definition, Metric, with_questions
from programme import load_programme
from programme.settings import REPOSITORY
from reports.catalogue_page import catalogue_page_html, write_catalogue_pages
from reports.wording import plain

NPS = Metric(
    metric="nps", kind="score", unit="points", direction="up", can_be_negative=True,
    minimum=-100.0, maximum=100.0, owner="customer_experience", version="1",
    valid_from="2010-01-01", label_en="Net Promoter Score", label_ja="ネットプロモータースコア",
    description_en="Promoters minus <detractors>.", description_ja="推奨者から批判者を引いた値。",
    fact="fct_survey_responses",
)  # fmt: skip
LATE = Metric(
    metric="late_delivery_rate", kind="proportion", unit="rate", direction="down",
    can_be_negative=False, minimum=0.0, maximum=1.0, owner="logistics", version="2",
    valid_from="2024-02-29", label_en="Late", label_ja="配送遅延率", description_en="Late ones.",
    description_ja="遅れた割合。", fact="fct_orders",
)  # fmt: skip
WAIT = Metric(
    metric="wait", kind="duration", unit="minutes", direction="down", can_be_negative=False,
    minimum=0.0, maximum=None, owner="night_desk", version="1", valid_from="2010-01-01",
    label_en="Wait", label_ja="待ち時間", description_en="Minutes.", description_ja="分。",
    fact="fct_interactions",
)  # fmt: skip
CATALOG = Catalog(
    {metric.metric: metric for metric in (NPS, LATE, WAIT)},
    {},
    {"nps": Definition("100 for a promoter.", "1 where known.")},
)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    programme = load_programme(REPOSITORY / "programme" / "demo")
    catalog = with_questions(CATALOG, programme.surveys)
    return {
        language: catalogue_page_html(catalog, programme, language) for language in ("en", "ja")
    }


def article(html: str, metric: str) -> str:
    found = re.search(rf'<article class="metric" id="{metric}">(.*?)</article>', html, re.DOTALL)
    assert found
    return " ".join(plain(re.sub("<(?=[a-z/])", " <", found[1])).split())


def test_a_metric_is_said_whole(pages) -> None:
    said = article(pages["en"], "nps")
    assert "Net Promoter Score nps Promoters minus <detractors>." in said
    assert "Possible values −100 to 100" in said
    assert "Version 1, since" in said
    assert "Numerator 100 for a promoter. Denominator 1 where known." in said
    assert "Breaks in the series" in said
    assert "Until October 2024" in said


def test_it_is_said_where_a_metric_is_used(pages) -> None:
    said = article(pages["en"], "late_delivery_rate")
    assert "Used in Benchmark: Half-yearly customer experience" in said
    assert "Used in" not in article(pages["en"], "nps")


def test_every_unit_has_its_range(pages) -> None:
    assert "0 to 100 %" in article(pages["en"], "late_delivery_rate")
    assert "0 以上" in article(pages["ja"], "wait")
    assert "1 to 7" in article(pages["en"], "question__onboarding_done__ces_question")


def test_an_owner_nobody_has_named_keeps_its_name(pages) -> None:
    assert "night desk" in article(pages["ja"], "wait")


def test_japanese_pages_speak_japanese(pages) -> None:
    said = article(pages["ja"], "late_delivery_rate")
    assert "配送遅延率 late_delivery_rate 遅れた割合。" in said
    assert "所管 物流部門" in said
    assert "2024年2月29日" in said


def test_questions_stand_under_their_survey(pages) -> None:
    assert "設問：総合満足度調査" in plain(pages["ja"])
    assert "question__relationship__value_for_price" in pages["en"]


def test_the_page_is_escaped_and_needs_no_network(pages) -> None:
    for html in pages.values():
        assert "&lt;detractors&gt;" in pages["en"]
        assert "<detractors>" not in html
        assert not re.findall(r"(src|href)=.?(https?:|//)|@import|<script", html)
        anchors = set(re.findall(r'href="#([^"]+)"', html))
        assert anchors <= set(re.findall(r'id="([^"]+)"', html))


def test_both_pages_are_written(tmp_path: Path) -> None:
    programme = load_programme(REPOSITORY / "programme" / "demo")
    files = write_catalogue_pages(CATALOG, programme, tmp_path / "reports")
    assert [file.name for file in files] == ["metrics__en.html", "metrics__ja.html"]
    first = [file.read_bytes() for file in files]
    assert [
        file.read_bytes()
        for file in write_catalogue_pages(CATALOG, programme, tmp_path / "reports")
    ] == first
