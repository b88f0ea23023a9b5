from __future__ import annotations

import logging
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from pypdf import PdfReader

from ledger import Ledger
from programme import Programme, Settings
from reports import fonts, pdf
from reports.composing import page_html, template_environment
from reports.errors import EditionUnreadableError, PdfUnavailableError, ReportError
from reports.rendering import RenderedReport, preview, render_due, render_edition
from tests.reports.conftest import Freeze, Lay
from tests.reports.fixtures import editions


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[RenderedReport]:
    from tests.reports.fixtures import company

    root = tmp_path_factory.mktemp("rendered")
    programme, settings = company.company(root), company.settings(root)
    editions.write(editions.small_benchmark("partial"), settings.editions)
    return render_edition(programme, settings, editions.BENCHMARK_ID)


def test_each_language_gets_a_page_and_a_pdf(rendered: list[RenderedReport]) -> None:
    assert [report.language for report in rendered] == ["ja", "en"]
    stem = "half_year_benchmark__customer_experience__2026H1-r1__ja"
    assert rendered[0].html.name == f"{stem}.html"
    assert rendered[0].pdf.read_bytes().startswith(b"%PDF-")
    assert rendered[0].content_hash == rendered[1].content_hash


def test_the_page_fetches_nothing(rendered: list[RenderedReport]) -> None:
    for report in rendered:
        text = report.html.read_text()
        sources = re.findall(r'(?:src|srcset|href|url)\s*[=(]\s*"?([^")\s]{1,60})', text)
        assert len(sources) > 3
        assert [source for source in sources if not source.startswith("data:")] == []
        assert report.html.stat().st_size < 1_500_000


def test_the_page_is_well_formed(rendered: list[RenderedReport]) -> None:
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in {"meta", "img", "source"}:
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    for report in rendered:
        reader = Tags()
        reader.feed(report.html.read_text())
        assert reader.open == []


def test_the_japanese_pdf_holds_japanese_in_an_embedded_font(
    rendered: list[RenderedReport],
) -> None:
    reader = PdfReader(rendered[0].pdf)
    text = "".join(page.extract_text() for page in reader.pages)
    assert "顧客体験ベンチマーク" in text
    assert "信頼区間" in text
    fonts = [
        part.get_object()
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
        for part in font.get_object().get("/DescendantFonts", [])
    ]
    assert any("IPAex" in str(font["/BaseFont"]) for font in fonts)
    assert all("/FontFile" in "".join(font["/FontDescriptor"].keys()) for font in fonts)
    assert reader.metadata is not None
    assert "顧客体験ベンチマーク" in str(reader.metadata.title)
    assert reader.trailer["/Root"]["/Lang"] == "ja"


def test_rendering_again_gives_the_same_bytes(
    rendered: list[RenderedReport], programme: Programme, settings: Settings
) -> None:
    editions.write(editions.small_benchmark("partial"), settings.editions)
    again = render_edition(programme, settings, editions.BENCHMARK_ID)
    for first, second in zip(rendered, again, strict=True):
        assert first.html.read_bytes() == second.html.read_bytes()
        assert first.pdf.read_bytes() == second.pdf.read_bytes()


def test_a_no_verdict_report_shows_no_effect(lay: Lay) -> None:
    page = lay(editions.experiment("no_verdict")).html
    assert "No verdict" in page
    assert "Customers split between the arms as planned" in page
    assert 'id="effects"' not in page
    assert 'id="chart-' not in page


def test_a_null_says_what_it_rules_out(lay: Lay) -> None:
    page = lay(editions.experiment("null")).html
    assert "What the data rule out" in page
    assert "is ruled out" in page


def test_unadjusted_effects_stand_beside_the_headline(lay: Lay) -> None:
    page = lay(editions.experiment("ship")).html
    assert ">Unadjusted</th>" in page
    assert "exploratory" in page
    assert "no worse than" in page


def test_text_from_outside_is_escaped_everywhere(lay: Lay) -> None:
    content = editions.experiment("ship")
    evil = "<script>alert('x')</script>"
    content["plan"]["title"]["en"] = evil
    content["plan"]["amendments"][0]["what"] = evil
    content["metrics"]["csat_top_two_rate"]["label_en"] = evil
    content["segments"]["country"]["label_en"] = evil
    content["arms"][0]["description_en"] = evil
    content["deviations"][0]["now"] = {"x": evil}
    html = lay(content).html
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 6


def test_an_undefined_name_in_a_template_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        template_environment().from_string("{{ nobody.knows }}").render()


def test_a_missing_edition_names_its_file(programme: Programme, settings: Settings) -> None:
    with pytest.raises(EditionUnreadableError, match=r"benchmark__x__2026H1__r1.edition\.json"):
        render_edition(programme, settings, "benchmark/x/2026H1/r1")


def test_a_damaged_edition_is_named(programme: Programme, settings: Settings) -> None:
    file = editions.write(editions.small_benchmark(), settings.editions)
    file.write_text('{"kind": "benchmark"}')
    with pytest.raises(EditionUnreadableError, match="not a readable edition"):
        render_edition(programme, settings, editions.BENCHMARK_ID)


def test_an_edition_without_a_report_says_what_to_declare(
    programme: Programme, settings: Settings
) -> None:
    editions.write(editions.small_benchmark(), settings.editions)
    bare = type(programme)(**{**vars(programme), "reports": {}})
    with pytest.raises(ReportError, match="no report is declared for benchmark"):
        render_edition(bare, settings, editions.BENCHMARK_ID)


def test_missing_pango_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(PdfUnavailableError, match=r"apt-get install libpango-1\.0-0"):
        pdf.library()


def test_preview_writes_a_mail_and_claims_nothing(
    programme: Programme, settings: Settings, ledger: Ledger, freeze: Freeze
) -> None:
    written = preview(programme, settings, freeze(editions.experiment("no_verdict")))
    assert [item.problems for item in written] == [[], []]
    assert all(item.mail.suffix == ".eml" and item.mail.is_file() for item in written)
    assert ledger.outbox() == []


def test_render_due_takes_every_frozen_edition(
    programme: Programme, settings: Settings, ledger: Ledger, freeze: Freeze
) -> None:
    freeze(editions.experiment("no_verdict"))
    found = render_due(programme, settings, ledger)
    assert sorted(report.language for report in found) == ["en", "ja"]
    assert all(Path(report.pdf).is_file() for report in found)


def test_font_cutting_is_silent_under_a_root_logger_that_keeps_everything(
    lay: Lay, caplog: pytest.LogCaptureFixture
) -> None:
    composed = lay(editions.experiment("no_verdict"), "ja")
    fonts._face.cache_clear()
    with caplog.at_level(logging.DEBUG):
        pdf.write_pdf(page_html(composed, "pdf"), "identifier")
    told = {record.name.split(".")[0] for record in caplog.records if record.levelno < 30}
    assert told == set()


def test_only_what_is_true_of_a_test_is_said_of_its_method(lay: Lay) -> None:
    shown, hidden = (lay(editions.experiment(name)).html for name in ("ship", "no_verdict"))
    assert "adjusted for each customer’s behaviour" in shown
    assert "adjusted for each customer’s behaviour" not in hidden
    assert "exploratory" not in hidden


def test_two_arms_are_called_by_their_part(lay: Lay) -> None:
    page = lay(editions.experiment("ship"), "ja").html
    assert "対照群" in page
    assert ">control<" not in page
