"""A marketplace and a hospital survey through extraction and landing.

Small look-alikes run everywhere; the real files, where they are at hand, must give the figures that
were published about them.
"""

from __future__ import annotations

import gzip
import os
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from connectors.extraction import extract
from connectors.landing import LandSummary, land
from connectors.records import RECORDS
from programme import Settings, load_programme
from tests.connectors.conftest import FakeLedger

REPOSITORY = Path(__file__).resolve().parents[2]
OLIST_DAY = date(2018, 11, 1)
NHS_DAY = date(2023, 1, 5)


def run(name: str, data_root: Path, home: Path, day: date) -> tuple[Settings, LandSummary]:
    environment = {
        "CXLOOP_PROGRAMME": str(REPOSITORY / "tests" / "programmes" / name),
        "CXLOOP_HOME": str(home),
        "CXLOOP_DATA_ROOT": str(data_root),
    }
    settings = Settings.from_environment(environment)
    programme = load_programme(settings.programme_dir)
    (source,) = programme.sources
    extract(programme, settings, source, load_date=day, run_id="test")
    return settings, land(programme, settings, FakeLedger(), source, run_id="test")  # type: ignore[arg-type]


def raw(settings: Settings, record: str, day: date) -> pd.DataFrame:
    (path,) = (settings.lake / "raw" / record).glob(f"source=*/load_date={day}/part-0.parquet")
    rows = pq.ParquetFile(path).read().to_pandas()
    return rows.sort_values([*RECORDS[record].key, "version"], ignore_index=True)


def shared_data() -> Path:
    default = REPOSITORY.parent / "shared"
    found = Path(os.environ.get("CXLOOP_SHARED", str(default))) / "data"
    if not found.is_dir():
        pytest.skip("no shared data here: set CXLOOP_SHARED to the directory that holds data/")
    return found


def zipped(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def test_a_look_alike_of_the_marketplace(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "olist" / "linked_8k"
    zipped(
        folder / "olist_customers_dataset.csv.gz",
        "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n"
        "k1,p1,01310,sao paulo,SP\n",
    )
    zipped(
        folder / "olist_orders_dataset.csv.gz",
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
        "order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date\n"
        "o1,k1,delivered,2017-10-01 10:00:00,,,2017-10-16 23:30:00,2017-10-15 00:00:00\n"
        "o2,k1,canceled,2017-10-02 10:00:00,,,,2017-10-15 00:00:00\n"
        "o3,k1,teleported,2017-10-02 10:00:00,,,,2017-10-15 00:00:00\n",
    )
    zipped(
        folder / "olist_order_reviews_dataset.csv.gz",
        "review_id,order_id,review_score,review_comment_title,review_comment_message,"
        "review_creation_date,review_answer_timestamp\n"
        'r1,o1,2,,"Chegou tarde\ne aberto",2017-10-17 00:00:00,2017-10-18 10:00:00\n'
        "r1,o2,2,,,2017-10-17 00:00:00,2017-10-18 10:00:00\n"
        "r2,o1,,,,2017-10-17 00:00:00,2017-10-18 10:00:00\n",
    )
    settings, summary = run("olist", tmp_path / "data", tmp_path / "home", OLIST_DAY)
    orders = raw(settings, "order", OLIST_DAY)
    assert dict(zip(orders["order_id"], orders["design_weight"], strict=True)) == {
        "o1": pytest.approx(96478 / 5172),
        "o2": 1.0,
    }
    assert str(orders["promised_at"][0]) == "2017-10-15 00:00:00+00:00", "no DST gap eats a promise"
    feedback = raw(settings, "feedback", OLIST_DAY)
    assert list(feedback["response_id"]) == ["r1-o1", "r1-o1", "r1-o2"]
    assert list(feedback["comment"].dropna()) == ["Chegou tarde\ne aberto"]
    assert raw(settings, "customer", OLIST_DAY)["region"][0] == "SP"
    assert (summary.counts.landed, summary.counts.quarantined) == (6, 2)
    assert summary.counts.reconciles


def test_a_look_alike_of_the_hospital_survey(tmp_path: Path) -> None:
    head = "Comment ID,Trust,Respondent ID,Date,FFT categorical answer,FFT answer\n"
    zipped(
        tmp_path / "data" / "nhs_fft_comments" / "v6framework_230831.csv.gz",
        head
        + "c1,NEAS,r1,10/17/2021,1,Kind\nc2,NEAS,r1,17/10/2021,1,Did not answer\n"
        + "c3,NEAS,r2,02/12/2021,5,\nc4,NHFT,r3,30/06/2022,7,Why\nc5,NHFT,r4,31/06/2022,2,x\n"
        + "c6,NHFT,r5,01/07/2022,9,y\n",
    )
    settings, summary = run("nhs_fft", tmp_path / "data", tmp_path / "home", NHS_DAY)
    feedback = raw(settings, "feedback", NHS_DAY)
    scores = feedback[feedback["kind"] == "csat"].set_index("response_id")
    assert scores["score"].dropna().to_dict() == {"r1": 1.0, "r2": 5.0}
    assert list(scores.index) == ["r1", "r2", "r3"], "7 is no answer, and an answer given"
    assert not scores["is_high_good"].any()
    assert scores["responded_at"].dt.strftime("%Y-%m-%d").to_dict() == {
        "r1": "2021-10-17",
        "r2": "2021-12-02",
        "r3": "2022-06-30",
    }
    comments = feedback[feedback["kind"] == "comment"]["response_id"]
    assert sorted(comments) == ["c1", "c4", "c6"]
    counts = summary.counts
    assert (counts.duplicate, counts.not_applicable, counts.quarantined) == (1, 2, 3)


def test_the_marketplaces_published_figures(tmp_path: Path) -> None:
    settings, summary = run("olist", shared_data(), tmp_path, OLIST_DAY)
    feedback = raw(settings, "feedback", OLIST_DAY).drop(columns="design_weight")
    reviews = feedback[feedback["kind"] == "csat"].merge(
        raw(settings, "order", OLIST_DAY)[["order_id", "design_weight"]], on="order_id"
    )
    weighted = (reviews["score"] * reviews["design_weight"]).sum() / reviews["design_weight"].sum()
    assert len(reviews) == 8225
    assert reviews["score"].mean() == pytest.approx(3.27, abs=0.005)
    assert weighted == pytest.approx(4.067, abs=0.0005)
    halves = reviews["responded_at"].dt.year * 2 + (reviews["responded_at"].dt.month > 6)
    assert list(halves.value_counts().sort_index()) == [69, 1219, 2498, 3245, 1194]
    assert (summary.counts.quarantined, summary.counts.duplicate) == (0, 0)


def test_the_hospital_surveys_published_figures(tmp_path: Path) -> None:
    settings, summary = run("nhs_fft", shared_data(), tmp_path, NHS_DAY)
    feedback = raw(settings, "feedback", NHS_DAY)
    answers = feedback[(feedback["kind"] == "csat") & feedback["score"].notna()].copy()
    assert len(answers) == 4227
    answers["is_positive"] = answers["score"] <= 2
    assert answers["is_positive"].mean() == pytest.approx(0.853, abs=0.0005)
    when = answers["responded_at"].dt
    answers["wave"] = when.year.astype(str) + "H" + (1 + (when.month > 6)).astype(str)
    table = answers.groupby(["business_unit", "wave"])["is_positive"].agg(["mean", "size"])
    published = {
        ("NEAS", "2021H1"): (0.739, 46),
        ("NEAS", "2021H2"): (0.820, 671),
        ("NEAS", "2022H1"): (0.888, 1450),
        ("NEAS", "2022H2"): (0.876, 748),
        ("NHFT", "2021H1"): (0.820, 61),
        ("NHFT", "2021H2"): (0.826, 778),
        ("NHFT", "2022H1"): (0.814, 473),
    }
    assert set(table.index) == set(published)
    for cell, (share, count) in published.items():
        assert table.loc[cell, "size"] == count
        assert table.loc[cell, "mean"] == pytest.approx(share, abs=0.0006)
    assert summary.counts.quarantined == 0
