"""The child process that asks a cluster: started once, used by every question, ended with us."""

from __future__ import annotations

import atexit
import contextlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from typing import IO, Any

import pyarrow as pa

_running: dict[tuple[str, ...], SparkChild] = {}
_starting = threading.Lock()


class AnswerlessError(Exception):
    """What the cluster, or the child, said instead of rows; ``said`` holds all of it."""

    def __init__(self, said: str) -> None:
        self.said = said
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        super().__init__(lines[0] if lines else "no answer")


class SparkChild:
    """One process that asks one cluster."""

    def __init__(self, call: Sequence[str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `end`)
        self._asking = threading.Lock()
        self._process = subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Rows of a query; instants without a zone, in UTC.

        Raises:
            AnswerlessError: there are none.
        """
        question = json.dumps({"query": query, "values": list(values)}).encode() + b"\n"
        with self._asking:
            told, body = self._exchange(question)
        if "error" in told:
            raise AnswerlessError(told["error"])
        with pa.ipc.open_stream(body) as stream:
            table = stream.read_all()
        return list(zip(*(_values(column) for column in table.columns), strict=True))

    def end(self) -> None:
        """Close its input, at which it ends, and wait for that."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _exchange(self, question: bytes) -> tuple[dict[str, Any], bytes]:
        asked, answer = self._process.stdin, self._process.stdout
        if asked is None or answer is None:
            raise AnswerlessError("no way to ask")
        try:
            asked.write(question)
            asked.flush()
            told: dict[str, Any] = json.loads(answer.readline() or b"null") or {}
        except (OSError, ValueError):
            told = {}
        if not told:
            self._process.wait()
            self._errors.seek(0)
            # the last line of a traceback says what happened
            raise AnswerlessError("\n".join(reversed(self._errors.read().decode().splitlines())))
        return told, answer.read(int(told.get("bytes", 0)))


def child_of(*call: str) -> SparkChild:
    """The running child of that command line, or a new one where it has ended."""
    with _starting:
        child = _running.get(call)
        if child is None or not child.is_alive:
            if child is not None:
                child.end()
            child = _running[call] = SparkChild(call)
        return child


def end_children() -> None:
    """End every child; the next question starts a new one."""
    with _starting:
        while _running:
            _running.popitem()[1].end()


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us"))
    values: list[Any] = column.to_pylist()
    return values


atexit.register(end_children)
