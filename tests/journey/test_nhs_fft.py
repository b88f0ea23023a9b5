"""A hospital survey on a reversed scale with two comment rows per respondent.

The figures are those of the data's README: 85.3 % positive of 4,227 first answers, and the shares
per trust and half-year.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.conftest import REPOSITORY, MailServer, mail_server, run_chain
from tests.journey.test_olist import ask

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def nhs(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, str], MailServer]]:
    home = tmp_path_factory.mktemp("nhs")
    programme = REPOSITORY / "tests" / "programmes" / "nhs_fft"
    with mail_server(home / "mail") as server:
        states = run_chain(
            home,
            programme=programme,
            data_root=shared_data,
            load_date="2023-01-10",
            smtp_port=server.port,
        )
        yield home, states, server


def test_every_dag_of_the_chain_ran(nhs: tuple[Path, dict[str, str], MailServer]) -> None:
    _, states, _ = nhs
    assert "publish_reports" in states
    assert set(states.values()) == {"success"}


def test_the_share_of_positive_answers(nhs: tuple[Path, dict[str, str], MailServer]) -> None:
    home, _, _ = nhs
    ((count, positive),) = ask(
        home,
        "select sum(csat_top_two_rate_denominator), "
        "sum(csat_top_two_rate_numerator) / sum(csat_top_two_rate_denominator) "
        "from cx.fct_survey_responses",
    )
    assert count == 4227
    assert positive == pytest.approx(0.853, abs=0.0005)


def test_the_shares_by_trust_and_half_year(nhs: tuple[Path, dict[str, str], MailServer]) -> None:
    home, _, _ = nhs
    found = {
        (trust, wave): (count, round(100 * share, 1))
        for trust, wave, count, share in ask(
            home,
            "select segment_value, wave, n_events, mean_numerator / mean_denominator "
            "from cx.wave_moments where metric = 'csat_top_two_rate' "
            "and segment_name = 'business_unit' order by 1, 2",
        )
    }
    assert found == {
        ("NEAS", "2021H1"): (46, 73.9),
        ("NEAS", "2021H2"): (671, 82.0),
        ("NEAS", "2022H1"): (1450, 88.8),
        ("NEAS", "2022H2"): (748, 87.6),
        ("NHFT", "2021H1"): (61, 82.0),
        ("NHFT", "2021H2"): (778, 82.6),
        ("NHFT", "2022H1"): (473, 81.4),
    }


def test_the_edition_reached_the_mailbox(nhs: tuple[Path, dict[str, str], MailServer]) -> None:
    _, _, server = nhs
    assert len(server.messages()) >= 1
