from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from ledger import Edition, Ledger

FILES = {
    "programme.yml": """\
name: {en: Acorn, ja: どんぐり}
timezone: Asia/Tokyo
currency: JPY
sender: cx@acorn.example
allowed_domains: [acorn.example]
roles:
  board: {title: {en: Board, ja: 取締役会}, language: ja}
""",
    "sources/shop.yml": """\
description: Orders and exposures as files
owner: data
system: {kind: files}
entities:
  orders:
    files: {pattern: "orders*.csv"}
    records:
      - record: order
        fields:
          order_id: id
          customer_id: customer
          kind: {const: purchase}
          amount: amount
          ordered_at: at
  exposures:
    files: {pattern: "exposures*.csv"}
    records:
      - record: exposure
        fields: {experiment_id: test, unit_id: unit, variant: arm, exposed_at: at}
""",
    "experiments/callback.yml": """\
title: {en: Callback, ja: 折り返し}
hypothesis: {en: Faster is better, ja: 速いほど良い}
owner: product
intervention: {en: Call back, ja: 電話}
status: running
starts_on: 2026-01-05
ends_on: 2026-03-31
window_days: 30
variants:
  control: {share: 0.5, is_control: true, description: {en: As before, ja: 従来}}
  fast: {share: 0.5, description: {en: Fast, ja: 迅速}}
success:
  - {metric: repeat_purchase_rate, alternative: increase, minimum_effect: 0.02}
""",
    "benchmarks/half_year.yml": """\
title: {en: Half-year, ja: 半期}
owner: insights
first_wave: 2025H1
metrics: [repeat_purchase_rate]
headline: repeat_purchase_rate
""",
    "reports/board.yml": """\
kind: benchmark
languages: [ja]
recipients: [board]
""",
}
ORDERS = """\
id,customer,amount,at
o1,c1,10,2026-01-05T10:00:00Z
o2,c2,20,yesterday
o3,c3,30,2026-01-07T10:00:00Z
"""
EDITION = Edition(
    edition_id="benchmark/half_year/2026H1/r1",
    kind="benchmark",
    subject="half_year",
    period="2026H1",
    revision=1,
    state="complete",
    as_of=date(2026, 7, 5),
    content_hash="c" * 64,
    inputs_hash="i" * 64,
    code_version="0.1.0",
    seed=1,
)


@dataclass
class Command:
    """`cxloop` on a small programme in a directory of its own."""

    root: Path

    @property
    def programme(self) -> Path:
        return self.root / "acorn"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(f"sqlite:///{self.home / 'ledger.db'}")

    def __call__(self, *arguments: str) -> Result:
        options = ["--programme", str(self.programme), "--home", str(self.home)]
        return CliRunner().invoke(app, [*options, *arguments])

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        result = self(*arguments, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)


@pytest.fixture
def cxloop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    for name in [name for name in os.environ if name.startswith(("CXLOOP_", "AIRFLOW"))]:
        monkeypatch.delenv(name)
    for name in ("CXLOOP_PROGRAMME", "CXLOOP_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "unset"))
    command = Command(tmp_path)
    for name, text in FILES.items():
        file = command.programme / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    systems = command.home / "systems"
    systems.mkdir(parents=True)
    (systems / "orders.csv").write_text(ORDERS)
    (systems / "exposures.csv").write_text("test,unit,arm,at\n")
    handlers = list(logging.getLogger().handlers)
    level = logging.getLogger().level
    logging.getLogger().handlers.clear()
    yield command
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


@pytest.fixture
def edition() -> Edition:
    return EDITION
