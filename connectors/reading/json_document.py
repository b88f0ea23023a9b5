"""A JSON document that holds a list of objects: its elements one after the other, as written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from connectors.reading.chunks import Chunk, Opener, Place, refusal
from connectors.reading.decoding import undecodable, utf8_blocks
from connectors.reading.framing import LONGEST_ROW_BYTES
from connectors.rows import json_rows
from programme.systems import FileRead

_PIECE_BYTES = 1 << 20
_CHUNK_CHARACTERS = 1 << 22  # parsed JSON takes some ten times its text
_LONGEST_MARK = 32  # an escape or a word that is cut off is shorter
_NUMBER = "-0123456789"
_AFTER_NUMBER = ",]} \t\r\n"
_BLANK = " \t\r\n"
_AGAIN = "have the file sent again; it was cut off or is no JSON"


def read_json_document(
    open_: Opener, read: FileRead, place: Place, *, withhold: bool
) -> Iterator[Chunk]:
    """The elements of the list at ``records_path``.

    Raises:
        UnreadableFileError: when it is no JSON, has no list there, or is in another encoding.
    """
    steps = [step for step in read.records_path.split(".") if step]
    try:
        pieces = utf8_blocks(open_, read.encoding, place, block_bytes=_PIECE_BYTES)
        document = _Document(_decoded(pieces), place)
        texts: list[str] = []
        size = 0
        for text in document.elements(steps):
            texts.append(text)
            size += len(text)
            if size > _CHUNK_CHARACTERS:
                yield _chunk(texts, withhold=withhold)
                texts, size = [], 0
        if texts:
            yield _chunk(texts, withhold=withhold)
    except UnicodeDecodeError:
        raise undecodable(open_, read.encoding, place) from None


def _chunk(texts: list[str], *, withhold: bool) -> Chunk:
    rows, reasons = json_rows(texts)
    refused = [refusal(why, texts[row], withhold=withhold) for row, why in reasons.items()]
    return Chunk(rows, tuple(refused))


def _decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


class _Document:
    """A document read from its start to its end, a value at a time."""

    def __init__(self, pieces: Iterator[str], place: Place) -> None:
        self.pieces = pieces
        self.place = place
        self.text = ""
        self.at = 0
        self.passed = 0
        self.decoder = json.JSONDecoder(parse_float=str, parse_int=str)

    def elements(self, steps: list[str]) -> Iterator[str]:
        """The text of each element of the list at ``steps``; the rest is read and passed over."""
        yield from self._list_at(steps, "the document")
        if self._next():
            raise self._broken("more follows after its end")

    def _list_at(self, steps: list[str], where: str) -> Iterator[str]:
        if not steps:
            if self._next() != "[":
                raise self._without_list(where)
            yield from self._members("]")
            return
        if self._next() != "{":
            raise self._without_list(where)
        keys: list[str] = []
        for _ in self._keys(keys):
            if keys[-1] != steps[0]:
                self._value()
            elif keys.count(steps[0]) > 1:
                raise self._broken(f"`{steps[0]}` stands twice in one object")
            else:
                yield from self._list_at(steps[1:], f"`{steps[0]}`")
        if steps[0] not in keys:
            found = ", ".join(keys[:10]) or "none"
            what = f"has no `{steps[0]}` in {where}; the names there are {found}"
            raise self.place.unreadable(what, "correct `records_path`")

    def _members(self, end: str) -> Iterator[str]:
        self.at += 1
        if self._next() == end:
            self.at += 1
            return
        while True:
            yield self._value()
            if self._ends(end):
                return

    def _keys(self, keys: list[str]) -> Iterator[None]:
        self.at += 1
        if self._next() == "}":
            self.at += 1
            return
        while True:
            if self._next() != '"':
                raise self._broken("a name is expected")
            keys.append(json.loads(self._value()))
            if self._next() != ":":
                raise self._broken("`:` is expected")
            self.at += 1
            yield
            if self._ends("}"):
                return

    def _ends(self, end: str) -> bool:
        mark = self._next()
        if mark not in (",", end):
            raise self._broken(f"`,` or `{end}` is expected")
        self.at += 1
        return mark == end

    def _value(self) -> str:
        """The text of the value that begins here."""
        self._next()
        while True:
            try:
                _, end = self.decoder.raw_decode(self.text, self.at)
                if self._is_whole(end) or not self._more():
                    break
            except RecursionError:
                raise self._broken("it is nested too deep") from None
            except json.JSONDecodeError as error:
                if not self._may_go_on(error) or not self._more():
                    raise self._broken(f"{error.msg}, {error.pos - self.at} on") from None
            if len(self.text) - self.at > LONGEST_ROW_BYTES:
                raise self._broken(f"a value is longer than {LONGEST_ROW_BYTES} characters")
        text = self.text[self.at : end]
        self.at = end
        return text

    def _is_whole(self, end: int) -> bool:
        """Whether the value that seems to end there cannot go on: a number may."""
        if end == len(self.text):
            return False
        return self.text[self.at] not in _NUMBER or self.text[end] in _AFTER_NUMBER

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Whether the text read so far may just end in the middle of a value."""
        at_end = len(self.text) - error.pos <= _LONGEST_MARK
        return at_end or error.msg.startswith("Unterminated string")

    def _next(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            while self.at < len(self.text):
                if self.text[self.at] not in _BLANK:
                    return self.text[self.at]
                self.at += 1
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on; as much as is pending, so that a long value is not scanned too often."""
        pending = self.text[self.at :]
        parts = [pending]
        wanted = max(len(pending), 1)
        for piece in self.pieces:
            parts.append(piece)
            wanted -= len(piece)
            if wanted <= 0:
                break
        if len(parts) == 1:
            return False
        self.passed += self.at
        self.text, self.at = "".join(parts), 0
        return True

    def _without_list(self, where: str) -> Exception:
        mend = "declare `records_path`, the path of the list of records"
        return self.place.unreadable(f"has no list in {where}", mend)

    def _broken(self, reason: str) -> Exception:
        where = self.passed + self.at
        return self.place.unreadable(f"is no JSON at character {where}: {reason}", _AGAIN)
