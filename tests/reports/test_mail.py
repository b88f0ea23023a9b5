from __future__ import annotations

import email
import re
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest

from programme.base import Words
from reports.mail import Envelope, build_mail, mail_html, mail_text, message_id
from tests.reports.conftest import Lay
from tests.reports.fixtures import editions

AT = datetime(2026, 7, 5, 9, 0, tzinfo=UTC)
ENVELOPE = Envelope(
    "CX <cx@hoshi-home.example>", "tanaka@hoshi-home.example", Words(en="Board", ja="取締役会"), AT
)


def parsed(lay: Lay, language: str = "ja") -> EmailMessage:
    built = build_mail(lay(editions.small_benchmark(), language), b"%PDF-1", ENVELOPE)
    found = email.message_from_bytes(built.as_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_mail_has_text_html_charts_and_the_pdf(lay: Lay) -> None:
    mail = parsed(lay)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
        "application/pdf",
    ]
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == ["customer_experience_2026H1-r1_ja.pdf"]


def test_the_subject_tells_the_result(lay: Lay) -> None:
    japanese = parsed(lay)["Subject"]
    assert japanese == "【顧客体験ベンチマーク】2026年1〜6月期：NPS(推奨度) 28.3（+4.2）"
    english = parsed(lay, "en")["Subject"]
    assert english == "Customer experience benchmark, H1 2026: Net Promoter Score 28.3 (+4.2)"


def test_every_image_in_the_html_is_in_the_mail(lay: Lay) -> None:
    mail = parsed(lay)
    html = mail.get_body(("html",))
    assert html is not None
    used = set(re.findall(r'src="cid:([^"]+)"', html.get_content()))
    given = {str(part["Content-ID"]).strip("<>") for part in mail.walk() if part["Content-ID"]}
    assert len(used) == 2
    assert used == given
    assert "http" not in re.sub(r"<!DOCTYPE[^>]*>", "", html.get_content())
    # all styles are inlined; what stays is what a phone overrides
    styles = re.findall(r"<style>(.*?)</style>", html.get_content(), flags=re.S)
    assert [style.strip().split("{")[0] for style in styles] == ["@media (max-width:520px)"]
    assert 'class="big"' in html.get_content()
    assert re.search(r'<p class="big" style="[^"]*font-size: ?52px', html.get_content())


def test_the_plain_text_stands_alone(lay: Lay) -> None:
    text = mail_text(lay(editions.experiment("ship"), "ja"), ENVELOPE)
    assert "判定: 展開する" in text
    assert "+3.6ポイント" in text
    assert "<" not in text


def test_the_message_id_is_stable_and_one_per_recipient() -> None:
    def of(edition_id: str, name: str) -> str:
        return message_id(edition_id, f"{name}@hoshi-home.example", "cx@hoshi-home.example")

    one = of("benchmark/x/2026H1/r1", "A")
    assert one == of("benchmark/x/2026H1/r1", "a")
    assert one != of("benchmark/x/2026H1/r2", "a")
    assert one != of("benchmark/x/2026H1/r1", "b")
    assert re.fullmatch(r"<[0-9a-f]{40}@hoshi-home\.example>", one)


def test_the_same_mail_is_the_same_bytes(lay: Lay) -> None:
    composed = lay(editions.experiment("ship"))
    first = build_mail(composed, b"%PDF-1", ENVELOPE).as_bytes()
    assert first == build_mail(composed, b"%PDF-1", ENVELOPE).as_bytes()


@pytest.mark.parametrize("place", ["title", "metric"])
def test_text_from_outside_is_escaped_in_the_mail(lay: Lay, place: str) -> None:
    content = editions.experiment("ship")
    evil = "<img src=x onerror=alert(1)>"
    if place == "title":
        content["plan"]["title"]["en"] = evil
    else:
        content["metrics"]["csat_top_two_rate"]["label_en"] = evil
    assert "<img src=x" not in mail_html(lay(content), ENVELOPE)


def test_a_line_end_in_a_title_cannot_forge_a_header(lay: Lay) -> None:
    content = editions.experiment("no_verdict")
    content["plan"]["title"]["en"] = "Result\r\nBcc: everybody@elsewhere.example"
    mail = build_mail(lay(content), b"%PDF-1", ENVELOPE)
    assert mail["Bcc"] is None
    assert "\n" not in str(mail["Subject"])


def test_a_phone_gets_its_own_table_and_no_word_is_broken(lay: Lay) -> None:
    content = editions.benchmark()
    content["metrics"]["csat_top_two_rate"]["label_ja"] = "満足層の割合（上位2段階）"
    html = mail_html(lay(content, "ja"), ENVELOPE)
    assert "@media (max-width:520px)" in html
    assert re.search(r'<span class="keep"[^>]*>（上位2段階）</span>', html)
    assert "&lt;span" not in html
