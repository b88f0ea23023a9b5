from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ledger import Ledger
from programme import Programme, Settings
from programme.base import Words
from reports import rendering, written
from reports.deliver import deliver_due
from reports.rendering import render_due, render_edition
from tests.reports.conftest import Freeze, Post
from tests.reports.fixtures import editions


@pytest.fixture
def edition_id(freeze: Freeze) -> str:
    return freeze(editions.experiment("no_verdict"))


@pytest.fixture
def layouts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The languages in which a page was laid out on paper, in order."""
    seen: list[str] = []
    real = rendering.write_pdf

    def counted(html: str, identifier: str) -> bytes:
        seen.append("ja" if '<html lang="ja">' in html else "en")
        return real(html, identifier)

    monkeypatch.setattr(rendering, "write_pdf", counted)
    return seen


def test_a_second_rendering_writes_nothing(
    programme: Programme, settings: Settings, ledger: Ledger, edition_id: str, layouts: list[str]
) -> None:
    first = render_due(programme, settings, ledger)
    stamps = [file.stat().st_mtime_ns for file in sorted(settings.reports.iterdir())]
    assert render_due(programme, settings, ledger) == first
    assert layouts == ["ja", "en"]
    assert [file.stat().st_mtime_ns for file in sorted(settings.reports.iterdir())] == stamps


def test_what_was_changed_or_lost_is_written_again(
    programme: Programme, settings: Settings, edition_id: str, layouts: list[str]
) -> None:
    japanese, english = render_edition(programme, settings, edition_id)
    pages = [japanese.html.read_bytes(), english.pdf.read_bytes()]
    layouts.clear()
    japanese.html.write_text("somebody wrote over it")
    render_edition(programme, settings, edition_id)
    english.pdf.unlink()
    render_edition(programme, settings, edition_id)
    assert layouts == ["ja", "en"]
    assert [japanese.html.read_bytes(), english.pdf.read_bytes()] == pages
    japanese.sidecar.write_text("{")
    render_edition(programme, settings, edition_id)
    assert layouts == ["ja", "en", "ja"]


def test_another_edition_name_or_code_makes_files_stale(
    programme: Programme, settings: Settings, edition_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = render_edition(programme, settings, edition_id)[0]
    maker = written.maker_of(programme)
    assert written.is_current(rendered, maker)
    other = dataclasses.replace(rendered, content_hash="0" * 64)
    assert not written.is_current(other, maker)
    named = programme.company.model_copy(update={"name": Words(en="Another", ja="別の会社")})
    assert written.maker_of(dataclasses.replace(programme, company=named)) != maker
    monkeypatch.setattr(written, "_room", lambda: "other code")
    assert written.maker_of(programme) != maker


def test_the_maker_covers_code_templates_and_words(
    programme: Programme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers = set()
    monkeypatch.setattr(written, "_ROOM", tmp_path / "room")
    for name in ("pages.py", "templates/page.css", "locale/ja.yml"):
        file = tmp_path / "room" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("something")
        written._room.cache_clear()
        makers.add(written.maker_of(programme))
    written._room.cache_clear()
    assert len(makers) == 3


def test_delivery_attaches_the_page_that_stands(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str,
    layouts: list[str],
) -> None:  # fmt: skip
    rendered = render_due(programme, settings, ledger)
    layouts.clear()
    deliver_due(programme, settings, ledger, post.smtp)
    assert layouts == []
    attached = {
        part.get_payload(decode=True)
        for mail in post.parsed
        for part in mail.walk()
        if part.get_content_type() == "application/pdf"
    }
    assert attached == {report.pdf.read_bytes() for report in rendered}


def test_delivery_alone_writes_what_is_missing(
    programme: Programme, settings: Settings, ledger: Ledger, post: Post, edition_id: str,
    layouts: list[str],
) -> None:  # fmt: skip
    deliver_due(programme, settings, ledger, post.smtp)
    assert sorted(layouts) == ["en", "ja"]
    render_due(programme, settings, ledger)
    assert sorted(layouts) == ["en", "ja"]
