from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FILES = {
    "programme.yml": """\
name: {en: Acorn, ja: どんぐり}
timezone: Asia/Tokyo
currency: JPY
sender: cx@acorn.example
allowed_domains:
  - acorn.example
segments: [country]
roles:
  board:
    title: {en: Board, ja: 取締役会}
    language: ja
""",
    "sources/shop.yml": """\
description: Shop database and survey tool
owner: data_engineering
system:
  kind: rest
  base_url: http://127.0.0.1:8080
  auth:
    kind: bearer
    token: ${env:SHOP_TOKEN}
timezone: Asia/Tokyo
entities:
  answers:
    rest:
      path: /answers
      data_selector: items
    records:
      - record: feedback
        survey: relationship
        question: recommend
        fields:
          response_id: id
          score:
            column: nps
          responded_at:
            column: at
            timezone: Asia/Tokyo
    checks:
      - record: feedback
        expectation: expect_column_values_to_be_between
        kwargs: {column: score, min_value: 0, max_value: 10}
  exposures:
    rest:
      path: /exposures
      data_selector: items
    records:
      - record: exposure
        fields:
          experiment_id: test
          unit_id: customer
          variant: arm
          exposed_at: at
""",
    "surveys/relationship.yml": """\
title: {en: Relationship, ja: 関係調査}
owner: insights
is_relational: true
touchpoint: relationship
journey_stage: use
questions:
  recommend:
    kind: nps
    scale_min: 0
    scale_max: 10
    is_high_good: true
    wording: {en: Would you recommend us?, ja: お勧めしますか}
  price:
    kind: rating
    scale_min: 1
    scale_max: 5
    is_high_good: true
    drives: recommend
    wording: {en: Price, ja: 価格}
breaks:
  - question: price
    date: 2025-04-01
    what: wording
    note: {en: Reworded, ja: 文言変更}
""",
    "experiments/callback.yml": """\
title: {en: Callback, ja: 折り返し}
hypothesis: {en: Faster is better, ja: 速いほど良い}
owner: product
intervention: {en: Call back in an hour, ja: 一時間以内に電話}
status: running
starts_on: 2026-01-05
ends_on: 2026-03-31
window_days: 30
variants:
  control:
    share: 0.5
    is_control: true
    description: {en: As before, ja: 従来}
  fast:
    share: 0.5
    description: {en: Within an hour, ja: 一時間以内}
success:
  - metric: nps
    alternative: increase
    minimum_effect: 3
guardrails:
  - metric: cost
    harm: increase
    margin: 1
secondary:
  - csat_mean
segments:
  - country
""",
    "benchmarks/half_year.yml": """\
title: {en: Half-year, ja: 半期}
owner: insights
first_wave: 2025H1
metrics:
  - nps
  - csat_mean
headline: nps
segments:
  - country
weight_by:
  - country
drivers:
  survey: relationship
  outcome: recommend
""",
    "health/customers.yml": """\
title: {en: Health, ja: 健全性}
owner: success
components:
  voice:
    title: {en: Voice, ja: 声}
    metric: nps
    window_days: 365
    max_age_days: 180
    weight: 2
    worst: -100
    best: 100
caps:
  - component: voice
    below: 25
    score_at_most: 40
    title: {en: Detractor, ja: 批判者}
levels:
  risk: {score_from: 0, title: {en: Risk, ja: 要対応}}
  well: {score_from: 50, title: {en: Well, ja: 良好}}
""",
    "reports/board.yml": """\
kind: benchmark
subjects:
  - half_year
languages: [ja]
recipients:
  - board
""",
}


class Edited:
    """A valid programme in a directory, in which tests break one thing at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return file

    def replace(self, name: str, old: str, new: str) -> tuple[Path, int]:
        """Edit the one occurrence of ``old``; the file and the line of the edit's last line."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        before = text[: text.index(old)]
        file = self.write(name, text.replace(old, new))
        return file, (before + new.rstrip("\n")).count("\n") + 1


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    return Edited(tmp_path / "acorn")


@pytest.fixture
def programme_files() -> Callable[[], dict[str, str]]:
    return lambda: dict(FILES)
