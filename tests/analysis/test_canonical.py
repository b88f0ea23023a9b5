from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analysis import canonical
from analysis.canonical import (
    canonical_json,
    code_version,
    rows_hash,
    seed_of,
    sha256,
    sources_hash,
    write_atomically,
)
from analysis.warehouse import MultipleExposureRow, UnitCountRow


def test_equal_content_has_equal_bytes() -> None:
    first = canonical_json({"b": [1.5, None], "a": {"ja": "顧客", "x": date(2026, 7, 5)}})
    assert first == canonical_json({"a": {"x": date(2026, 7, 5), "ja": "顧客"}, "b": [1.5, None]})
    assert first.decode().endswith("}\n")
    assert "顧客" in first.decode()


def test_floats_keep_every_digit() -> None:
    assert b"0.1" in canonical_json([0.1])
    assert b"0.30000000000000004" in canonical_json([0.1 + 0.2])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_does_not_hold_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json([value])
    with pytest.raises(TypeError, match="no canonical form"):
        canonical_json([object()])


def test_rows_hash_ignores_order_but_not_content() -> None:
    rows = [UnitCountRow("e", "a", date(2026, 1, 1), 3), MultipleExposureRow("e", 1)]
    assert rows_hash(rows) == rows_hash(rows[::-1])
    assert rows_hash(rows) != rows_hash(rows[:1])


def test_seed_is_the_start_of_the_names_hash() -> None:
    assert seed_of("benchmark/x/2026H1/r1") == int(sha256(b"benchmark/x/2026H1/r1")[:8], 16)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "edition.json"
    write_atomically(file, b"one")
    write_atomically(file, b"two")
    assert file.read_bytes() == b"two"
    assert [entry.name for entry in file.parent.iterdir()] == ["edition.json"]


def test_code_version_follows_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version, _, digest = code_version().partition("+")
    assert version
    assert len(digest) == 12
    monkeypatch.setattr(canonical, "REPOSITORY", tmp_path)
    (tmp_path / "analysis").mkdir()
    before = sources_hash("analysis")
    (tmp_path / "analysis" / "note.txt").write_text("no source")
    assert sources_hash("analysis") == before
    (tmp_path / "analysis" / "x.py").write_text("x = 1")
    assert sources_hash("analysis") != before
