from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from cli.demo.company import CompanyFiles, generate
from cli.demo.company.calendar import NEVER, tokyo_text, utc_text


def contents(files: CompanyFiles) -> dict[str, str]:
    return {
        path.relative_to(files.directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files.directory.rglob("*")
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(small: CompanyFiles, tmp_path: Path) -> None:
    again = generate(tmp_path / "again", customers=1_500)
    assert len(contents(small)) == 45
    assert contents(again) == contents(small)


def test_another_seed_gives_another_company(small: CompanyFiles, tmp_path: Path) -> None:
    other = contents(generate(tmp_path / "other", customers=1_500, seed=7))
    same = [name for name, digest in contents(small).items() if other[name] == digest]
    assert same == []


def test_a_finished_company_is_left_alone(tmp_path: Path) -> None:
    files = generate(tmp_path, customers=600)
    files.crm.write_bytes(b"touched")
    generate(tmp_path, customers=600)
    assert files.crm.read_bytes() == b"touched"


def test_an_unfinished_company_is_generated_anew(tmp_path: Path) -> None:
    files = generate(tmp_path, customers=600)
    before = contents(files)
    files.marker.unlink()
    files.crm.write_bytes(b"half a file")
    (files.surveys / "left_over.csv").write_text("x")
    generate(tmp_path, customers=600)
    assert contents(files) == before


def test_other_parameters_replace_the_company(tmp_path: Path) -> None:
    generate(tmp_path, customers=600)
    assert generate(tmp_path, customers=700).truth()["counts"]["customers"] == 700


def test_files_of_others_in_the_directory_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    generate(tmp_path, customers=600)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_too_few_customers_are_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 600"):
        generate(tmp_path, customers=10)


def test_instants_are_written_on_the_clock_they_claim() -> None:
    instants = np.array([1_778_461_200, NEVER])
    assert utc_text(instants).tolist() == ["2026-05-11T01:00:00Z", ""]
    assert tokyo_text(instants, separator="/").tolist() == ["2026/05/11 10:00:00", ""]
