from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from analysis.catalog import read_catalog, with_questions
from analysis.errors import CatalogError
from programme.surveys import Survey

META: dict[str, Any] = {
    "metric": "nps", "kind": "score", "unit": "points", "direction": "up",
    "can_be_negative": True, "minimum": -100, "maximum": 100, "owner": "insights", "version": 1,
    "valid_from": "2023-07-01", "label_en": "NPS", "label_ja": "NPS", "description_en": "d",
    "description_ja": "d",
}  # fmt: skip
MANIFEST: dict[str, Any] = {
    "nodes": {
        "model.cxloop.fct_survey_responses": {
            "name": "fct_survey_responses",
            "resource_type": "model",
            "columns": {
                "nps_numerator": {"name": "nps_numerator", "config": {"meta": META}},
                "nps_denominator": {"name": "nps_denominator", "config": {"meta": {}}},
                "plan": {
                    "name": "plan",
                    "meta": {"segment": "plan", "label_en": "Plan", "label_ja": "プラン"},
                },
            },
        },
        "test.cxloop.x": {"name": "x", "resource_type": "test", "columns": {}},
    }
}


def written(tmp_path: Path, manifest: Any) -> Path:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest), encoding="utf-8")
    return file


def changed(**meta: Any) -> dict[str, Any]:
    manifest = copy.deepcopy(MANIFEST)
    columns = manifest["nodes"]["model.cxloop.fct_survey_responses"]["columns"]
    columns["nps_numerator"]["config"]["meta"].update(meta)
    return manifest


def test_metrics_and_segments_come_from_meta(tmp_path: Path) -> None:
    found = read_catalog(written(tmp_path, MANIFEST))
    nps = found.metrics["nps"]
    assert (nps.minimum, nps.maximum, nps.version) == (-100.0, 100.0, "1")
    assert nps.is_survey
    assert nps.scale.bounds == (-100.0, 100.0)
    assert nps.as_dict()["fact"] == "fct_survey_responses"
    assert found.segments["plan"].label_ja == "プラン"


def test_an_open_scale_stays_open(tmp_path: Path) -> None:
    scale = read_catalog(written(tmp_path, changed(maximum=None))).metrics["nps"].scale
    assert scale.bounds is None
    assert scale.clip(-200.0, 900.0) == (-100.0, 900.0)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no dbt manifest"):
        read_catalog(tmp_path / "manifest.json")
    manifest = changed()
    meta = manifest["nodes"]["model.cxloop.fct_survey_responses"]["columns"]["nps_numerator"]
    del meta["config"]["meta"]["direction"]
    with pytest.raises(CatalogError, match=r"fct_survey_responses\.nps_numerator .* direction"):
        read_catalog(written(tmp_path, manifest))


def test_the_column_carries_the_metrics_name(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="name the column `enps_numerator`"):
        read_catalog(written(tmp_path, changed(metric="enps")))


def test_one_metric_has_one_fact(tmp_path: Path) -> None:
    manifest = changed()
    node = copy.deepcopy(manifest["nodes"]["model.cxloop.fct_survey_responses"])
    manifest["nodes"]["model.cxloop.fct_other"] = {**node, "name": "fct_other"}
    with pytest.raises(CatalogError, match="defined on fct_other and on fct_survey_responses"):
        read_catalog(written(tmp_path, manifest))


def test_every_scored_question_is_a_metric_on_its_own_scale(tmp_path: Path) -> None:
    scale = {"scale_min": 1, "scale_max": 7, "is_high_good": False}
    asked = Survey.model_validate(
        {
            "title": {"en": "After setting up", "ja": "初期設定後アンケート"},
            "owner": "product",
            "is_relational": False,
            "touchpoint": "onboarding",
            "journey_stage": "use",
            "questions": {
                "effort": {"kind": "ces", **scale, "wording": {"en": "Hard?", "ja": "難しさ"}},
                "why": {"kind": "comment", "wording": {"en": "Why?", "ja": "理由"}},
            },
        }
    )
    found = with_questions(read_catalog(written(tmp_path, MANIFEST)), {"onboarding": asked})
    assert sorted(found.metrics) == ["nps", "question__onboarding__effort"]
    effort = found.metrics["question__onboarding__effort"]
    assert (effort.minimum, effort.maximum, effort.direction, effort.unit) == (1, 7, "up", "score")
    assert effort.is_survey
    assert effort.owner == "product"
    assert effort.description_en == (
        "Mean answer (1–7) in “After setting up”. The scale is turned, so that high is good."
    )
    assert effort.description_ja.startswith(
        "「初期設定後アンケート」での回答の平均値（1–7）。設問の向きが逆"
    )
