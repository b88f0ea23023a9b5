"""What goes wrong for a company that brings its own data: a message with the mend, and recovery."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.journey.acme import Acme
from tests.journey.conftest import mail_server

pytestmark = pytest.mark.journey


@pytest.fixture
def acme(tmp_path: Path) -> Acme:
    return Acme.found(tmp_path)


def answers(acme: Acme) -> int:
    with duckdb.connect(str(acme.home / "warehouse" / "cxloop.duckdb"), read_only=True) as found:
        row = found.execute(
            "select count(*) from cx.fct_survey_responses where csat_mean_denominator > 0"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_misspelt_key_is_named_with_its_line(acme: Acme) -> None:
    acme.edit("benchmarks/shop_half_year.yml", "headline:", "haedline:")
    said = acme.cxloop("check")
    assert said.returncode == 1
    assert "shop_half_year.yml:5" in said.stderr + said.stdout
    assert "did you mean `headline`" in said.stderr + said.stdout
    assert acme.run().returncode == 1
    acme.edit("benchmarks/shop_half_year.yml", "haedline:", "headline:")
    assert acme.cxloop("check").returncode == 0


def test_yaml_that_is_none_is_named_with_its_line(acme: Acme) -> None:
    acme.edit("reports/board.yml", "kind: benchmark", "kind: [benchmark")
    said = acme.cxloop("check")
    assert said.returncode == 1
    assert "board.yml:" in said.stderr + said.stdout


def test_an_unknown_metric_is_named_with_its_line(acme: Acme) -> None:
    acme.edit("benchmarks/shop_half_year.yml", "csat_mean]", "csat_maen]")
    said = acme.cxloop("check")
    assert said.returncode == 1
    assert "shop_half_year.yml:4" in said.stderr + said.stdout
    assert "csat_mean" in said.stderr + said.stdout


def test_a_missing_column_is_named_and_the_next_run_recovers(acme: Acme) -> None:
    file = acme.data / "answers_2025h2.csv"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace("customer,score", "customer,points"), encoding="utf-8")
    said = acme.run()
    assert said.returncode == 1
    assert "answers_2025h2.csv" in said.stderr
    assert "`score`" in said.stderr
    assert "Mend" in said.stderr
    file.write_text(whole, encoding="utf-8")
    assert acme.run().returncode == 0
    assert answers(acme) == 260


def test_a_text_score_goes_to_quarantine_and_comes_back_when_mended(acme: Acme) -> None:
    file = acme.data / "answers_2025h2.csv"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace("c7,3,", "c7,very good,"), encoding="utf-8")
    assert acme.run().returncode == 0
    assert answers(acme) == 259
    assert "no finite number" in acme.cxloop("quarantine", "list").stdout
    shown = acme.cxloop("quarantine", "show", "feedback", "--json")
    (refused,) = json.loads(shown.stdout)
    assert refused["column"] == "score"
    assert refused["value"] == "very good"
    acme.edit(
        "sources/answers.yml",
        "score: score",
        'score: {column: score, recode: {"very good": 5}, recode_other: keep}',
    )
    assert acme.run().returncode == 0
    assert answers(acme) == 260


def test_a_file_that_comes_twice_counts_once(acme: Acme) -> None:
    shutil.copy(acme.data / "answers_2025h1.csv", acme.data / "answers_copy.csv")
    assert acme.run().returncode == 0
    assert answers(acme) == 260
    assert acme.run().returncode == 0
    assert answers(acme) == 260


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk_is_named_and_the_next_run_recovers(acme: Acme, small_disk: Path) -> None:
    shutil.copy(acme.home / "addresses.yml", small_disk / "addresses.yml")
    acme.home = small_disk
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (2 * 1024 * 1024 - 200_000))
    said = acme.run()
    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    assert "space" in said.stderr
    assert "Mend" in said.stderr
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    assert acme.run().returncode == 0
    assert answers(acme) == 260


def test_a_mail_server_that_is_down_is_named_and_the_next_run_sends(acme: Acme) -> None:
    said = acme.run("--send")
    assert said.returncode == 1
    assert "127.0.0.1:1" in said.stderr
    assert "Mend" in said.stderr
    with mail_server(acme.home / "mail") as server:
        acme.smtp_port = server.port
        assert acme.run("--send").returncode == 0
        assert acme.run("--send").returncode == 0
        assert len(server.messages()) == 1
        assert server.messages()[0]["To"] == "board@acme.example"


def test_a_domain_that_is_not_allowed_gets_nothing(acme: Acme) -> None:
    book = acme.home / "addresses.yml"
    book.write_text("leadership: [someone@elsewhere.example]\n", encoding="utf-8")
    with mail_server(acme.home / "mail") as server:
        acme.smtp_port = server.port
        said = acme.run("--send")
        assert said.returncode == 1
        assert "elsewhere.example" in said.stderr + said.stdout
        assert server.messages() == []
