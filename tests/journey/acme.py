"""A company of one CSV file, small enough to be broken in every way."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.journey.conftest import REPOSITORY, smtp_connection

DECLARATIONS = {
    "programme.yml": """\
name: {en: "Acme", ja: "アクメ"}
timezone: Europe/Berlin
currency: EUR
sender: cx@acme.example
allowed_domains: [acme.example]
roles:
  leadership: {title: {en: "Leadership", ja: "経営層"}, language: en}
""",
    "surveys/shop.yml": """\
title: {en: "After the visit", ja: "ご来店後"}
owner: retail
is_relational: false
touchpoint: shop
journey_stage: purchase
questions:
  satisfaction:
    kind: csat
    scale_min: 1
    scale_max: 5
    is_high_good: true
    wording: {en: "How satisfied were you?", ja: "どのくらいご満足いただけましたか。"}
""",
    "sources/answers.yml": """\
description: Answers of the shop's tablet, a file a month.
owner: data_engineering
system: {kind: files}
timezone: Europe/Berlin
entities:
  answers:
    files: {pattern: "answers*.csv"}
    records:
      - record: feedback
        survey: shop
        question: satisfaction
        fields:
          response_id: id
          customer_id: customer
          score: score
          responded_at: when
          version: when
""",
    "benchmarks/shop_half_year.yml": """\
title: {en: "Shop benchmark", ja: "店舗ベンチマーク"}
owner: insights
first_wave: 2025H1
metrics: [csat_top_two_rate, csat_mean]
headline: csat_top_two_rate
""",
    "reports/board.yml": """\
kind: benchmark
subjects: [shop_half_year]
languages: [en]
recipients: [leadership]
""",
}


@dataclass
class Acme:
    """The company's programme, its data and its home, each in a directory of its own."""

    programme: Path
    data: Path
    home: Path
    smtp_port: int = 1

    @classmethod
    def found(cls, place: Path) -> Acme:
        """Write the declarations and two half-years of answers."""
        acme = cls(place / "acme", place / "data", place / "home")
        for name, text in DECLARATIONS.items():
            file = acme.programme / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        acme.data.mkdir()
        acme.write("answers_2025h1.csv", month="2025-03", count=120)
        acme.write("answers_2025h2.csv", month="2025-09", count=140)
        acme.home.mkdir()
        book = acme.home / "addresses.yml"
        book.write_text("leadership: [board@acme.example]\n", encoding="utf-8")
        return acme

    def write(self, name: str, *, month: str, count: int) -> Path:
        """A file of answers with scores from 1 to 5 in turn."""
        rows = [
            f"{month}-{n},c{n},{n % 5 + 1},{month}-{n % 28 + 1:02d}T12:00:00" for n in range(count)
        ]
        file = self.data / name
        file.write_text("id,customer,score,when\n" + "\n".join(rows) + "\n", encoding="utf-8")
        return file

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in a declaration; it must be there."""
        file = self.programme / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def cxloop(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command, as a person at a terminal would give it."""
        environment = os.environ | {
            "CXLOOP_DATA_ROOT": str(self.data),
            "CXLOOP_ADDRESS_BOOK": str(self.home / "addresses.yml"),
            "CXLOOP_MAIL_JOURNAL": str(self.home / "mail"),
            "AIRFLOW_CONN_SMTP_DEFAULT": smtp_connection(self.smtp_port),
        }
        command = [sys.executable, "-W", "ignore", "-m", "cli"]
        command += ["--programme", str(self.programme), "--home", str(self.home), *arguments]
        return subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The whole loop for 10 January 2026."""
        return self.cxloop("run", "--as-of", "2026-01-10", *arguments)
