"""Erasures: begun, continued after a crash, completed; the hashes stay for good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ledger.entries import Erasure, in_utc
from ledger.errors import UnknownErasureError
from ledger.tables import erased_ids, erasures


def begun(connection: Connection, erasure: Erasure, ids: Iterable[tuple[str, str]]) -> Erasure:
    """Keep it and its hashes.

    One that is under way keeps its time, its reason and its first plan beside the new one: what a
    cut-off attempt removed is not found again. A completed one starts anew.
    """
    earlier = _found(connection, erasure.erasure_id)
    if earlier is None:
        connection.execute(insert(erasures).values(asdict(erasure)))
    elif earlier.completed_at is None:
        _change(connection, erasure.erasure_id, plan=erasure.plan)
    else:
        fresh = {name: value for name, value in asdict(erasure).items() if name != "erasure_id"}
        _change(connection, erasure.erasure_id, **fresh)
    add_hashes(connection, erasure.erasure_id, ids)
    kept = _found(connection, erasure.erasure_id)
    assert kept is not None  # noqa: S101 - written above
    return kept


def completed(connection: Connection, erasure_id: str, certificate: str, now: datetime) -> Erasure:
    """Keep the certificate and when it was made."""
    if _found(connection, erasure_id) is None:
        raise UnknownErasureError(
            f"erasure `{erasure_id}` was never begun", "see `cxloop privacy erasures`"
        )
    _change(connection, erasure_id, certificate=certificate, completed_at=in_utc(now))
    kept = _found(connection, erasure_id)
    assert kept is not None  # noqa: S101 - found above
    return kept


def add_hashes(connection: Connection, erasure_id: str, ids: Iterable[tuple[str, str]]) -> None:
    """Keep (kind, keyed hash) of ids that belong to the erasure."""
    known = hashes(connection, erasure_id)
    for kind, id_hash in sorted(set(ids)):
        if id_hash not in known.get(kind, ()):
            row = {"kind": kind, "id_hash": id_hash, "erasure_id": erasure_id}
            connection.execute(insert(erased_ids).values(row))


def known(connection: Connection) -> list[Erasure]:
    """All, by the time of the request."""
    query = select(erasures).order_by(erasures.c.requested_at, erasures.c.erasure_id)
    return [Erasure(**row) for row in connection.execute(query).mappings()]


def hashes(connection: Connection, erasure_id: str | None = None) -> dict[str, frozenset[str]]:
    """Kind -> keyed hashes (of one erasure)."""
    query = select(erased_ids)
    if erasure_id is not None:
        query = query.where(erased_ids.c.erasure_id == erasure_id)
    found: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(query).mappings():
        found[row["kind"]].add(row["id_hash"])
    return {kind: frozenset(values) for kind, values in found.items()}


def _found(connection: Connection, erasure_id: str) -> Erasure | None:
    query = select(erasures).where(erasures.c.erasure_id == erasure_id)
    row = connection.execute(query).mappings().first()
    return Erasure(**row) if row else None


def _change(connection: Connection, erasure_id: str, **values: Any) -> None:
    same = erasures.c.erasure_id == erasure_id
    connection.execute(update(erasures).where(same).values(values))
