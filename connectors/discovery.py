"""Looks at a file or table that nobody has declared yet: how it is written, and its first rows."""

from __future__ import annotations

import codecs
import csv
import glob
import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.errors import SourceUnavailableError, UnreadableFileError
from connectors.guesses import ColumnGuess, guess_columns
from connectors.locations import decompressed, find
from connectors.personal import Privacy
from connectors.placeholders import Placeholders
from connectors.reading import Opener, Place, read_chunks
from connectors.rows import JsonRows, Rows, TableRows
from programme import Settings
from programme.sources import Entity, RecordMap
from programme.systems import FileRead, FilesSystem, SqlRead, SqlSystem, System, VendorRead

LOOKED_AT_ROWS = 5_000
_LOOKED_AT_BYTES = 1 << 18
_COMPRESSIONS = (".gz", ".zst", ".zip")
_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".parquet": "parquet",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KANA = re.compile(r"[\u3041-\u30ff]")
_CHANGED = re.compile(r"(^|_)upd|modif|chang|更新", re.IGNORECASE)


@dataclass(frozen=True)
class Discovery:
    """What was found.

    Attributes:
        columns: A guess per column.
        rows: How many rows the guesses rest on.
        file: How the file seems to be written; None for a table.
        cursor: The column that seems to say when a row last changed, for a table.
    """

    columns: tuple[ColumnGuess, ...]
    rows: int
    file: FileRead | None = None
    cursor: str | None = None


def look_at_file(path: Path, *, source: str) -> Discovery:
    """Read the file's first rows, trying how it is written.

    Raises:
        SourceUnavailableError: when there is no such file.
        UnreadableFileError: when it is none of the formats that can be read.
    """
    place = Place(source, "", str(path))
    if not path.is_file():
        mend = "name an existing file with --file"
        what = "there is no such file"
        raise SourceUnavailableError(what, source=source, where=str(path), mend=mend)
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in _COMPRESSIONS]
    form = _FORMATS.get(suffixes[-1] if suffixes else "")
    if form is None:
        listed = ", ".join(_FORMATS)
        raise place.unreadable("its name does not tell its format", f"name it as one of {listed}")
    read = FileRead.model_validate({"pattern": path.name, "format": form})
    opener = _opener(path, read, place)
    if form in ("csv", "jsonl", "json"):
        read = _as_written(opener, read, place)
    rows = _first_rows(opener, read, place)
    return Discovery(tuple(guess_columns(rows)), len(rows), file=read)


def look_at_table(url: str, table: str, settings: Settings, *, source: str) -> Discovery:
    """Read the table's first rows; ``url`` may hold placeholders.

    Raises:
        SourceUnavailableError: when the database does not answer.
        SchemaDriftError: when there is no such table.
    """
    from connectors.extract_sql import table_parts

    entity = Entity(sql=SqlRead(table=table), records=[RecordMap(record="order", fields={})])
    parts = table_parts(
        SqlSystem(kind="sql", url=url),
        entity,
        Placeholders(source, settings.data_root),
        name=table,
        since=None,
        privacy=Privacy({}, b""),
    )
    with closing(parts):  # type: ignore[type-var]
        first = next(iter(parts), None)
    if first is None:
        return Discovery((), 0)
    rows = TableRows(first.table.slice(0, LOOKED_AT_ROWS))
    columns = tuple(guess_columns(rows))
    times = [column for column in columns if column.kind in ("instant", "day")]
    changed = [column.name for column in times if _CHANGED.search(column.name)]
    return Discovery(columns, len(rows), cursor=changed[0] if changed else None)


def survey_definition(
    system: System, survey: str, settings: Settings, *, source: str
) -> dict[str, Any]:
    """What a vendor keeps of a survey: its questions, choices and codes.

    Raises:
        UnusableDeclarationError: when the vendor's connector reads no definitions.
        SourceUnavailableError: when the vendor does not answer with one.
    """
    from connectors.opening import open_pages

    entity = Entity(
        api=VendorRead(stream="survey_definition", survey=survey),
        records=[RecordMap(record="feedback", fields={})],
    )
    with open_pages(
        system,
        entity,
        Placeholders(source, settings.data_root),
        name="survey_definition",
        home=settings.home,
        highest=None,
        history_from=None,
    ) as pages:
        for page in pages:
            for payload in page.payloads:
                found: dict[str, Any] = payload
                return found
    what = f"the vendor has no definition of survey `{survey}`"
    raise SourceUnavailableError(what, source=source, mend="correct the survey's id")


def _opener(path: Path, read: FileRead, place: Place) -> Opener:
    system = FilesSystem(kind="files", root=str(path.parent))
    only = read.model_copy(update={"pattern": glob.escape(path.name)})
    placeholders = Placeholders(place.source, path.parent)
    (found,) = find(system, only, placeholders, entity=place.entity, seen_before=False)
    return decompressed(found, read, place)


def _as_written(opener: Opener, read: FileRead, place: Place) -> FileRead:
    """``read`` with the encoding and delimiter that the first bytes show."""
    with opener() as file:
        content = file.read(_LOOKED_AT_BYTES)
    encoding = _encoding(content)
    if encoding is None:
        mend = "save it in UTF-8, or write the declaration by hand with its `encoding`"
        raise place.unreadable("its encoding is none that can be guessed", mend)
    changes: dict[str, str] = {} if encoding in ("utf-8", "utf-8-sig") else {"encoding": encoding}
    if read.format == "csv":
        changes["delimiter"] = _delimiter(content.decode(encoding, errors="ignore"))
    return read.model_copy(update=changes)


def _encoding(content: bytes) -> str | None:
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    for name in ("utf-8", "cp932", "cp1252"):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            text = decoder.decode(content)
        except UnicodeDecodeError:
            continue
        # Western text, too, often passes for cp932, but not as Japanese with kana
        if name != "cp932" or _KANA.search(text):
            return name
    return None


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first lines into the most columns, and all into as many."""
    lines = text.splitlines()[:-1][:50] or text.splitlines()

    def columns(delimiter: str) -> tuple[bool, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        return len(set(counts)) == 1 and counts[0] > 1, counts[0] if counts else 0

    return max(",;\t|", key=columns)


def first_rows(parts: Iterable[Rows], count: int) -> Rows:
    """The first ``count`` rows; an empty table where there is none."""
    tables: list[pa.Table] = []
    payloads: list[Any] = []
    texts: list[str] = []
    for rows in parts:
        if isinstance(rows, TableRows):
            tables.append(rows.table)
        elif isinstance(rows, JsonRows):
            payloads += rows.payloads
            texts += rows.texts
        if len(payloads) + sum(table.num_rows for table in tables) >= count:
            break
    if payloads:
        return JsonRows(
            tuple(payloads[:count]), tuple(texts[:count]), tuple(range(len(payloads))[:count])
        )
    table = pa.concat_tables(tables) if tables else pa.table({})
    return TableRows(table.slice(0, count))


def _first_rows(opener: Opener, read: FileRead, place: Place) -> Rows:
    with closing(read_chunks(opener, read, place)) as chunks:  # type: ignore[type-var]
        rows = first_rows((chunk.rows for chunk in chunks), LOOKED_AT_ROWS)
    if len(rows):
        return rows
    raise UnreadableFileError(
        "it has no row",
        source=place.source,
        where=place.label,
        mend="name a file that holds some rows, so that its columns can be looked at",
    )
