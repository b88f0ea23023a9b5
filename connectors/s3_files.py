"""Files in an S3-compatible store."""

from __future__ import annotations

import re
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from connectors.errors import ConnectorError
from connectors.found_files import Found, Glob, Root, remote_stream
from programme.files import S3Store

_CREDENTIALS = "correct `access_key` and `secret_key`, or have them allowed to list and read there"
_MENDS = {
    "NO_SUCH_BUCKET": "correct the bucket in `root`",
    "ACCESS_DENIED": _CREDENTIALS,
    "INVALID_ACCESS_KEY_ID": _CREDENTIALS,
    "INVALID_CLIENT_TOKEN_ID": _CREDENTIALS,
    "SIGNATURE_DOES_NOT_MATCH": _CREDENTIALS,
    "NETWORK_CONNECTION": "check `endpoint` and the network, then run again",
}
_AGAIN = "run again; if it stays, ask who runs the store"
_CODE = re.compile(r"AWS Error ([A-Z_]+)")
_NOISE = re.compile(r" \(Request ID: [^)]*\)")


def list_s3(store: S3Store, root: Root, glob: Glob) -> list[Found]:
    """The objects below the root that the pattern matches.

    Raises:
        SourceUnavailableError: when the store or bucket cannot be reached or read.
    """
    listing = _Store(store, root)
    return [file for file in listing.files() if glob.matches(file.label)]


class _Store:
    """One bucket and prefix."""

    def __init__(self, store: S3Store, root: Root) -> None:
        parts = urlsplit(root.address)
        self.root = root
        self.base = "/".join(part for part in (parts.netloc, parts.path.strip("/")) if part)
        self.bucket = parts.netloc
        try:
            self.system = _connected(store, root)
        except (OSError, ValueError) as error:
            raise self.named(error) from None

    def files(self) -> list[Found]:
        """Everything below the prefix."""
        from pyarrow import fs

        below = fs.FileSelector(self.base, recursive=True, allow_not_found=False)
        try:
            infos = self.system.get_file_info(below)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self.named(error) from None
        return [self._found(info) for info in infos if info.is_file]

    def named(self, error: BaseException, label: str = "") -> ConnectorError:
        """The error with its mend, without request ids."""
        text = _NOISE.sub("", str(error))
        code = _CODE.search(text)
        mend = _MENDS.get(code[1], _AGAIN) if code else _AGAIN
        return self.root.unavailable(text, mend, label=label)

    def _found(self, info: Any) -> Found:
        label = info.path.removeprefix(f"{self.base}/")
        return Found(
            label=label,
            size=info.size,
            stamp=_stamp(info),
            opener=lambda: self._open(info, label),
            restamp=lambda: self._restamp(info.path, label),
            root=self.root,
        )

    def _restamp(self, path: str, label: str) -> str:
        try:
            return _stamp(self.system.get_file_info(path))
        except OSError as error:
            raise self.named(error, label) from None

    def _open(self, info: Any, label: str) -> BinaryIO:
        try:
            file = self.system.open_input_file(info.path)
        except OSError as error:
            raise self.named(error, label) from None
        return remote_stream(
            info.size,
            lambda at, count: bytes(file.read_at(count, at)),
            lambda error: self.named(error, label),
            file.close,
        )


def _connected(store: S3Store, root: Root) -> Any:
    from pyarrow import fs

    fill = root.placeholders.fill
    endpoint = urlsplit(fill(store.endpoint)) if store.endpoint else None
    return fs.S3FileSystem(
        access_key=store.access_key and fill(store.access_key),
        secret_key=store.secret_key and fill(store.secret_key),
        region=fill(store.region),
        endpoint_override=endpoint.netloc if endpoint else None,
        scheme=endpoint.scheme if endpoint else "https",
        connect_timeout=store.timeout_seconds,
        request_timeout=store.timeout_seconds,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=store.max_attempts),
    )


def _stamp(info: Any) -> str:
    return f"{info.size} {info.mtime_ns}"
