"""The demo's service metrics: warehouse against pandas on the raw files, and against the truth."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cli.demo.company import CompanyFiles
from connectors.extraction import extract
from connectors.landing import declare, land
from ledger import Ledger
from programme import Settings, load_programme
from tests.dbt_project import world_service
from tests.dbt_project.lake import Build, run_dbt
from tests.demo import service_witness

AS_OF = date(2026, 7, 5)
FACTS = ("fct_interactions", "fct_call_statements", "fct_web_sessions")


@pytest.fixture(scope="module")
def built(
    small: CompanyFiles,
    helpdesk_url: str,
    programme_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Build:
    """Help desk and service line, collected by the real connectors and built."""
    home = tmp_path_factory.mktemp("service")
    variables = {
        "CXLOOP_PROGRAMME": str(programme_dir),
        "CXLOOP_HOME": str(home),
        "CXLOOP_DATA_ROOT": str(small.directory),
    }
    settings = Settings.from_environment(variables)
    programme = load_programme(settings.programme_dir)
    ledger = Ledger.open(settings.ledger_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXLOOP_HASH_KEY", "a key for tests only")
        patch.setenv("CXLOOP_HELPDESK_URL", helpdesk_url)
        patch.setenv("CXLOOP_HELPDESK_TOKEN", "t")
        for source in ("helpdesk", "service_line"):
            extract(programme, settings, source, load_date=AS_OF, run_id="test")
            land(programme, settings, ledger, source, run_id="test")
    declare(programme, settings, as_of=AS_OF)
    selected = [f"+{fact}" for fact in FACTS]
    return run_dbt(settings.lake, "run", "--select", *selected, as_of=AS_OF.isoformat())


def test_every_service_metric_equals_pandas_on_the_raw_files(
    built: Build, small: CompanyFiles, programme_dir: Path
) -> None:
    assert built.returncode == 0, built.output
    found = {}
    for fact in FACTS:
        table = built.table(fact)
        for metric in world_service.METRICS:
            if f"{metric}_numerator" in table:
                values = table[f"{metric}_numerator"].dropna()
                assert len(values) == table[f"{metric}_denominator"].notna().sum()
                found[metric] = (values.mean(), len(values))
    expected = service_witness.means(small, programme_dir)
    assert set(found) == set(expected) == set(world_service.METRICS)
    for metric, (mean, count) in expected.items():
        assert found[metric][1] == count > 300, metric
        assert found[metric][0] == pytest.approx(mean, rel=1e-9), metric
    print({metric: (round(mean, 4), count) for metric, (mean, count) in found.items()})


def test_the_truth_is_found_again(built: Build, small: CompanyFiles) -> None:
    planted = small.truth()["service_line"]
    calls, said = built.table("fct_interactions"), built.table("fct_call_statements")
    assert calls["call_abandonment_rate_numerator"].sum() == planted["abandoned"]
    assert calls["call_abandonment_rate_denominator"].sum() == planted["calls"]
    assert calls["flagged_call_rate_numerator"].sum() == planted["flagged"]
    assert said["required_statement_rate_numerator"].sum() == planted["statements_said"]
    assert said["required_statement_rate_denominator"].sum() == planted["statements_judged"]
    visits = built.table("fct_web_sessions")
    helped = visits["self_resolution_rate_numerator"].sum()
    claimed = planted["help_visits_ended_without_contact"]
    # some visitors wrote within a day although the site believed them served
    assert 0.95 * claimed < helped < claimed
    assert visits["session_id"].nunique() == planted["visits"]


def test_the_callers_are_nobody_whom_the_help_desk_knows(built: Build) -> None:
    """Calls change no contact rate of tickets."""
    contacts = built.table("fct_interactions")
    callers = set(contacts[contacts["kind"] == "call"]["customer_id"].dropna())
    writers = set(contacts[contacts["kind"] == "ticket"]["customer_id"].dropna())
    assert len(callers) > 20
    assert callers.isdisjoint(writers)
