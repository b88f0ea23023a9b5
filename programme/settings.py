"""Where a programme is read from and where its state lives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SPARK_CLIENT = REPOSITORY / ".venv-spark" / "bin" / "python"


@dataclass(frozen=True)
class SparkSettings:
    """How a Spark cluster is reached; see docs/warehouses.md.

    Attributes:
        url: ``sc://host:15002`` or ``thrift://user@host:10000`` (``CXLOOP_SPARK_URL``).
        tables: Directory, seen by every worker, that holds the tables (``CXLOOP_SPARK_TABLES``,
            default ``warehouse/spark`` in the programme's home).
        client: Interpreter of the environment that holds Spark's client
            (``CXLOOP_SPARK_PYTHON``, default the one that `make setup-spark` makes).
    """

    url: str | None = None
    tables: str = ""
    client: Path = SPARK_CLIENT

    @classmethod
    def of(cls, env: Mapping[str, str], home: Path) -> SparkSettings:
        """Read the ``CXLOOP_SPARK_*`` variables."""
        client = env.get("CXLOOP_SPARK_PYTHON") or SPARK_CLIENT
        tables = env.get("CXLOOP_SPARK_TABLES") or str(home / "warehouse" / "spark")
        return cls(env.get("CXLOOP_SPARK_URL") or None, tables, Path(client))


@dataclass(frozen=True)
class Settings:
    """Paths and addresses of one programme's run.

    Attributes:
        programme_dir: The directory of YAML (``CXLOOP_PROGRAMME``, default: the demo company).
        home: Everything the programme generates (``CXLOOP_HOME``, default ``build/<directory
            name>``).
        data_root: What ``${data_root}`` means in a source (``CXLOOP_DATA_ROOT``).
        ledger_url: SQLAlchemy address of the ledger (``CXLOOP_LEDGER_URL``, default SQLite in
            ``home``).
        address_book: YAML of role → addresses (``CXLOOP_ADDRESS_BOOK``). It lies outside the
            programme, because a programme is reviewed in git and holds no person's address.
        dbt_target: Which warehouse of ``dbt_project/profiles.yml`` (``CXLOOP_DBT_TARGET``): duckdb
            (the default), postgres, spark or spark_thrift.
        postgres_url: Address of the Postgres warehouse (``CXLOOP_POSTGRES_URL``), None where the
            warehouse is another.
        spark: The Spark cluster, where the warehouse is one.
        increment_from_mb: From which size of ``raw`` on a build makes anew only what has changed
            (``CXLOOP_INCREMENT_FROM_MB``); below it the whole is as quick.
        mail_journal: Maildir-like directory of delivered ``.eml`` files (``CXLOOP_MAIL_JOURNAL``),
            evidence that lets a send interrupted half-way be settled; None where there is none.
    """

    programme_dir: Path
    home: Path
    data_root: Path
    ledger_url: str
    address_book: Path
    dbt_target: str
    mail_journal: Path | None
    postgres_url: str | None = None
    spark: SparkSettings = SparkSettings()
    increment_from_mb: int = 256

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the ``CXLOOP_*`` variables; every one has a default that suits the demo."""
        env = os.environ if environment is None else environment
        programme_dir = Path(
            env.get("CXLOOP_PROGRAMME", str(REPOSITORY / "programme" / "demo"))
        ).resolve()
        home = Path(
            env.get("CXLOOP_HOME", str(REPOSITORY / "build" / programme_dir.name))
        ).resolve()
        journal = env.get("CXLOOP_MAIL_JOURNAL")
        return cls(
            programme_dir=programme_dir,
            home=home,
            data_root=Path(env.get("CXLOOP_DATA_ROOT", str(home / "systems"))).resolve(),
            ledger_url=env.get("CXLOOP_LEDGER_URL", f"sqlite:///{home / 'ledger.db'}"),
            address_book=Path(env.get("CXLOOP_ADDRESS_BOOK", str(home / "addresses.yml"))),
            dbt_target=env.get("CXLOOP_DBT_TARGET", "duckdb"),
            mail_journal=Path(journal) if journal else None,
            postgres_url=env.get("CXLOOP_POSTGRES_URL") or None,
            spark=SparkSettings.of(env, home),
            increment_from_mb=int(env.get("CXLOOP_INCREMENT_FROM_MB", "256")),
        )

    @property
    def lake(self) -> Path:
        """Parquet lake: ``landing``, ``raw``, ``quarantine``, ``manifests``, ``declared``."""
        return self.home / "lake"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt builds. Its name differs from the schema name ``cx``."""
        return self.home / "warehouse" / "cxloop.duckdb"

    @property
    def dbt_state(self) -> Path:
        """Target directory of dbt: manifest, run results, compiled SQL; one for each warehouse."""
        return self.home / ("dbt" if self.dbt_target == "duckdb" else f"dbt_{self.dbt_target}")

    @property
    def editions(self) -> Path:
        """Frozen results, one directory per edition."""
        return self.home / "editions"

    @property
    def reports(self) -> Path:
        """Rendered pages and PDFs."""
        return self.home / "reports"
