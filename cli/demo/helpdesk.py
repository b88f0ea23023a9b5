"""The demo company's help desk: a REST API over the generated database.

``GET /api/v2/tickets`` and ``GET /api/v2/ticket_events`` answer pages in order of change::

    {"tickets": [...], "meta": {"next_cursor": "..." | null, "count": 5000}}

with ``page_size`` (default 100, at most 5000), ``cursor`` from the page before and
``updated_since`` (ISO 8601). A bearer token is required.
"""

from __future__ import annotations

import argparse
import base64
import hmac
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Query, Response

TOKEN_VARIABLE = "CXLOOP_HELPDESK_TOKEN"  # noqa: S105  (the name of a variable)
COLLECTIONS = ("tickets", "ticket_events")
LARGEST_PAGE = 5_000


def create_app(database: Path, *, token: str) -> FastAPI:
    """The API over ``database``, which is only read.

    Raises:
        FileNotFoundError: where there is no database.
        ValueError: for an empty token, which would let everybody in.
    """
    if not database.is_file():
        raise FileNotFoundError(f"{database}: no help desk database; mend: generate the company")
    if not token:
        raise ValueError(f"the token is empty; mend: set {TOKEN_VARIABLE}")
    app = FastAPI(title="Hoshi Home help desk", docs_url=None, redoc_url=None, openapi_url=None)
    for collection in COLLECTIONS:
        app.get(f"/api/v2/{collection}")(_lister(database, collection, token=token))
    return app


def _lister(database: Path, collection: str, *, token: str) -> Callable[..., Response]:
    def answer(
        page_size: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
        cursor: str | None = None,
        updated_since: str | None = None,
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "invalid token", {"WWW-Authenticate": "Bearer"})
        after = _position(cursor) if cursor else ("", 0)
        since = _instant(updated_since) if updated_since else ""
        found = _page(database, collection, after=after, since=since, size=page_size + 1)
        page = found[:page_size]
        following = _cursor(page[-1]) if len(found) > page_size else None
        meta = {"next_cursor": following, "count": len(page)}
        body = json.dumps({collection: page, "meta": meta}, ensure_ascii=False)
        return Response(body, media_type="application/json")

    return answer


def _page(
    database: Path, collection: str, *, after: tuple[str, int], since: str, size: int
) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(
            f"SELECT * FROM {collection} WHERE (updated_at, id) > (?, ?) AND updated_at >= ? "  # noqa: S608
            "ORDER BY updated_at, id LIMIT ?",
            (*after, since, size),
        )
        return [dict(row) for row in rows]


def _cursor(row: dict[str, Any]) -> str:
    position = json.dumps([row["updated_at"], row["id"]])
    return base64.urlsafe_b64encode(position.encode()).decode()


def _position(cursor: str) -> tuple[str, int]:
    try:
        updated_at, number = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return str(updated_at), int(number)
    except (ValueError, TypeError):
        raise HTTPException(400, f"invalid cursor `{cursor}`") from None


def _instant(text: str) -> str:
    try:
        # An unescaped "+" of an offset arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise HTTPException(400, f"invalid updated_since `{text}`; write ISO 8601") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Serve until the process ends, on the loopback interface only."""
    import uvicorn

    parser = argparse.ArgumentParser(
        prog="python -m cli.demo.helpdesk",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--database", type=Path, required=True, help="the generated database")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    options = parser.parse_args()
    token = os.environ.get(TOKEN_VARIABLE, "")
    try:
        app = create_app(options.database, token=token)
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
