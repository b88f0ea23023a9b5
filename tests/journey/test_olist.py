"""A marketplace's deliveries and reviews, with design weights: the same DAGs, other YAML.

The figures are those of the data's README: the weighted mean review is 4.067 where the unweighted
one is 3.27, and delivered orders are rated 2.17 when late and 4.28 when on time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.journey.conftest import REPOSITORY, MailServer, mail_server, run_chain

pytestmark = pytest.mark.journey
LOAD_DATE = "2019-01-10"


@pytest.fixture(scope="module")
def olist(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, str], MailServer]]:
    home = tmp_path_factory.mktemp("olist")
    programme = REPOSITORY / "tests" / "programmes" / "olist"
    with mail_server(home / "mail") as server:
        states = run_chain(
            home,
            programme=programme,
            data_root=shared_data,
            load_date=LOAD_DATE,
            smtp_port=server.port,
        )
        yield home, states, server


def ask(home: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "warehouse" / "cxloop.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_every_dag_of_the_chain_ran(olist: tuple[Path, dict[str, str], MailServer]) -> None:
    _, states, _ = olist
    chain = {"build_warehouse", "analyze_experiments", "run_benchmark", "publish_reports"}
    assert chain < set(states)
    assert set(states.values()) == {"success"}


def test_the_review_mean_is_weighted(olist: tuple[Path, dict[str, str], MailServer]) -> None:
    home, _, _ = olist
    ((weighted,),) = ask(
        home,
        "select sum(mean_numerator * n_units) / sum(mean_denominator * n_units) "
        "from cx.wave_moments where metric = 'csat_mean' and segment_name = 'all'",
    )
    ((count, plain),) = ask(
        home,
        "select count(*), avg(csat_mean_numerator) from cx.fct_survey_responses "
        "where csat_mean_denominator > 0",
    )
    assert count == 8225
    assert plain == pytest.approx(3.27, abs=0.005)
    assert weighted == pytest.approx(4.067, abs=0.0005)


def test_late_deliveries_are_rated_lower(olist: tuple[Path, dict[str, str], MailServer]) -> None:
    home, _, _ = olist
    found = dict(
        ask(
            home,
            "select delivery_punctuality, avg(csat_mean_numerator) from cx.fct_survey_responses "
            "where csat_mean_denominator > 0 group by 1",
        )
    )
    assert found["late"] == pytest.approx(2.17, abs=0.005)
    assert found["on_time"] == pytest.approx(4.28, abs=0.005)


def test_the_edition_reached_the_mailbox(olist: tuple[Path, dict[str, str], MailServer]) -> None:
    home, _, server = olist
    messages = server.messages()
    assert len(messages) >= 1
    assert len({message["Message-ID"] for message in messages}) == len(messages)
    assert list((home / "reports").glob("*.pdf"))
