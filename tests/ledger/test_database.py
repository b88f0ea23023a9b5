from __future__ import annotations

import shutil
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock

from ledger import Ledger, LedgerTooNewError, LedgerUnreachableError, database
from ledger.database import HEAD, MIGRATIONS, transaction
from ledger.tables import metadata


def test_the_migrations_lead_to_the_tables_of_the_code(ledger):
    with transaction(ledger._engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert len(metadata.tables) == 7
        assert compare_metadata(context, metadata) == []


def test_the_version_that_the_code_expects_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_sqlite_writes_ahead_keeps_keys_and_waits(ledger):
    with transaction(ledger._engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_opening_again_migrates_nothing(url, ledger, monkeypatch):
    monkeypatch.setattr(database, "MIGRATIONS", "/nowhere")
    assert Ledger.open(url).loads() == []


def test_a_migration_that_dies_leaves_nothing_half(file, url, tmp_path, monkeypatch):
    broken = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, broken, ignore=shutil.ignore_patterns("__pycache__"))
    script = broken / "versions" / "v0001_first_tables.py"
    script.write_text(
        script.read_text().replace("    _what_was_sent()\n", "    raise OSError('full')\n")
    )
    monkeypatch.setattr(database, "MIGRATIONS", broken)
    with pytest.raises(LedgerUnreachableError, match="full"):
        Ledger.open(url)
    with sqlite3.connect(file) as connection:
        assert connection.execute("select name from sqlite_master").fetchall() == []
    connection.close()
    monkeypatch.undo()
    assert Ledger.open(url).loads() == []


def test_a_newer_schema_is_refused_by_name(file, url, ledger):
    with sqlite3.connect(file) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    with pytest.raises(
        LedgerTooNewError, match=r"schema 9999, .* knows up to 0002.*upgrade cxloop"
    ):
        Ledger.open(url)


def test_a_path_that_cannot_be_made_names_the_setting(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LedgerUnreachableError, match=r"ledger\.db.*CXLOOP_LEDGER_URL"):
        Ledger.open(f"sqlite:///{tmp_path}/file/ledger.db")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "ledger.db").write_text("these are words, not pages of a database " * 50)
    with pytest.raises(LedgerUnreachableError, match="file is not a database"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


@pytest.mark.parametrize("url", ["ledger.db", "oracel://host/db", "sqlite:/"])
def test_an_address_that_is_none_shows_how_to_write_one(url):
    with pytest.raises(LedgerUnreachableError, match="write for example sqlite:////var/lib"):
        Ledger.open(url)


def test_a_server_that_is_away_is_refused_without_the_password():
    with pytest.raises(LedgerUnreachableError) as caught:
        Ledger.open("postgresql+psycopg2://cx:s3cr3t@127.0.0.1:1/cx?connect_timeout=2")
    assert "s3cr3t" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_a_migration_that_hangs_is_named_by_its_lock(file, url, monkeypatch):
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.1)
    file.parent.mkdir(parents=True)
    with (
        FileLock(f"{file}.lock"),
        pytest.raises(LedgerUnreachableError, match=r"has held .*ledger\.db\.lock"),
    ):
        Ledger.open(url)


def test_the_tables_compile_for_postgres():
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    dialect = postgresql.dialect()
    texts = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    assert len(texts) == 7
    assert any("claimed_at TIMESTAMP WITH TIME ZONE NOT NULL" in text for text in texts)
