"""Consumer complaints: no ids, repeated rows, a dispute that many could not yet raise.

The figures are those of the data's README; what it does not publish is counted by DuckDB from the
file as published.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from connectors.landing import lake_fingerprint
from tests.journey.collected import Collected, published_rows

HALF = "year({at}) || 'H' || (1 + (month({at}) > 6)::int)"
# README: rows, share answered in time, share disputed among those that say
PUBLISHED = {
    "2012H1": (1024, 0.955, 0.235),
    "2012H2": (1154, 0.968, 0.227),
    "2013H1": (1536, 0.991, 0.185),
    "2013H2": (1702, 0.988, 0.243),
    "2014H1": (2308, 0.980, 0.201),
    "2014H2": (2128, 0.972, 0.204),
    "2015H1": (2308, 0.971, 0.207),
    "2015H2": (2441, 0.974, 0.195),
    "2016H1": (2617, 0.970, 0.189),
    "2016H2": (2782, 0.953, 0.191),
}


@pytest.fixture(scope="module")
def cfpb(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Collected:
    return Collected.of("cfpb", shared_data, tmp_path_factory.mktemp("cfpb"))


def test_every_row_is_accounted_for(cfpb: Collected) -> None:
    # a complaint is an interaction, an answer and an outcome; 23 rows repeat another
    cfpb.require_reconciled("complaints", received=3 * 20_000, duplicate=3 * 23)
    # these also have an event, and 101 of them a narrative
    cfpb.require_reconciled(
        "complaints_with_narratives", received=5 * 268, not_applicable=268 - 101
    )


def test_a_second_pull_brings_nothing(cfpb: Collected) -> None:
    cfpb.require_settled()


def test_complaints_and_their_repetitions_make_the_published_half_years(
    cfpb: Collected, shared_data: Path
) -> None:
    file = shared_data / "cfpb_complaints" / "complaints_20k_2012_2016.csv.gz"
    landed = dict(
        cfpb.ask(
            f"select {HALF.format(at='opened_at')}, count(*) from {{interaction}} group by 1",
            interaction="complaints",
        )
    )
    half = HALF.format(at='"Date received"::date')
    repeated = dict(
        cfpb.ask(
            f"select {half}, count(*) - count(distinct r) from (select *, r from "
            f"{published_rows(file)} as r) group by 1"
        )
    )
    assert sum(landed.values()) == 20_000 - 23
    assert sum(repeated.values()) == 23
    found = {name: landed[name] + repeated[name] for name in landed}
    assert found == {name: rows for name, (rows, _, _) in PUBLISHED.items()}


def test_shares_in_time_and_disputed_by_half_year(cfpb: Collected) -> None:
    in_time = dict(
        cfpb.ask(
            f"select {HALF.format(at='due_at')}, avg(is_achieved::int) from {{outcome}} group by 1",
            outcome="complaints",
        )
    )
    disputed = dict(
        cfpb.ask(
            f"select {HALF.format(at='responded_at')}, avg(score) from {{feedback}} group by 1",
            feedback="complaints",
        )
    )
    assert set(in_time) == set(disputed) == set(PUBLISHED)
    for half, (_, timely, share) in PUBLISHED.items():
        # published to three decimals, and with the repetitions
        assert in_time[half] == pytest.approx(timely, abs=0.001)
        assert disputed[half] == pytest.approx(share, abs=0.001)


def test_no_answer_is_null_and_never_no_dispute(cfpb: Collected) -> None:
    missing = dict(
        cfpb.ask(
            f"select {HALF.format(at='responded_at')}, avg((score is null)::int) from {{feedback}} "
            "group by 1",
            feedback="complaints",
        )
    )
    assert missing.pop("2016H2") == pytest.approx(0.183, abs=0.0005)
    assert max(missing.values()) < 0.045, "0 to 4 % in every other half-year"
    scores = cfpb.ask(
        "select score, count(*) from {feedback} where question_id = 'disputed' group by 1",
        feedback="complaints_with_narratives",
    )
    assert dict(scores) == {None: 266, 0.0: 1, 1.0: 1}


def test_complaints_keep_product_company_and_channel(cfpb: Collected, shared_data: Path) -> None:
    file = shared_data / "cfpb_complaints" / "complaints_20k_2012_2016.csv.gz"
    found = dict(
        cfpb.ask("select topic, count(*) from {interaction} group by 1", interaction="complaints")
    )
    distinct = dict(
        cfpb.ask(
            "select Product, count(*) from (select distinct * from "
            f"{published_rows(file)}) group by 1"
        )
    )
    assert found == distinct
    ((companies, channels),) = cfpb.ask(
        "select count(distinct account_id), count(distinct channel) from {interaction}",
        interaction="complaints",
    )
    assert (companies, channels) == (1196, 6)


def test_narratives_are_comments(cfpb: Collected) -> None:
    ((rows, comments, redacted),) = cfpb.ask(
        "select count(*), count(comment), count(*) filter (comment like '%XXXX%') from {feedback} "
        "where question_id = 'narrative'",
        feedback="complaints_with_narratives",
    )
    assert (rows, comments) == (101, 101)
    assert redacted > 50, "the agency's own redaction is kept"


def test_the_warehouse_measures_disputes_by_half_year(cfpb: Collected) -> None:
    from analysis.dbt_build import build_if_changed

    build_if_changed(cfpb.settings, cfpb.ledger, lake=lake_fingerprint(cfpb.settings))
    with duckdb.connect(str(cfpb.settings.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select wave, mean_numerator / mean_denominator from cx.wave_moments "
            "where metric = 'csat_mean' and segment_name = 'all'"
        ).fetchall()
    # satisfaction on 1 to 5, of which the disputed are the 1s and the others the 5s
    shares = {wave: (5 - mean) / 4 for wave, mean in found if mean is not None}
    assert set(PUBLISHED) <= set(shares)
    for half, (_, _, share) in PUBLISHED.items():
        assert shares[half] == pytest.approx(share, abs=0.001)
