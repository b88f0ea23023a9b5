"""Files on an SFTP server whose key is declared."""

from __future__ import annotations

import contextlib
import posixpath
import stat
import weakref
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

from connectors.errors import ConnectorError
from connectors.found_files import Found, Glob, Root, remote_stream
from connectors.sftp_keys import declared_host_keys, private_key
from programme.files import SftpServer

_REQUEST_BYTES = 1 << 15  # what every server answers at once
_NETWORK = "check the server and the network, then run again"
_HOST_KEY = (
    "ask those who run the server for its key, by another way than this connection, "
    "and declare it as `known_host`"
)
Answer = TypeVar("Answer")


def list_sftp(server: SftpServer, root: Root, glob: Glob) -> list[Found]:
    """The files below the root that the pattern matches.

    Raises:
        SourceUnavailableError: when the server cannot be reached, shows another key than the
            declared one, refuses the credentials, or has no such folder.
    """
    session = _Session(server, root)
    return [_found(session, label, attributes) for label, attributes in session.walk(glob)]


def _found(session: _Session, label: str, attributes: Any) -> Found:
    return Found(
        label=label,
        size=attributes.st_size,
        stamp=_stamp(attributes),
        opener=lambda: _open(session, label, attributes.st_size),
        restamp=lambda: session.asked(lambda sftp: _stamp(sftp.stat(session.path(label))), label),
        root=session.root,
    )


def _open(session: _Session, label: str, size: int) -> BinaryIO:
    handle = _Handle(session, label)
    session.asked(handle.opened, label)
    return remote_stream(
        size, handle.fetch, lambda error: session.named(error, label), handle.close
    )


class _Session:
    """A connection that is made when it is needed, again where it was lost."""

    def __init__(self, server: SftpServer, root: Root) -> None:
        parts = urlsplit(root.address)
        self.server = server
        self.root = root
        self.host, self.port = parts.hostname or "", parts.port or 22
        self.folder = unquote(parts.path) or "."
        self._open: list[Any] = []
        weakref.finalize(self, _close_all, self._open)

    def path(self, label: str) -> str:
        """The path of a file on the server."""
        return posixpath.join(self.folder, label) if label else self.folder

    def asked(self, question: Callable[[Any], Answer], label: str = "") -> Answer:
        """The answer of the server, asked again where the connection is lost.

        Raises:
            SourceUnavailableError: with its mend.
            FileNotFoundError: when there is no such file.
        """
        from paramiko import SSHException
        from tenacity import Retrying, retry_if_exception, stop_after_attempt
        from tenacity import wait_random_exponential as jittered

        attempts = Retrying(
            stop=stop_after_attempt(self.server.max_attempts),
            wait=jittered(multiplier=0.2, max=10),
            retry=retry_if_exception(_is_lost),
            reraise=True,
        )
        try:
            answer: Answer = attempts(self._ask, question)
            return answer
        except FileNotFoundError:
            raise
        except (OSError, EOFError, SSHException) as error:
            raise self.named(error, label) from None

    def walk(self, glob: Glob) -> Iterator[tuple[str, Any]]:
        """Path below the root and attributes of every file that matches."""
        folders = [""]
        while folders:
            folder = folders.pop()
            for entry in self._entries(folder):
                label = posixpath.join(folder, entry.filename)
                if stat.S_ISDIR(entry.st_mode) and glob.may_hold(label):
                    folders.append(label)
                elif glob.matches(label):
                    attributes = self._attributes(label, entry)
                    if stat.S_ISREG(attributes.st_mode):
                        yield label, attributes

    def _entries(self, folder: str) -> list[Any]:
        path = self.path(folder)
        try:
            return self.asked(lambda sftp: sftp.listdir_attr(path), folder)
        except FileNotFoundError:
            raise self.root.unavailable("this folder does not exist", "correct `root`") from None

    def _attributes(self, label: str, entry: Any) -> Any:
        """Of the file that a link leads to."""
        if not stat.S_ISLNK(entry.st_mode):
            return entry
        try:
            return self.asked(lambda sftp: sftp.stat(self.path(label)), label)
        except FileNotFoundError:
            return entry

    def _ask(self, question: Callable[[Any], Answer]) -> Answer:
        if not self._open:
            try:
                self._connect()
            except BaseException:
                _close_all(self._open)
                raise
        try:
            return question(self._open[-1])
        except BaseException as error:
            if _is_lost(error):
                _close_all(self._open)
            raise

    def _connect(self) -> None:
        import paramiko

        server, fill = self.server, self.root.placeholders.fill
        client = paramiko.SSHClient()
        self._open.append(client)
        declared_host_keys(client, server, self.root, self.host, self.port)
        client.connect(
            self.host,
            self.port,
            username=fill(server.username),
            password=server.password and fill(server.password),
            pkey=private_key(server, self.root),
            timeout=server.timeout_seconds,
            banner_timeout=server.timeout_seconds,
            auth_timeout=server.timeout_seconds,
            channel_timeout=server.timeout_seconds,
            allow_agent=False,
            look_for_keys=False,
        )
        sftp = client.open_sftp()
        sftp.get_channel().settimeout(server.timeout_seconds)
        self._open.append(sftp)

    def named(self, error: BaseException, label: str) -> BaseException:
        """The error with its mend."""
        from paramiko import AuthenticationException, BadHostKeyException

        if isinstance(error, ConnectorError):
            return error
        if isinstance(error, BadHostKeyException):
            what = f"the server shows the key {error.key.fingerprint}, not the declared one"
            return self.root.unavailable(what, _HOST_KEY)
        if isinstance(error, AuthenticationException):
            mend = "correct `username` and `password` or `private_key`"
            return self.root.unavailable(f"the server refuses the credentials ({error})", mend)
        if isinstance(error, PermissionError):
            mend = "have the user allowed to read there"
            return self.root.unavailable("the server does not allow it", mend, label=label)
        what = f"the connection was lost or refused ({type(error).__name__}: {error})"
        return self.root.unavailable(what, _NETWORK, label=label)


class _Handle:
    """One file, opened again where the connection was."""

    def __init__(self, session: _Session, label: str) -> None:
        self.session = session
        self.label = label
        self.file: Any = None
        self.sftp: Any = None

    def opened(self, sftp: Any) -> Any:
        """The file on this connection."""
        if self.sftp is not sftp:
            self.file = sftp.open(self.session.path(self.label), "rb")
            self.sftp = sftp
        return self.file

    def fetch(self, at: int, count: int) -> bytes:
        """The bytes from ``at`` on, requested side by side."""
        end = at + count
        parts = [(o, min(_REQUEST_BYTES, end - o)) for o in range(at, end, _REQUEST_BYTES)]
        return self.session.asked(lambda sftp: self._window(sftp, parts), self.label)

    def _window(self, sftp: Any, parts: list[tuple[int, int]]) -> bytes:
        file = self.opened(sftp)
        if file.stat().st_size < sum(parts[-1]):
            # asked for what is not there any more, servers and library wait for each other
            what = "became shorter while it was read"
            mend = "run again when its delivery is complete"
            raise self.session.root.unavailable(what, mend, label=self.label)
        return b"".join(file.readv(parts))

    def close(self) -> None:
        """Let go of it."""
        if self.file is not None:
            _let_go(self.file)


def _is_lost(error: BaseException) -> bool:
    """Whether asking again over a new connection may help."""
    from paramiko import AuthenticationException, BadHostKeyException, SSHException

    if isinstance(error, AuthenticationException | BadHostKeyException):
        return False
    if isinstance(error, FileNotFoundError | PermissionError):
        return False
    return isinstance(error, OSError | EOFError | SSHException)


def _close_all(opened: list[Any]) -> None:
    while opened:
        _let_go(opened.pop())


def _let_go(resource: Any) -> None:
    """Close it; a connection that is lost already cannot be closed in order, and need not be."""
    from paramiko import SSHException

    with contextlib.suppress(OSError, EOFError, SSHException):
        resource.close()


def _stamp(attributes: Any) -> str:
    return f"{attributes.st_size} {attributes.st_mtime}"
