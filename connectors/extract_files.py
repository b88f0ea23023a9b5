"""Files as received: CSV with every column as text, JSON lines as payloads."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.csv as pa_csv

from connectors.batches import Batch, Pulled
from connectors.drift import columns_expected, new_columns, require_columns
from connectors.errors import ConnectorError, SourceUnavailableError, UnreadableFileError
from connectors.personal import Privacy
from connectors.placeholders import Placeholders
from programme.sources import Entity
from programme.systems import FileRead, FilesSystem

_BLOCK_BYTES = 1 << 26
_UTF8_NAMES = ("utf-8-sig", "utf-8")


def list_files(
    system: FilesSystem,
    read: FileRead,
    placeholders: Placeholders,
    *,
    entity: str,
    seen_before: bool,
) -> tuple[Path, list[Path]]:
    """The root and the files that the pattern matches, in the order of their names.

    Raises:
        SourceUnavailableError: when the root is missing, or nothing matches and nothing ever did.
    """
    root = Path(placeholders.fill(system.root))
    if not root.is_dir():
        what, mend = "this directory does not exist", "correct `root` or CXLOOP_DATA_ROOT"
        raise SourceUnavailableError(
            what, source=placeholders.source, entity=entity, where=str(root), mend=mend
        )
    paths = sorted(path for path in root.glob(read.pattern) if path.is_file())
    if not paths and not seen_before:
        what = f"no file matches `{read.pattern}`"
        mend = "correct `pattern`, or deliver the first file"
        raise SourceUnavailableError(
            what, source=placeholders.source, entity=entity, where=str(root), mend=mend
        )
    return root, paths


def pull_files(
    system: FilesSystem,
    entity: Entity,
    placeholders: Placeholders,
    *,
    name: str,
    earlier: list[Batch],
    privacy: Privacy,
) -> Iterator[Pulled | tuple[str, str] | ConnectorError]:
    """Every file whose content is new.

    ``(file, same content as)`` stands for one that was read before under another name, an error for
    one that lacks a column or is not what is declared: a bad file does not hide the good ones.

    Raises:
        SourceUnavailableError: when there is no directory, or never was a file.
    """
    read = entity.files
    assert read is not None  # noqa: S101  (the declaration's validator sees to it)
    known = {batch.content_sha256: batch.file for batch in earlier}
    root, paths = list_files(system, read, placeholders, entity=name, seen_before=bool(earlier))
    for path in paths:
        label = path.relative_to(root).as_posix()
        reader = FileReader(placeholders.source, name, label, path, read)
        try:
            content = reader.content_sha256()
            if content in known:
                if known[content] != label:
                    yield label, known[content]
                continue
            yield reader.pull(entity, content, privacy)
            known[content] = label
        except ConnectorError as error:
            yield error


class FileReader:
    """One file of a source, with all it takes to say what is wrong with it."""

    def __init__(self, source: str, entity: str, label: str, path: Path, read: FileRead) -> None:
        self.source = source
        self.entity = entity
        self.label = label
        self.path = path
        self.read = read

    def content_sha256(self) -> str:
        """Hex sha256 of the decompressed content."""
        try:
            with self._open() as file:
                return hashlib.file_digest(cast("io.BufferedReader", file), "sha256").hexdigest()
        except (EOFError, gzip.BadGzipFile) as error:
            mend = "have the file sent again; it was cut off or is no gzip"
            raise self._unreadable(f"cannot be decompressed ({error})", mend) from None
        except OSError as error:
            mend = "make the file readable for cxloop"
            raise self._unreadable(f"cannot be read ({error.strerror})", mend) from None

    def pull(self, entity: Entity, content: str, privacy: Privacy) -> Pulled:
        """Read, check the columns, protect personal data."""
        if self.read.format == "jsonl":
            table = self._json_lines(privacy)
            return Pulled(table, file=self.label, content_sha256=content)
        table = self._csv(withhold=bool(privacy.treatments))
        present = table.column_names
        expected = columns_expected(entity)
        require_columns(expected, present, source=self.source, entity=self.entity, where=self.label)
        table = privacy.protect_table(table)
        fresh = new_columns(entity, present)
        return Pulled(table, file=self.label, content_sha256=content, new_columns=fresh)

    def _csv(self, *, withhold: bool) -> pa.Table:
        header = self._header()
        ragged: list[pa_csv.InvalidRow] = []

        def set_aside(row: Any) -> str:
            ragged.append(row)
            return "skip"

        try:
            with self._open() as file:
                table = pa_csv.read_csv(
                    file,
                    read_options=pa_csv.ReadOptions(
                        use_threads=False, block_size=_BLOCK_BYTES, encoding=self._encoding
                    ),
                    parse_options=pa_csv.ParseOptions(
                        delimiter=self.read.delimiter,
                        newlines_in_values=True,
                        invalid_row_handler=set_aside,
                    ),
                    convert_options=pa_csv.ConvertOptions(
                        strings_can_be_null=False,
                        column_types=dict.fromkeys(header, pa.string()),
                    ),
                )
        except (UnicodeError, pa.ArrowInvalid) as error:
            raise self._undecodable(error) from None
        return self._with_ragged(table, ragged, withhold=withhold)

    def _with_ragged(self, table: pa.Table, ragged: list[Any], *, withhold: bool) -> pa.Table:
        """Rows with too few or too many fields stand at the end, with the reason and their text."""
        broken = {row.number - 2: _ragged_text(row, withhold=withhold) for row in ragged}
        total = table.num_rows + len(broken)
        whole = [position for position in range(total) if position not in broken]
        unreadable = pa.array([None] * len(whole) + list(broken.values()), pa.string())
        if broken:
            blank = pa.table(
                {name: pa.nulls(len(broken), pa.string()) for name in table.column_names}
            )
            table = pa.concat_tables([table, blank])
        rows = pa.array([position + 1 for position in [*whole, *broken]], pa.int64())
        files = pa.array([self.label]).take(pa.array([0] * total, pa.int8()))
        table = table.append_column("_file", files).append_column("_row", rows)
        return table.append_column("_unreadable", unreadable)

    def _header(self) -> list[str]:
        try:
            with self._open() as file, self._as_text(file) as text:
                header = next(csv.reader(text, delimiter=self.read.delimiter), [])
        except UnicodeError as error:
            raise self._undecodable(error) from None
        except LookupError:
            what = f"`{self.read.encoding}` is no encoding"
            raise self._unreadable(what, "write for example utf-8-sig, cp932 or cp1252") from None
        if not header:
            mend = "have the file sent again; an export without rows still has its header"
            raise self._unreadable("the file is empty, without a header", mend)
        double = sorted({name for name in header if header.count(name) > 1})
        if double:
            what = f"the header names {', '.join(double)} more than once"
            raise self._unreadable(what, "have every column named once")
        return header

    def _json_lines(self, privacy: Privacy) -> pa.Table:
        payloads, rows = [], []
        try:
            with self._open() as file, self._as_text(file) as text:
                for number, line in enumerate(text, start=1):
                    if line.strip():
                        payloads.append(privacy.protect_text(line.strip()))
                        rows.append(number)
        except UnicodeError as error:
            raise self._undecodable(error) from None
        table = pa.table({"_payload": pa.array(payloads, pa.string())})
        table = table.append_column("_file", pa.array([self.label] * len(rows), pa.string()))
        return table.append_column("_row", pa.array(rows, pa.int64()))

    @property
    def _encoding(self) -> str:
        return "utf8" if self.read.encoding.lower() in _UTF8_NAMES else self.read.encoding

    def _open(self) -> BinaryIO:
        if self.path.suffix == ".gz":
            return cast("BinaryIO", gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def _as_text(self, file: BinaryIO) -> io.TextIOWrapper:
        return io.TextIOWrapper(file, encoding=self.read.encoding, newline="\n")

    def _undecodable(self, error: Exception) -> UnreadableFileError:
        form = f"{self.read.encoding} with delimiter `{self.read.delimiter}`"
        what = f"cannot be read as {form} ({error})"
        return self._unreadable(what, "declare the file's `encoding` and `delimiter`")

    def _unreadable(self, what: str, mend: str) -> UnreadableFileError:
        return UnreadableFileError(
            what, source=self.source, entity=self.entity, where=self.label, mend=mend
        )


def _ragged_text(row: Any, *, withhold: bool) -> str:
    fact = f"{row.actual_columns} fields instead of {row.expected_columns}"
    return fact if withhold else f"{fact}: {row.text}"
