"""Opens the ledger's database and brings its schema to the one the code knows."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

from ledger.errors import LedgerRuleError, LedgerTooNewError, LedgerUnreachableError

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
HEAD = "0002"
LOCK_SECONDS = 60.0
BUSY_SECONDS = 30


def open_engine(url: str) -> Engine:
    """Connect to ``url``, creating and migrating the database where needed.

    Raises:
        LedgerUnreachableError: the address, path or server cannot be used.
        LedgerTooNewError: the database's schema is newer than this code.
    """
    address = _address(url)
    try:
        with _locked(address):
            engine = _engine(address)
            _migrate(engine)
    except (OSError, SQLAlchemyError, ImportError) as error:
        raise LedgerUnreachableError(
            f"the ledger `{address.render_as_string()}` cannot be opened: {_reason(error)}",
            "set CXLOOP_LEDGER_URL (or CXLOOP_HOME) to a place that exists and can be written",
        ) from error
    return engine


@contextmanager
def transaction(engine: Engine, *, writes: bool = False) -> Iterator[Connection]:
    """One transaction: everything in it happens, or nothing.

    On SQLite a writing transaction takes the write lock at its start, so that two writers queue
    up instead of failing when the second upgrades its read snapshot.

    Raises:
        LedgerRuleError: a constraint of the tables refuses the row.
        LedgerUnreachableError: the database refused for a reason outside the ledger's rules.
    """
    try:
        with engine.execution_options(ledger_writes=writes).begin() as connection:
            yield connection
    except IntegrityError as error:
        raise LedgerRuleError(
            f"the ledger refuses a row that contradicts what it keeps: {_reason(error)}",
            "read what it keeps (`report list`, `outbox list`) and correct the row",
        ) from error
    except SQLAlchemyError as error:
        raise LedgerUnreachableError(
            f"the ledger `{engine.url.render_as_string()}` refused: {_reason(error)}",
            "check free disk space, permissions and that no other program holds the database",
        ) from error


def _reason(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        address.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise LedgerUnreachableError(
            f"`{url}` is no database address",
            "write for example sqlite:////var/lib/cxloop/ledger.db or postgresql+psycopg2://…",
        ) from error
    return address


def _sqlite_file(address: URL) -> Path | None:
    if address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:"):
        return None
    return Path(str(address.database))


@contextmanager
def _locked(address: URL) -> Iterator[None]:
    file = _sqlite_file(address)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.with_name(f"{file.name}.lock")
    else:
        name = hashlib.sha256(address.render_as_string().encode()).hexdigest()[:16]
        lock = Path(tempfile.gettempdir()) / f"cxloop-ledger-{name}.lock"
    try:
        with FileLock(lock, timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise LedgerUnreachableError(
            f"another process has held {lock} for {LOCK_SECONDS:g} seconds",
            "let the migration that holds it finish, or end the process that hangs",
        ) from error


def _engine(address: URL) -> Engine:
    if address.get_backend_name() != "sqlite":
        return create_engine(address, poolclass=NullPool)
    # A connection per transaction survives the forks of a scheduler and leaves no handle open.
    pool = NullPool if _sqlite_file(address) else StaticPool
    engine = create_engine(
        address,
        poolclass=pool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes only before the first write; ours comes first.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("ledger_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine) -> None:
    with engine.execution_options(ledger_writes=True).begin() as connection:
        version = _version(connection)
        if version == HEAD:
            return
        # Alembic is slow to import and needed once in the life of a schema.
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if version is not None and version not in known:
            raise LedgerTooNewError(
                f"the ledger `{engine.url.render_as_string()}` has schema {version}, "
                f"which is newer than this code (it knows up to {HEAD})",
                "upgrade cxloop, or point CXLOOP_LEDGER_URL at another ledger",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()
