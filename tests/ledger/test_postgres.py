"""The ledger on Postgres; needs an empty database at CXLOOP_TEST_POSTGRES_URL."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from ledger import Build, ContentChangedError, Ledger, Load, Registration
from ledger.database import transaction
from ledger.tables import metadata

URL = os.environ.get("CXLOOP_TEST_POSTGRES_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="set CXLOOP_TEST_POSTGRES_URL to a test database")


@pytest.fixture
def postgres() -> Ledger:
    engine = create_engine(URL)
    with engine.begin() as connection:
        for table in [*metadata.tables, "alembic_version"]:
            connection.execute(text(f"drop table if exists {table} cascade"))
    engine.dispose()
    return Ledger.open(URL)


def test_the_schema_is_the_one_of_the_code(postgres):
    with transaction(postgres._engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_loads_builds_and_plans_behave_as_on_sqlite(postgres):
    load = Load("shop", date(2026, 7, 5), "f", 3, 1, 1, 1, datetime(2026, 7, 5, tzinfo=UTC))
    for _ in range(2):
        postgres.record_load(load)
        postgres.record_build(Build("a", date(2026, 7, 5), 4, 0))
    assert postgres.loads() == [load]
    assert postgres.latest_build() == Build("a", date(2026, 7, 5), 4, 0)
    first = Registration("callback", "h", "計画", date(2026, 1, 4))
    assert postgres.register(first) == first
    assert postgres.register(Registration("callback", "i", "", date(2026, 1, 5))) == first


def test_the_outbox_behaves_as_on_sqlite(postgres, edition):
    postgres.freeze(edition)
    postgres.freeze(edition)
    values = {"language": "ja", "message_id": "<m>", "now": datetime(2026, 7, 6, tzinfo=UTC)}
    mail = postgres.claim(edition.edition_id, "a@acorn.example", content_hash="h", **values)
    assert postgres.claim(edition.edition_id, "A@acorn.example", content_hash="h", **values) == mail
    with pytest.raises(ContentChangedError):
        postgres.claim(edition.edition_id, "a@acorn.example", content_hash="i", **values)
    sent = postgres.mark_sent(postgres.mark_sending(mail), values["now"])
    assert (sent.state, sent.sent_at) == ("sent", values["now"])
