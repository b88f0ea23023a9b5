"""Airflow's connections as a source of credentials: from the environment, or inside a task."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

FIELDS = ("conn_type", "host", "port", "schema", "login", "password")
# an address, unlike a login, may stand in an error
PUBLIC_FIELDS = frozenset({"conn_type", "host", "port", "schema"})


def variable_of(name: str) -> str:
    """The environment variable in which Airflow looks for the connection.

    Example:
        >>> variable_of("crm_api")
        'AIRFLOW_CONN_CRM_API'
    """
    return f"AIRFLOW_CONN_{name.upper()}"


def connection(name: str, environment: Mapping[str, str]) -> dict[str, Any] | None:
    """The connection's fields, ``extra`` as a mapping; None where there is no such connection.

    ``AIRFLOW_CONN_<NAME>`` holds JSON or an address, as Airflow reads it. Inside a task, Airflow's
    own connections are asked after the environment.

    Raises:
        ValueError: when the variable holds neither; without what it holds.
    """
    written = environment.get(variable_of(name))
    if written:
        return _from_json(written) if written.lstrip().startswith("{") else _from_address(written)
    if not _in_a_task():
        return None
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowException

    try:
        found = BaseHook.get_connection(name)
    except (AirflowException, RuntimeError):
        return None
    return {field: getattr(found, field) for field in FIELDS} | {"extra": found.extra_dejson}


def hide_from_task_logs(secret: str) -> None:
    """Inside a task, let Airflow mask ``secret`` in whatever is logged, by whichever library."""
    if _in_a_task():
        from airflow.sdk.log import mask_secret

        mask_secret(secret)


def _in_a_task() -> bool:
    # only a task has a supervisor that may be asked
    return "airflow.sdk.execution_time.task_runner" in sys.modules


def _from_json(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
        extra = content.get("extra") or {}
        content["extra"] = json.loads(extra) if isinstance(extra, str) else extra
    except (ValueError, AttributeError):
        raise ValueError("it holds no JSON object") from None
    return dict(content)


def _from_address(text: str) -> dict[str, Any]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("it holds no address") from None
    if not parts.scheme:
        raise ValueError("it holds neither JSON nor an address")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra = json.loads(query["__extra__"]) if "__extra__" in query else query
    return {
        "conn_type": parts.scheme,
        "host": unquote(parts.hostname or ""),
        "port": port,
        "schema": unquote(parts.path[1:]),
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "extra": extra,
    }
