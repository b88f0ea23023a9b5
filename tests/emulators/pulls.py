"""Pulls of vendors' streams for tests: without a lake, and with the templates' mappings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from connectors.api.client import ApiClient
from connectors.errors import ConnectorError
from connectors.mapping import Context, Mapped, map_rows
from connectors.pages import Page
from connectors.placeholders import Placeholders
from connectors.rows import readable
from connectors.vendors import open_pages
from programme import Programme, load_programme
from programme.systems import HttpSystem, System, VendorRead

TEMPLATES = Path(__file__).resolve().parents[2] / "programme" / "templates"
_COMPANY = """
name: {en: Test company, ja: 試験会社}
timezone: Asia/Tokyo
currency: JPY
sender: cx@example.com
allowed_domains: [example.com]
roles: {leadership: {title: {en: Leadership, ja: 経営層}, language: en}}
"""


def system_of(kind: str, url: str, auth: dict[str, Any], **more: Any) -> HttpSystem:
    declared = {"kind": kind, "base_url": url, "auth": auth, "timeout_seconds": 2}
    declared |= {"max_attempts": 4, "backoff_seconds": 0, **more}
    system: Any = TypeAdapter(System).validate_python(declared)
    assert isinstance(system, HttpSystem)
    return system


def pull(
    system: HttpSystem,
    read: VendorRead,
    environment: dict[str, str],
    *,
    since: str | None = None,
    history_from: date | None = None,
    lookback_minutes: int = 0,
) -> list[Page]:
    """All pages of one stream."""
    places = Placeholders("voices", Path("/nowhere"), environment)
    client = ApiClient(system, places, entity=read.stream)
    try:
        return list(
            open_pages(
                system.kind,  # type: ignore[attr-defined]
                client,
                read,
                since=since,
                history_from=history_from,
                lookback_minutes=lookback_minutes,
            )
        )
    finally:
        client.close()


def payloads(pages: Sequence[Page]) -> list[Any]:
    return [payload for page in pages for payload in page.payloads]


def template(kind: str, folder: Path) -> Programme:
    """A programme of the vendor's template source and the surveys that it names."""
    (folder / "sources").mkdir(parents=True)
    shutil.copy(TEMPLATES / "sources" / f"{kind}.yml", folder / "sources")
    shutil.copytree(TEMPLATES / "surveys", folder / "surveys")
    (folder / "programme.yml").write_text(_COMPANY, encoding="utf-8")
    return load_programme(folder)


def programme_of(folder: Path, texts: Mapping[str, str]) -> Programme:
    """A programme of declarations by file name."""
    for name, text in {"programme.yml": _COMPANY, **texts}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_programme(folder)


def mapped(
    programme: Programme, kind: str, entity: str, payloads: Sequence[Any]
) -> list[tuple[str | None, Mapped]]:
    """Each mapping of the entity, by its question, applied to the payloads as landed."""
    texts = [json.dumps(payload, ensure_ascii=False) for payload in payloads]
    rows, refused = readable(pa.table({"_payload": pa.array(texts, pa.string())}))
    assert not refused
    source = programme.sources[kind]
    context = Context(kind, entity, "pull", source.timezone, programme.surveys)
    return [
        (mapping.question, map_rows(rows, mapping, context))
        for mapping in source.entities[entity].records
    ]


def column(mappings: Sequence[tuple[str | None, Mapped]], question: str, name: str) -> list[Any]:
    """Response id -> value of one question."""
    (found,) = [result for asked, result in mappings if asked == question]
    ids = found.table.column("response_id").to_pylist()
    return list(zip(ids, found.table.column(name).to_pylist(), strict=True))


class Opened:
    """A pull that may break off: what came until then, and why it did."""

    def __init__(
        self, kind: str, url: str, auth: dict[str, Any], environment: dict[str, str], **more: Any
    ) -> None:
        self.system = system_of(kind, url, auth, **more)
        self.environment = environment

    def until_error(self, read: VendorRead) -> tuple[list[Page], ConnectorError | None]:
        taken: list[Page] = []
        places = Placeholders("voices", Path("/nowhere"), self.environment)
        client = ApiClient(self.system, places, entity=read.stream)
        try:
            taken.extend(
                open_pages(
                    self.system.kind,  # type: ignore[attr-defined]
                    client,
                    read,
                    since=None,
                    history_from=None,
                    lookback_minutes=0,
                )
            )
        except ConnectorError as error:
            return taken, error
        finally:
            client.close()
        return taken, None
