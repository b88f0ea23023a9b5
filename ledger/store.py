"""The ledger: every method is one transaction, and doing it twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger import erasures, outbox, tables
from ledger.database import open_engine, transaction
from ledger.entries import Build, Edition, EditionKind, Erasure, Load, OutboxMail, Registration
from ledger.errors import NothingLoadedError


class Ledger:
    """What has happened. It never reads the clock: callers say when.

    Example:
        >>> from datetime import date
        >>> ledger = Ledger.open("sqlite://")
        >>> plan = Registration("callback", "hash", "text", date(2026, 1, 5))
        >>> ledger.register(plan) == plan
        True
    """

    def __init__(self, engine: Engine) -> None:
        """Use :meth:`open`, which also migrates."""
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Open the ledger at a SQLAlchemy address, creating and migrating it where needed.

        Raises:
            LedgerUnreachableError: the address, path or server cannot be used.
            LedgerTooNewError: the schema is newer than this code.
        """
        return cls(open_engine(url))

    def record_load(self, load: Load) -> None:
        """Keep what a source's day brought; a later run of the same day replaces it."""
        with transaction(self._engine, writes=True) as connection:
            _insert(connection, tables.loads, asdict(load), replaces=True)

    def loads(self) -> list[Load]:
        """Every load, by source and day."""
        query = select(tables.loads).order_by(tables.loads.c.source, tables.loads.c.load_date)
        with transaction(self._engine) as connection:
            return [Load(**row) for row in connection.execute(query).mappings()]

    def as_of(self) -> date:
        """The last day the landed data know about: the newest load of any source.

        A source that is later than the others does not hold it back; editions wait for that
        source by their own gate.

        Raises:
            NothingLoadedError: no source has landed yet.
        """
        with transaction(self._engine) as connection:
            day: date | None = connection.execute(
                select(func.max(tables.loads.c.load_date))
            ).scalar()
        if day is None:
            raise NothingLoadedError(
                "no source has landed yet", "collect first: `cxloop run --only collect`"
            )
        return day

    def record_build(self, build: Build) -> None:
        """Keep that the warehouse now holds this build; repeating the latest adds nothing."""
        with transaction(self._engine, writes=True) as connection:
            if _latest_build(connection) != build:
                connection.execute(tables.builds.insert().values(asdict(build)))

    def latest_build(self) -> Build | None:
        """The build recorded last, failed or not; None before the first."""
        with transaction(self._engine) as connection:
            return _latest_build(connection)

    def register(self, registration: Registration) -> Registration:
        """Lock an experiment's plan. The first registration wins and is the one returned."""
        with transaction(self._engine, writes=True) as connection:
            _insert(connection, tables.registrations, asdict(registration))
            kept = _registration(connection, registration.experiment_id)
        assert kept is not None  # noqa: S101 - inserted above, and rows are never deleted
        return kept

    def registration(self, experiment_id: str) -> Registration | None:
        """The locked plan of an experiment; None before it is registered."""
        with transaction(self._engine) as connection:
            return _registration(connection, experiment_id)

    def freeze(self, edition: Edition) -> Edition:
        """Keep an edition. One that exists is returned unchanged: compare its ``content_hash``."""
        with transaction(self._engine, writes=True) as connection:
            _insert(connection, tables.editions, asdict(edition))
            kept = _edition(connection, edition.edition_id)
        assert kept is not None  # noqa: S101 - inserted above, and rows are never deleted
        return kept

    def edition(self, edition_id: str) -> Edition | None:
        """The frozen edition of that id; None where there is none."""
        with transaction(self._engine) as connection:
            return _edition(connection, edition_id)

    def editions(self, kind: EditionKind | None = None) -> list[Edition]:
        """Every frozen edition (of one kind), by id."""
        query = select(tables.editions).order_by(tables.editions.c.edition_id)
        if kind is not None:
            query = query.where(tables.editions.c.kind == kind)
        with transaction(self._engine) as connection:
            return [Edition(**row) for row in connection.execute(query).mappings()]

    def claim(
        self,
        edition_id: str,
        recipient: str,
        *,
        language: str,
        content_hash: str,
        message_id: str,
        now: datetime,
    ) -> OutboxMail:
        """Claim the one mail about an edition to a recipient, or return the one claimed before.

        Raises:
            ContentChangedError: it was claimed with another content.
            DuplicateMessageIdError: another mail carries the Message-ID.
            UnknownEditionError: the edition was never frozen.
            NaiveInstantError: ``now`` has no time zone.
        """
        mail = outbox.claimed(
            edition_id,
            recipient,
            language=language,
            content_hash=content_hash,
            message_id=message_id,
            now=now,
        )
        with transaction(self._engine, writes=True) as connection:
            outbox.refuse(connection, mail)
            _insert(connection, tables.outbox, asdict(mail))
            return outbox.kept(connection, mail)

    def mark_sending(self, mail: OutboxMail) -> OutboxMail:
        """Sending begins; from here until ``mark_sent`` the mail is in doubt.

        Raises:
            OutboxStateError: it was sent before.
        """
        with transaction(self._engine, writes=True) as connection:
            return outbox.sending(connection, mail)

    def mark_sent(self, mail: OutboxMail, now: datetime) -> OutboxMail:
        """The server took the mail. Marking it again keeps the first time.

        Raises:
            OutboxStateError: sending never began.
            NaiveInstantError: ``now`` has no time zone.
        """
        with transaction(self._engine, writes=True) as connection:
            return outbox.sent(connection, mail, now)

    def mark_failed(self, mail: OutboxMail, reason: str) -> OutboxMail:
        """The mail was certainly not sent; it may be tried again.

        Raises:
            OutboxStateError: it was sent before.
        """
        with transaction(self._engine, writes=True) as connection:
            return outbox.failed(connection, mail, reason)

    def begin_erasure(self, erasure: Erasure, ids: Iterable[tuple[str, str]]) -> Erasure:
        """Keep the request with (kind, keyed hash) of its ids, or return the one under way.

        A request that was completed is opened again: more may have come since.
        """
        with transaction(self._engine, writes=True) as connection:
            return erasures.begun(connection, erasure, ids)

    def complete_erasure(self, erasure_id: str, certificate: str, *, now: datetime) -> Erasure:
        """Keep the certificate.

        Raises:
            UnknownErasureError: it was never begun.
            NaiveInstantError: ``now`` has no time zone.
        """
        with transaction(self._engine, writes=True) as connection:
            return erasures.completed(connection, erasure_id, certificate, now)

    def erasures(self) -> list[Erasure]:
        """Every erasure, by the time of its request."""
        with transaction(self._engine) as connection:
            return erasures.known(connection)

    def erased_ids(self, erasure_id: str | None = None) -> dict[str, frozenset[str]]:
        """Kind of id -> keyed hashes of all that were erased (by one erasure)."""
        with transaction(self._engine) as connection:
            return erasures.hashes(connection, erasure_id)

    def add_erased_ids(self, erasure_id: str, ids: Iterable[tuple[str, str]]) -> None:
        """Keep (kind, keyed hash) of ids that turned out to belong to an erasure."""
        with transaction(self._engine, writes=True) as connection:
            erasures.add_hashes(connection, erasure_id, ids)

    def outbox(self, edition_id: str | None = None) -> list[OutboxMail]:
        """Every mail (of one edition), by edition and recipient."""
        with transaction(self._engine) as connection:
            return outbox.mails(connection, edition_id)


def _insert(
    connection: Connection, table: Table, values: Mapping[str, Any], *, replaces: bool = False
) -> None:
    """Insert a row unless its primary key exists; with ``replaces``, overwrite that row."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(table).values(values)
    key = [column.name for column in table.primary_key]
    if replaces:
        rest = {name: statement.excluded[name] for name in values if name not in key}
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=rest))
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=key))


def _latest_build(connection: Connection) -> Build | None:
    columns = [column for column in tables.builds.c if column.name != "build_number"]
    query = select(*columns).order_by(tables.builds.c.build_number.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return Build(**row) if row else None


def _registration(connection: Connection, experiment_id: str) -> Registration | None:
    query = select(tables.registrations).where(
        tables.registrations.c.experiment_id == experiment_id
    )
    row = connection.execute(query).mappings().first()
    return Registration(**row) if row else None


def _edition(connection: Connection, edition_id: str) -> Edition | None:
    query = select(tables.editions).where(tables.editions.c.edition_id == edition_id)
    row = connection.execute(query).mappings().first()
    return Edition(**row) if row else None
