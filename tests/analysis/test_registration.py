from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analysis.canonical import sha256
from analysis.registration import (
    data_changes,
    deviations,
    plan_text,
    register_experiments,
    registered_plan,
)
from ledger import Ledger, Registration

from .test_editions import programme_of
from .worlds import plan


def registered() -> Registration:
    text = plan_text(plan())
    return Registration("callback", sha256(text.encode()), text, date(2026, 1, 1))


def test_status_and_amendments_are_not_locked() -> None:
    amended = plan(status="running", amendments=[{"date": "2026-02-01", "what": "x"}])
    assert plan_text(amended) == plan_text(plan())
    assert deviations(registered(), amended) == []
    assert registered_plan(registered(), amended) == amended


def test_every_changed_leaf_is_listed() -> None:
    moved = deviations(registered(), plan(alpha=0.1, pre_period_days=30))
    assert moved == [
        {"path": "alpha", "registered": 0.05, "now": 0.1},
        {"path": "pre_period_days", "registered": 60, "now": 30},
    ]
    assert data_changes(moved) == ["pre_period_days"]


def test_shares_define_the_data_and_descriptions_do_not() -> None:
    words = {"en": "x", "ja": "あ"}
    variants = {
        "usual": {"share": 0.6, "is_control": True, "description": {"en": "new", "ja": "あ"}},
        "callback": {"share": 0.4, "description": words},
    }
    moved = deviations(registered(), plan(variants=variants))
    assert {item["path"] for item in moved} == {
        "variants.usual.share", "variants.callback.share", "variants.usual.description.en",
    }  # fmt: skip
    assert set(data_changes(moved)) == {"variants.usual.share", "variants.callback.share"}


def test_the_order_of_arms_survives() -> None:
    assert list(registered_plan(registered(), plan()).variants) == ["usual", "callback"]


def test_the_first_registration_stands(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    first = programme_of(tmp_path / "a", {"callback": plan(), "idea": plan(status="draft")})
    assert register_experiments(first, ledger, as_of=date(2026, 1, 1)) == ["callback"]
    later = programme_of(tmp_path / "b", {"callback": plan(alpha=0.2)})
    assert register_experiments(later, ledger, as_of=date(2026, 2, 1)) == ["callback"]
    kept = ledger.registration("callback")
    assert kept is not None
    assert kept.registered_on == date(2026, 1, 1)
    assert kept.plan_hash == sha256(plan_text(plan()).encode())
    assert ledger.registration("idea") is None
    assert deviations(kept, later.experiments["callback"])[0]["now"] == pytest.approx(0.2)
