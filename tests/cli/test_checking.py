from __future__ import annotations

import pytest

from analysis.errors import CatalogError

METRICS = {"repeat_purchase_rate": object()}


class Catalog:
    metrics = METRICS
    segments: dict[str, object] = {}  # noqa: RUF012 - a stand-in


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr("cli.checking.current_catalog", lambda _: Catalog)


def test_a_programme_that_holds_together(cxloop, known):
    result = cxloop("check")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "holds together" in result.stderr


def test_a_broken_file_is_told_with_line_and_mend(cxloop, known):
    file = cxloop.programme / "benchmarks/half_year.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("headline:", "headlin:"), "utf-8")
    result = cxloop("check")
    assert result.exit_code == 1
    assert (
        f"{file}:5: headlin: unknown key `headlin`. Mend: did you mean `headline`?" in result.stdout
    )
    assert "2 problems" in result.stderr


def test_an_unknown_metric_is_a_problem_as_data(cxloop, known):
    file = cxloop.programme / "benchmarks/half_year.yml"
    text = file.read_text(encoding="utf-8").replace("repeat_purchase_rate", "repeat_rate")
    file.write_text(text, encoding="utf-8")
    (problem,) = cxloop.json("check", exit_code=1)["problems"]
    assert problem == {
        "file": str(file),
        "line": 4,
        "where": "metrics.0",
        "what": "unknown metric `repeat_rate`",
        "mend": "did you mean `repeat_purchase_rate`?",
    }


def test_without_a_catalog_the_names_are_not_checked_and_it_says_so(cxloop, monkeypatch):
    def broken(_):
        raise CatalogError("no dbt manifest", "run dbt")

    monkeypatch.setattr("cli.checking.current_catalog", broken)
    result = cxloop("check")
    assert result.exit_code == 0
    assert "not checked: names of metrics and segments, because no dbt manifest" in result.stderr


def test_no_dbt_is_said_in_the_data(cxloop):
    found = cxloop.json("check", "--no-dbt")
    assert found["problems"] == []
    assert found["not_checked"] == ["names of metrics and segments (--no-dbt)"]


def test_the_demo_programme_holds_together_with_the_metrics_of_the_dbt_project(cxloop, monkeypatch):
    from cli.catalog import current_catalog
    from programme import Settings
    from programme.settings import REPOSITORY

    settings = Settings.from_environment({"CXLOOP_HOME": str(cxloop.home)})
    catalog = current_catalog(settings)
    assert len(catalog.metrics) >= 14
    for module in ("checking", "metrics"):
        monkeypatch.setattr(f"cli.{module}.current_catalog", lambda _: catalog)
    demo = str(REPOSITORY / "programme" / "demo")
    found = cxloop.json("--programme", demo, "check")
    assert found == {"programme": demo, "problems": [], "not_checked": []}
    rows = {row["metric"]: row for row in cxloop.json("metrics", "list")}
    assert rows["nps"]["unit"] == "points"
    assert cxloop.json("metrics", "show", "nps") == rows["nps"]
    shown = cxloop.json("--programme", demo, "metrics", "show", "nps", "--language", "ja")
    assert shown["label_ja"].startswith("ネットプロモータースコア")
    assert shown["denominator"]
    assert not [key for key in shown if key.endswith("_en")]
    asked = "question__relationship__value_for_price"
    assert asked not in rows
    listed = cxloop.json("--programme", demo, "metrics", "list", "--questions", "--language", "en")
    assert asked in {row["metric"] for row in listed}
    question = cxloop.json("--programme", demo, "metrics", "show", asked, "--language", "ja")
    assert question["label_ja"] == "料金の納得感"
    files = cxloop.json("--programme", demo, "metrics", "page")
    assert [file["page"].rsplit("/", 1)[1] for file in files] == [
        "metrics__en.html",
        "metrics__ja.html",
    ]
    result = cxloop("metrics", "show", "npz")
    assert result.exit_code == 1
    assert "did you mean `nps`?" in result.stderr
