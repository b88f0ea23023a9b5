from __future__ import annotations

from programme.settings import REPOSITORY, Settings


def test_without_variables_the_demo_is_meant():
    settings = Settings.from_environment({})
    assert settings.programme_dir == REPOSITORY / "programme" / "demo"
    assert settings.home == REPOSITORY / "build" / "demo"
    assert settings.ledger_url == f"sqlite:///{settings.home / 'ledger.db'}"
    assert settings.data_root == settings.home / "systems"
    assert settings.mail_journal is None


def test_every_place_follows_the_home(tmp_path):
    settings = Settings.from_environment({"CXLOOP_HOME": str(tmp_path)})
    places = (
        settings.lake,
        settings.warehouse,
        settings.dbt_state,
        settings.editions,
        settings.reports,
        settings.address_book,
    )
    assert all(place.is_relative_to(tmp_path) for place in places)


def test_a_variable_overrides_its_default(tmp_path):
    settings = Settings.from_environment(
        {
            "CXLOOP_HOME": str(tmp_path),
            "CXLOOP_LEDGER_URL": "postgresql://host/cx",
            "CXLOOP_MAIL_JOURNAL": str(tmp_path / "mail"),
            "CXLOOP_DBT_TARGET": "postgres",
        }
    )
    assert settings.ledger_url == "postgresql://host/cx"
    assert settings.mail_journal == tmp_path / "mail"
    assert settings.dbt_target == "postgres"


def test_the_file_of_the_warehouse_does_not_bear_the_schema_s_name(tmp_path):
    assert Settings.from_environment({"CXLOOP_HOME": str(tmp_path)}).warehouse.stem != "cx"
